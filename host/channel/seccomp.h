/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.h: the list of system calls a worker may make, compiled to a BPF program by libseccomp. */
#ifndef NF_CHANNEL_SECCOMP_H
#define NF_CHANNEL_SECCOMP_H

#include "nf/error.h"

#include <stddef.h>

/**
 * Compile the filter of channel/worker_syscalls.h. Anything else ends the worker. `*program` is owned by the caller: an
 * array of struct sock_filter, `*len` bytes. With a kernel or machine that has no seccomp: an error.
 */
nf_status nf_seccomp_compile(void **program, size_t *len, nf_error *err);

#endif
