/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c: see run.h. The slots, the queue of ready runs, and the budgets' arithmetic.
 *
 * Invariant: a run is in exactly one list: free (last used first, its memory is warm), ready (first
 * in, first out), waiting, or none while it is on the CPU or ended.
 */
#include "run.h"

#include "cpu.h"
#include "group.h"
#include "program.h"
#include "slot.h"

#include <string.h>
#include <utlist.h>

enum { BUCKET_BITS = 14, NS_PER_MS = 1000000 };

_Static_assert(1 << BUCKET_BITS > (int)NF_WORKER_RUNS_MAX, "about one run in a bucket");

nf_run *volatile nf_current;

static nf_run *buckets[1 << BUCKET_BITS];
static nf_run *ready, *waiting, *late;
static nf_run *wanting; /* wait for a group for flow.all, the first one first */
static unsigned count, ready_count;
static bool paused;
static nf_worker_page *page;
/* not later than the earliest deadline of a run that nf_run_overdue looks at */
static uint64_t next_deadline = UINT64_MAX;

void nf_runs_init(nf_worker_page *shared)
{
    page = shared;
}

static nf_run **bucket_of(uint64_t id)
{
    return &buckets[(id * 0x9E3779B97F4A7C15u) >> (64 - BUCKET_BITS)];
}

nf_run *nf_run_new(uint64_t id, nf_run_kind kind)
{
    nf_run *run = nf_slot_take();
    if (!run)
        return NULL;
    run->id = id;
    run->kind = kind;
    count++;
    if (kind == NF_RUN_HANDLER) {
        nf_run **bucket = bucket_of(id);
        LL_PREPEND2(*bucket, run, same_bucket);
    }
    return run;
}

nf_run *nf_run_find(uint64_t id)
{
    nf_run *run;
    LL_SEARCH_SCALAR2(*bucket_of(id), run, id, id, same_bucket);
    return run;
}

static void watch_deadline(const nf_run *run)
{
    next_deadline = NF_MIN(next_deadline, run->wall_deadline);
}

static void queue(nf_run *run)
{
    run->state = NF_RUN_READY;
    DL_APPEND(ready, run);
    ready_count++;
    if (paused)
        watch_deadline(run);
}

static void unqueue(nf_run *run)
{
    if (run->state == NF_RUN_READY) {
        DL_DELETE(ready, run);
        ready_count--;
    } else if (run->state == NF_RUN_WAITING) {
        if (run->wants_group)
            DL_DELETE(wanting, run);
        else
            DL_DELETE(waiting, run);
        run->wants_group = false;
    }
}

/* Put the run into the list of its state. */
static void settle(nf_run *run)
{
    if (run->state == NF_RUN_READY) {
        queue(run);
    } else if (run->state == NF_RUN_WAITING) {
        if (run->wants_group)
            DL_APPEND(wanting, run);
        else
            DL_APPEND(waiting, run);
        watch_deadline(run);
    }
}

/*
 * Runs that wait for a group get what was given back, the first one first. Called often: one look tells that none is.
 */
static void grant_groups(void)
{
    while (wanting) {
        nf_run *run = wanting;
        nf_run_state state = nf_group_begin(run, nf_program_branch);
        if (run->wants_group)
            return;
        DL_DELETE(wanting, run);
        run->state = state;
        settle(run);
    }
}

void nf_run_free(nf_run *run)
{
    if (run->kind == NF_RUN_HANDLER) {
        nf_run **bucket = bucket_of(run->id);
        LL_DELETE2(*bucket, run, same_bucket);
    }
    run->state = NF_RUN_FREE;
    count--;
    nf_group_give(run);
    nf_slot_give(run);
    grant_groups();
}

nf_budget nf_run_cpu_budget(const nf_run *run)
{
    return run->kind == NF_RUN_LOAD ? NF_BUDGET_LOAD : NF_BUDGET_CPU;
}

static void set_limits(nf_run *run, const nf_limits *limits)
{
    run->limits = *limits;
    run->wall_deadline = run->wall_start + limits->of[NF_BUDGET_WALL] * NS_PER_MS;
}

