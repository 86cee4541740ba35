/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c: see clock.h. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

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

/* ".123" as milliseconds; 0 if there is none. */
static int milliseconds(const char **text)
{
    int ms = 0, scale = 100;
    if (**text != '.')
        return 0;
    for (++*text; **text >= '0' && **text <= '9'; ++*text) {
        ms += (**text - '0') * scale;
        scale /= 10;
    }
    return ms;
}

bool nf_clock_parse(const char *text, int64_t *wall_ms)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest)
        return false;
    int ms = milliseconds(&rest);
    *wall_ms = (int64_t)timegm(&tm) * 1000 + ms;
    return strcmp(rest, "Z") == 0;
}
