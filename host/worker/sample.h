/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample.h: which lines of a script a run's CPU time went to, so that a run ended by its CPU budget can say so.
 *
 * Lines are looked at every few milliseconds, and only from a tenth of the budget on: an ordinary run never is.
 * Invariant: the times of all lines together are at most the CPU time of the run.
 */
#ifndef NF_WORKER_SAMPLE_H
#define NF_WORKER_SAMPLE_H

#include "run.h"

enum { NF_SAMPLES_TOP = 3 };

typedef struct nf_sample {
    uint64_t ns;
    int line;
} nf_sample;

/** From the tick: is the run to be sampled, having used so much CPU time? */
bool nf_sample_due(nf_run *run, uint64_t cpu_ns);

/** The time since the last sample went to this line (0: none is known). No memory, no lock; may be left anywhere. */
void nf_sample_take(nf_run *run, int line, uint64_t cpu_ns);

/** The lines with the most time, the largest first; how many. */
unsigned nf_sample_top(const nf_run *run, nf_sample top[NF_SAMPLES_TOP]);

#endif
