/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h: runs of handlers in worker processes.
 *
 *   runner   all worker processes of this host, and one started in advance
 *   pool     one tenant's workers, flow versions and waiting runs; a worker never serves two tenants
 *   version  one state of one flow file, by the hash of its source
 *   run      one execution of one handler for one event
 *
 *   waiting in its lane -> ready -> on a worker -> ended
 *                            ^          | the worker died
 *                            +----------+
 *
 * A lane is a handler and the value of its key (usually the task); how its runs follow each other says the handler's
 * mode. How many runs of a lane, a handler and a connection there may be at a time is bounded by gates, which a run
 * passes in this order. Of those that may start, the most urgent is next. A run whose worker died starts again in a
 * fresh state, and what it did already is answered from its journal (journal.h). The run that was on the CPU when the
 * worker died gets one more try, alone on a worker, then it ends lost-worker.
 *
 * A run that sleeps for long, or needs a person, leaves memory without an end: it is parked (park.c).
 */
#ifndef NF_RUN_RUN_H
#define NF_RUN_RUN_H

#include "act/effect.h"
#include "act/registry.h"
#include "base/caps.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "channel/worker_process.h"

#include <jansson.h>

typedef struct nf_runner nf_runner;
typedef struct nf_pool nf_pool;
typedef struct nf_version nf_version;
typedef struct nf_run nf_run;

/* ---- runner ---- */

typedef struct nf_runner_options {
    const char *worker_program;
    const nf_action *const *actions;
    const nf_trigger *const *triggers;
} nf_runner_options;

/** Prepare the workers' surface and filter and start one worker in advance. */
nf_status nf_runner_open(nf_loop *loop, const nf_runner_options *options, nf_runner **runner,
                         nf_error *err);

/** How many runs are in memory, of all pools: on a worker, or waiting for their turn. */
unsigned nf_runner_under_way(const nf_runner *runner);

/** End all workers and free; pools must be closed before. NULL is allowed. */
void nf_runner_close(nf_runner *runner);

/* ---- pool ---- */

typedef struct nf_pool_options {
    const char *tenant;   /* copied */
    nf_limits configured; /* what a flow may declare at most; what is allowed now may be less */
    nf_allowed allowed;
    const nf_effect_env
        *env; /* of runs that have none of their own; borrowed for the pool's life */
} nf_pool_options;

/** Why a run was ended although nobody asked for its end, and nothing was wrong with it. */
#define NF_SHED_MAP(X)                                                                             \
    X(OUTDATED, "latest")         /* mode latest: a newer one of its lane came */                  \
    X(OCCUPIED, "single")         /* mode single: another one of its lane was there */             \
    X(POINTLESS, "task-ended")    /* no room for a more urgent one, and its task was over */       \
    X(LESS_URGENT, "less-urgent") /* no room for a more urgent one */

typedef enum nf_shed {
    NF_SHED_NONE,
#define X(name, text) NF_SHED_##name,
    NF_SHED_MAP(X)
#undef X
        NF_SHEDS
} nf_shed;

/** The reason as metrics and people read it. Static. */
const char *nf_shed_name(nf_shed reason);

/** The name of an urgency in flows. Static. */
const char *nf_urgency_name(nf_urgency urgency);

/** Who wants to know what happens to tasks. */
typedef struct nf_pool_watcher {
    /** A run for this task has changed what the person sees who takes it. */
    void (*context)(void *ctx, const char *task);
    /** Is this task known to be over? */
    bool (*over)(void *ctx, const char *task);
    void *ctx;
} nf_pool_watcher;

/** A pool without workers; they are taken when there is work. */
nf_pool *nf_pool_new(nf_runner *runner, const nf_pool_options *options);

/**
 * End the workers; runs under way get no report, loads end with NF_E_CANCELLED. Nothing may be started in the
 * callbacks. NULL is allowed.
 */
void nf_pool_stop(nf_pool *pool);

/** Stop and free. Every version must have been let go of. NULL is allowed. */
void nf_pool_close(nf_pool *pool);

