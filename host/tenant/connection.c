/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection.c: see connection.h. Every step of the chain there can fail and is tried again; what runs goes on
 * meanwhile.
 */
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

enum { RETRY_MS = 5000, REFUSED_MS = 60000, MOST_NAMED = 64 };

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
    nf_connection_set_trouble(c, &c->trouble, err ? err->text : c->refusal);
    if (err)
        return;
    if (!c->refusal)
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

/* Does this handler hear events of Nimbus over this connection? */
static bool is_ours(const nf_connection *c, const nf_handler *handler)
{
    return handler->trigger && handler->trigger->source == NF_FROM_NIMBUS
           && nf_tenant_connection(c->tenant, handler->connection, NULL) == c;
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
        if (!is_ours(c, &handlers[i]))
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
    nf_tenant_drop_listeners(c->tenant, c);
    json_object_clear(c->unheard);
    for (size_t i = 0; i < count && !c->gone; i++) {
        if (flows[i].version)
            add_listeners(c, flows[i].version);
    }
    nf_index_build(c->tenant->index, c->tenant->listeners, c->tenant->listener_count);
    if (c->gone)
        return;
    c->listening = true;
    want_subscriptions(c);
}

/* ---- the values that Nimbus lists ---- */

/* What Nimbus says to the first question after a change of flows, and every few seconds while it says no. */
static void tell_alarms(nf_connection *c, const nf_error *err, bool refusal)
{
    nf_alarm_kind now = refusal ? NF_ALARM_RIGHT_LOST : NF_ALARM_CONNECTION_DOWN;
    if (err)
        nf_tenant_alarm(c->tenant, now, c->name, err->text);
    if (!err || !refusal)
        nf_tenant_calm(c->tenant, NF_ALARM_RIGHT_LOST, c->name);
    if (!err || refusal)
        nf_tenant_calm(c->tenant, NF_ALARM_CONNECTION_DOWN, c->name);
}

static void on_catalog(void *ctx, const nf_error *err)
{
    nf_connection *c = ctx;
    bool refusal = err && (err->status == NF_E_DENIED || err->status == NF_E_NOT_FOUND);
    c->fetching = false;
    free(c->refusal);
    c->refusal = refusal ? nf_strdup(err->text) : NULL;
    tell_alarms(c, err, refusal);
    if (err) {
        uint64_t wait = refusal ? REFUSED_MS : RETRY_MS;
        nf_connection_set_trouble(c, &c->trouble, err->text);
        nf_log_error("nimbus", "%s: connection %s: %s; tried again in %d s",
                     c->tenant->config->name, c->name, err->text, (int)(wait / 1000));
        nf_timer_start(c->retry, wait, 0);
    }
    if (!err || refusal) /* a refusal silences only the handlers that need what was refused */
        rebuild(c);
}

/* The triggers that the flows use here; their values are fetched. Ends with NULL, owned by the caller. */
static const nf_trigger **used_triggers(const nf_connection *c)
{
    const nf_trigger *const *all = c->tenant->host->triggers;
    size_t flow_count, count, n = 0, most = 0;
    const nf_flow *flows = nf_flows_list(c->tenant->flows, &flow_count);
    while (all[most])
        most++;
    const nf_trigger **used = nf_alloc((most + 1) * sizeof *used);
    for (; *all; all++) {
        bool wanted = false;
        for (size_t i = 0; i < flow_count; i++) {
            const nf_handler *handlers = flows[i].version
                                             ? nf_version_handlers(flows[i].version, &count)
                                             : (count = 0, NULL);
            for (size_t k = 0; k < count; k++)
                wanted = wanted || (handlers[k].trigger == *all && is_ours(c, &handlers[k]));
        }
        if (wanted)
            used[n++] = *all;
    }
    return used;
}

static void fetch(void *ctx)
{
    nf_connection *c = ctx;
    if (c->fetching)
        return;
    c->fetching = true;
    const nf_trigger **used = used_triggers(c);
    nf_catalog_fetch(c->catalog, used, on_catalog, c);
    free(used);
}

