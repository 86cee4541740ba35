/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c: see connection.h. Every step of the chain there can fail and is tried again; what runs goes on. */
#include "tenant/connection.h"

#include "base/alloc.h"
#include "base/suggest.h"
#include "log/log.h"
#include "tenant/probe.h"
#include "tenant/sign_ins.h"
#include "tenant/tenant.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { RETRY_MS = 5000, MOST_NAMED = 64 };

bool nf_connection_ready(const nf_connection *c)
{
    return c->listening && nf_subscriptions_settled(c->subscriptions) && !nf_connection_trouble(c);
}

/* The one that every flow uses needs no name in front. */
void nf_connection_set_trouble(nf_connection *c, char **trouble, const char *text)
{
    bool plain = strcmp(c->name, NF_CONNECTION_STANDARD) == 0;
    free(*trouble);
    *trouble = text && !plain ? nf_format("connection %s: %s", c->name, text) : nf_strdup(text);
}

const char *nf_connection_trouble(const nf_connection *c)
{
    if (c->sign_in_trouble)
        return c->sign_in_trouble;
    return c->probe_trouble ? c->probe_trouble : c->trouble;
}

/* ---- names ---- */

/* By name; NULL: the first. One that is gone is not found. */
static nf_connection *find(const nf_tenant *t, const char *name)
{
    for (size_t i = 0; i < t->connection_count; i++) {
        nf_connection *c = t->connections[i];
        if (!c->gone && (!name || strcmp(c->name, name) == 0))
            return c;
    }
    return NULL;
}

nf_connection *nf_tenant_connection(const nf_tenant *t, const char *name, nf_error *err)
{
    nf_connection *found = find(t, name ? name : NF_CONNECTION_STANDARD);
    const char *names[MOST_NAMED + 1];
    size_t n = 0;
    if (!found && !name)
        found = find(t, NULL);
    if (found)
        return found;
    for (size_t i = 0; i < t->connection_count && n < MOST_NAMED; i++) {
        if (!t->connections[i]->gone)
            names[n++] = t->connections[i]->name;
    }
    names[n] = NULL;
    if (n == 0)
        nf_error_set(err, NF_E_NOT_FOUND,
                     "the tenant has no connection to Nimbus; remedy: nimflow connect nimbus %s",
                     t->config->name);
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
    nf_connection_set_trouble(c, &c->trouble, err ? err->text : NULL);
    if (err)
        return;
    nf_log_info("tenant", "%s: connection %s is ready", c->tenant->config->name, c->name);
    nf_sign_ins_settled(c);
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
    if (c->gone)
        return;
    for (size_t i = 0; i < count; i++) {
        if (flows[i].version)
            add_listeners(c, flows[i].version);
    }
    c->listening = true;
    want_subscriptions(c);
}

/* ---- the values that Nimbus lists ---- */

static void on_catalog(void *ctx, const nf_error *err)
{
    nf_connection *c = ctx;
    c->fetching = false;
    if (err) {
        nf_connection_set_trouble(c, &c->trouble, err->text);
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
    if (c->gone)
        drop_listeners(c);
    else if (c->credential && c->credential->sign_in)
        fetch(c);
}

/* ---- subscriptions ---- */

nf_subscription *nf_connection_subscription(const nf_connection *c, const char *secret, size_t len)
{
    const struct nf_former *f;
    nf_subscription *found = nf_subscriptions_by_secret(c->subscriptions, secret, len);
    LL_FOREACH (c->formers, f) {
        nf_subscription *s = nf_subscriptions_by_secret(f->subscriptions, secret, len);
        if (s)
            found = s;
    }
    return found;
}

int64_t nf_connection_stream(const nf_connection *c, const nf_subscription *s)
{
    const nf_subscription *now = nf_subscriptions_find(c->subscriptions, s->trigger, s->filter);
    return now && now->id ? now->id : s->id;
}

/* ---- life ---- */

nf_nimbus *nf_connection_new_nimbus(const nf_tenant *t)
{
    nf_nimbus_options options = {
        .tenant = t->config->name,
        .cluster = t->config->cluster,
        .request_ms = t->config->request_ms,
        .share = &t->share,
    };
    return nf_nimbus_new(t->host->loop, t->host->client, &options);
}

nf_status nf_connection_open_subscriptions(nf_connection *c, int64_t sign_in, nf_error *err)
{
    const nf_tenant *t = c->tenant;
    nf_subscriptions_options options = {
        .tenant = t->config->name,
        .connection = c->name,
        .sign_in = sign_in,
        .public_url = t->host->public_url,
        .triggers = t->host->triggers,
        .owner = c,
    };
    nf_subscriptions_close(c->subscriptions);
    c->subscriptions = NULL;
    return nf_subscriptions_open(t->host->loop, c->nimbus, t->host->store, &options,
                                 &c->subscriptions, err);
}

nf_connection *nf_connection_named(nf_tenant *t, const char *name)
{
    for (size_t i = 0; i < t->connection_count; i++) {
        if (strcmp(t->connections[i]->name, name) == 0)
            return t->connections[i];
    }
    nf_connection *c = nf_alloc(sizeof *c);
    c->tenant = t;
    c->name = nf_strdup(name);
    c->unheard = json_object();
    c->retry = nf_timer_new(t->host->loop, fetch, c);
    c->sweep = nf_timer_new(t->host->loop, nf_sign_ins_sweep, c);
    c->nimbus = nf_connection_new_nimbus(t);
    c->catalog = nf_catalog_new(c->nimbus);
    c->env = t->env;
    c->env.nimbus = c->nimbus;
    nf_connection_set_trouble(c, &c->trouble, "starting");
    nf_probe_start(c);
    t->connections =
        nf_realloc(t->connections, (t->connection_count + 1) * sizeof(nf_connection *));
    t->connections[t->connection_count++] = c;
    return c;
}

void nf_connection_close(nf_connection *c)
{
    nf_timer_close(c->retry);
    nf_timer_close(c->sweep);
    nf_probe_close(c);
    nf_subscriptions_close(c->subscriptions);
    nf_catalog_free(c->catalog);
    nf_nimbus_close(c->nimbus);
    nf_sign_ins_close(c);
    json_decref(c->unheard);
    free(c->trouble);
    free(c->sign_in_trouble);
    free(c->probe_trouble);
    free(c->upn);
    free(c->name);
    free(c);
}

static json_t *token_status(const nf_connection *c)
{
    const nf_sign_in *s = c->credential ? c->credential->sign_in : NULL;
    uint64_t left = s ? nf_sign_in_left_ms(s) : 0;
    if (!s)
        return json_pack("{s:s}", "from", "nothing");
    if (left == UINT64_MAX)
        return json_pack("{s:s}", "from", "file");
    return json_pack("{s:s, s:I, s:s?}", "from", "sign-in", "left_s", (json_int_t)(left / 1000),
                     "tid", nf_sign_in_claims(s)->tid);
}

json_t *nf_connection_status(const nf_connection *c)
{
    return json_pack("{s:s, s:s?, s:b, s:s?, s:o, s:o}", "name", c->name, "upn", c->upn, "ready",
                     nf_connection_ready(c), "trouble", nf_connection_trouble(c), "token",
                     token_status(c), "test", nf_probe_status(c));
}