/**
 * Change what is allowed. Runs under way obey at their next slice; workers above the number end when they are idle; a
 * smaller weight holds at once, a larger one for workers that start later.
 */
void nf_pool_allow(nf_pool *pool, const nf_allowed *allowed);

/** Tell what happens to tasks. Copied. */
void nf_pool_set_watcher(nf_pool *pool, const nf_pool_watcher *watcher);

/**
 * No run starts until nf_pool_go was called as often: so that runs that come in any order after a restart start in
 * that of their ids.
 */
void nf_pool_gather(nf_pool *pool);
void nf_pool_go(nf_pool *pool);

/**
 * Runs of before a restart come back, oldest first, until this is called with false. Meanwhile a run that a newer one
 * would replace (mode latest) does not start: the newer one may have done its work already.
 */
void nf_pool_returning(nf_pool *pool, bool returning);

/**
 * Make room for a run of this urgency: runs that have not begun and whose task is over, else the newest of the least
 * urgent class, if that is less urgent. False: there is none.
 */
bool nf_pool_make_room(nf_pool *pool, nf_urgency urgency);

/** Runs ended for this reason since the start. */
uint64_t nf_pool_shed_count(const nf_pool *pool, nf_shed reason);

/** The gates at which runs wait, the longest queues first, at most 20: a list of objects. A new reference. */
json_t *nf_pool_gates(const nf_pool *pool);
/** Start no more runs; those on workers go on. */
void nf_pool_drain(nf_pool *pool);

/** Runs that wait and runs on workers. */
unsigned nf_pool_waiting(const nf_pool *pool);
unsigned nf_pool_running(const nf_pool *pool);

/** What the tenant uses of its caps, as far as they are counted here. */
nf_cap_use nf_pool_use(nf_pool *pool);

/** Why ready runs wait, for an admin: a text, or NULL. Static. */
const char *nf_pool_held_up(nf_pool *pool);

/* ---- version ---- */

/** How runs of one lane follow each other. X(NAME, text, what it does) */
#define NF_MODE_MAP(X)                                                                             \
    X(QUEUE, "queue", "one after the other")                                                       \
    X(LATEST, "latest", "a newer event ends the run of the older one")                             \
    X(SINGLE, "single", "while there is a run, further events are not run")                        \
    X(PARALLEL, "parallel", "side by side")

typedef enum nf_mode {
#define X(name, text, doc) NF_MODE_##name,
    NF_MODE_MAP(X)
#undef X
        NF_MODES
} nf_mode;

typedef struct nf_handler {
    nf_version *version;
    unsigned index;
    const nf_trigger *trigger; /* NULL: the file is a script */
    char *name;                /* unique per tenant */
    int line;
    json_t *filters;     /* name of the filter to list of texts, as the flow has them */
    json_t *options;     /* the trigger's own fields, checked; NULL: it has none */
    json_t *where;       /* field of the event to list of texts of which it must be one; or NULL */
    char *connection;    /* whose events it hears and by which it acts; NULL: the tenant's first */
    json_t *permissions; /* names of actions that destroy and need no confirm; NULL: none */
    nf_limits own;       /* what the flow declares; 0: nothing */
    nf_retry retry;      /* how its requests are repeated, over what the tenant says; 0: not said */
    bool dedupe;
    nf_mode mode;
    json_t *key;         /* list of fields of the event; NULL: what orders its trigger's events */
    unsigned concurrent; /* runs of it at a time; 0: any number */
    unsigned concurrent_per_key; /* mode parallel: with one value of the key; 0: any number */
    nf_urgency priority;         /* of its runs; 0: as their events are */
} nf_handler;

typedef struct nf_version_spec {
    const char *file; /* as messages shall show it, e.g. "flows/show-caller.lua" */
    const char *source;
    size_t len;
    bool script; /* the whole file is the handler */
} nf_version_spec;

