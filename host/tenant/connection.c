/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c: see connection.h. Every step of the chain there can fail and is tried again; what runs goes on meanwhile. */
#include "tenant/connection.h"

#include "base/alloc.h"
#include "base/suggest.h"
#include "log/log.h"
#include "tenant/tenant.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 5000, MOST_NAMED = 64 };

bool nf_connection_ready(const nf_connection *c)
{
    return c->listening && nf_subscriptions_settled(c->subscriptions);
}

/* A tenant with several says which one. */
static void set_trouble(nf_connection *c, const char *text)
{
    free(c->trouble);
    c->trouble = text && c->tenant->connection_count > 1
                     ? nf_format("connection %s: %s", c->name, text)
                     : nf_strdup(text);
}

/* ---- names ---- */

static nf_connection *find(const nf_tenant *t, const char *name)
{
    for (size_t i = 0; i < t->connection_count; i++) {
        if (strcmp(t->connections[i]->name, name) == 0)
            return t->connections[i];
    }
    return NULL;
}

nf_connection *nf_tenant_connection(const nf_tenant *t, const char *name, nf_error *err)
{
    nf_connection *found = find(t, name ? name : NF_CONNECTION_STANDARD);
    const char *names[MOST_NAMED + 1];
    size_t n = 0;
    if (!found && !name && t->connection_count)
        found = t->connections[0];
    if (found)
        return found;
    for (; n < t->connection_count && n < MOST_NAMED; n++)
        names[n] = t->connections[n]->name;
    names[n] = NULL;
    if (n == 0)
        nf_error_set(err, NF_E_NOT_FOUND, "the tenant has no connection to Nimbus");
    else
        nf_suggest_error(err, NF_E_NOT_FOUND, "connection", name, names);
    return NULL;
}

const nf_effect_env *nf_tenant_env(const nf_tenant *t, const nf_handler *handler)
{
    const nf_connection *c = nf_tenant_connection(t, handler->connection, NULL);
    return c ? &c->env : &t->env;
}

/* ---- listeners ---- */

static void on_subscriptions(void *ctx, const nf_error *err)
{
    nf_connection *c = ctx;
    set_trouble(c, err ? err->text : NULL);
    if (!err)
        nf_log_info("tenant", "%s: connection %s is ready", c->tenant->config->name, c->name);
}

static void want_subscriptions(nf_connection *c)
{
    const nf_tenant *t = c->tenant;
    nf_wanted *wanted = nf_alloc((t->listener_count + 1) * sizeof *wanted);
    size_t count = 0;
    for (size_t i = 0; i < t->listener_count; i++) {
        const nf_listener *l = t->listeners[i];
        if (l->connection == c)
            wanted[count++] = (nf_wanted){l->handler->trigger, l->registration};
    }
    nf_subscriptions_want(c->subscriptions, wanted, count, on_subscriptions, c);
    free(wanted);
}

static void drop_listeners(nf_connection *c)
{
    nf_tenant *t = c->tenant;
    size_t kept = 0;
    for (size_t i = 0; i < t->listener_count; i++) {
        if (t->listeners[i]->connection == c)
            nf_listener_free(t->listeners[i]);
        else
            t->listeners[kept++] = t->listeners[i];
    }
    t->listener_count = kept;
    json_object_clear(c->unheard);
}

static void add_listeners(nf_connection *c, const nf_version *version)
{
    nf_tenant *t = c->tenant;
    size_t count;
    const nf_handler *handlers = nf_version_handlers(version, &count);
    t->listeners =
        nf_realloc(t->listeners, (t->listener_count + count + 1) * sizeof(nf_listener *));
    for (size_t i = 0; i < count; i++) {
        nf_error err = {0};
        if (nf_tenant_connection(t, handlers[i].connection, NULL) != c)
            continue;
        nf_listener *listener = nf_listener_new(&handlers[i], c, &err);
        if (listener) {
            t->listeners[t->listener_count++] = listener;
        } else {
            json_object_set_new(c->unheard, nf_version_file(version), json_string(err.text));
            nf_log_error("flow", "%s: %s", t->config->name, err.text);
        }
    }
}

static void rebuild(nf_connection *c)
{
    size_t count;
    const nf_flow *flows = nf_flows_list(c->tenant->flows, &count);
    drop_listeners(c);
    for (size_t i = 0; i < count; i++) {
        if (flows[i].version)
            add_listeners(c, flows[i].version);
    }
    nf_index_build(c->tenant->index, c->tenant->listeners, c->tenant->listener_count);
    c->listening = true;
    want_subscriptions(c);
}

/* ---- the values that Nimbus lists ---- */

static void on_catalog(void *ctx, const nf_error *err)
{
    nf_connection *c = ctx;
    c->fetching = false;
    if (err) {
        set_trouble(c, err->text);
        nf_log_error("nimbus", "%s: connection %s: %s; tried again in %d s",
                     c->tenant->config->name, c->name, err->text, RETRY_MS / 1000);
        nf_timer_start(c->retry, RETRY_MS, 0);
        return;
    }
    rebuild(c);
}

static void fetch(void *ctx)
{
    nf_connection *c = ctx;
    if (c->fetching)
        return;
    c->fetching = true;
    nf_catalog_fetch(c->catalog, c->tenant->host->triggers, on_catalog, c);
}

void nf_connection_listen(nf_connection *c)
{
    fetch(c);
}

/* ---- life ---- */

static nf_status open_parts(nf_connection *c, nf_error *err)
{
    nf_tenant *t = c->tenant;
    const nf_tenant_config *config = t->config;
    nf_nimbus_options nimbus = {config->name, config->cluster, config->token_file,
                                config->request_ms, &t->share};
    nf_status status = nf_nimbus_open(t->host->loop, t->host->client, &nimbus, &c->nimbus, err);
    if (status != NF_OK)
        return status;
    c->catalog = nf_catalog_new(c->nimbus);
    nf_subscriptions_options subs = {
        .tenant = config->name,
        .connection = c->name,
        .public_url = t->host->public_url,
        .triggers = t->host->triggers,
        .owner = c,
    };
    return nf_subscriptions_open(t->host->loop, c->nimbus, t->host->store, &subs, &c->subscriptions,
                                 err);
}

nf_status nf_connection_open(nf_tenant *t, const char *name, nf_error *err)
{
    nf_connection *c = nf_alloc(sizeof *c);
    c->tenant = t;
    c->name = nf_strdup(name);
    c->upn = nf_strdup(t->config->upn);
    c->unheard = json_object();
    c->retry = nf_timer_new(t->host->loop, fetch, c);
    set_trouble(c, "starting");
    nf_status status = open_parts(c, err);
    if (status != NF_OK) {
        nf_connection_close(c);
        return status;
    }
    c->env = t->env;
    c->env.nimbus = c->nimbus;
    c->env.upn = &c->upn;
    t->connections =
        nf_realloc(t->connections, (t->connection_count + 1) * sizeof(nf_connection *));
    t->connections[t->connection_count++] = c;
    return NF_OK;
}

void nf_connection_close(nf_connection *c)
{
    nf_timer_close(c->retry);
    nf_subscriptions_close(c->subscriptions);
    nf_catalog_free(c->catalog);
    nf_nimbus_close(c->nimbus);
    json_decref(c->unheard);
    free(c->trouble);
    free(c->upn);
    free(c->name);
    free(c);
}

json_t *nf_connection_status(const nf_connection *c)
{
    return json_pack("{s:s, s:s?, s:b, s:s?}", "name", c->name, "upn", c->upn, "ready",
                     nf_connection_ready(c), "trouble", c->trouble);
}
