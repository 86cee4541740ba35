/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot.h: the memory of runs: mapped when first needed, kept warm for the next run, given back when the worker is idle.
 *
 * Invariant: a slot's run is the same struct for ever; between two runs it is in the list of free ones.
 */
#ifndef NF_WORKER_SLOT_H
#define NF_WORKER_SLOT_H

#include "run.h"

/** A run without any content but its memory, the last used one first. NULL: all are taken, or no more can be mapped. */
nf_run *nf_slot_take(void);

/** Back to the free ones. Big heaps and texts give their memory back at once, the rest in nf_slots_trim. */
void nf_slot_give(nf_run *run);

/** The worker is idle: the last used slots keep what a small run needs, the others nothing. */
void nf_slots_trim(void);

/** Map memory at this address. False if that cannot be. */
bool nf_slot_map(char *at, size_t size);

#endif
