/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.c: THE path of an event, in seven steps:
 *
 *   1 receive       a complete, well-formed request (limits and deadlines: net/http_server.h)
 *   2 authenticate  its path carries the secret of one of our subscriptions
 *   3 filter        which listeners want it, and may have it
 *   4 enqueue       not seen before; written down; 202 when that is durable
 *   5 run           in a fresh sandbox, in its lane (run/run.h)
 *   6 act           each effect: checked, sent, retried (act/effect.h)
 *   7 record        how the run ended
 *
 * The run starts beside the commit of step 4; only the 202 waits for the disk.
 */
#include "pipeline.h"

#include "base/alloc.h"
#include "passage.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- 1 receive: what the server cannot know ---- */

static bool is_json(const char *type)
{
    size_t n = strlen("application/json");
    return type && strncasecmp(type, "application/json", n) == 0
           && (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

static bool receive(nf_http_exchange *x)
{
    if (strcmp(nf_http_method(x), "POST") != 0) {
        nf_http_answer_error(x, 405, "notifications come by POST");
        return false;
    }
    if (!is_json(nf_http_header(x, "content-type"))) {
        nf_http_answer_error(x, 415, "the content type must be application/json");
        return false;
    }
    return true;
}

/* ---- 2 authenticate ---- */

/* The subscription whose secret the path carries, or NULL. All are compared, so the time tells nothing. */
static nf_subscription *authenticate(nf_pipeline *p, nf_http_exchange *x)
{
    const char *path = nf_http_path(x);
    size_t n = strlen(NF_CALLBACK_PATH);
    nf_subscription *found = NULL;
    if (strncmp(path, NF_CALLBACK_PATH, n) != 0)
        return NULL;
    for (size_t i = 0; i < p->tenant_count; i++) {
        nf_subscription *s = nf_tenant_subscription(p->tenants[i], path + n, strlen(path + n));
        if (s)
            found = s;
    }
    return found;
}

/* ---- 3 filter ---- */

static void filter(nf_passage *passage)
{
    nf_group group = nf_index_find(passage->tenant->index, passage->subscription);
    nf_refusals refusals = {.count = 0};
    passage->wanted = nf_alloc((group.count + 1) * sizeof *passage->wanted);
    for (size_t i = 0; i < group.count; i++) {
        const char *which = NULL;
        if (nf_listener_wants(group.listeners[i], passage->event, &which))
            passage->wanted[passage->count++] = group.listeners[i];
        else
            nf_refusals_add(&refusals, group.listeners[i]->handler->name, which);
    }
    if (passage->count == 0)
        nf_fate_filtered(passage, &refusals);
}

/* May they? What the user of their connection may not have is kept with the reason. */
static void permit(nf_passage *passage)
{
    nf_tenant *t = passage->tenant;
    size_t kept = 0;
    nf_rights_see(t->rights, passage->event);
    for (size_t i = 0; i < passage->count; i++) {
        nf_listener *l = passage->wanted[i];
        if (nf_rights_permit(t->rights, l->connection->upn, l->handler->name, passage->event))
            passage->wanted[kept++] = l;
    }
    if (kept < passage->count)
        t->count.denied += kept == 0;
    passage->count = kept;
}

/* ---- 4 enqueue ---- */

static void on_duplicate_stored(void *ctx, const nf_error *err)
{
    nf_passage *passage = ctx;
    passage->pipeline->unanswered--;
    if (err)
        nf_passage_answer(passage, 503, "Retry-After: 5\r\n",
                          "the notification could not be stored\n");
    else
        nf_passage_answer(passage, 202, NULL, NULL);
    nf_passage_unref(passage);
}

void nf_passage_repeat(nf_passage *passage, int64_t first)
{
    passage->tenant->count.duplicate++;
    nf_fate_duplicate(passage, first);
    passage->refs++;
    passage->pipeline->unanswered++;
    nf_store_add_duplicate(passage->pipeline->store, first, on_duplicate_stored, passage);
}

/* Seen before? Then only handlers that asked for duplicates still want it. */
static bool is_duplicate(nf_passage *passage)
{
    nf_tenant *t = passage->tenant;
    int64_t first = nf_dedupe_find(t->dedupe, passage->event);
    if (!first)
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < passage->count; i++) {
        if (!passage->wanted[i]->handler->dedupe)
            passage->wanted[kept++] = passage->wanted[i];
    }
    passage->count = kept;
    if (kept > 0)
        return false;
    nf_passage_repeat(passage, first);
    return true;
}

/* It is refused after all: when it comes again it is new. */
static void forget(nf_passage *passage)
{
    const nf_event_row *row = &passage->event->row;
    if (row->subscription > 0)
        nf_dedupe_forget(passage->tenant->dedupe, passage->event);
    else if (row->subscription == NF_WEBHOOK_SUBSCRIPTION)
        nf_nonces_forget(passage->tenant->nonces, row->hash);
}

static void on_event_stored(void *ctx, const nf_error *err)
{
    nf_passage *passage = ctx;
    nf_tenant *t = passage->tenant;
    passage->pipeline->unanswered--;
    if (err) {
        passage->refused = true;
        t->count.refused++;
        nf_fate_refused(t, passage->event, NULL, 0, err->text);
        forget(passage);
        nf_tenant_alarm(t, NF_ALARM_STORE_FAILING, t->config->name, err->text);
        for (size_t i = 0; i < passage->count; i++) {
            if (passage->runs[i])
                nf_run_cancel(passage->runs[i], "its event could not be stored");
        }
        nf_passage_answer(passage, 503, "Retry-After: 5\r\n",
                          "the notification could not be stored\n");
    } else {
        t->count.accepted++;
        nf_tenant_calm(t, NF_ALARM_STORE_FAILING, t->config->name);
        nf_passage_answer(passage, 202, NULL, NULL);
    }
    if (passage->stored)
        passage->stored(passage->ctx, err);
    nf_passage_unref(passage);
}

static void fill_rows(nf_passage *passage)
{
    nf_pipeline *p = passage->pipeline;
    passage->rows = nf_alloc((passage->count + 1) * sizeof *passage->rows);
    passage->runs = nf_alloc((passage->count + 1) * sizeof(nf_run *));
    for (size_t i = 0; i < passage->count; i++) {
        const nf_handler *handler = passage->wanted[i]->handler;
        nf_run_row *row = &passage->rows[i];
        row->id = nf_store_new_id(p->store);
        row->event = passage->event->row.id;
        row->tenant = passage->tenant->config->name;
        row->handler = nf_strdup(handler->name);
        row->replay_of = passage->replay_of;
        row->file = nf_strdup(nf_version_file(handler->version));
        memcpy(row->version, nf_version_hash(handler->version), NF_SHA256_SIZE);
    }
}

void nf_passage_enqueue(nf_passage *passage)
{
    nf_event_row *row = &passage->event->row;
    if (!row->id)
        row->id = nf_store_new_id(passage->pipeline->store);
    fill_rows(passage);
    if (row->subscription > 0)
        nf_dedupe_add(passage->tenant->dedupe, passage->event);
    passage->refs++;
    passage->pipeline->unanswered++;
    nf_store_add_event(passage->pipeline->store, row, passage->rows, passage->count,
                       on_event_stored, passage);
}

/* ---- 5 run; 6 act and 7 record follow from there (act/effect.h, passage.c) ---- */

void nf_passage_run_all(nf_passage *passage)
{
    for (size_t i = 0; i < passage->count; i++)
        nf_passage_run(passage, i, passage->wanted[i]->handler, NULL);
}

/* ---- the path ---- */

/* It cannot be taken: whether its sender comes again is not known. */
static void refuse(nf_passage *passage, const char *why)
{
    passage->tenant->count.refused++;
    nf_fate_refused(passage->tenant, passage->event, NULL, 0, why);
    if (!passage->pipeline->ending)
        nf_pipeline_tell_loss(passage->tenant);
    nf_passage_answer(passage, 503, "Retry-After: 1\r\n", why);
}

static void pass(nf_passage *passage)
{
    filter(passage);
    if (passage->count == 0) {
        passage->tenant->count.filtered++;
        nf_passage_answer(passage, 202, NULL, NULL);
        return;
    }
    permit(passage);
    if (passage->count == 0) {
        nf_passage_answer(passage, 202, NULL, NULL);
        return;
    }
    if (is_duplicate(passage))
        return;
    const char *later =
        nf_pipeline_not_now(passage->pipeline, passage->tenant, nf_passage_urgency(passage));
    if (later) {
        refuse(passage, later);
        return;
    }
    nf_passage_enqueue(passage);
    nf_passage_run_all(passage);
}

void nf_pipeline_receive(nf_http_exchange *x, void *ctx)
{
    nf_pipeline *p = ctx;
    if (strncmp(nf_http_path(x), NF_HOOK_PATH, strlen(NF_HOOK_PATH)) == 0) {
        nf_pipeline_hook(p, x);
        return;
    }
    nf_subscription *subscription = authenticate(p, x);
    if (!subscription) {
        nf_http_answer_error(x, 404, "not found");
        return;
    }
    if (!receive(x))
        return;
    nf_connection *connection = subscription->owner;
    nf_tenant *tenant = connection->tenant;
    nf_event *event = NULL;
    nf_error err = {0};
    size_t len;
    const char *body = nf_http_body(x, &len);
    tenant->count.received++;
    if (nf_event_read(subscription->trigger, body, len, &event, &err) != NF_OK) {
        tenant->count.refused++;
        nf_fate_refused(tenant, NULL, body, len, err.text);
        nf_http_answer_error(x, 400, "the body is not a JSON object: %s", err.text);
    } else {
        nf_passage *passage = nf_passage_new(p, tenant, event);
        nf_tenant_heard(tenant, event);
        passage->subscription = subscription;
        passage->exchange = x;
        event->row.id = nf_store_new_id(p->store);
        event->row.tenant = tenant->config->name;
        event->row.subscription = nf_connection_stream(connection, subscription);
        if (connection->listening)
            pass(passage);
        else
            refuse(passage, "starting\n");
        nf_passage_unref(passage);
    }
}

/* ---- life ---- */

nf_pipeline *nf_pipeline_new(nf_store *store)
{
    nf_pipeline *p = nf_alloc(sizeof *p);
    p->store = store;
    return p;
}

void nf_pipeline_free(nf_pipeline *p)
{
    if (!p)
        return;
    nf_pipeline_resume_no_more(p);
    nf_timer_close(p->alarm_clock);
    free(p);
}

void nf_pipeline_add(nf_pipeline *p, nf_tenant *tenant)
{
    if (p->tenant_count < NF_MOST_TENANTS)
        p->tenants[p->tenant_count++] = tenant;
}

nf_tenant *nf_pipeline_tenant(const nf_pipeline *p, const char *name)
{
    for (size_t i = 0; name && i < p->tenant_count; i++) {
        if (strcmp(p->tenants[i]->config->name, name) == 0)
            return p->tenants[i];
    }
    return NULL;
}

void nf_pipeline_on_end(nf_pipeline *p,
                        void (*ended)(void *ctx, const nf_run_row *row, const nf_event_row *event,
                                      const nf_run_report *report),
                        void *ctx)
{
    p->ended = ended;
    p->ended_ctx = ctx;
}

void nf_pipeline_end(nf_pipeline *p)
{
    p->ending = true;
}

size_t nf_pipeline_unanswered(const nf_pipeline *p)
{
    return p->unanswered;
}
