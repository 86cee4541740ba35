/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h: one run in its slot: a Lua heap, a C stack, budgets, and what it last asked for.
 *
 *   FREE --> READY --> (on the CPU) --> WAITING --> READY ...
 *                          |    \--> READY (preempted)
 *                          \--> ENDED
 *
 * Loading a flow is a run too (kind NF_RUN_LOAD), and so is building the base image (NF_RUN_BASE).
 *
 * Invariants:
 * - The loop never touches the Lua state of a run that is READY or WAITING, only this struct.
 * - Code on a fiber takes no libc lock and no malloc: it may be left for good at any instruction.
 * - While in_host is set, the tick does not touch the run; such sections are short and never raise
 * a Lua error.
 */
#ifndef NF_WORKER_RUN_H
#define NF_WORKER_RUN_H

#include "arena.h"
#include "base/budget.h"
#include "base/macros.h"
#include "channel/protocol.h"
#include "fiber.h"

#include <lauxlib.h>
#include <lua.h>
#include <signal.h>

enum {
    NF_WHERE_MAX = 320,     /* "flows/x.lua:12" */
    NF_FILE_NAME_MAX = 256, /* of a flow's file */
};

typedef enum nf_run_kind { NF_RUN_HANDLER = 1, NF_RUN_LOAD, NF_RUN_BASE } nf_run_kind;

typedef enum nf_run_state {
    NF_RUN_FREE = 0,
    NF_RUN_READY,   /* wants the CPU */
    NF_RUN_WAITING, /* for the result of its effect, or of its branches' effects */
    NF_RUN_ENDED,   /* its fiber is never entered again */
    NF_RUN_FORKING, /* asks for the branches of flow.all */
    NF_RUN_JOINED,  /* a branch of flow.all ended */
} nf_run_state;

/** A stretch of the run's text region. */
typedef struct nf_text {
    const char *at;
    size_t len;
} nf_text;

typedef struct nf_run {
    /* Memory, and what stays with it */
    unsigned slot;
    nf_arena *arena;
    char *committed; /* the arena is resident up to here; NULL: nothing is mapped */
    char *text;      /* log lines as JSON, then scratch space for one piece of JSON */

    uint64_t id; /* from here on to `file`: zero in a new run */
    nf_run_kind kind;
    nf_run_state state;
    struct nf_run *prev, *next; /* in the list of its state: ready, waiting, late or free */
    struct nf_run *same_bucket; /* in the table of ids */
    size_t log_len, text_peak;
    uint32_t log_lines;
    nf_fiber fiber;

    /* Lua */
    lua_State *L;       /* the main thread */
    lua_State *current; /* the thread that runs */
    int depth;          /* of coroutines inside coroutines */
    uint64_t version;
    uint32_t handler, trigger, flags;
    nf_text input; /* source, event or result of the effect; behind the log lines until decoded */
    bool input_error;         /* the effect failed */
    int64_t now_ms, start_ms; /* wall clock of the last message, and of the first */

    /* flow.all; group.h */
    struct nf_group *group; /* while it has branches */
    bool wants_group;       /* it waits until another run gives one back */
    bool group_refused;     /* there is no memory for one */
    lua_State **fork_threads;
    unsigned fork_count;

    /* The tick reads and writes these */
    volatile sig_atomic_t in_host; /* sections that must not be interrupted */
    volatile sig_atomic_t pending; /* a tick came meanwhile */
    volatile sig_atomic_t
        ticking; /* a tick is being handled: one that comes meanwhile is left out, or their frames
                                      would fill the stack where ticks are many and the machine is slow */
    volatile sig_atomic_t over; /* ticks since a budget was found exceeded */
    volatile sig_atomic_t
        looking; /* ticks since it looks for the line of an asynchronous end, from 1 */
    volatile sig_atomic_t gc_wanted;     /* over the soft limit: collect at the next instruction */
    volatile sig_atomic_t sample_wanted; /* note the line of the next instruction */
    bool collecting;

    /* Where the CPU time went; sample.h */
    bool sampled;
    unsigned samples;
    uint64_t sampled_ns; /* of cpu_ns is attributed to lines, or was before the first sample */

    /* Budgets */
    nf_limits limits;
    uint64_t cpu_ns;                    /* in slices that ended */
    uint64_t wall_start, wall_deadline; /* monotonic, ns */
    uint32_t effects, lookups;
    uint32_t given;                          /* results that came */
    uint32_t effects_flying, lookups_flying; /* in flight now */
    uint32_t effects_peak, lookups_peak, flying_peak;
    size_t result_len, source_len;
    uint64_t load_ns; /* what loading its file took */

    /* What it asks for, or how it ended */
    nf_run_state asked;      /* READY, WAITING or ENDED: how the last slice ended */
    uint32_t action, number; /* of the effect */
    bool is_lookup;
    nf_text payload;        /* arguments of the effect, result, or reason of a skip */
    nf_text error;          /* report of a failed run */
    const char *error_kind; /* of errors that carry none; static */
    int line;               /* of an error found without running, or 0 */
    nf_outcome outcome;
    nf_budget over_budget;
    uint64_t over_used;    /* in the budget's unit */
    const char *over_text; /* instead of both numbers; static */

    char file[NF_FILE_NAME_MAX]; /* the chunk's name */
    char where[NF_WHERE_MAX];
} nf_run;

