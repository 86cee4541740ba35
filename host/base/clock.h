/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h: the two clocks everybody uses, in the two units everybody uses. */
#ifndef NF_BASE_CLOCK_H
#define NF_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** Nanoseconds that never go back, for durations. */
static inline uint64_t nf_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/** Milliseconds since 1970 UTC, for records. */
static inline int64_t nf_clock_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum { NF_TIME_TEXT = 25 };

/** "2026-11-22T08:15:04.123Z" (RFC 3339, UTC) for a wall clock value; returns `out`. */
const char *nf_clock_text(int64_t wall_ms, char out[NF_TIME_TEXT]);

/** Read such a text; fractions of a second may be absent, "Z" may not. False if it is none. */
bool nf_clock_parse(const char *text, int64_t *wall_ms);

#endif
