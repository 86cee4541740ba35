/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h: places where a test lets the process die, as a crash or a power cut would. They exist only in builds with
 * the CMake option NF_FAULT_POINTS (presets crash, dev, asan); in every other build they are nothing.
 *
 *   NF_FAULT=NAME:N[:worker],…   SIGKILL at the N-th time the point NAME is reached ("*": at the N-th of all points);
 *                                with :worker it is the worker processes that get it
 *   NF_FAULT_COUNTS=FILE         the file has, after the death too, how often each point was reached: entries of
 *                                nf_fault_count, in the order in which they were reached first
 */
#ifndef NF_BASE_FAULT_H
#define NF_BASE_FAULT_H

#include <stdint.h>

/** One entry of the file of counts. */
typedef struct nf_fault_count {
    char name[56];
    uint64_t reached;
} nf_fault_count;

enum { NF_FAULT_NAMES = 512 };

#ifdef NF_FAULT_POINTS
/** The point `name` is reached; may not return. May be called by any thread. */
void nf_fault_point(const char *name);
#else
#define nf_fault_point(name) ((void)0)
#endif

#endif
