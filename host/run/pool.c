/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.c: which worker does what: taking workers, giving them runs, seeing them die.
 *
 * Invariant: pool->running is the sum of crew->active, and every run on a crew is in exactly that crew's hash.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "channel/seccomp.h"
#include "log/log.h"
#include "run/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { STARTS_BEFORE_PAUSE = 3, PAUSE_MS = 1000, CHECK_IDLE_MS = 5000 };

/*
 * The weight as the kernel understands it: each step of the nice value is worth a factor of 1.25. Without rights a
 * process can only be made nicer.
 */
static void set_nice(const nf_crew *crew)
{
    int nice = NF_WORKER_NICE;
    for (double part = 100;
         part > (double)crew->pool->allowed.tenant.of[NF_CAP_WEIGHT] && nice < 19; part /= 1.25)
        nice++;
    if (crew->ready && nice > NF_WORKER_NICE)
        setpriority(PRIO_PROCESS, (id_t)nf_worker_pid(crew->worker), nice);
}

/* ---- what a worker says ---- */

static void on_ready(void *ctx, nf_worker *worker)
{
    nf_crew *crew = nf_worker_data(worker);
    (void)ctx;
    crew->ready = true;
    crew->pool->failed_starts = 0;
    set_nice(crew);
}

void nf_crew_broke(nf_crew *crew, const char *what)
{
    nf_log_error("worker", "%s: worker %d broke the protocol: %s", crew->pool->tenant,
                 nf_worker_pid(crew->worker), what);
    nf_worker_kill(crew->worker, "broke the protocol");
}

static void on_frame(void *ctx, nf_worker *worker, const nf_frame *frame, const char *payload)
{
    nf_crew *crew = nf_worker_data(worker);
    (void)ctx;
    crew->heard_ns = nf_clock_ns();
    switch (frame->type) {
    case NF_MSG_LOADED:
        nf_version_on_loaded(crew, frame, payload);
        break;
    case NF_MSG_EFFECT:
        nf_effects_on_frame(crew, frame, payload);
        break;
    case NF_MSG_WAITS:
        nf_effects_on_waits(crew, frame, payload);
        break;
    case NF_MSG_END:
        nf_run_on_end(crew, frame, payload);
        break;
    case NF_MSG_ALIVE:
        nf_crew_alive(crew);
        break;
    default:
        nf_crew_broke(crew, "unknown message");
    }
}

static void detach_crew(nf_crew *crew)
{
    DL_DELETE(crew->pool->crews, crew);
    crew->pool->crew_count--;
}

static void free_crew(nf_crew *crew)
{
    nf_known *known, *next;
    HASH_ITER (hh, crew->known, known, next) {
        HASH_DEL(crew->known, known);
        free(known);
    }
    free(crew);
}

static void on_gone(void *ctx, nf_worker *worker, uint64_t running, const char *reason)
{
    nf_crew *crew = nf_worker_data(worker);
    nf_pool *pool = crew->pool;
    nf_run *run, *next;
    (void)ctx;
    bool dismissed = strcmp(reason, "dismissed") == 0;
    if (!dismissed)
        nf_log_warn("worker", "%s: worker %d %s with %u runs; they start again", pool->tenant,
                    nf_worker_pid(worker), reason, crew->active);
    if (!crew->ready && !dismissed)
        pool->failed_starts++;
    detach_crew(crew);
    HASH_ITER (hh, crew->runs, run, next)
        nf_run_worker_lost(run, run->key == running);
    nf_version_crew_gone(crew, reason);
    free_crew(crew);
    nf_pool_dispatch(pool);
}

static const nf_worker_events crew_events = {on_ready, on_frame, on_gone};

/* ---- taking workers ---- */

static void spare_ready(void *ctx, nf_worker *worker)
{
    (void)ctx;
    nf_worker_set_data(worker, worker); /* any value: ready before it had an owner */
}

static void spare_frame(void *ctx, nf_worker *worker, const nf_frame *frame, const char *payload)
{
    (void)ctx;
    (void)frame;
    (void)payload;
    nf_worker_kill(worker, "broke the protocol: spoke before it was asked");
}

