/* SPDX-License-Identifier: Apache-2.0 */
/* group.c: see group.h. The groups are the worker's, not the slots': mapped when first needed, used by any run. */
#include "group.h"

#include "slot.h"

#include <string.h>
#include <sys/mman.h>
#include <utlist.h>

static nf_group groups[NF_GROUPS];
static nf_group *unused;
static unsigned mapped;

static char *stack_of(const nf_group *group, unsigned branch)
{
    uint64_t stack = (uint64_t)(group - groups) * NF_BRANCHES + branch;
    return (char *)(uintptr_t)(NF_GROUP_BASE + stack * NF_GROUP_STEP);
}

static nf_group *map_group(void)
{
    if (mapped == NF_GROUPS)
        return NULL;
    nf_group *group = &groups[mapped];
    for (unsigned i = 0; i < NF_BRANCHES; i++) {
        if (nf_slot_map(stack_of(group, i), NF_STACK_SIZE))
            continue;
        while (i-- > 0)
            munmap(stack_of(group, i), NF_STACK_SIZE);
        return NULL;
    }
    mapped++;
    return group;
}

static nf_group *take_group(void)
{
    nf_group *group = unused;
    if (!group)
        return map_group();
    LL_DELETE(unused, group);
    return group;
}

void nf_group_give(nf_run *run)
{
    if (!run->group)
        return;
    LL_PREPEND(unused, run->group);
    run->group = NULL;
}

static void save(const nf_run *run, nf_branch *branch)
{
    branch->fiber = run->fiber;
    branch->current = run->current;
    branch->depth = run->depth;
    branch->number = run->number;
}

static void restore(nf_run *run, const nf_branch *branch)
{
    run->fiber = branch->fiber;
    run->current = branch->current;
    run->depth = branch->depth;
    run->number = branch->number;
    run->input = branch->input;
    run->input_error = branch->input_error;
}

static void make_ready(nf_group *group, nf_branch *branch)
{
    branch->state = NF_BRANCH_READY;
    branch->turn = ++group->turns;
}

/* The next function that has not begun, in this free branch. */
static void begin_next(nf_run *run, nf_branch *branch, void (*entry)(void *))
{
    nf_group *group = run->group;
    *branch = (nf_branch){.current = group->threads[group->begun++]};
    branch->fiber.low = stack_of(group, (unsigned)(branch - group->branches));
    branch->fiber.size = NF_STACK_SIZE;
    nf_fiber_prepare(&branch->fiber, entry, run);
    make_ready(group, branch);
}

/* As many branches as the limit of effects at one time allows. */
static void fill(nf_run *run, void (*entry)(void *))
{
    nf_group *group = run->group;
    uint64_t limit = NF_MAX(run->limits.of[NF_BUDGET_IN_FLIGHT], 1u);
    for (unsigned i = 0; i < NF_BRANCHES; i++) {
        if (group->begun == group->count || group->begun - group->ended >= limit)
            return;
        if (group->branches[i].state == NF_BRANCH_FREE)
            begin_next(run, &group->branches[i], entry);
    }
}

nf_run_state nf_group_begin(nf_run *run, void (*entry)(void *))
{
    nf_group *group = take_group();
    run->wants_group = !group && mapped > 0;
    run->group_refused = !group && mapped == 0;
    if (!group)
        return run->wants_group ? NF_RUN_WAITING : NF_RUN_READY;
    *group = (nf_group){.count = run->fork_count};
    memcpy(group->threads, run->fork_threads, group->count * sizeof group->threads[0]);
    save(run, &group->caller);
    run->group = group;
    fill(run, entry);
    return NF_RUN_READY;
}

void nf_group_enter(nf_run *run)
{
    nf_group *group = run->group;
    if (group->active)
        return;
    for (unsigned i = 0; i < NF_BRANCHES; i++) {
        nf_branch *branch = &group->branches[i];
        if (branch->state == NF_BRANCH_READY
            && (!group->active || branch->turn < group->active->turn))
            group->active = branch;
    }
    if (!group->active)
        nf_bug("no branch is ready");
    restore(run, group->active);
}

/* What is the whole run, when the active branch has nothing to do? */
static nf_run_state state_of(const nf_group *group)
{
    for (unsigned i = 0; i < NF_BRANCHES; i++) {
        if (group->branches[i].state == NF_BRANCH_READY)
            return NF_RUN_READY;
    }
    return NF_RUN_WAITING;
}

nf_run_state nf_group_more(nf_run *run, void (*entry)(void *))
{
    fill(run, entry);
    return state_of(run->group);
}

void nf_group_left(nf_run *run, void (*entry)(void *))
{
    nf_group *group = run->group;
    nf_branch *branch = group->active;
    if (run->state == NF_RUN_READY || run->state == NF_RUN_ENDED) /* preempted: it stays active */
        return;
    group->active = NULL;
    if (run->state == NF_RUN_WAITING) {
        save(run, branch);
        branch->state = NF_BRANCH_WAITING;
    } else {
        group->ended++;
        branch->state = NF_BRANCH_FREE;
        fill(run, entry);
    }
    if (group->ended == group->count) {
        restore(run, &group->caller);
        nf_group_give(run);
        run->state = NF_RUN_READY;
    } else {
        run->state = state_of(group);
    }
}

nf_branch *nf_group_find(nf_run *run, uint32_t number)
{
    for (unsigned i = 0; i < NF_BRANCHES; i++) {
        nf_branch *branch = &run->group->branches[i];
        if (branch->state == NF_BRANCH_WAITING && branch->number == number)
            return branch;
    }
    return NULL;
}

bool nf_group_owns(const nf_run *run, const lua_State *thread)
{
    for (unsigned i = 0; run->group && i < run->group->count; i++) {
        if (run->group->threads[i] == thread)
            return true;
    }
    return false;
}

void nf_group_result(nf_run *run, nf_branch *branch, const char *bytes, size_t len, bool is_error)
{
    size_t index = (size_t)(branch - run->group->branches);
    char *at = run->text + NF_TEXT_INPUTS + index * NF_FRAME_MAX;
    memcpy(at, bytes, len);
    run->text_peak = NF_TEXT_SIZE;
    branch->input = (nf_text){.at = at, .len = len};
    branch->input_error = is_error;
    make_ready(run->group, branch);
}

void nf_groups_trim(void)
{
    nf_group *group;
    LL_FOREACH (unused, group) {
        for (unsigned i = 0; i < NF_BRANCHES; i++)
            madvise(stack_of(group, i), NF_STACK_SIZE, MADV_DONTNEED);
    }
}
