/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resume.c: runs that began before and are in memory no more: after a restart, after a sleep, after a person's
 * decision. Each goes on in a fresh state, under the flow version it began with, and is answered from its journal until
 * it asks for something new.
 */
#include "base/alloc.h"
#include "base/fault.h"
#include "log/log.h"
#include "passage.h"
#include "run/journal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* One run whose flow version is being loaded. */
struct return_ticket {
    nf_passage *passage;
    nf_journal *journal;
};

static void on_old_version(void *ctx, nf_version *version, const nf_error *err)
{
    struct return_ticket *ticket = ctx;
    nf_passage *passage = ticket->passage;
    const nf_handler *handler = err ? NULL : nf_version_handler(version, passage->rows[0].handler);
    if (handler) {
        nf_passage_run(passage, 0, handler, ticket->journal);
    } else {
        nf_journal_free(ticket->journal);
        if (!err || err->status != NF_E_CANCELLED) /* the host closes, and it is found again */
            nf_passage_fail(passage, 0, NF_OUTCOME_FAILED,
                            err ? err->text : "the flow version it began with has no such handler");
    }
    nf_version_unref(version); /* the run keeps it */
    if (!nf_passage_left_lane(passage, 0))
        nf_pool_go(passage->tenant->pool);
    nf_passage_unref(passage);
    free(ticket);
}

static void load_old_version(nf_passage *passage, nf_journal *journal)
{
    nf_error err = {0};
    char *source = NULL;
    size_t len = 0;
    const nf_run_row *row = &passage->rows[0];
    if (nf_store_get_version(passage->pipeline->store, row->version, &source, &len, &err)
        != NF_OK) {
        nf_journal_free(journal);
        nf_passage_fail(passage, 0, NF_OUTCOME_FAILED, err.text);
        return;
    }
    struct return_ticket *ticket = nf_alloc(sizeof *ticket);
    *ticket = (struct return_ticket){passage, journal};
    passage->refs++;
    if (!nf_passage_left_lane(passage,
                              0)) /* nobody starts until it is loaded: lanes keep their order */
        nf_pool_gather(passage->tenant->pool);
    nf_version_load(passage->tenant->pool,
                    &(nf_version_spec){.file = row->file, .source = source, .len = len},
                    on_old_version, ticket);
    free(source);
}

/* ---- the journal ---- */

struct recollection {
    nf_journal *journal;
    const nf_action *const *actions;
};

static void on_entry(void *ctx, const nf_entry_row *row)
{
    struct recollection *r = ctx;
    if (!r->journal)
        r->journal = nf_journal_new();
    nf_journal_recall(r->journal, r->actions, row);
}

/* NULL without an error: nothing is on record. */
static nf_journal *recall(nf_passage *passage, nf_error *err)
{
    struct recollection r = {.actions = passage->tenant->host->actions};
    nf_status status =
        nf_store_each_entry(passage->pipeline->store, passage->rows[0].id, on_entry, &r, err);
    if (status == NF_OK)
        return r.journal;
    nf_journal_free(r.journal);
    return NULL;
}

/* ---- one run ---- */

nf_passage *nf_passage_of_run(nf_pipeline *p, nf_tenant *t, nf_event *event, const nf_run_row *row)
{
    nf_passage *passage = nf_passage_new(p, t, event);
    passage->count = 1;
    passage->rows = nf_alloc(sizeof *passage->rows);
    passage->runs = nf_alloc(sizeof(nf_run *));
    passage->rows[0] = *row;
    passage->rows[0].tenant = t->config->name;
    passage->rows[0].handler = nf_strdup(row->handler);
    passage->rows[0].file = nf_strdup(row->file);
    return passage;
}