static void spare_gone(void *ctx, nf_worker *worker, uint64_t running, const char *reason)
{
    nf_runner *runner = ctx;
    (void)running;
    if (!runner->closing)
        nf_log_warn("worker", "the spare worker %d %s", nf_worker_pid(worker), reason);
    if (runner->spare == worker)
        runner->spare = NULL;
}

static const nf_worker_events spare_events = {spare_ready, spare_frame, spare_gone};

static nf_status start_spare(nf_runner *runner, nf_error *err)
{
    if (runner->spare || runner->closing)
        return NF_OK;
    return nf_worker_start(runner->loop, &runner->worker_options, &spare_events, runner,
                           &runner->spare, err);
}

static nf_crew *take_worker(nf_pool *pool, nf_error *err)
{
    nf_runner *runner = pool->runner;
    if (start_spare(runner, err) != NF_OK)
        return NULL;
    nf_crew *crew = nf_alloc(sizeof *crew);
    crew->worker = runner->spare;
    crew->pool = pool;
    crew->ready = nf_worker_data(runner->spare) != NULL;
    crew->idle_since_ns = crew->heard_ns = nf_clock_ns();
    runner->spare = NULL;
    nf_worker_set_owner(crew->worker, &crew_events, crew);
    nf_worker_set_data(crew->worker, crew);
    DL_APPEND(pool->crews, crew);
    pool->crew_count++;
    nf_cap_note(&pool->use, NF_CAP_WORKERS, pool->crew_count);
    set_nice(crew);
    nf_pool_pause_new(crew);
    nf_error later = {0};
    if (start_spare(runner, &later) != NF_OK) /* the next one tries again, and reports */
        nf_log_warn("worker", "%s", later.text);
    return crew;
}

nf_crew *nf_pool_any_crew(nf_pool *pool, nf_error *err)
{
    return pool->crews ? pool->crews : take_worker(pool, err);
}

/* ---- giving runs ---- */

static bool has_room(const nf_crew *crew)
{
    return !crew->alone && crew->active < NF_RUNS_PER_WORKER
           && crew->starting < NF_STARTS_AT_A_TIME;
}

/* Does it keep up? */
static bool answers(const nf_crew *crew)
{
    return crew->active < NF_RUNS_BEFORE_MORE
           || nf_clock_ns() - crew->heard_ns < (uint64_t)NF_SILENCE_MS * 1000000;
}

/* The first worker that keeps up: one busy worker is better than two, since more is read and written at once. */
static nf_crew *first_that_answers(nf_pool *pool)
{
    nf_crew *crew;
    DL_FOREACH (pool->crews, crew) {
        if (has_room(crew) && answers(crew))
            return crew;
    }
    return NULL;
}

static nf_crew *least_busy(nf_pool *pool)
{
    nf_crew *crew, *best = NULL;
    DL_FOREACH (pool->crews, crew) {
        if (has_room(crew) && (!best || crew->active < best->active))
            best = crew;
    }
    return best;
}

/* Has one that keeps up only too many runs to begin at the moment? */
static bool one_will_have_room(const nf_pool *pool)
{
    const nf_crew *crew;
    DL_FOREACH (pool->crews, crew) {
        if (!crew->alone && crew->starting >= NF_STARTS_AT_A_TIME && answers(crew))
            return true;
    }
    return false;
}

/* A worker for this run, or NULL when it has to wait. */
static nf_crew *crew_for(nf_pool *pool, const nf_run *run, nf_error *err)
{
    /* a run that must be alone may have one worker more than the limit, or it could wait for ever */
    bool alone = run->crashes > 0;
    nf_crew *best = alone ? least_busy(pool) : first_that_answers(pool);
    if (best && (!alone || best->active == 0))
        return best;
    if (!alone && one_will_have_room(pool))
        return NULL;
    if (pool->crew_count < pool->allowed.tenant.of[NF_CAP_WORKERS] + (alone ? 1 : 0))
        return take_worker(pool, err);
    return alone ? NULL : least_busy(pool);
}

static bool begun_too_many(nf_pool *pool)
{
    uint64_t sum = nf_window_sum(&pool->begun, nf_clock_ns());
    nf_cap_note(&pool->use, NF_CAP_RUNS_PER_MINUTE, sum);
    return sum >= pool->allowed.tenant.of[NF_CAP_RUNS_PER_MINUTE];
}

