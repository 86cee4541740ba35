/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cron.h: five-field cron expressions ("30 2 * * MON-FRI") on the clock of a time zone.
 *
 * Fields: minute 0-59, hour 0-23, day-of-month 1-31, month 1-12 or JAN-DEC, day-of-week 0-7 or SUN-SAT (0 and 7 are
 * Sunday); names in any case. A field is a list of `*`, values and ranges; a `*` or a range may have a step ("8-18/2").
 * Short forms: @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually.
 *
 * Days, as in Vixie cron: when neither day field has a `*`, a day counts that fits one of them; else it must fit both.
 *
 * When the clock is changed:
 * - With a fixed hour (the hour field has neither `*` nor step), each local time of the expression fires once. Times
 *   that the clock skips fire at the end of the gap: together, so once however many they are, and once too with a time
 *   that stands at the end of the gap by itself. A time that occurs twice fires at its first occurrence.
 * - With `*` or a step in the hour field, it goes on with the time that passes: it fires whenever the clock shows a
 *   fitting time, so in both occurrences of an hour that is repeated; nothing is made up for a skipped one.
 */
#ifndef NF_BASE_CRON_H
#define NF_BASE_CRON_H

#include "base/zone.h"

#include <stdbool.h>
#include <stdint.h>

/** A parsed expression: a value without memory of its own. Bit n of a set stands for the value n. */
typedef struct nf_cron {
    uint64_t minutes, hours, days, months, weekdays; /* Sunday is 0 */
    bool either_day;                                 /* fitting one of the day fields is enough */
    bool passing_time;                               /* `*` or a step in the hour field */
} nf_cron;

#define NF_CRON_NEVER INT64_MAX

/**
 * Read an expression. NF_E_ARG names the field, its text and what is allowed; an expression whose days do not exist
 * (31 February) is refused too.
 */
nf_status nf_cron_parse(const char *text, nf_cron *out, nf_error *err);

/**
 * The first firing strictly after an instant, both in seconds since 1970 UTC; NF_CRON_NEVER when there is none within
 * 41 years (29 February on one weekday can be 40 years away) or before the year 9999.
 */
int64_t nf_cron_next(const nf_cron *cron, const nf_zone *zone, int64_t after_utc_s);

#endif
