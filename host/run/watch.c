/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.c: an eye on the workers of a pool while they have work: what they use of the tenant's CPU time, and whether
 * they still answer.
 *
 * The figures are the kernel's, not the worker's: whatever runs in there, it is charged. A worker that says nothing for
 * a second although it used half a second of CPU hangs, one that works although it was told to pause or that does not
 * end a run which is over its time does not obey; each is killed, and its runs go on elsewhere.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "log/log.h"
#include "run/internal.h"

#include <stdlib.h>

#define NS_PER_MS ((uint64_t)1000000)

enum {
    WATCH_MS = 250,
    SILENT_START_MS = 100,
    SILENT_MS = 1000,  /* with so much time and */
    SPENT_MS = 500,    /* so much CPU without a word, a worker hangs */
    OVERDUE_MS = 5000, /* after its wall budget a run must have ended */
    MOST_ALIVE = 20,   /* signs of life between two looks; one in NF_ALIVE_MS is right */
};

void nf_crew_alive(nf_crew *crew)
{
    if (++crew->watch.alive > MOST_ALIVE)
        nf_crew_broke(crew, "ALIVE too often");
}

/* Charge what it used since the last look. */
static void charge(nf_crew *crew, uint64_t now)
{
    uint64_t cpu = nf_worker_cpu_ns(crew->worker);
    if (crew->watch.cpu_ns == 0) /* a spare's start was nobody's */
        crew->watch.cpu_ns = crew->watch.cpu_at_word = cpu;
    if (cpu < crew->watch.cpu_ns)
        return;
    nf_window_add(&crew->pool->cpu_ns, now, cpu - crew->watch.cpu_ns);
    crew->watch.cpu_ns = cpu;
    crew->watch.alive = 0;
    if (crew->watch.heard_ns != crew->heard_ns) {
        crew->watch.heard_ns = crew->heard_ns;
        crew->watch.cpu_at_word = cpu;
    }
}

static bool hangs(const nf_crew *crew, uint64_t now)
{
    return now - crew->heard_ns >= SILENT_MS * NS_PER_MS
           && crew->watch.cpu_ns - crew->watch.cpu_at_word >= SPENT_MS * NS_PER_MS;
}

/* It has the time since the look at which it was paused, to finish what it was in. */
static bool works_paused(nf_crew *crew)
{
    if (!crew->pool->paused) {
        crew->watch.cpu_at_pause = 0;
        return false;
    }
    if (crew->watch.cpu_at_pause == 0)
        crew->watch.cpu_at_pause = crew->watch.cpu_ns;
    return crew->watch.cpu_ns - crew->watch.cpu_at_pause >= SPENT_MS * NS_PER_MS;
}

static bool keeps_overdue(const nf_crew *crew, uint64_t now)
{
    nf_run *run, *next;
    HASH_ITER (hh, crew->runs, run, next) {
        uint64_t most = run->limits.of[NF_BUDGET_WALL] + OVERDUE_MS;
        if (!run->held_by && run->attempt_ns + most * NS_PER_MS < now)
            return true;
    }
    return false;
}

/* A run that computes for long has nothing to say: it does not keep others from being begun. */
static void forget_starts(const nf_crew *crew, uint64_t now)
{
    nf_run *run, *next;
    if (crew->starting < NF_STARTS_AT_A_TIME)
        return;
    HASH_ITER (hh, crew->runs, run, next) {
        if (!run->heard && !run->held_by && run->attempt_ns + SILENT_START_MS * NS_PER_MS < now)
            nf_run_heard(run);
    }
}

static void look_at(nf_crew *crew, uint64_t now)
{
    charge(crew, now);
    if (hangs(crew, now))
        nf_worker_kill(crew->worker, "hangs: it used CPU for a second without a word");
    else if (works_paused(crew))
        nf_worker_kill(crew->worker, "works although it was told to pause");
    else if (keeps_overdue(crew, now))
        nf_worker_kill(crew->worker, "does not end a run that is over its time");
}

/* ---- the tenant's CPU time ---- */

static void pause_all(nf_pool *pool, bool paused)
{
    nf_crew *crew;
    pool->paused = paused;
    DL_FOREACH (pool->crews, crew)
        nf_worker_send(crew->worker, NF_MSG_PAUSE, paused, 0, NULL, 0, NULL, 0);
}

void nf_pool_pause_new(nf_crew *crew)
{
    if (crew->pool->paused)
        nf_worker_send(crew->worker, NF_MSG_PAUSE, 1, 0, NULL, 0, NULL, 0);
}

static void hold_to_cap(nf_pool *pool, uint64_t now)
{
    uint64_t used = nf_window_sum(&pool->cpu_ns, now) / NS_PER_MS;
    uint64_t cap = pool->allowed.tenant.of[NF_CAP_CPU_PER_MINUTE];
    nf_cap_note(&pool->use, NF_CAP_CPU_PER_MINUTE, used);
    if (!pool->paused && used >= cap) {
        nf_log_warn("worker",
                    "%s: its runs pause: %llu ms of CPU in the last minute, allowed are %llu ms "
                    "(cpu_per_minute, %s)",
                    pool->tenant, (unsigned long long)used, (unsigned long long)cap,
                    nf_setter_text((nf_setter)pool->allowed.tenant.set_by[NF_CAP_CPU_PER_MINUTE]));
        pause_all(pool, true);
    } else if (pool->paused && used < cap) {
        pause_all(pool, false);
        nf_pool_dispatch(pool);
    }
}

/* ---- the timer: only while there is something to watch ---- */

static bool has_work(const nf_pool *pool)
{
    const nf_version *version;
    DL_FOREACH (pool->versions, version) {
        if (version->loading_on)
            return true;
    }
    return pool->running > 0 || pool->paused;
}

static void on_watch(void *ctx)
{
    nf_pool *pool = ctx;
    nf_crew *crew, *next;
    uint64_t now = nf_clock_ns();
    bool again = has_work(pool);
    DL_FOREACH_SAFE (pool->crews, crew, next)
        look_at(crew, now);
    hold_to_cap(pool, now);
    DL_FOREACH_SAFE (pool->crews, crew, next)
        forget_starts(crew, now); /* last: it may begin runs, which are younger than `now` */
    pool->watching = again;       /* one more look after the last work, to charge it */
    if (again)
        nf_timer_start(pool->watch, WATCH_MS, 0);
}

void nf_pool_watch(nf_pool *pool)
{
    if (pool->watching || pool->closing)
        return;
    nf_crew *crew;
    uint64_t now = nf_clock_ns();
    pool->watching = true;
    if (!pool->watch)
        pool->watch = nf_timer_new(pool->runner->loop, on_watch, pool);
    DL_FOREACH (pool->crews, crew)
        charge(crew, now);
    nf_timer_start(pool->watch, WATCH_MS, 0);
}
