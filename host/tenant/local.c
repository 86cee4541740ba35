/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.c: handlers that listen to something else than Nimbus: schedules, webhooks, failures, alarms, people. They need
 * no connection to listen, so they work while Nimbus cannot be reached.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "log/log.h"
#include "tenant/tenant.h"

#include <stdlib.h>
#include <string.h>

/* ---- events of our own ---- */

const nf_trigger *nf_tenant_trigger(const nf_tenant *t, nf_source source)
{
    const nf_trigger *const *triggers = t->host->triggers;
    while (*triggers && (*triggers)->source != source)
        triggers++;
    return *triggers;
}

void nf_tenant_raise(nf_tenant *t, nf_source source, const json_t *event)
{
    nf_error err = {0};
    char *body = json_dumps(event, JSON_COMPACT);
    nf_occurrence occurrence = {.trigger = nf_tenant_trigger(t, source)};
    if (!body || !occurrence.trigger)
        return;
    occurrence.body = body;
    occurrence.len = strlen(body);
    if (t->host->raise(t->host->pipeline, t, &occurrence, NULL, &err) != NF_OK)
        nf_log_error("tenant", "%s: an event of %s was lost: %s", t->config->name,
                     occurrence.trigger->name, err.text);
    free(body);
}

nf_listener *nf_tenant_hook(const nf_tenant *t, const char *path)
{
    for (size_t i = 0; i < t->listener_count; i++) {
        nf_listener *l = t->listeners[i];
        if (l->webhook && strcmp(nf_webhook_path(l->webhook), path) == 0)
            return l;
    }
    return NULL;
}

/* ---- listeners ---- */

/* A handler that listens to something else than Nimbus: NULL when it cannot, which is told. */
static nf_listener *local_listener(nf_tenant *t, const nf_handler *handler)
{
    nf_error err = {0};
    nf_listener *l = nf_listener_new(handler, NULL, &err);
    const char *path = nf_json_string(handler->options, "path");
    if (l && handler->trigger->source == NF_FROM_WEBHOOK) {
        if (nf_tenant_hook(t, path))
            nf_error_set(&err, NF_E_CONFIG, "%s:%d: path: '%s' is used by another webhook already",
                         nf_version_file(handler->version), handler->line, path);
        else if (!(l->webhook = nf_webhook_new(t->config->dir, handler->options, &err)))
            nf_error_prefix(&err, "%s:%d", nf_version_file(handler->version), handler->line);
    }
    if (err.status == NF_OK)
        return l;
    nf_listener_free(l);
    json_object_set_new(t->homeless, nf_version_file(handler->version), json_string(err.text));
    nf_log_error("flow", "%s: %s", t->config->name, err.text);
    return NULL;
}

void nf_tenant_add_local(nf_tenant *t, const nf_version *version)
{
    size_t count;
    const nf_handler *handlers = nf_version_handlers(version, &count);
    t->listeners =
        nf_realloc(t->listeners, (t->listener_count + count + 1) * sizeof(nf_listener *));
    for (size_t i = 0; i < count; i++) {
        nf_listener *l = handlers[i].trigger && handlers[i].trigger->source != NF_FROM_NIMBUS
                             ? local_listener(t, &handlers[i])
                             : NULL;
        if (l)
            t->listeners[t->listener_count++] = l;
    }
}

void nf_tenant_drop_listeners(nf_tenant *t, const nf_connection *connection)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->listener_count; i++) {
        if (t->listeners[i]->connection == connection)
            nf_listener_free(t->listeners[i]);
        else
            t->listeners[kept++] = t->listeners[i];
    }
    t->listener_count = kept;
}