void nf_run_begin(nf_run *run, void (*entry)(void *run), const nf_limits *limits, int64_t now_ms)
{
    run->now_ms = run->start_ms = now_ms;
    run->wall_start = nf_cpu_now();
    set_limits(run, limits);
    run->in_host = 1; /* until the fiber says otherwise */
    nf_fiber_prepare(&run->fiber, entry, run);
    queue(run);
}

void nf_run_limit(nf_run *run, const nf_limits *limits)
{
    uint64_t memory = limits->of[NF_BUDGET_MEMORY];
    bool other_memory = memory != run->limits.of[NF_BUDGET_MEMORY];
    set_limits(run, limits);
    watch_deadline(run);
    if (other_memory && nf_arena_change(run->arena, memory))
        run->gc_wanted = 1;
    if (!run->group)
        return;
    unqueue(run);
    run->state = nf_group_more(run, nf_program_branch);
    settle(run);
}

/* An effect is under way; the CPU budget is checked here too, since a tick may never meet a run of
 * many short slices. */
static void note_effect(nf_run *run)
{
    uint32_t *flying = run->is_lookup ? &run->lookups_flying : &run->effects_flying;
    uint32_t *peak = run->is_lookup ? &run->lookups_peak : &run->effects_peak;
    if (run->cpu_ns > run->limits.of[NF_BUDGET_CPU] * NS_PER_MS) {
        run->state = NF_RUN_ENDED;
        run->outcome = NF_OUTCOME_OVER_CPU;
        run->over_budget = NF_BUDGET_CPU;
        return;
    }
    ++*flying;
    *peak = NF_MAX(*peak, *flying);
    run->flying_peak = NF_MAX(run->flying_peak, run->effects_flying + run->lookups_flying);
}

nf_run *nf_run_slice(void)
{
    nf_run *run = ready;
    unqueue(run);
    if (run->group)
        nf_group_enter(run);
    page->running = run->id;
    run->in_host = 1;
    nf_current = run;
    nf_cpu_slice_start();
    nf_fiber_enter(&run->fiber);
    uint64_t slice = nf_cpu_slice();
    run->cpu_ns += slice;
    page->longest_ns = NF_MAX(page->longest_ns, slice);
    nf_current = NULL;
    page->running = 0;
    if (run->state == NF_RUN_WAITING)
        note_effect(run);
    run->asked = run->state;
    if (run->group)
        nf_group_left(run, nf_program_branch);
    else if (run->state == NF_RUN_FORKING)
        run->state = nf_group_begin(run, nf_program_branch);
    settle(run);
    grant_groups();
    return run;
}

unsigned nf_runs_ready(void)
{
    return paused ? 0 : ready_count;
}

unsigned nf_runs_count(void)
{
    return count;
}

void nf_runs_pause(bool pause)
{
    paused = pause;
    next_deadline = 0; /* look through all of them */
}

void nf_run_input(nf_run *run, const char *bytes, size_t len)
{
    char *at = run->text + run->log_len;
    memcpy(at, bytes, len);
    run->input = (nf_text){.at = at, .len = len};
    run->text_peak = NF_MAX(run->text_peak, run->log_len + len);
}

bool nf_run_result(nf_run *run, uint32_t number, const char *bytes, size_t len, bool is_error)
{
    nf_branch *branch = run->group ? nf_group_find(run, number) : NULL;
    bool waits = run->state == NF_RUN_WAITING && !run->wants_group && run->number == number;
    if (run->group ? !branch : !waits)
        return false;
    if (branch) {
        nf_group_result(run, branch, bytes, len, is_error);
    } else {
        nf_run_input(run, bytes, len);
        run->input_error = is_error;
    }
    run->given++;
    if (run->state == NF_RUN_WAITING) {
        unqueue(run);
        queue(run);
    }
    return true;
}

void nf_run_cancel(nf_run *run, nf_outcome outcome)
{
    unqueue(run);
    run->state = NF_RUN_ENDED;
    run->outcome = outcome;
}

uint64_t nf_runs_deadline(void)
{
    if (!waiting && !wanting && !late && !(paused && ready))
        next_deadline = UINT64_MAX;
    return next_deadline;
}

