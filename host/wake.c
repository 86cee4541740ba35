/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wake.c: parked runs come back: those that slept when it is time, those that were held when a person decided. Also
 * the end of runs that are not in memory.
 *
 * A sleeping run costs a row. One timer is set to the first that wakes; then some are read at a time, so that a million
 * that wake together do not stop the loop.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "log/log.h"
#include "passage.h"

#include <stdlib.h>
#include <string.h>

enum {
    AT_A_TIME = 200,
    PAUSE_MS = 2,    /* between two pieces */
    LATER_MS = 1000, /* what could not be woken yet is tried again */
    LONGEST_MS = 3600000,
};

static nf_tenant *tenant_named(const nf_pipeline *p, const char *name)
{
    for (size_t i = 0; i < p->tenant_count; i++) {
        if (strcmp(p->tenants[i]->config->name, name) == 0)
            return p->tenants[i];
    }
    return NULL;
}

struct waking {
    nf_pipeline *pipeline;
    bool busy; /* some cannot be taken yet */
};

static void on_due(void *ctx, const nf_run_row *row, const nf_event_row *event)
{
    struct waking *waking = ctx;
    nf_tenant *t = tenant_named(waking->pipeline, row->tenant);
    if (!t || !t->resumed || nf_pipeline_not_now(waking->pipeline, t, NF_URGENCY_BATCH)) {
        waking->busy = waking->busy || t;
        return;
    }
    if (nf_pool_find_run(t->pool, row->id))
        return; /* it was woken before; the database does not know yet */
    nf_store_unpark_run(waking->pipeline->store, row->id);
    nf_passage_resume(waking->pipeline, t, row, event);
}

static void set_clock(nf_pipeline *p, int64_t wake_ms, int64_t now)
{
    int64_t wait = NF_MIN(NF_MAX(wake_ms - now, 0), (int64_t)LONGEST_MS);
    p->next_wake_ms = NF_MAX(wake_ms, 1);
    nf_timer_start(p->alarm_clock, (uint64_t)wait, 0);
}

static void on_time(void *ctx)
{
    nf_pipeline *p = ctx;
    struct waking waking = {.pipeline = p};
    nf_error err = {0};
    int64_t now = nf_clock_wall_ms(), next = 0;
    size_t count = 0;
    p->next_wake_ms = 0;
    nf_status status =
        nf_store_each_due(p->store, now, &p->woken, AT_A_TIME, on_due, &waking, &count, &err);
    if (status == NF_OK && count == AT_A_TIME && !waking.busy) {
        set_clock(p, now + PAUSE_MS, now);
        return;
    }
    p->woken = (nf_sleeper){0, 0}; /* from the first on the next time */
    if (status == NF_OK)
        status = nf_store_next_due(p->store, now, &next, &err);
    if (status != NF_OK)
        nf_log_error("run", "sleeping runs could not be read, and are looked for again: %s",
                     err.text);
    if (status != NF_OK || waking.busy)
        next = now + LATER_MS;
    if (next)
        nf_pipeline_wake_at(p, next);
}

void nf_pipeline_wake_at(nf_pipeline *p, int64_t wake_ms)
{
    if (p->tenant_count == 0)
        return;
    if (!p->alarm_clock)
        p->alarm_clock = nf_timer_new(p->tenants[0]->host->loop, on_time, p);
    if (!p->next_wake_ms || wake_ms < p->next_wake_ms)
        set_clock(p, wake_ms, nf_clock_wall_ms());
}

/* ---- a person decides ---- */

struct decision {
    nf_pipeline *pipeline;
    nf_tenant *tenant;
    nf_run_row row; /* its texts are owned */
    nf_event *event;
    nf_parked parked;
    nf_entry_row answer;
    char *result, *line;
    nf_outcome outcome;
    char *why;
};

static void free_decision(struct decision *d)
{
    nf_event_unref(d->event);
    free((char *)d->row.handler);
    free((char *)d->row.file);
    free(d->result);
    free(d->line);
    free(d->why);
    free(d);
}

