/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu.h: the CPU budget: one free-running timer, preemption, and ending a run at any instruction.
 *
 * The timer counts the thread's own CPU time, so it costs nothing while the worker waits and a busy
 * neighbour cannot use up a script's budget. CPU time decides; only slices too short for that to
 * matter are measured with the (fifty times cheaper) monotonic clock.
 */
#ifndef NF_WORKER_CPU_H
#define NF_WORKER_CPU_H

#include "run.h"

/** Start the timer and take over the signals. False with errno set. */
bool nf_cpu_init(void);

/** Monotonic time in ns. */
uint64_t nf_cpu_now(void);

/** The loop slept for so long: that is not CPU time. */
void nf_cpu_slept(uint64_t ns);

/** A run gets the CPU; ns it used since. */
void nf_cpu_slice_start(void);
uint64_t nf_cpu_slice(void);

/** Ask for nf_cpu_hook at the next VM instruction of the running thread. */
void nf_cpu_arm(nf_run *run);

/** Called by coroutine.resume for the thread that runs from now on: take the hook along, or an old
 * one off. */
void nf_cpu_thread(nf_run *run, lua_State *thread);

/** Is the run's CPU or wall budget exceeded now? Then end it (on its fiber). */
void nf_cpu_check(nf_run *run);

/** End the run from wherever it is; its Lua state may be in the middle of anything. The line is
 * found if possible. */
NF_NORETURN void nf_cpu_end_anywhere(nf_run *run, nf_outcome outcome, nf_budget budget,
                                     uint64_t used);

#endif
