/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h: how much of something there was in the last stretch of time, exact to a part of it.
 *
 * The stretch has NF_WINDOW_PARTS parts. Invariant: `sum` is the sum of `parts`, and no part is older than the stretch.
 * Unlike a bucket that fills up again, it holds "at most N in any minute" also across a burst.
 */
#ifndef NF_BASE_WINDOW_H
#define NF_BASE_WINDOW_H

#include <stdint.h>

enum { NF_WINDOW_PARTS = 60 };

typedef struct nf_window {
    uint64_t part_ns; /* length of a part */
    uint64_t now;     /* the number of the part that is filled */
    uint64_t sum, parts[NF_WINDOW_PARTS];
} nf_window;

/** An empty window over the last `ms`. */
nf_window nf_window_new(uint64_t ms);

/** Add `amount` at the time `now_ns` (nf_clock_ns). */
void nf_window_add(nf_window *window, uint64_t now_ns, uint64_t amount);

/** The sum over the stretch that ends at `now_ns`. */
uint64_t nf_window_sum(nf_window *window, uint64_t now_ns);

/** In how many ms the sum gets smaller, if nothing is added; 0 when it is empty. */
uint64_t nf_window_wait_ms(const nf_window *window, uint64_t now_ns);

#endif
