/* SPDX-License-Identifier: Apache-2.0 */
/* moment.c: see moment.h. */
#include "base/moment.h"

#include "base/budget.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* What follows the minutes: ":SS", a fraction, "Z". */
static bool read_seconds(const char *rest, struct tm *tm, int *ms)
{
    int n = 0, digits = 0;
    if (*rest == ':') {
        if (sscanf(rest, ":%2d%n", &tm->tm_sec, &n) != 1 || n != 3)
            return false;
        rest += n;
        if (*rest == '.') {
            for (rest++; *rest >= '0' && *rest <= '9'; rest++, digits++)
                *ms += digits < 3 ? (*rest - '0') * (digits == 0 ? 100 : digits == 1 ? 10 : 1) : 0;
            if (!digits)
                return false;
        }
    }
    return strcmp(rest, "Z") == 0 || !*rest;
}

static bool in_range(const struct tm *tm)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return tm->tm_year >= 70 && tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1
           && tm->tm_mday <= days[tm->tm_mon] && tm->tm_hour >= 0 && tm->tm_hour < 24
           && tm->tm_min >= 0 && tm->tm_min < 60 && tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

static bool read_time(const char *text, int64_t *out)
{
    struct tm tm = {0};
    int n = 0, ms = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &n) != 3 || n != 10)
        return false;
    text += n;
    if (*text == 'T' || *text == ' ') {
        if (sscanf(text + 1, "%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &n) != 2 || n != 5
            || !read_seconds(text + 6, &tm, &ms))
            return false;
    } else if (*text) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon--;
    if (!in_range(&tm))
        return false;
    *out = (int64_t)timegm(&tm) * 1000 + ms;
    return true;
}

nf_status nf_moment_parse(const char *text, int64_t now_ms, int64_t *ms, nf_error *err)
{
    uint64_t ago;
    if (read_time(text, ms))
        return NF_OK;
    if (nf_duration_parse(text, 0, &ago, NULL) == NF_OK && ago <= (uint64_t)now_ms) {
        *ms = now_ms - (int64_t)ago;
        return NF_OK;
    }
    return nf_error_set(err, NF_E_ARG,
                        "'%s' is not a time; write how long ago (30min, 24h, 7d) or a time in UTC "
                        "like 2026-11-25T08:15",
                        text);
}
