/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raise.c: events that do not come from Nimbus take the same way from step 3 on: times, signed requests of other
 * systems, failures, alarms, and what a person starts.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/jscan.h"
#include "base/json.h"
#include "base/macros.h"
#include "log/log.h"
#include "passage.h"

#include <stdlib.h>
#include <string.h>

/* ---- who wants it ---- */

static void choose(nf_passage *passage, const nf_occurrence *o)
{
    const nf_tenant *t = passage->tenant;
    passage->wanted = nf_alloc((t->listener_count + 1) * sizeof *passage->wanted);
    for (size_t i = 0; i < t->listener_count; i++) {
        nf_listener *l = t->listeners[i];
        bool fits = o->handler ? strcmp(l->handler->name, o->handler->name) == 0
                               : l->handler->trigger == o->trigger
                                     && nf_listener_wants(l, passage->event, NULL);
        if (fits)
            passage->wanted[passage->count++] = l;
    }
}

static nf_status not_now(const nf_passage *passage, const nf_occurrence *o, nf_error *err)
{
    nf_pipeline *p = passage->pipeline;
    /* what comes from inside cannot come again: while the host ends it is kept for the next start */
    bool taken = p->ending || (!passage->tenant->resumed && !o->handler);
    const char *why =
        taken ? NULL : nf_pipeline_not_now(p, passage->tenant, nf_passage_urgency(passage));
    return why ? nf_error_set(err, NF_E_FULL, "%s", why) : NF_OK;
}

nf_status nf_pipeline_raise(void *pipeline, nf_tenant *tenant, const nf_occurrence *o, int64_t *run,
                            nf_error *err)
{
    nf_event *event = NULL;
    if (run)
        *run = 0;
    nf_status status = nf_event_read(o->trigger, o->body, o->len, &event, err);
    if (status != NF_OK)
        return status;
    event->row.tenant = tenant->config->name;
    nf_passage *passage = nf_passage_new(pipeline, tenant, event);
    choose(passage, o);
    status = passage->count ? not_now(passage, o, err) : NF_OK;
    if (status == NF_OK) {
        passage->stored = o->stored;
        passage->ended = o->ended;
        passage->ctx = o->ctx;
        passage->schedule = nf_strdup(o->schedule);
        event->row.schedule = passage->schedule;
        event->row.due_ms = o->due_ms;
        if (passage->count) {
            nf_passage_enqueue(passage);
            if (run)
                *run = passage->rows[0].id;
            nf_passage_run_all(passage);
        }
    }
    nf_passage_unref(passage);
    return status;
}

/* ---- webhooks ---- */

static const char *header_of(const void *ctx, const char *name)
{
    return nf_http_header(ctx, name);
}

/* The listener of /hooks/TENANT/PATH, or NULL. */
static nf_listener *find_hook(const nf_pipeline *p, nf_http_exchange *x, nf_tenant **tenant)
{
    const char *name = nf_http_path(x) + strlen(NF_HOOK_PATH);
    size_t n = strcspn(name, "/");
    for (size_t i = 0; i < p->tenant_count; i++) {
        const char *candidate = p->tenants[i]->config->name;
        if (name[n] != '/' || strlen(candidate) != n || strncmp(candidate, name, n) != 0)
            continue;
        *tenant = p->tenants[i];
        return nf_tenant_hook(p->tenants[i], name + n + 1);
    }
    return NULL;
}

static bool claims_json(const nf_http_exchange *x)
{
    const char *type = nf_http_header(x, "content-type");
    return type && strstr(type, "json");
}

/* The event of a request, owned by the caller: the body as it is when it is JSON, else as a text. */
static char *hook_event(nf_http_exchange *x, const nf_listener *hook, size_t *len, nf_error *err)
{
    size_t size;
    const char *body = nf_http_body(x, &size), *type = nf_http_header(x, "content-type"),
               *id = nf_http_header(x, "webhook-id");
    bool json = size > 0 && nf_json_valid(body, size);
    if (!json && claims_json(x)) {
        nf_error_set(err, NF_E_PARSE, "the content type says JSON, but the body is none");
        return NULL;
    }
    json_t *head =
        json_pack("{s:s?, s:s, s:s, s:s?}", "id", id, "path", nf_webhook_path(hook->webhook),
                  "query", nf_http_query(x), "contentType", type);
    char *fields = head ? json_dumps(head, JSON_COMPACT) : NULL;
    json_decref(head);
    if (!fields) {
        nf_error_set(err, NF_E_PARSE, "the headers or the query are no UTF-8");
        return NULL;
    }
    nf_strbuf event = nf_strbuf_new(SIZE_MAX);
    nf_strbuf_add(&event, fields, strlen(fields) - 1);
    nf_strbuf_puts(&event, ",\"body\":");
    if (json)
        nf_strbuf_add(&event, body, size);
    else
        nf_strbuf_add_json(&event, body, size);
    nf_strbuf_puts(&event, "}");
    free(fields);
    *len = event.len;
    return nf_strbuf_take(&event);
}