void nf_passage_resume(nf_pipeline *p, nf_tenant *t, const nf_run_row *row,
                       const nf_event_row *stored)
{
    nf_event *event = NULL;
    nf_error err = {0};
    const nf_trigger *trigger = nf_trigger_find(t->host->triggers, stored->trigger);
    if (!trigger || nf_event_read(trigger, stored->body, stored->len, &event, &err) != NF_OK) {
        nf_log_error("run", "%s: run %lld cannot be resumed: %s", row->tenant, (long long)row->id,
                     trigger ? err.text : "its trigger is not in this program");
        return;
    }
    event->row.id = stored->id;
    event->row.tenant = t->config->name;
    event->row.subscription = stored->subscription;
    event->row.received_ms = stored->received_ms;
    nf_rights_see(t->rights, event);
    nf_passage *passage = nf_passage_of_run(p, t, event, row);
    nf_journal *journal = recall(passage, &err);
    const nf_handler *handler = nf_tenant_handler(t, row->handler);
    if (err.status != NF_OK)
        nf_log_error("run",
                     "%s: the journal of run %lld could not be read, so it waits for the next "
                     "start: %s",
                     t->config->name, (long long)row->id, err.text);
    else if (handler
             && memcmp(nf_version_hash(handler->version), row->version, NF_SHA256_SIZE) == 0)
        nf_passage_run(passage, 0, handler, journal);
    else
        load_old_version(passage, journal);
    nf_passage_unref(passage);
}

/* ---- all of a tenant ---- */

/*
 * They are read some at a time, oldest first, so that the first of many goes on at once. No event is taken before all
 * are in memory: it would pass them in their lanes.
 */
enum { AT_A_TIME = 200, PAUSE_MS = 1 }; /* a pause of 0 would leave the loop no turn */

struct nf_resuming {
    nf_pipeline *pipeline;
    nf_tenant *tenant;
    nf_timer *timer;
    int64_t after, upto; /* ids; what comes to be meanwhile is in memory already */
    size_t count;
    struct nf_resuming *prev, *next;
};

static void on_open_run(void *ctx, const nf_run_row *row, const nf_event_row *event)
{
    struct nf_resuming *r = ctx;
    r->after = row->id;
    if (row->id > r->upto)
        return;
    r->count++;
    nf_fault_point("resume.run");
    nf_passage_resume(r->pipeline, r->tenant, row, event);
}

static void free_resuming(struct nf_resuming *r)
{
    DL_DELETE(r->pipeline->resuming, r);
    nf_timer_close(r->timer);
    free(r);
}

void nf_pipeline_resume_no_more(nf_pipeline *p)
{
    while (p->resuming)
        free_resuming(p->resuming);
}

static void all_resumed(struct nf_resuming *r)
{
    nf_pipeline *p = r->pipeline;
    nf_tenant *tenant = r->tenant;
    if (r->count)
        nf_log_info("run", "%s: %zu runs from before the restart go on", tenant->config->name,
                    r->count);
    free_resuming(r);
    nf_pool_returning(tenant->pool, false);
    nf_fault_point("resume.after");
    nf_pipeline_tell_all_held(p, tenant);
    nf_tenant_resumed(tenant);
    nf_pipeline_wake_at(p, 1); /* at once: what became due meanwhile */
}

static void resume_some(void *ctx)
{
    struct nf_resuming *r = ctx;
    nf_error err = {0};
    size_t before = r->count;
    if (r->pipeline->ending)
        return;
    nf_pool_gather(r->tenant->pool);
    if (nf_store_each_open_run(r->pipeline->store, r->tenant->config->name, r->after, AT_A_TIME,
                               on_open_run, r, &err)
        != NF_OK)
        nf_log_error("run", "%s: open runs could not be read, and wait for the next start: %s",
                     r->tenant->config->name, err.text);
    nf_pool_go(r->tenant->pool);
    if (err.status == NF_OK && r->count - before == AT_A_TIME)
        nf_timer_start(r->timer, PAUSE_MS, 0);
    else
        all_resumed(r);
}

void nf_pipeline_resume(nf_pipeline *p, nf_tenant *tenant)
{
    struct nf_resuming *r = nf_alloc(sizeof *r);
    r->pipeline = p;
    r->tenant = tenant;
    r->timer = nf_timer_new(tenant->host->loop, resume_some, r);
    r->upto = nf_store_new_id(p->store);
    DL_APPEND(p->resuming, r);
    nf_pool_returning(tenant->pool, true);
    nf_fault_point("resume.before");
    resume_some(r);
}
