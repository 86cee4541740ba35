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

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <utlist.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
    SLOTS = NF_WORKER_RUNS_MAX + 1, /* and one for the base image */
    BUCKETS = 1024,
    PAGE = 4096,
    SMALL_STEP = 32 << 10, /* made resident at a time */
    BIG_STEP = 256 << 10,
    KEEP = 256 << 10,     /* more than this is given back when a run ends */
    KEEP_IDLE = 64 << 10, /* more than this, and any deep stack, when the worker is idle */
};

nf_run *volatile nf_current;

static nf_run slots[SLOTS];
static nf_run *buckets[BUCKETS];
static nf_run *ready, *waiting, *unused;
static unsigned mapped, count, ready_count;
static nf_worker_page *page;
static uint64_t next_deadline =
    UINT64_MAX; /* not later than the earliest deadline of a waiting run */

void nf_runs_init(nf_worker_page *shared)
{
    page = shared;
}

char *nf_run_map(char *at, size_t size)
{
    void *got = mmap(at, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != at)
        nf_bug("cannot map memory for a run: %s", strerrordesc_np(errno));
    return at;
}

static char *map_part(unsigned slot, uint32_t part, size_t size)
{
    return nf_run_map(nf_slot_address(slot, part), size);
}

static nf_run *map_slot(void)
{
    if (mapped == SLOTS)
        return NULL;
    nf_run *run = &slots[mapped];
    run->slot = mapped++;
    run->arena = (nf_arena *)(void *)map_part(run->slot, NF_ARENA_AT, NF_ARENA_SIZE);
    run->committed = (char *)run->arena;
    run->fiber.low = map_part(run->slot, NF_STACK_AT, NF_STACK_SIZE);
    run->fiber.size = NF_STACK_SIZE;
    run->text = map_part(run->slot, NF_TEXT_AT, NF_TEXT_SIZE);
    return run;
}

static nf_run **bucket_of(uint64_t id)
{
    return &buckets[(id * 0x9E3779B97F4A7C15u) >> 54];
}

nf_run *nf_run_new(uint64_t id, nf_run_kind kind)
{
    nf_run *run = unused;
    if (run)
        LL_DELETE(unused, run);
    else
        run = map_slot();
    if (!run)
        return NULL;
    nf_run fresh = {.id = id,
                    .slot = run->slot,
                    .kind = kind,
                    .arena = run->arena,
                    .committed = run->committed,
                    .text = run->text,
                    .group = run->group};
    fresh.fiber.low = nf_slot_address(run->slot, NF_STACK_AT); /* not that of a branch */
    fresh.fiber.size = NF_STACK_SIZE;
    *run = fresh;
    count++;
    if (kind == NF_RUN_HANDLER) {
        nf_run **bucket = bucket_of(id);
        LL_PREPEND2(*bucket, run, same_bucket);
    }
    return run;
}

/* Give back what lies behind `keep` bytes of the arena. */
static void shrink(nf_run *run, size_t keep)
{
    char *from = (char *)run->arena + keep;
    if (run->committed <= from)
        return;
    madvise(from, (size_t)(run->committed - from), MADV_DONTNEED);
    run->committed = from;
}

void nf_run_free(nf_run *run)
{
    if (run->kind == NF_RUN_HANDLER) {
        nf_run **bucket = bucket_of(run->id);
        LL_DELETE2(*bucket, run, same_bucket);
    }
    run->state = NF_RUN_FREE;
    shrink(run, KEEP);
    if (run->text_peak > KEEP)
        madvise(run->text + PAGE, NF_TEXT_SIZE - PAGE, MADV_DONTNEED);
    LL_PREPEND(unused, run);
    count--;
}

void nf_runs_trim(void)
{
    nf_run *run;
    LL_FOREACH (unused, run) {
        shrink(run, KEEP_IDLE);
        madvise(run->text + PAGE, NF_TEXT_SIZE - PAGE, MADV_DONTNEED);
        madvise(nf_slot_address(run->slot, NF_STACK_AT), NF_STACK_SIZE - 2 * PAGE, MADV_DONTNEED);
        if (run->group)
            nf_group_trim(run->group);
    }
}

nf_run *nf_run_find(uint64_t id)
{
    nf_run *run;
    LL_SEARCH_SCALAR2(*bucket_of(id), run, id, id, same_bucket);
    return run;
}

static void queue(nf_run *run)
{
    run->state = NF_RUN_READY;
    DL_APPEND(ready, run);
    ready_count++;
}

static void unqueue(nf_run *run)
{
    DL_DELETE(ready, run);
    ready_count--;
}

void nf_run_begin(nf_run *run, void (*entry)(void *run), const nf_limits *limits, int64_t now_ms)
{
    run->limits = *limits;
    run->now_ms = run->start_ms = now_ms;
    run->wall_start = nf_cpu_now();
    run->wall_deadline = run->wall_start + limits->of[NF_BUDGET_WALL] * 1000000u;
    run->in_host = 1; /* until the fiber says otherwise */
    nf_fiber_prepare(&run->fiber, entry, run);
    queue(run);
}

/* An effect is under way; the CPU budget is checked here too, since a tick may never meet a run of
 * many short slices. */
static void note_effect(nf_run *run)
{
    uint32_t *flying = run->is_lookup ? &run->lookups_flying : &run->effects_flying;
    uint32_t *peak = run->is_lookup ? &run->lookups_peak : &run->effects_peak;
    if (run->cpu_ns > run->limits.of[NF_BUDGET_CPU] * 1000000u) {
        run->state = NF_RUN_ENDED;
        run->outcome = NF_OUTCOME_OVER_CPU;
        run->over_budget = NF_BUDGET_CPU;
        return;
    }
    if (++*flying > *peak)
        *peak = *flying;
}

