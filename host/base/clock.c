/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c: see clock.h. */
#include "base/clock.h"

#include <stdio.h>

const char *nf_clock_text(int64_t wall_ms, char out[NF_TIME_TEXT])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    char text[64];
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, NF_TIME_TEXT, "%.*s.%03dZ", (int)n, text, (int)(wall_ms % 1000));
    return out;
}