const char *nf_pool_held_up(nf_pool *pool)
{
    if (pool->running >= pool->allowed.tenant.of[NF_CAP_CONCURRENT_RUNS])
        return nf_cap_name(NF_CAP_CONCURRENT_RUNS);
    if (pool->paused)
        return nf_cap_name(NF_CAP_CPU_PER_MINUTE);
    return begun_too_many(pool) ? nf_cap_name(NF_CAP_RUNS_PER_MINUTE) : NULL;
}

static void on_timer(void *ctx);

void nf_pool_dispatch(nf_pool *pool)
{
    while (pool->ready.count && !pool->draining && !pool->closing && !pool->gathering
           && !nf_pool_held_up(pool)) {
        nf_error err = {0};
        if (pool->failed_starts >= STARTS_BEFORE_PAUSE) {
            nf_timer_start(pool->timer, PAUSE_MS, 0);
            return;
        }
        uint64_t now = nf_clock_ns();
        nf_run *run = nf_ready_first(&pool->ready, now);
        nf_crew *crew = crew_for(pool, run, &err);
        if (err.status != NF_OK) {
            nf_log_error("worker", "%s", err.text);
            nf_timer_start(pool->timer, PAUSE_MS, 0);
            return;
        }
        if (!crew)
            return;
        nf_ready_take(&pool->ready, now);
        nf_queued_remove(run);
        nf_run_give_to(run, crew);
        nf_cap_note(&pool->use, NF_CAP_CONCURRENT_RUNS, pool->running);
        nf_pool_watch(pool);
    }
    if (pool->ready.count && begun_too_many(pool))
        nf_timer_start(pool->timer, nf_window_wait_ms(&pool->begun, nf_clock_ns()), 0);
}

/* Idle workers go; a pause after failed starts ends. */
static void on_timer(void *ctx)
{
    nf_pool *pool = ctx;
    nf_crew *crew, *next;
    pool->failed_starts = 0;
    uint64_t now = nf_clock_ns();
    DL_FOREACH_SAFE (pool->crews, crew, next) {
        bool loading = false;
        nf_version *version;
        DL_FOREACH (pool->versions, version)
            loading = loading || version->loading_on == crew;
        bool idle = crew->active == 0 && !loading;
        bool too_many = pool->crew_count > pool->allowed.tenant.of[NF_CAP_WORKERS];
        if (idle && (too_many || now - crew->idle_since_ns > (uint64_t)NF_IDLE_MS * 1000000))
            nf_worker_dismiss(crew->worker);
    }
    nf_timer_start(pool->timer, CHECK_IDLE_MS, 0);
    nf_pool_dispatch(pool);
}

nf_known *nf_crew_give_version(nf_crew *crew, nf_version *version)
{
    nf_known *known;
    HASH_FIND(hh, crew->known, &version->id, sizeof version->id, known);
    if (known)
        return known;
    known = nf_alloc(sizeof *known);
    known->id = version->id;
    HASH_ADD(hh, crew->known, id, sizeof known->id, known);
    nf_version_send_load(version, crew);
    return known;
}

/* ---- life ---- */

nf_pool *nf_pool_new(nf_runner *runner, const nf_pool_options *options)
{
    nf_pool *pool = nf_alloc(sizeof *pool);
    pool->runner = runner;
    pool->tenant = nf_strdup(options->tenant);
    pool->configured = options->configured;
    pool->allowed = options->allowed;
    pool->cpu_ns = nf_window_new(60000);
    pool->begun = nf_window_new(60000);
    pool->env = options->env;
    pool->writer = nf_timer_new(runner->loop, nf_effects_write_old, pool);
    pool->timer = nf_timer_new(runner->loop, on_timer, pool);
    nf_timer_start(pool->timer, CHECK_IDLE_MS, 0);
    return pool;
}

static void orphan_frame(void *ctx, nf_worker *worker, const nf_frame *frame, const char *payload)
{
    (void)ctx;
    (void)worker;
    (void)frame;
    (void)payload;
}

static void orphan_ready(void *ctx, nf_worker *worker)
{
    (void)ctx;
    (void)worker;
}

static void orphan_gone(void *ctx, nf_worker *worker, uint64_t running, const char *reason)
{
    (void)ctx;
    (void)worker;
    (void)running;
    (void)reason;
}

/* A worker whose owner is gone: nobody listens any more. */
static const nf_worker_events orphan_events = {orphan_ready, orphan_frame, orphan_gone};