/* Put the run into the list of its state. */
static void settle(nf_run *run)
{
    if (run->state == NF_RUN_READY) {
        queue(run);
    } else if (run->state == NF_RUN_WAITING) {
        DL_APPEND(waiting, run);
        if (run->wall_deadline < next_deadline)
            next_deadline = run->wall_deadline;
    }
}

nf_run *nf_run_slice(void)
{
    nf_run *run = ready;
    unqueue(run);
    if (run->forked)
        nf_group_enter(run);
    page->running = run->id;
    run->in_host = 1;
    nf_current = run;
    nf_cpu_slice_start();
    nf_fiber_enter(&run->fiber);
    run->cpu_ns += nf_cpu_slice();
    nf_current = NULL;
    page->running = 0;
    if (run->state == NF_RUN_WAITING)
        note_effect(run);
    run->asked = run->state;
    if (run->forked)
        nf_group_left(run, nf_program_branch);
    if (run->state == NF_RUN_FORKING) {
        nf_group_begin(run, nf_program_branch);
        run->state = NF_RUN_READY;
    }
    settle(run);
    return run;
}

unsigned nf_runs_ready(void)
{
    return ready_count;
}

unsigned nf_runs_count(void)
{
    return count;
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
    nf_branch *branch = run->forked ? nf_group_find(run, number) : NULL;
    if (run->forked ? !branch : run->state != NF_RUN_WAITING || run->number != number)
        return false;
    if (branch) {
        nf_group_result(run, branch, bytes, len, is_error);
    } else {
        nf_run_input(run, bytes, len);
        run->input_error = is_error;
    }
    if (run->state == NF_RUN_WAITING) {
        DL_DELETE(waiting, run);
        queue(run);
    }
    return true;
}

void nf_run_cancel(nf_run *run, nf_outcome outcome)
{
    if (run->state == NF_RUN_READY)
        unqueue(run);
    else if (run->state == NF_RUN_WAITING)
        DL_DELETE(waiting, run);
    run->state = NF_RUN_ENDED;
    run->outcome = outcome;
}

uint64_t nf_runs_deadline(void)
{
    if (!waiting)
        next_deadline = UINT64_MAX;
    return next_deadline;
}

nf_run *nf_run_overdue(uint64_t now)
{
    if (now < next_deadline)
        return NULL;
    nf_run *run;
    next_deadline = UINT64_MAX;
    DL_FOREACH (waiting, run) {
        if (run->wall_deadline <= now) {
            next_deadline = 0; /* look again: there may be more */
            return run;
        }
        if (run->wall_deadline < next_deadline)
            next_deadline = run->wall_deadline;
    }
    return NULL;
}

void nf_run_commit(nf_run *run, const char *upto)
{
    char *end = (char *)run->arena + NF_ARENA_SIZE;
    while (run->committed < upto) {
        char *from = run->committed;
        size_t step = from - (char *)run->arena < BIG_STEP ? SMALL_STEP : BIG_STEP;
        step = NF_MIN(step, (size_t)(end - from));
        run->committed = from + step;
        madvise(from, step, MADV_POPULATE_WRITE); /* an old kernel refuses: then each page faults */
    }
}

static nf_usage_row row(uint64_t limit, uint64_t used, uint64_t peak)
{
    return (nf_usage_row){.limit = limit, .used = used, .peak = peak};
}

nf_usage nf_run_usage(const nf_run *run)
{
    nf_usage usage = {0};
    const uint64_t *limit = run->limits.of;
    uint64_t cpu = (run->cpu_ns + 999999) / 1000000;
    uint64_t wall = (nf_cpu_now() - run->wall_start + 999999) / 1000000;
    usage.of[NF_BUDGET_CPU] = row(limit[NF_BUDGET_CPU], cpu, cpu);
    usage.of[NF_BUDGET_WALL] = row(limit[NF_BUDGET_WALL], wall, wall);
    usage.of[NF_BUDGET_MEMORY] = row(limit[NF_BUDGET_MEMORY], run->arena->used, run->arena->peak);
    usage.of[NF_BUDGET_EFFECTS] = row(limit[NF_BUDGET_EFFECTS], run->effects, run->effects_peak);
    usage.of[NF_BUDGET_LOOKUPS] = row(limit[NF_BUDGET_LOOKUPS], run->lookups, run->lookups_peak);
    usage.of[NF_BUDGET_IN_FLIGHT] =
        row(limit[NF_BUDGET_IN_FLIGHT], run->effects_flying, run->effects_peak);
    usage.of[NF_BUDGET_LOG] = row(limit[NF_BUDGET_LOG], run->log_len, run->log_len);
    usage.of[NF_BUDGET_RESULT] = row(limit[NF_BUDGET_RESULT], run->result_len, run->result_len);
    usage.of[NF_BUDGET_SOURCE] = row(limit[NF_BUDGET_SOURCE], run->source_len, run->source_len);
    return usage;
}

void nf_run_yield(nf_run *run, nf_run_state state)
{
    run->state = state;
    nf_fiber_leave(&run->fiber, false);
}

NF_LEAVES_ANY_STACK void nf_run_leave(nf_run *run, nf_outcome outcome)
{
    run->in_host = 1;
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