/** The run on the CPU, or NULL while the loop is. Read by the tick. */
extern nf_run *volatile nf_current;

/** `page` is told which run is on the CPU. */
void nf_runs_init(nf_worker_page *page);

/** A run with an empty text region; its arena has no defined content. NULL if there is no memory for one. */
nf_run *nf_run_new(uint64_t id, nf_run_kind kind);

/** Its slot is free for the next one. */
void nf_run_free(nf_run *run);

/** The run with this id (never a load), or NULL. */
nf_run *nf_run_find(uint64_t id);

/** Make `entry` the run's program, under these limits from now on, and queue it. */
void nf_run_begin(nf_run *run, void (*entry)(void *run), const nf_limits *limits, int64_t now_ms);

/** One slice on the CPU for the first ready run; run->asked says how it ended. */
nf_run *nf_run_slice(void);

/** How many runs are ready (none while paused), and how many there are. */
unsigned nf_runs_ready(void);
unsigned nf_runs_count(void);

/** Copy what the broker sent to where the run reads it. */
void nf_run_input(nf_run *run, const char *bytes, size_t len);

/** The result of an effect came: the run, or its branch, goes on. False if nothing waits for this
 * number. */
bool nf_run_result(nf_run *run, uint32_t number, const char *bytes, size_t len, bool is_error);

/** The loop ends a run that is READY or WAITING. */
void nf_run_cancel(nf_run *run, nf_outcome outcome);

/** These limits are in force from its next slice. The run is READY or WAITING. */
void nf_run_limit(nf_run *run, const nf_limits *limits);

/** While paused no run is given the CPU. */
void nf_runs_pause(bool paused);

/** When nf_run_overdue is to be called next, or UINT64_MAX. */
uint64_t nf_runs_deadline(void);

/** A run that waits past its wall deadline (or while paused is ready), ended by that; NULL: there is none. */
nf_run *nf_run_overdue(uint64_t now);

/** The budget that bounds the run's CPU time. */
nf_budget nf_run_cpu_budget(const nf_run *run);

/** What the run used of each budget. */
nf_usage nf_run_usage(const nf_run *run);

/** Make the arena resident up to its used end, a piece at a time. Safe on a fiber. */
void nf_run_commit(nf_run *run, const char *upto);

/* On the fiber: */

/** Leave with what was asked for (`state` READY or WAITING) and return when the run goes on. */
void nf_run_yield(nf_run *run, nf_run_state state);

/** The program ended by itself, or must end now; never returns. */
NF_NORETURN void nf_run_leave(nf_run *run, nf_outcome outcome);

/** A branch of flow.all ended; never returns. */
NF_NORETURN void nf_run_join(nf_run *run);

/** A budget is exceeded: end the run. */
NF_NORETURN void nf_run_exceeded(nf_run *run, nf_outcome outcome, nf_budget budget, uint64_t used);

/** Begin and end a section that the tick must not interrupt. */
void nf_host_enter(nf_run *run);
void nf_host_leave(nf_run *run);

#endif