/**
 * Load a flow in a worker; everything is copied. `loaded` is called once: `err` NULL when it can run. Without a worker
 * it is called before this returns.
 */
nf_version *nf_version_load(nf_pool *pool, const nf_version_spec *spec,
                            void (*loaded)(void *ctx, nf_version *version, const nf_error *err),
                            void *ctx);

/** One more or one less user of a version; with the last it is forgotten, also by the workers. */
nf_version *nf_version_ref(nf_version *version);
void nf_version_unref(nf_version *version);

/** What a loaded version declared. Borrowed. */
const nf_handler *nf_version_handlers(const nf_version *version, size_t *count);

/** The handler with this name, or NULL. Borrowed. */
const nf_handler *nf_version_handler(const nf_version *version, const char *name);

/** File name and SHA-256 of the source. Borrowed. */
const char *nf_version_file(const nf_version *version);
const uint8_t *nf_version_hash(const nf_version *version);

/** The source, borrowed. */
const char *nf_version_source(const nf_version *version, size_t *len);

/* ---- run ---- */

/** It left memory without an end; `parking` is borrowed. */
typedef void nf_run_parked(void *ctx, const nf_parking *parking);

typedef struct nf_run_spec {
    int64_t id;
    const nf_handler *handler; /* its version is kept for the run's life */
    const char *event;         /* JSON, borrowed until the end; NULL: none */
    size_t len;
    const char *
        partition; /* what orders its event's kind, usually the task; borrowed like `event`, or NULL */
    nf_urgency
        urgency; /* of the event; 0: as its trigger says. The flow's own priority comes before it */
    bool last;   /* the event says that the task is over */
    bool
        no_lane; /* it left its lane before, for a long sleep or a person: it needs to pass the other gates only */
    const nf_effect_env
        *env; /* what its effects work with; NULL: the pool's. Borrowed until the end */
    nf_run_parked *parked;      /* called in place of `ended`; NULL: it cannot be parked */
    struct nf_journal *journal; /* of a run that began before; stolen. NULL: it is new */
    unsigned attempts;          /* before; and their CPU time */
    uint64_t spent_ms;
} nf_run_spec;

/** How a run ended. Borrowed during the call; the texts are JSON or empty. */
typedef struct nf_run_report {
    int64_t id;
    nf_outcome outcome;
    nf_usage usage;
    int64_t started_ms, ended_ms;
    unsigned attempts;
    const char *result, *error, *log, *effects;
    size_t result_len, error_len, log_len, effects_len;
    nf_shed shed;                 /* why it was ended although nothing was wrong with it */
    struct nf_counted_mark *mark; /* of its journal; NULL: it never had one */
} nf_run_report;

/** `report` NULL: the pool was closed before the run had an end. */
typedef void nf_run_ended(void *ctx, const nf_run_report *report);

/**
 * Start, or wait for the lane and for a worker. `ended` is called once, from the loop. NULL: it has ended already,
 * because of the mode of its handler.
 */
nf_run *nf_run_start(nf_pool *pool, const nf_run_spec *spec, nf_run_ended *ended, void *ctx);

/** The run with this id, if it is in memory, else NULL. */
nf_run *nf_pool_find_run(const nf_pool *pool, int64_t id);

/** End it as cancelled, for this reason; `ended` follows. */
void nf_run_cancel(nf_run *run, const char *why);

/**
 * What a run in memory waits for now: {"state": "lane" (behind, first, ahead), "ready" (place, cap), "loading",
 * "paused", "effects", "running" (attempt, for_ms, effects)}; NULL: it is not in memory. A new reference.
 */
json_t *nf_pool_explain(nf_pool *pool, int64_t id);

/** The report as the JSON object of the history: {"result","error","usage","effects","log"}. Owned by the caller. */
char *nf_run_report_json(const nf_run_report *report, size_t *len);

/** The usage as JSON: {"cpu_ms": {"limit","used","peak"}, …}, appended to `out`. */
void nf_usage_json(const nf_usage *usage, nf_strbuf *out);

#endif
