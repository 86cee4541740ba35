/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone_rule.h: the rule of a time zone for the years that its table does not list: the TZ text of POSIX
 * ("CET-1CEST,M3.5.0,M10.5.0/3") with the wider hours of RFC 8536, 3.3.1.
 *
 * Instants are seconds since 1970 UTC; callers stay within the years 1 to 9999 and a little.
 */
#ifndef NF_BASE_ZONE_RULE_H
#define NF_BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A day of each year, and the local time of it at which the clock changes. */
typedef struct nf_zone_day {
    enum {
        NF_DAY_JULIAN,
        NF_DAY_ORDINAL,
        NF_DAY_WEEKDAY
    } form; /* Jn (never 29 February), n, Mm.w.d */
    int month, week, day;
    int32_t time_s; /* may be negative or beyond the day */
} nf_zone_day;

typedef struct nf_zone_rule {
    bool changes;                 /* without: always `standard_s` */
    int32_t standard_s, summer_s; /* east of UTC */
    nf_zone_day begin, end; /* of the summer time; `begin` is standard time, `end` summer time */
} nf_zone_rule;

/** Read the TZ text of `len` bytes. False when it is not one, or has a summer time without its days. */
bool nf_zone_rule_parse(const char *text, size_t len, nf_zone_rule *out);

/** The offset at an instant; `*dst` (may be NULL) says whether it is the summer time of the rule. */
int32_t nf_zone_rule_offset(const nf_zone_rule *rule, int64_t utc_s, bool *dst);

/** The first change of the clock after an instant; INT64_MAX when there is none. */
int64_t nf_zone_rule_change(const nf_zone_rule *rule, int64_t utc_s);

#endif
