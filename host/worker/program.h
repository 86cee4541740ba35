/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h: what runs on a fiber: build the base image, load a file, run a handler.
 *
 * Each entry gets its nf_run and leaves through nf_run_leave with DONE (run->payload has the
 * answer) or FAILED (run->error has the report), unless a budget or flow.skip ended it before.
 */
#ifndef NF_WORKER_PROGRAM_H
#define NF_WORKER_PROGRAM_H

#include "run.h"

enum {
    NF_IMAGE_MAX = 16 << 20
}; /* what a file may keep in memory after its top level ran, garbage included */

/** A new Lua state with the libraries and the surface described in run->input. */
void nf_program_base(void *run);

/** Compile run->input, check its globals, run its top level; payload: {"handlers": [...], open at
 * the end. */
void nf_program_load(void *run);

/** Call handler run->handler with the event in run->input; payload: the result. */
void nf_program_handler(void *run);

/** One branch of flow.all: call the function on the thread run->current; leaves its result and
 * whether it is one there. */
void nf_program_branch(void *run);

/** Where math.random's state of a base state lies, from the arena's start; set by nf_program_base.
 */
uint64_t nf_program_random_at(const nf_run *run);

#endif
