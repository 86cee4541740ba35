/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fiber.h: a C stack of its own for each run, and the switch between it and the loop's stack.
 *
 * Main invariant: at most one fiber is entered at a time, and only the loop enters. A fiber may
 * leave at any instruction, also from a signal handler on its own stack, and need never be entered
 * again.
 */
#ifndef NF_WORKER_FIBER_H
#define NF_WORKER_FIBER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * For functions that leave a fiber from the alternate signal stack: before a call that does not
 * return, AddressSanitizer would look for the bounds of a stack it does not know.
 */
#define NF_LEAVES_ANY_STACK __attribute__((no_sanitize("address")))

typedef struct nf_fiber {
    void *at;  /* its saved stack pointer, or its saved context */
    char *low; /* its stack: borrowed memory */
    size_t size;
    void (*entry)(void *arg);
    void *arg;
} nf_fiber;

/** Make the next nf_fiber_enter call entry(arg) on an empty stack. `entry` must not return. */
void nf_fiber_prepare(nf_fiber *fiber, void (*entry)(void *arg), void *arg);

/** From the loop: go on with the fiber; returns when it leaves. */
void nf_fiber_enter(nf_fiber *fiber);

/** On the fiber: back to the loop. Returns when it is entered again; with `for_good` it never is.
 */
void nf_fiber_leave(nf_fiber *fiber, bool for_good);

#endif
