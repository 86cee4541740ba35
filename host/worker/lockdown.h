/* SPDX-License-Identifier: Apache-2.0 */
/* lockdown.h: giving up every right that serving scripts does not need. There is no way back. */
#ifndef NF_WORKER_LOCKDOWN_H
#define NF_WORKER_LOCKDOWN_H

#include <stddef.h>

/**
 * No new privileges, no core dump, not traceable, no descriptors but the channel and the standard ones, none can be
 * opened, no processes, no file and no TCP port (Landlock, where the kernel has it); then the seccomp program that the
 * broker compiled (`size` bytes; 0: none, for tests).
 */
void nf_lockdown(const char *filter, size_t size);

/**
 * Its Landlock part: from now on no file can be opened, made, changed or removed, as far as this kernel's version of
 * Landlock knows. That version, or 0 without Landlock. Needs no new privileges to be set before.
 */
int nf_lockdown_files(void);

/** What nf_lockdown got from it. */
int nf_lockdown_landlock(void);

#endif
