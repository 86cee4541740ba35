/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h: the structs that the files of this layer share. See run.h for the picture. */
#ifndef NF_RUN_INTERNAL_H
#define NF_RUN_INTERNAL_H

#include "base/window.h"
#include "run/journal.h"
#include "run/run.h"

#include <uthash.h>
#include <utlist.h>

enum {
    NF_RUNS_PER_WORKER = 9000, /* most at a time on one worker; it has more slots, for loads */
    /* runs that a worker was given and has said nothing of: what is said to it meanwhile waits behind them, and a more
       urgent run can still come before the others */
    NF_STARTS_AT_A_TIME = 32,
    NF_RUNS_BEFORE_MORE = 8, /* with so many on each worker, and */
    NF_SILENCE_MS = 20,      /* silence of a worker for so long, another one is taken */
    NF_WRITE_AFTER_MS = 250, /* results that nobody waits for are on disk so much later */
    NF_IDLE_MS = 60000,      /* a worker without work for so long is ended */
};

struct nf_runner {
    nf_loop *loop;
    const nf_action *const *actions;
    const nf_trigger *const *triggers;
    size_t action_count;
    char *worker_program, *surface;
    void *filter;
    nf_worker_options worker_options;
    nf_worker *spare;
    bool closing;
    uint64_t next_version;
    unsigned under_way; /* runs of all pools */
};

/* One worker process that serves a pool. */
typedef struct nf_crew {
    nf_worker *worker;
    nf_pool *pool;
    bool ready;
    nf_run *runs; /* hash by id */
    unsigned active;
    unsigned starting; /* of these it has said nothing yet */
    nf_run *alone;     /* nothing else is given to this worker while it runs this */
    struct nf_known *known;
    uint64_t idle_since_ns, heard_ns;
    struct {
        uint64_t cpu_ns;       /* of the process, when it was looked at last */
        uint64_t heard_ns;     /* crew->heard_ns then */
        uint64_t cpu_at_word;  /* when it was heard last */
        uint64_t cpu_at_pause; /* when it was found paused; 0: not yet */
        unsigned alive;        /* signs of life since then */
    } watch;
    struct nf_crew *prev, *next;
} nf_crew;

/* A version that a worker has, or is loading; runs that were given to it meanwhile are held. */
typedef struct nf_known {
    uint64_t id;
    bool loaded;
    nf_run *held;
    UT_hash_handle hh;
} nf_known;

/* Runs that wait for the same thing, the most urgent first. A run waits in at most one of them. */
typedef struct nf_ready {
    nf_run *again[NF_URGENCIES]; /* that were on a worker before: first among their class */
    nf_run *fresh[NF_URGENCIES];
    unsigned count, turn;
} nf_ready;

/* What a run must pass before it may start, in this order: each is inside of the next one. */
typedef enum nf_level { NF_AT_KEY, NF_AT_HANDLER, NF_AT_CONNECTION, NF_LEVELS } nf_level;

/* A run's place at a gate: inside, or waiting to be let in. */
typedef struct nf_place {
    struct nf_gate *gate; /* NULL: it has not come there, or there is none */
    nf_run *run;
    bool inside;
    struct nf_place *prev, *next; /* in gate->places */
} nf_place;

/* At most so many runs at a time. At the first level it is a lane. */
typedef struct nf_gate {
    char *name;
    nf_level level;
    bool ordered;     /* a lane in which runs follow each other in the order of their ids */
    nf_place *places; /* of a lane: by id of the run */
    nf_ready waiting;
    unsigned inside; /* how many of `places` are: changed where they are, in gate.c, alone */
    UT_hash_handle hh;
} nf_gate;

struct nf_pool {
    nf_runner *runner;
    char *tenant;
    nf_limits configured;
    nf_allowed allowed;
    nf_cap_use use;
    nf_window cpu_ns, begun; /* CPU time and runs begun, in the last minute */
    bool paused;             /* over its CPU cap: no slice begins */
    nf_timer *watch;
    bool watching;
    const nf_effect_env *env;
    nf_crew *crews;
    unsigned crew_count, running, waiting; /* waiting: the length of the lists `queued` */
    nf_run *runs;                          /* all of them, hash by id */
    nf_run *queued[NF_URGENCIES];          /* all that are not on a worker, by when they came */
    nf_ready ready;                        /* may start */
    nf_gate *gates;                        /* hash by name */
    unsigned gathering; /* while it is not 0 nobody is let in: runs of before a restart come */
    bool returning;     /* not all of them are here yet */
    uint64_t shed[NF_SHEDS];
    uint64_t looked_ns; /* for runs whose task is over */
    nf_pool_watcher watcher;
    nf_run *unwritten; /* have results that the store was not given, the oldest first */
    nf_timer *writer;
    nf_version *versions;
    nf_timer *timer;        /* idle workers, and a pause after workers that do not start */
    unsigned failed_starts; /* in a row */
    bool draining, closing; /* draining: no run starts any more */
};

