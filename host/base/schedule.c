/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.c: see schedule.h. */
#include "base/schedule.h"

#include "base/alloc.h"
#include "base/budget.h"
#include "base/cron.h"
#include "base/json.h"
#include "base/zone.h"

#include <stdlib.h>
#include <string.h>

enum { SHORTEST_MS = 1000 };
static const uint64_t longest_ms = 30 * 86400000u;

struct nf_schedule {
    int64_t interval_s; /* 0: a calendar */
    nf_cron cron;
    nf_zone *zone;
    nf_catch_up catch_up;
};

static nf_status read_catch_up(const char *text, nf_catch_up *out, nf_error *err)
{
    static const char *const names[] = {"none", "last", "all"};
    *out = NF_CATCH_UP_LAST;
    for (size_t i = 0; text && i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (nf_catch_up)i;
            return NF_OK;
        }
    }
    return text ? nf_error_set(err, NF_E_CONFIG,
                               "catch_up: '%s' is none of \"none\", \"last\" and \"all\"", text)
                : NF_OK;
}

static nf_status read_interval(nf_schedule *s, const char *text, nf_error *err)
{
    uint64_t ms = 0;
    nf_status status = nf_duration_parse(text, 0, &ms, err);
    if (status == NF_OK && (ms < SHORTEST_MS || ms > longest_ms || ms % 1000))
        status =
            nf_error_set(err, NF_E_CONFIG, "'%s' is not from 1s to 30d in whole seconds", text);
    if (status != NF_OK)
        nf_error_prefix(err, "interval");
    s->interval_s = (int64_t)(ms / 1000);
    return status;
}

static nf_status read_calendar(nf_schedule *s, const json_t *options, nf_error *err)
{
    const char *text = nf_json_string(options, "schedule"), *zone = nf_json_string(options, "zone");
    if (nf_cron_parse(text ? text : "", &s->cron, err) != NF_OK) {
        nf_error_prefix(err, "schedule");
        return err->status;
    }
    s->zone = nf_zone_open(zone ? zone : "UTC", err);
    if (s->zone)
        return NF_OK;
    nf_error_prefix(err, "zone");
    return err->status;
}

nf_schedule *nf_schedule_new(const json_t *options, nf_error *err)
{
    nf_error own = {0};
    if (!err)
        err = &own;
    nf_schedule *s = nf_alloc(sizeof *s);
    const char *interval = nf_json_string(options, "interval");
    nf_status status = read_catch_up(nf_json_string(options, "catch_up"), &s->catch_up, err);
    if (status == NF_OK)
        status = interval ? read_interval(s, interval, err) : read_calendar(s, options, err);
    if (status == NF_OK)
        return s;
    nf_schedule_free(s);
    return NULL;
}

void nf_schedule_free(nf_schedule *s)
{
    if (!s)
        return;
    nf_zone_close(s->zone);
    free(s);
}

nf_status nf_schedule_check(const json_t *options, nf_error *err)
{
    nf_schedule *s = nf_schedule_new(options, err);
    nf_schedule_free(s);
    return s ? NF_OK : err->status;
}

int64_t nf_schedule_next(const nf_schedule *s, int64_t after_s)
{
    if (s->interval_s)
        return (after_s / s->interval_s + 1) * s->interval_s;
    int64_t next = nf_cron_next(&s->cron, s->zone, after_s);
    return next == NF_CRON_NEVER ? 0 : next;
}

nf_catch_up nf_schedule_catch_up(const nf_schedule *s)
{
    return s->catch_up;
}
