/* SPDX-License-Identifier: Apache-2.0 */
/* moment.h: a time as an admin writes it. */
#ifndef NF_BASE_MOMENT_H
#define NF_BASE_MOMENT_H

#include "nf/error.h"

#include <stdint.h>

/**
 * "24h" (so long before `now_ms`), or a time in UTC: "2026-11-25", "2026-11-25T08:15", "2026-11-25T08:15:04Z"; seconds
 * may have a fraction. As wall clock ms.
 */
nf_status nf_moment_parse(const char *text, int64_t now_ms, int64_t *ms, nf_error *err);

#endif
