/* SPDX-License-Identifier: Apache-2.0 */
/* group.c: see group.h. The stacks are mapped when a slot first needs them, and stay. */
#include "group.h"

#include <string.h>
#include <sys/mman.h>

static char *stack_of(unsigned slot, unsigned branch)
{
    return nf_slot_address(slot, NF_GROUP_AT + (branch + 1) * NF_GROUP_STEP);
}

static nf_group *map_group(nf_run *run)
{
    if (run->group)
        return run->group;
    for (unsigned i = 0; i < NF_BRANCHES; i++)
        nf_run_map(stack_of(run->slot, i), NF_STACK_SIZE);
    run->group =
        (nf_group *)(void *)nf_run_map(nf_slot_address(run->slot, NF_GROUP_AT), sizeof(nf_group));
    return run->group;
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
    unsigned index = (unsigned)(branch - group->branches);
    *branch = (nf_branch){.current = group->threads[group->begun++]};
    branch->fiber.low = stack_of(run->slot, index);
    branch->fiber.size = NF_STACK_SIZE;
    nf_fiber_prepare(&branch->fiber, entry, run);
    make_ready(group, branch);
}

void nf_group_begin(nf_run *run, void (*entry)(void *))
{
    nf_group *group = map_group(run);
    *group = (nf_group){.count = run->fork_count};
    memcpy(group->threads, run->fork_threads, group->count * sizeof group->threads[0]);
    save(run, &group->caller);
    for (unsigned i = 0; i < NF_BRANCHES && group->begun < group->count; i++)
        begin_next(run, &group->branches[i], entry);
    run->forked = true;
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
    } else if (group->begun < group->count) {
        group->ended++;
        begin_next(run, branch, entry);
    } else {
        group->ended++;
        branch->state = NF_BRANCH_FREE;
    }
    if (group->ended == group->count) {
        restore(run, &group->caller);
        run->forked = false;
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

void nf_group_trim(nf_group *group)
{
    for (unsigned i = 0; i < NF_BRANCHES; i++) {
        nf_fiber *fiber = &group->branches[i].fiber;
        if (fiber->low)
            madvise(fiber->low, fiber->size, MADV_DONTNEED);
    }
}