static void on_found(void *ctx, const nf_run_row *row, const nf_event_row *stored)
{
    struct decision *d = ctx;
    nf_error err = {0};
    d->tenant = tenant_named(d->pipeline, row->tenant);
    const nf_trigger *trigger =
        d->tenant ? nf_trigger_find(d->tenant->host->triggers, stored->trigger) : NULL;
    d->row = *row;
    d->row.handler = nf_strdup(row->handler);
    d->row.file = nf_strdup(row->file);
    if (trigger && nf_event_read(trigger, stored->body, stored->len, &d->event, &err) == NF_OK) {
        d->event->row.id = stored->id;
        d->event->row.tenant = d->tenant->config->name;
        d->event->row.subscription = stored->subscription;
        d->event->row.received_ms = stored->received_ms;
        d->row.tenant = d->tenant->config->name;
    }
}

/* The parked run with this id, as a decision about it; NULL with `err` set. */
static struct decision *find(nf_pipeline *p, int64_t run, nf_error *err)
{
    struct decision *d = nf_alloc(sizeof *d);
    d->pipeline = p;
    nf_status status = nf_store_find_open(p->store, run, &d->parked, on_found, d, err);
    if (status == NF_OK && (!d->tenant || !d->event))
        status = nf_error_set(err, NF_E_NOT_FOUND,
                              "run %lld is of a tenant or trigger that is not on this host",
                              (long long)run);
    if (status == NF_OK)
        return d;
    free_decision(d);
    return NULL;
}

nf_status nf_pipeline_cancel(nf_pipeline *p, int64_t run, const char *who, nf_error *err)
{
    char *why = nf_format("cancelled by %s", who);
    for (size_t i = 0; i < p->tenant_count; i++) {
        nf_run *there = nf_pool_find_run(p->tenants[i]->pool, run);
        if (!there)
            continue;
        nf_run_cancel(there, why);
        free(why);
        return NF_OK;
    }
    struct decision *d = find(p, run, err);
    if (d) {
        nf_passage *passage = nf_passage_of_run(p, d->tenant, d->event, &d->row);
        d->event = NULL;
        nf_passage_fail(passage, 0, NF_OUTCOME_CANCELLED, why);
        nf_passage_unref(passage);
        nf_tenant_calm(d->tenant, NF_ALARM_RUN_HELD, d->row.handler);
        free_decision(d);
    }
    free(why);
    return err->status;
}

static void on_answered(void *ctx, const nf_error *err)
{
    struct decision *d = ctx;
    if (err) {
        nf_log_error("run", "run %lld stays held: %s", (long long)d->row.id, err->text);
    } else {
        nf_store_unpark_run(d->pipeline->store, d->row.id);
        nf_passage_resume(d->pipeline, d->tenant, &d->row, &d->event->row);
        nf_tenant_calm(d->tenant, NF_ALARM_RUN_HELD, d->row.handler);
    }
    free_decision(d);
}

/* A further member of the effect's line in the timeline. */
static char *decided_by(const char *who)
{
    nf_strbuf line = nf_strbuf_new(4096);
    nf_strbuf_puts(&line, ",\"decided_by\":");
    nf_strbuf_add_json(&line, who, strlen(who));
    return nf_strbuf_take(&line);
}

nf_status nf_pipeline_release(nf_pipeline *p, int64_t run, nf_release release, const char *result,
                              const char *who, nf_error *err)
{
    struct decision *d = find(p, run, err);
    if (!d)
        return err->status;
    if (d->parked.wake_ms || !d->parked.number) {
        free_decision(d);
        return nf_error_set(err, NF_E_ARG,
                            "run %lld is not held because of an effect; it can only be cancelled",
                            (long long)run);
    }
    nf_log_info("run", "%s: run %lld is released by %s: its effect %u %s", d->row.tenant,
                (long long)run, who, d->parked.number,
                release == NF_RELEASE_DONE ? "was done" : "is sent again");
    d->result = release == NF_RELEASE_DONE ? nf_strdup(result ? result : "") : NULL;
    d->line = decided_by(who);
    d->answer = (nf_entry_row){
        .run = run,
        .number = d->parked.number,
        .at_ms = nf_clock_wall_ms(),
        .line = d->line,
        .line_len = strlen(d->line),
        .result = d->result,
        .len = d->result ? strlen(d->result) : 0,
    };
    nf_store_answer_entry(p->store, &d->answer, on_answered, d);
    return NF_OK;
}