static nf_passage *passage_of(nf_pipeline *p, nf_tenant *t, nf_http_exchange *x, nf_event *event)
{
    nf_passage *passage = nf_passage_new(p, t, event);
    event->row.tenant = t->config->name;
    event->row.subscription = NF_WEBHOOK_SUBSCRIPTION;
    passage->exchange = x;
    return passage;
}

/* A request that is genuine: take it, unless it was taken before. */
static void take(nf_pipeline *p, nf_tenant *t, nf_listener *hook, nf_http_exchange *x,
                 const uint8_t id[NF_SHA256_SIZE])
{
    nf_error err = {0};
    nf_event *event = NULL;
    size_t len = 0;
    char *body = hook_event(x, hook, &len, &err);
    nf_urgency own = hook->handler->priority, usual = hook->handler->trigger->urgency;
    const char *later = nf_pipeline_not_now(p, t, own ? own : usual);
    nf_nonce_state state = NF_NONCE_NEW;
    int64_t number = nf_store_new_id(p->store);
    if (err.status == NF_OK && !later)
        nf_event_read(hook->handler->trigger, body, len, &event, &err);
    if (event)
        state = nf_nonces_take(t->nonces, id, nf_clock_wall_ms() / 1000, &number);
    if (state == NF_NONCE_NO_ROOM)
        later = "too many requests came lately";
    if (later) {
        nf_event_unref(event);
        t->count.refused++;
        nf_fate_refused(t, NULL, NULL, 0, later);
        nf_http_answer(x, 503, "text/plain", "Retry-After: 5\r\n", later, strlen(later));
    } else if (!event) {
        nf_http_answer_error(x, 400, "%s", err.text);
    } else {
        nf_passage *passage = passage_of(p, t, x, event);
        memcpy(event->row.hash, id, NF_SHA256_SIZE);
        passage->wanted = nf_alloc(sizeof *passage->wanted);
        if (state == NF_NONCE_SEEN) { /* its sender did not get our first answer */
            nf_passage_repeat(passage, number);
        } else {
            event->row.id = number;
            passage->wanted[passage->count++] = hook;
            nf_passage_enqueue(passage);
            nf_passage_run_all(passage);
        }
        nf_passage_unref(passage);
    }
    free(body);
}

void nf_pipeline_hook(nf_pipeline *p, nf_http_exchange *x)
{
    nf_tenant *t = NULL;
    nf_listener *hook = find_hook(p, x, &t);
    nf_error err = {0};
    uint8_t id[NF_SHA256_SIZE];
    if (!hook) {
        nf_http_answer_error(x, 404, "not found");
        return;
    }
    if (strcmp(nf_http_method(x), "POST") != 0) {
        nf_http_answer_error(x, 405, "webhooks come by POST");
        return;
    }
    t->count.received++;
    nf_webhook_request request = {
        .header = header_of, .ctx = x, .now_s = nf_clock_wall_ms() / 1000};
    request.body = nf_http_body(x, &request.len);
    if (nf_webhook_verify(hook->webhook, &request, id, &err) != NF_OK) {
        t->count.refused++;
        nf_fate_refused(t, NULL, request.body, request.len, err.text);
        nf_log_info("webhook", "%s: %s from %s: %s", t->config->name,
                    nf_webhook_path(hook->webhook), nf_http_peer(x), err.text);
        nf_http_answer_error(x, 401, "%s", err.text);
        return;
    }
    take(p, t, hook, x, id);
}

/* ---- failures ---- */

static bool somebody_listens(const nf_tenant *t)
{
    for (size_t i = 0; i < t->listener_count; i++) {
        if (t->listeners[i]->handler->trigger->source == NF_FROM_FAILURE)
            return true;
    }
    return false;
}

void nf_pipeline_tell_failure(nf_passage *passage, size_t index, const nf_run_report *report)
{
    nf_tenant *t = passage->tenant;
    const nf_run_row *row = &passage->rows[index];
    const nf_event *event = passage->event;
    bool failed = report->outcome != NF_OUTCOME_DONE && report->outcome != NF_OUTCOME_SKIPPED
                  && report->outcome != NF_OUTCOME_CANCELLED;
    if (!failed || event->trigger->source == NF_FROM_FAILURE || !somebody_listens(t))
        return; /* a failing handler of failures would go round for ever */
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)row->id);
    json_t *error = json_loadb(report->error, report->error_len, JSON_ALLOW_NUL, NULL),
           *body = json_loadb(event->row.body, event->row.len, JSON_ALLOW_NUL, NULL);
    json_t *told = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:{s:s?, s:s?, s:s?}, s:o?}", "runId", id, "handler",
        row->handler, "file", row->file, "trigger", event->row.trigger, "outcome",
        nf_outcome_name(report->outcome), "attempts", (int)report->attempts, "error", "message",
        nf_json_string(error, "message"), "where", nf_json_string(error, "where"), "kind",
        nf_json_string(error, "kind"), "event", body);
    nf_tenant_raise(t, NF_FROM_FAILURE, told);
    json_decref(told);
    json_decref(error);
}
