/* SPDX-License-Identifier: Apache-2.0 */
/* zone_rule.c: the TZ text of POSIX, read and applied. The reader never looks behind `end`. */
#include "base/zone_rule.h"

#include <string.h>
#include <time.h>

enum { HOUR = 3600, MOST_HOURS_OFFSET = 24, MOST_HOURS_TIME = 167 };

typedef struct cursor {
    const char *at, *end;
} cursor;

static bool skip(cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool read_number(cursor *c, int least, int most, int *out)
{
    const char *first = c->at;
    int number = 0;
    while (c->at < c->end && c->at - first < 3 && *c->at >= '0' && *c->at <= '9')
        number = number * 10 + (*c->at++ - '0');
    *out = number;
    return c->at > first && number >= least && number <= most;
}

/* hh[:mm[:ss]] with a sign */
static bool read_time(cursor *c, int most_hours, int32_t *out)
{
    bool negative = skip(c, '-');
    if (!negative)
        skip(c, '+');
    int hours, minutes = 0, seconds = 0;
    if (!read_number(c, 0, most_hours, &hours))
        return false;
    if (skip(c, ':')) {
        if (!read_number(c, 0, 59, &minutes))
            return false;
        if (skip(c, ':') && !read_number(c, 0, 59, &seconds))
            return false;
    }
    int32_t time = hours * HOUR + minutes * 60 + seconds;
    *out = negative ? -time : time;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "CET" or "<+0530>"; nobody here shows it */
static bool skip_name(cursor *c)
{
    const char *first = c->at;
    if (skip(c, '<')) {
        while (c->at < c->end
               && (is_letter(*c->at) || (*c->at >= '0' && *c->at <= '9') || *c->at == '+'
                   || *c->at == '-'))
            c->at++;
        return skip(c, '>') && c->at - first >= 5;
    }
    while (c->at < c->end && is_letter(*c->at))
        c->at++;
    return c->at - first >= 3;
}

static bool read_day(cursor *c, nf_zone_day *out)
{
    *out = (nf_zone_day){.form = NF_DAY_ORDINAL, .time_s = 2 * HOUR};
    bool good;
    if (skip(c, 'M')) {
        out->form = NF_DAY_WEEKDAY;
        good = read_number(c, 1, 12, &out->month) && skip(c, '.')
               && read_number(c, 1, 5, &out->week) && skip(c, '.')
               && read_number(c, 0, 6, &out->day);
    } else if (skip(c, 'J')) {
        out->form = NF_DAY_JULIAN;
        good = read_number(c, 1, 365, &out->day);
    } else {
        good = read_number(c, 0, 365, &out->day);
    }
    return good && (!skip(c, '/') || read_time(c, MOST_HOURS_TIME, &out->time_s));
}

bool nf_zone_rule_parse(const char *text, size_t len, nf_zone_rule *out)
{
    cursor c = {text, text + len};
    *out = (nf_zone_rule){0};
    int32_t west;
    if (!skip_name(&c) || !read_time(&c, MOST_HOURS_OFFSET, &west))
        return false;
    out->standard_s = -west;
    if (c.at == c.end)
        return true;
    out->changes = true;
    out->summer_s = out->standard_s + HOUR;
    if (!skip_name(&c))
        return false;
    if (c.at < c.end && *c.at != ',') {
        if (!read_time(&c, MOST_HOURS_OFFSET, &west))
            return false;
        out->summer_s = -west;
    }
    return skip(&c, ',') && read_day(&c, &out->begin) && skip(&c, ',') && read_day(&c, &out->end)
           && c.at == c.end;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* the instant in `year`, were local time UTC */
static int64_t day_in_year(const nf_zone_day *day, int year)
{
    struct tm t = {.tm_year = year - 1900, .tm_mday = 1};
    if (day->form == NF_DAY_JULIAN)
        t.tm_mday = day->day + (is_leap(year) && day->day >= 60);
    else if (day->form == NF_DAY_ORDINAL)
        t.tm_mday = day->day + 1;
    else
        t.tm_mon = day->month - 1;
    int64_t at = timegm(&t);
    if (day->form == NF_DAY_WEEKDAY) {
        int first = 1 + (day->day - t.tm_wday + 7) % 7, month = t.tm_mon;
        t.tm_mday = first + 7 * (day->week - 1);
        at = timegm(&t);
        if (t.tm_mon != month) /* the fifth is the last, which may be the fourth */
            at -= 7 * 24 * HOUR;
    }
    return at + day->time_s;
}

static int year_of(int64_t utc_s)
{
    struct tm t;
    time_t when = utc_s;
    gmtime_r(&when, &t);
    return t.tm_year + 1900;
}

int32_t nf_zone_rule_offset(const nf_zone_rule *rule, int64_t utc_s, bool *dst)
{
    bool summer = false;
    int64_t latest = INT64_MIN;
    int year = year_of(utc_s);
    /* a change may stand up to a week outside its year; where both fall together, summer time goes on */
    for (int y = year - 1; rule->changes && y <= year + 1; y++) {
        int64_t begin = day_in_year(&rule->begin, y) - rule->standard_s;
        int64_t end = day_in_year(&rule->end, y) - rule->summer_s;
        if (end <= utc_s && end > latest) {
            latest = end;
            summer = false;
        }
        if (begin <= utc_s && begin >= latest) {
            latest = begin;
            summer = true;
        }
    }
    if (dst)
        *dst = summer;
    return summer ? rule->summer_s : rule->standard_s;
}

int64_t nf_zone_rule_change(const nf_zone_rule *rule, int64_t utc_s)
{
    int64_t next = INT64_MAX;
    int year = year_of(utc_s);
    for (int y = year - 1; rule->changes && y <= year + 1; y++) {
        int64_t begin = day_in_year(&rule->begin, y) - rule->standard_s;
        int64_t end = day_in_year(&rule->end, y) - rule->summer_s;
        if (begin > utc_s && begin < next)
            next = begin;
        if (end > utc_s && end < next)
            next = end;
    }
    return next;
}