void nf_pool_stop(nf_pool *pool)
{
    nf_run *run, *next_run;
    if (!pool)
        return;
    pool->closing = true;
    while (pool->crews) {
        nf_crew *crew = pool->crews;
        HASH_ITER (hh, crew->runs, run, next_run)
            nf_run_drop(run);
        nf_worker_set_owner(crew->worker, &orphan_events, NULL);
        nf_worker_kill(crew->worker, "dismissed");
        detach_crew(crew);
        free_crew(crew);
    }
    for (int class = NF_URGENCY_CALL; class < NF_URGENCIES; class ++) {
        while (pool->queued[class])
            nf_run_drop(pool->queued[class]);
    }
    nf_version_drop_loading(pool);
}

void nf_pool_close(nf_pool *pool)
{
    if (!pool)
        return;
    nf_pool_stop(pool);
    if (pool->versions)
        nf_bug("%s: a flow version outlives its pool", pool->tenant);
    nf_timer_close(pool->timer);
    nf_timer_close(pool->watch);
    nf_timer_close(pool->writer);
    free(pool->tenant);
    free(pool);
}

void nf_pool_allow(nf_pool *pool, const nf_allowed *allowed)
{
    nf_crew *crew;
    nf_run *run, *next;
    pool->allowed = *allowed;
    DL_FOREACH (pool->crews, crew) {
        set_nice(crew);
        HASH_ITER (hh, crew->runs, run, next)
            nf_run_obey(run);
    }
    nf_gates_limit_changed(pool);
    nf_pool_watch(pool);
    nf_pool_dispatch(pool);
}

nf_cap_use nf_pool_use(nf_pool *pool)
{
    uint64_t now = nf_clock_ns();
    nf_cap_note(&pool->use, NF_CAP_CPU_PER_MINUTE, nf_window_sum(&pool->cpu_ns, now) / 1000000);
    nf_cap_note(&pool->use, NF_CAP_RUNS_PER_MINUTE, nf_window_sum(&pool->begun, now));
    nf_cap_note(&pool->use, NF_CAP_CONCURRENT_RUNS, pool->running);
    nf_cap_note(&pool->use, NF_CAP_WORKERS, pool->crew_count);
    nf_cap_note(&pool->use, NF_CAP_RUNS_PER_CONNECTION, nf_gates_inside(pool, NF_AT_CONNECTION));
    nf_cap_note(&pool->use, NF_CAP_QUEUED_EVENTS, pool->waiting);
    return pool->use;
}

void nf_pool_drain(nf_pool *pool)
{
    pool->draining = true;
}

unsigned nf_pool_waiting(const nf_pool *pool)
{
    return pool->waiting;
}

unsigned nf_pool_running(const nf_pool *pool)
{
    return pool->running;
}

nf_status nf_runner_open(nf_loop *loop, const nf_runner_options *options, nf_runner **out,
                         nf_error *err)
{
    nf_status status = nf_registry_check(options->actions, options->triggers, err);
    if (status != NF_OK)
        return status;
    nf_runner *runner = nf_alloc(sizeof *runner);
    runner->loop = loop;
    runner->actions = options->actions;
    runner->triggers = options->triggers;
    runner->action_count = nf_action_count(options->actions);
    runner->worker_program = nf_strdup(options->worker_program);
    runner->surface = nf_registry_surface(options->actions, options->triggers);
    runner->worker_options.program = runner->worker_program;
    runner->worker_options.surface = runner->surface;
    status = nf_seccomp_compile(&runner->filter, &runner->worker_options.filter_len, err);
    runner->worker_options.filter = runner->filter;
    if (status == NF_OK)
        status = start_spare(runner, err);
    if (status != NF_OK)
        nf_runner_close(runner);
    else
        *out = runner;
    return status;
}

unsigned nf_runner_under_way(const nf_runner *runner)
{
    return runner->under_way;
}

void nf_runner_close(nf_runner *runner)
{
    if (!runner)
        return;
    runner->closing = true;
    if (runner->spare) {
        nf_worker_set_owner(runner->spare, &orphan_events, NULL);
        nf_worker_kill(runner->spare, "dismissed");
    }
    free(runner->worker_program);
    free(runner->surface);
    free(runner->filter);
    free(runner);
}
