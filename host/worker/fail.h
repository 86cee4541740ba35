/* SPDX-License-Identifier: Apache-2.0 */
/* fail.h: ending the worker with a line on standard error. No stdio: the worker may be in any
 * state. */
#ifndef NF_WORKER_FAIL_H
#define NF_WORKER_FAIL_H

#include "base/macros.h"

/** The broker sent something that the protocol does not allow: exit code 2. */
NF_NORETURN void nf_fail_protocol(const char *format, ...) NF_PRINTF(1, 2);

/** The worker cannot start; errno tells why: exit code 2. */
NF_NORETURN void nf_fail_start(const char *what);

#endif
