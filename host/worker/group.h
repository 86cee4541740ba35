/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.h: flow.all: several functions of one run side by side, each on a C stack and a Lua thread
 * of its own.
 *
 * Branches take turns at effects only: a preempted one goes on before any other of its run, since
 * it may be in the middle of a change to the heap they share. They begin in their order and go on
 * in the order of their results, so the same results in the same order give the same effects.
 *
 * Invariant: what a branch needs while it has the CPU (its stack, thread, input) is in the run
 * itself; here lies what the others need. The caller of flow.all waits until all branches ended.
 */
#ifndef NF_WORKER_GROUP_H
#define NF_WORKER_GROUP_H

#include "run.h"

enum {
    NF_GROUP_MOST = 64, /* functions of one flow.all */
    NF_BRANCHES = 8,    /* of them at one time, at most */
    NF_GROUPS = 3000, /* in a worker at one time; with the slots they stay below the kernel's usual
                           limit of 65,530 mappings */
};

typedef enum nf_branch_state {
    NF_BRANCH_FREE = 0,
    NF_BRANCH_READY,
    NF_BRANCH_WAITING
} nf_branch_state;

typedef struct nf_branch {
    nf_branch_state state;
    nf_fiber fiber;
    lua_State *current;
    int depth;
    uint32_t number; /* of the effect it waits for */
    uint64_t turn;   /* when it became ready */
    nf_text input;
    bool input_error;
} nf_branch;

typedef struct nf_group {
    struct nf_group *next; /* in the list of free ones */
    nf_branch caller, branches[NF_BRANCHES];
    nf_branch *active; /* has the CPU, or will have it next; NULL: to be chosen */
    lua_State *threads[NF_GROUP_MOST];
    unsigned count, begun, ended;
    uint64_t turns;
} nf_group;

/**
 * The run asked for a group (run->fork_*): set it up. What the run is then: READY, also if there is no memory for it
 * (run->group_refused), or WAITING until another run gives one back (run->wants_group).
 */
nf_run_state nf_group_begin(nf_run *run, void (*entry)(void *run));

/** The limit of effects at one time changed: perhaps more branches may begin. What the whole run is now. */
nf_run_state nf_group_more(nf_run *run, void (*entry)(void *run));

/** Give back the run's group, if it has one. */
void nf_group_give(nf_run *run);

/** Before a slice: put the branch whose turn it is into the run. */
void nf_group_enter(nf_run *run);

/** After a slice: what the active branch asked for is in run->state; leaves there what the whole
 * run is now. */
void nf_group_left(nf_run *run, void (*entry)(void *run));

/** The branch that waits for this effect, or NULL. */
nf_branch *nf_group_find(nf_run *run, uint32_t number);

/**
 * Is it the thread of a branch? No script may resume or close one, also when it ended: its result lies there until all
 * branches ended.
 */
bool nf_group_owns(const nf_run *run, const lua_State *thread);

/** Its result came: copy it and make the branch ready. */
void nf_group_result(nf_run *run, nf_branch *branch, const char *bytes, size_t len, bool is_error);

/** The worker is idle: give back the memory of the stacks. */
void nf_groups_trim(void);

#endif