struct nf_version {
    nf_pool *pool;
    uint64_t id;
    unsigned refs, crashes; /* crashes: of workers while they loaded it */
    char *file, *source;
    size_t len;
    bool script, loaded, answered;
    uint8_t hash[NF_SHA256_SIZE];
    nf_handler *handlers;
    size_t handler_count;
    nf_crew *loading_on;
    void (*on_loaded)(void *ctx, nf_version *version, const nf_error *err);
    void *ctx;
    nf_version *prev, *next;
};

/* One effect under way; `where` and `args` lie behind it. */
typedef struct nf_pending {
    nf_run *run;
    nf_call *call; /* NULL: none, or a long sleep */
    const nf_action *action;
    uint32_t number;
    bool asked;    /* in this attempt; false: its worker died meanwhile */
    bool intended; /* it must not be repeated, and its intent was written */
    uint64_t started_ns;
    char *where, *args;
    size_t args_len;
    nf_timer *timer; /* of a long sleep, which is over at */
    int64_t until_ms;
    struct nf_intention *intention; /* until it is durable; NULL: none */
    struct nf_pending *prev, *next;
} nf_pending;

typedef enum nf_run_state { NF_RUN_WAITING, NF_RUN_READY, NF_RUN_ON_WORKER } nf_run_state;

struct nf_run {
    nf_pool *pool;
    int64_t id;
    uint64_t key; /* the id as the hash key */
    const nf_handler *handler;
    nf_version *version;
    const nf_effect_env *env;
    const char *event;
    size_t len;
    const char *task; /* the value that orders its event's kind, or NULL; borrowed as the event */
    bool last;        /* its event says that the task is over */
    nf_urgency urgency;
    nf_run_state state;
    nf_place places[NF_LEVELS];
    nf_level passed;  /* so many gates are behind it */
    nf_ready *queue;  /* where it waits: the next gate's or the pool's; NULL: on a worker */
    uint64_t came_ns; /* since then it waits */
    bool queued;      /* in pool->queued */
    bool outdated;    /* no further effect begins; it ends as soon as it may be interrupted */
    nf_shed shed;     /* why it is ended from outside, and words about it, or NULL */
    char *why;
    nf_crew *crew;
    nf_known *held_by; /* on a worker that has not loaded the version yet */
    unsigned attempts, crashes;
    uint64_t began_ns, attempt_ns; /* when the first attempt began, and this one */
    nf_limits limits;              /* as they are now */
    uint64_t effects_most;         /* that it was ever allowed, look-ups included */
    uint32_t effects_seen;         /* in this attempt */
    bool heard;                    /* in this attempt: the worker has said something of it */
    bool waits;                    /* nothing of it computes in the worker */
    nf_pending *pending;
    nf_journal *journal;
    uint64_t spent_ms; /* CPU time before it was parked */
    nf_outcome told;   /* to end with this; NF_OUTCOME_NONE: it was not */
    char *last_words;  /* JSON: why */
    bool parking;      /* it leaves memory */
    nf_parking park;   /* for this reason */
    char *park_reason;
    nf_run_ended *ended;
    nf_run_parked *parked;
    void *ctx;
    nf_run *prev, *next; /* in `queue`, or held until the version is loaded */
    nf_run *queued_prev, *queued_next;
    UT_hash_handle hh; /* in crew->runs */
    nf_run *unwritten_prev, *unwritten_next;
    uint64_t unwritten_ns;  /* since when; 0: it is not in that list */
    UT_hash_handle hh_pool; /* in pool->runs */
};

/* pool.c */
void nf_pool_dispatch(nf_pool *pool);
nf_crew *nf_pool_any_crew(nf_pool *pool, nf_error *err);
nf_known *nf_crew_give_version(nf_crew *crew, nf_version *version);

/* watch.c */
void nf_pool_watch(nf_pool *pool);
void nf_pool_pause_new(nf_crew *crew);
void nf_crew_alive(nf_crew *crew);

/* version.c */
void nf_version_on_loaded(nf_crew *crew, const nf_frame *frame, const char *payload);
void nf_version_crew_gone(nf_crew *crew, const char *reason);
void nf_version_drop_loading(nf_pool *pool);
void nf_version_send_load(nf_version *version, nf_crew *crew);

/* ready.c */
enum { NF_AGE_MS = 30000, NF_OLDEST_TURN = 8 };
void nf_ready_push(nf_ready *ready, nf_run *run);
void nf_ready_remove(nf_run *run);
/** Whose turn it is, or NULL; it stays there. */
nf_run *nf_ready_first(const nf_ready *ready, uint64_t now_ns);
/** Which place it has where it waits, from 1; the age of others is left out. */
unsigned nf_ready_place(const nf_run *run);
/** Take off the one whose turn it is. */
nf_run *nf_ready_take(nf_ready *ready, uint64_t now_ns);
/** One more or one less run that is not on a worker. */
void nf_queued_add(nf_run *run);
void nf_queued_remove(nf_run *run);
void nf_run_raise(nf_run *run, nf_urgency urgency);