void nf_connection_listen(nf_connection *c)
{
    if (c->gone)
        rebuild(c);
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
    return now && now->family ? now->family : s->family;
}

/* ---- life ---- */

static const char *path_of_trigger(void *owner, const nf_trigger *trigger)
{
    const nf_connection *c = owner;
    return trigger->operation == NF_OP_ASSISTANT_TRIGGER ? c->tenant->config->assistant_path : NULL;
}

/* Nimbus had dropped it, nobody knows when; its successor is registered already. */
static void on_removed(void *owner, const nf_subscription *s)
{
    nf_connection *c = owner;
    char *text =
        nf_format("Nimbus no longer had the subscription to %s %s when it was deleted; events "
                  "may not have come",
                  s->trigger->name, s->filter);
    nf_tenant_alarm(c->tenant, NF_ALARM_SUBSCRIPTION_REMOVED, c->name, text);
    free(text);
}

nf_nimbus *nf_connection_new_nimbus(const nf_tenant *t)
{
    nf_nimbus_options options = {
        .tenant = t->config->name,
        .cluster = t->config->cluster,
        .request_ms = t->config->request_ms,
        .share = &t->share,
        .retry = {(uint32_t)t->config->retry_times, (uint32_t)t->config->retry_backoff_ms,
                  (uint32_t)t->config->retry_longest_ms, (uint32_t)t->config->retry_obeyed_ms},
        .breaker_failures = (unsigned)t->config->breaker_failures,
        .breaker_probe_ms = t->config->breaker_probe_ms,
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
        .renew_ms = t->config->renew_ms,
        .path = path_of_trigger,
        .removed = on_removed,
    };
    nf_subscriptions_close(c->subscriptions);
    c->subscriptions = NULL;
    return nf_subscriptions_open(t->host->loop, c->nimbus, t->host->store, &options,
                                 &c->subscriptions, err);
}

static void on_breaker(void *ctx, const char *text)
{
    nf_connection *c = ctx;
    if (text)
        nf_tenant_alarm(c->tenant, NF_ALARM_BREAKER_OPEN, c->name, text);
    else
        nf_tenant_calm(c->tenant, NF_ALARM_BREAKER_OPEN, c->name);
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
    nf_nimbus_on_breaker(c->nimbus, on_breaker, c);
    c->catalog = nf_catalog_new(c->nimbus);
    c->env = t->env;
    c->env.nimbus = c->nimbus;
    c->env.kept = nf_kept_new(t->host->loop, c->nimbus, t->config->country);
    c->env.upn = &c->upn;
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
    nf_kept_free(c->env.kept);
    nf_nimbus_close(c->nimbus);
    nf_sign_ins_close(c);
    json_decref(c->unheard);
    free(c->trouble);
    free(c->sign_in_trouble);
    free(c->probe_trouble);
    free(c->refusal);
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

static json_t *requests_status(const nf_connection *c)
{
    nf_nimbus_state s = nf_nimbus_look(c->nimbus);
    return json_pack("{s:i, s:I, s:b, s:i, s:I, s:s?, s:I, s:I, s:I, s:I}", "waiting",
                     (int)s.waiting, "paused_ms", (json_int_t)s.paused_ms, "breaker_open",
                     (int)s.open, "failures", (int)s.failures, "probe_in_ms",
                     (json_int_t)s.probe_in_ms, "failure", s.open ? s.failure : NULL, "sent",
                     (json_int_t)s.count.sent, "repeated", (json_int_t)s.count.repeated, "pauses",
                     (json_int_t)s.count.pauses, "breaker_opened", (json_int_t)s.count.opened);
}

json_t *nf_connection_status(const nf_connection *c)
{
    return json_pack("{s:s, s:s?, s:b, s:s?, s:o, s:o, s:o}", "name", c->name, "upn", c->upn,
                     "ready", nf_connection_ready(c), "trouble", nf_connection_trouble(c), "token",
                     token_status(c), "test", nf_probe_status(c), "requests", requests_status(c));
}
