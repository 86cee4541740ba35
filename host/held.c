/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held.c: runs that wait for a person: the alarm about them, and what the person decides. Also the end of runs that are
 * not in memory.
 *
 * One alarm for each handler that has held runs; it lasts until none of them is held, and comes again after a restart.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "log/log.h"
#include "passage.h"

#include <stdlib.h>
#include <string.h>

/* ---- the alarm ---- */

void nf_pipeline_tell_held(nf_tenant *tenant, int64_t run, const char *handler, const char *reason)
{
    char *text = nf_format("run %lld of '%s' is held: %s; see 'nimflow why %lld'", (long long)run,
                           handler, reason, (long long)run);
    nf_tenant_alarm(tenant, NF_ALARM_RUN_HELD, handler, text);
    free(text);
}

static void on_held(void *ctx, int64_t run, const char *handler, const char *reason)
{
    nf_pipeline_tell_held(ctx, run, handler, reason);
}

void nf_pipeline_tell_all_held(nf_pipeline *p, nf_tenant *tenant)
{
    nf_error err = {0};
    if (nf_store_each_held(p->store, tenant->config->name, on_held, tenant, &err) != NF_OK)
        nf_log_error("run", "%s: held runs could not be read, look with 'nimflow runs --open': %s",
                     tenant->config->name, err.text);
}

struct others {
    nf_tenant *tenant;
    int64_t run; /* not this one */
    const char *handler;
    bool any;
};

static void on_other(void *ctx, int64_t run, const char *handler, const char *reason)
{
    struct others *others = ctx;
    if (run == others->run || strcmp(handler, others->handler) != 0)
        return;
    others->any = true;
    nf_pipeline_tell_held(others->tenant, run, handler, reason);
}

void nf_pipeline_calm_held(nf_pipeline *p, nf_tenant *tenant, int64_t run, const char *handler)
{
    struct others others = {.tenant = tenant, .run = run, .handler = handler};
    nf_error err = {0};
    nf_status status = nf_store_each_held(p->store, tenant->config->name, on_other, &others, &err);
    if (status == NF_OK && !others.any)
        nf_tenant_calm(tenant, NF_ALARM_RUN_HELD, handler);
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
    d->tenant = nf_pipeline_tenant(d->pipeline, row->tenant);
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
    else if (status == NF_OK && !d->tenant->resumed)
        status = nf_error_set(err, NF_E_FULL,
                              "the host has just started, and the runs of %s are being read; try "
                              "again in some seconds",
                              d->tenant->config->name);
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
        nf_pipeline_calm_held(d->pipeline, d->tenant, d->row.id, d->row.handler);
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
        nf_pipeline_calm_held(d->pipeline, d->tenant, d->row.id, d->row.handler);
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