/* gate.c */
nf_gate *nf_gate_of(nf_pool *pool, nf_level level, char *name);
void nf_gate_join(nf_gate *gate, nf_run *run);
/** Go on through the gates until one is full, or the run is ready. */
void nf_gates_pass(nf_run *run);
/** Give its places free, wherever it is, and let others in. */
void nf_gates_leave(nf_run *run);
/** Does the run wait there for those of before a restart, whoever is inside? */
bool nf_gate_must_wait(const nf_gate *gate, const nf_run *run);
/** The name of what bounds it, as flows and admins write it. Static. */
const char *nf_gate_limit_name(const nf_gate *gate);
/** A limit may have become larger. */
void nf_gates_limit_changed(nf_pool *pool);
/** The most runs inside of any gate of a level. */
unsigned nf_gates_inside(const nf_pool *pool, nf_level level);

/* lane.c */
/** Take its place in its lane, as the mode of its handler says, then at the gates. False: the run has ended. */
bool nf_lane_enter(nf_run *run, const nf_run_spec *spec);
/** An effect has ended and is gone: give its result. If it must be ended, it can be now, and may be gone afterwards. */
void nf_lane_effect_ended(nf_run *run);

/* key.c */
char *nf_lane_name(const nf_run *run, const char *partition);
nf_status nf_key_check(const nf_trigger *trigger, const char *path, nf_error *err);

/* declared.c */
nf_status nf_handler_read_order(nf_handler *handler, const json_t *declared, nf_error *err);
void nf_handler_free_order(nf_handler *handler);

/* shed.c */
/** End a run that is not on a worker, or tell the worker; `text` says why, its outcome is cancelled or skipped. */
void nf_run_shed(nf_run *run, nf_shed reason, const char *text);
/** Count it, if it was shed, and say why. */
void nf_shed_explain(nf_run *run, nf_run_report *report);
/** An effect has ended: did it change what the person sees who takes the task? */
void nf_run_has_context(const nf_pending *pending, const nf_error *err);
/** Nothing of it was done yet. */
bool nf_run_untouched(const nf_run *run);

/* run.c */
void nf_run_make_ready(nf_run *run);
void nf_run_set_limits(nf_run *run);
void nf_run_obey(nf_run *run);
void nf_run_give_to(nf_run *run, nf_crew *crew);
void nf_run_release_held(nf_known *known, const char *failure);
/** The worker has said something of it. */
void nf_run_heard(nf_run *run);
void nf_run_on_end(nf_crew *crew, const nf_frame *frame, const char *payload);
void nf_run_worker_lost(nf_run *run, bool was_on_cpu);
void nf_run_end_with(nf_run *run, nf_outcome outcome, const char *text);
/** End it with this outcome and these words; `where` may be NULL. The worker, if it has it, tells what it used. */
void nf_run_tell_end(nf_run *run, nf_outcome outcome, const char *text, const char *where);
void nf_run_leave_memory(nf_run *run);
void nf_run_drop(nf_run *run);
/** Is it JSON that every reader of the history takes: no number beyond them, no zero byte in a key? */
bool nf_run_readable(const char *text, size_t len);
nf_run *nf_crew_find_run(nf_crew *crew, uint64_t id);
void nf_crew_broke(nf_crew *crew, const char *what);

/* effects.c */
void nf_effects_on_frame(nf_crew *crew, const nf_frame *frame, const char *payload);
void nf_effects_on_waits(nf_crew *crew, const nf_frame *frame, const char *payload);
void nf_effects_give(nf_run *run);
void nf_effects_record(nf_pending *pending, const nf_error *err, const char *result, size_t len);
void nf_effects_too_long(nf_pending *pending, const nf_error *err);
/** The run's journal need not be written any more. */
void nf_effects_written(nf_run *run);
/** Write what has waited for long; `pool` is one. */
void nf_effects_write_old(void *pool);
void nf_effects_cancel_all(nf_run *run);
void nf_effects_give_up(nf_run *run);
void nf_effects_start(nf_pending *pending);
void nf_pending_free(nf_pending *pending);

/* entry.c */
/** An entry of the journal for what is under way, in place of the one before. Borrowed. */
nf_entry *nf_pending_put(const nf_pending *pending, nf_entry_state state, int64_t at_ms,
                         const nf_error *err, const char *result, size_t len);
/** What a script reads of an error: {"kind", "message", …}. Owned by the caller. */
char *nf_pending_error(const nf_action *action, const nf_error *err, size_t *len);

/* effects.c */
/** What effects ask of their run; `pending` is one. See nf_effect_owner. */
uint64_t nf_effects_wall_left_ms(void *pending);
void nf_effects_terms(void *pending, nf_nimbus_terms *terms);
bool nf_effects_permits(void *pending, const char *action);

/* park.c */
bool nf_run_can_park(const nf_run *run);
/** Hold it for a person, because of effect `number` (0: none). */
void nf_run_hold(nf_run *run, uint32_t number, const char *why);
/** Let the effect sleep; false: longer than the run may live, and the effect is gone. */
bool nf_run_fall_asleep(nf_pending *pending, int64_t until_ms);
/** Park it if nothing but long sleeps is under way. */
void nf_run_may_sleep(nf_run *run);
/** The outcome of an effect that must not be repeated is not known. */
void nf_run_find_out(nf_pending *pending, int64_t intended_ms);

#endif
