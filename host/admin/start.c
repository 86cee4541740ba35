/* SPDX-License-Identifier: Apache-2.0 */
/* start.c: see start.h. */
#include "admin/start.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

struct starting {
    nf_http_exchange *exchange;
    int64_t run;
};

static void on_stored(void *ctx, const nf_error *err)
{
    struct starting *s = ctx;
    if (err)
        nf_http_answer_error(s->exchange, 503, "it could not be stored: %s", err->text);
    else
        nf_http_answer_json(s->exchange, 202, json_pack("{s:I}", "run", (json_int_t)s->run));
    free(s);
}

/* The event as JSON text, owned by the caller, or NULL with `err` set. */
static char *event_of(const nf_handler *handler, nf_http_exchange *x, const json_t *asked,
                      nf_error *err)
{
    json_t *given = json_object_get(asked, "event");
    if (handler->trigger->source == NF_FROM_PERSON) {
        json_t *event = json_pack("{s:s, s:O?}", "startedBy", nf_http_peer(x), "input", given);
        char *text = json_dumps(event, JSON_COMPACT);
        json_decref(event);
        return text;
    }
    if (json_is_object(given))
        return json_dumps(given, JSON_COMPACT);
    nf_error_set(err, NF_E_ARG, "'%s' listens to %s, so it needs an event: a JSON object",
                 handler->name, handler->trigger->name);
    return NULL;
}

static nf_status start(nf_tenant *t, nf_http_exchange *x, const json_t *asked, nf_error *err)
{
    const char *name = nf_json_string(asked, "handler");
    const nf_handler *handler = name ? nf_tenant_handler(t, name) : NULL;
    if (!name)
        return nf_error_set(err, NF_E_ARG, "name the handler: {\"handler\": \"…\"}");
    if (!handler)
        return nf_tenant_unknown_handler(t, name, err);
    char *body = event_of(handler, x, asked, err);
    if (!body)
        return err->status;
    struct starting *s = nf_alloc(sizeof *s);
    s->exchange = x;
    nf_occurrence occurrence = {
        .trigger = handler->trigger,
        .handler = handler,
        .body = body,
        .len = strlen(body),
        .stored = on_stored,
        .ctx = s,
    };
    nf_status status = t->host->raise(t->host->pipeline, t, &occurrence, &s->run, err);
    if (status == NF_OK && s->run == 0)
        status =
            nf_error_set(err, NF_E_NOT_FOUND,
                         "'%s' is not ready: its connection could not resolve its filters", name);
    if (status != NF_OK)
        free(s);
    free(body);
    return status;
}

void nf_admin_start(nf_tenant *tenant, nf_http_exchange *x)
{
    nf_error err = {0};
    size_t len;
    const char *body = nf_http_body(x, &len);
    json_t *asked = nf_json_parse(body, len, &err);
    if (asked)
        start(tenant, x, asked, &err);
    json_decref(asked);
    if (err.status != NF_OK)
        nf_http_answer_error(x,
                             err.status == NF_E_FULL        ? 503
                             : err.status == NF_E_NOT_FOUND ? 404
                                                            : 400,
                             "%s", err.text);
}