/* Move those of this list that are past their deadline to the late ones. */
static void find_late(nf_run *list, uint64_t now)
{
    nf_run *run, *next;
    DL_FOREACH_SAFE (list, run, next) {
        if (run->wall_deadline > now) {
            watch_deadline(run);
            continue;
        }
        nf_run_cancel(run, NF_OUTCOME_OVER_TIME);
        run->over_budget = NF_BUDGET_WALL;
        DL_APPEND(late, run);
    }
}

nf_run *nf_run_overdue(uint64_t now)
{
    if (!late && now >= next_deadline) {
        next_deadline = UINT64_MAX;
        find_late(waiting, now);
        find_late(wanting, now);
        if (paused)
            find_late(ready, now);
    }
    nf_run *run = late;
    if (run)
        DL_DELETE(late, run);
    return run;
}

static nf_usage_row row(uint64_t limit, uint64_t used, uint64_t peak)
{
    return (nf_usage_row){.limit = limit, .used = used, .peak = peak};
}

nf_usage nf_run_usage(const nf_run *run)
{
    const uint64_t *limit = run->limits.of;
    uint64_t cpu = (run->cpu_ns + NS_PER_MS - 1) / NS_PER_MS;
    uint64_t wall = (nf_cpu_now() - run->wall_start + NS_PER_MS - 1) / NS_PER_MS;
    uint64_t load = run->kind == NF_RUN_LOAD ? cpu : (run->load_ns + NS_PER_MS - 1) / NS_PER_MS;
    uint64_t life = (uint64_t)NF_MAX(run->now_ms - run->start_ms, 0);
    uint32_t flying = run->flying_peak;
    return (nf_usage){
        .of = {
            [NF_BUDGET_CPU] = row(limit[NF_BUDGET_CPU], cpu, cpu),
            [NF_BUDGET_WALL] = row(limit[NF_BUDGET_WALL], wall, wall),
            [NF_BUDGET_MEMORY] = row(limit[NF_BUDGET_MEMORY], run->arena->used, run->arena->peak),
            [NF_BUDGET_EFFECTS] = row(limit[NF_BUDGET_EFFECTS], run->effects, run->effects_peak),
            [NF_BUDGET_LOOKUPS] = row(limit[NF_BUDGET_LOOKUPS], run->lookups, run->lookups_peak),
            [NF_BUDGET_IN_FLIGHT] = row(limit[NF_BUDGET_IN_FLIGHT], flying, flying),
            [NF_BUDGET_LOG] = row(limit[NF_BUDGET_LOG], run->log_len, run->log_len),
            [NF_BUDGET_LOG_LINES] = row(limit[NF_BUDGET_LOG_LINES], run->log_lines, run->log_lines),
            [NF_BUDGET_RESULT] = row(limit[NF_BUDGET_RESULT], run->result_len, run->result_len),
            [NF_BUDGET_SOURCE] = row(limit[NF_BUDGET_SOURCE], run->source_len, run->source_len),
            [NF_BUDGET_LOAD] = row(limit[NF_BUDGET_LOAD], load, load),
            [NF_BUDGET_LIFETIME] = row(limit[NF_BUDGET_LIFETIME], life, life),
        }};
}

void nf_run_yield(nf_run *run, nf_run_state state)
{
    run->state = state;
    nf_fiber_leave(&run->fiber, false);
}

NF_LEAVES_ANY_STACK void nf_run_leave(nf_run *run, nf_outcome outcome)
{
    run->in_host = 1;
    run->looking = 0; /* a fault from here on is none of looking, which would lead here again */
    run->state = NF_RUN_ENDED;
    run->outcome = outcome;
    nf_fiber_leave(&run->fiber, true);
    nf_bug("a run went on after its end");
}

void nf_run_join(nf_run *run)
{
    run->in_host = 1;
    run->state = NF_RUN_JOINED;
    nf_fiber_leave(&run->fiber, true);
    nf_bug("a branch went on after its end");
}

void nf_run_exceeded(nf_run *run, nf_outcome outcome, nf_budget budget, uint64_t used)
{
    run->in_host = 1;
    run->over_budget = budget;
    run->over_used = used;
    nf_run_leave(run, outcome);
}

void nf_host_enter(nf_run *run)
{
    run->in_host++;
}

void nf_host_leave(nf_run *run)
{
    if (--run->in_host == 0 && run->pending) {
        run->pending = 0;
        nf_cpu_check(run);
    }
}
