/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cron_next.c: when a cron expression fires next.
 *
 * Local times are searched day by day, then set on the clock of the zone: each once (fixed hour), or stretch by stretch
 * of one offset (passing time).
 */
#include "base/cron.h"
#include "base/macros.h"

#include <time.h>

enum { DAY_S = 24 * 3600 };

#define HORIZON   (INT64_C(41) * 366 * DAY_S)
#define YEAR_1    INT64_C(-62135596800)
#define YEAR_9999 INT64_C(253402300799)

static bool has(uint64_t set, int value)
{
    return set >> value & 1;
}

static bool fits_day(const nf_cron *cron, const struct tm *day)
{
    bool date = has(cron->days, day->tm_mday), weekday = has(cron->weekdays, day->tm_wday);
    return has(cron->months, day->tm_mon + 1)
           && (cron->either_day ? date || weekday : date && weekday);
}

/* the first fitting minute of a day from `minute` on, or -1 */
static int minute_of_day(const nf_cron *cron, int minute)
{
    for (; minute < 24 * 60; minute++) {
        if (!has(cron->hours, minute / 60))
            minute = minute / 60 * 60 + 59;
        else if (has(cron->minutes, minute % 60))
            return minute;
    }
    return -1;
}

/* the first fitting local time from `local_s` up to `last_s`; NF_CRON_NEVER without one */
static int64_t next_local(const nf_cron *cron, int64_t local_s, int64_t last_s)
{
    while (local_s <= last_s) {
        struct tm t;
        time_t when = local_s;
        gmtime_r(&when, &t);
        int second = (t.tm_hour * 60 + t.tm_min) * 60 + t.tm_sec;
        int minute = fits_day(cron, &t) ? minute_of_day(cron, (second + 59) / 60) : -1;
        int64_t midnight = local_s - second;
        if (minute >= 0) {
            int64_t found = midnight + minute * 60;
            return found <= last_s ? found : NF_CRON_NEVER;
        }
        local_s = midnight + DAY_S;
    }
    return NF_CRON_NEVER;
}

/* A later local time never fires before an earlier one; in the second pass of an hour all of it lies behind. */
static int64_t next_fixed(const nf_cron *cron, const nf_zone *zone, int64_t after, int64_t last)
{
    int64_t local = after + nf_zone_offset(zone, after, NULL);
    for (; (local = next_local(cron, local, last)) != NF_CRON_NEVER; local++) {
        int64_t at = nf_zone_local(zone, local).first;
        if (at > after)
            return at;
    }
    return NF_CRON_NEVER;
}

static int64_t next_passing(const nf_cron *cron, const nf_zone *zone, int64_t after, int64_t last)
{
    for (int64_t begin = after + 1; begin <= last;) {
        int64_t end = nf_zone_change(zone, begin); /* this offset holds until here */
        int32_t offset = nf_zone_offset(zone, begin, NULL);
        int64_t local = next_local(cron, begin + offset, NF_MIN(end - 1, last) + offset);
        if (local != NF_CRON_NEVER)
            return local - offset;
        begin = end;
    }
    return NF_CRON_NEVER;
}

int64_t nf_cron_next(const nf_cron *cron, const nf_zone *zone, int64_t after_utc_s)
{
    int64_t after = NF_MAX(after_utc_s, YEAR_1);
    if (after > YEAR_9999)
        return NF_CRON_NEVER;
    int64_t last = NF_MIN(after + HORIZON, YEAR_9999);
    return cron->passing_time ? next_passing(cron, zone, after, last)
                              : next_fixed(cron, zone, after, last);
}
