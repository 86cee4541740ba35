/* SPDX-License-Identifier: Apache-2.0 */
/* tenant.c: see tenant.h. Every step of the chain there can fail and is tried again; what runs goes on meanwhile. */
#include "tenant/tenant.h"

#include "act/lists.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "log/log.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 5000 };

static void set_trouble(nf_tenant *t, const char *text)
{
    free(t->trouble);
    t->trouble = nf_strdup(text);
}

bool nf_tenant_ready(const nf_tenant *t)
{
    return t->listening && nf_subscriptions_settled(t->subscriptions);
}

/* ---- listeners ---- */

static void free_listeners(nf_tenant *t)
{
    for (size_t i = 0; i < t->listener_count; i++)
        nf_listener_free(t->listeners[i]);
    free(t->listeners);
    t->listeners = NULL;
    t->listener_count = 0;
}

static void on_subscriptions(void *ctx, const nf_error *err)
{
    nf_tenant *t = ctx;
    set_trouble(t, err ? err->text : NULL);
    if (!err)
        nf_log_info("tenant", "%s: ready with %zu listeners", t->config->name, t->listener_count);
}

static void want_subscriptions(nf_tenant *t)
{
    nf_wanted *wanted = nf_alloc((t->listener_count + 1) * sizeof *wanted);
    for (size_t i = 0; i < t->listener_count; i++)
        wanted[i] = (nf_wanted){t->listeners[i]->handler->trigger, t->listeners[i]->registration};
    nf_subscriptions_want(t->subscriptions, wanted, t->listener_count, on_subscriptions, t);
    free(wanted);
}

static void add_listeners(nf_tenant *t, const nf_version *version)
{
    size_t count;
    const nf_handler *handlers = nf_version_handlers(version, &count);
    t->listeners =
        nf_realloc(t->listeners, (t->listener_count + count + 1) * sizeof(nf_listener *));
    for (size_t i = 0; i < count; i++) {
        nf_error err = {0};
        nf_listener *listener = nf_listener_new(&handlers[i], t->catalog, &err);
        if (listener) {
            t->listeners[t->listener_count++] = listener;
        } else {
            json_object_set_new(t->unheard, nf_version_file(version), json_string(err.text));
            nf_log_error("flow", "%s: %s", t->config->name, err.text);
        }
    }
}

static void on_version_kept(void *ctx, const nf_error *err)
{
    nf_version *version = ctx;
    if (err)
        nf_log_warn("store", "%s: its source could not be kept: %s", nf_version_file(version),
                    err->text);
    nf_version_unref(version);
}

/* Queued before any event of this version, so it is durable before or with them. */
static void keep_source(nf_tenant *t, nf_version *version)
{
    size_t len;
    const char *source = nf_version_source(version, &len);
    nf_store_put_version(t->host->store, nf_version_hash(version), t->config->name,
                         nf_version_file(version), source, len, on_version_kept,
                         nf_version_ref(version));
}

static void rebuild(nf_tenant *t)
{
    size_t count;
    const nf_flow *flows = nf_flows_list(t->flows, &count);
    free_listeners(t);
    json_object_clear(t->unheard);
    for (size_t i = 0; i < count; i++) {
        if (flows[i].version) {
            keep_source(t, flows[i].version);
            add_listeners(t, flows[i].version);
        }
    }
    t->listening = true;
    want_subscriptions(t);
}

static void on_catalog(void *ctx, const nf_error *err)
{
    nf_tenant *t = ctx;
    t->fetching = false;
    if (err) {
        set_trouble(t, err->text);
        nf_log_error("nimbus", "%s: %s; tried again in %d s", t->config->name, err->text,
                     RETRY_MS / 1000);
        nf_timer_start(t->retry, RETRY_MS, 0);
        return;
    }
    rebuild(t);
}

static void fetch(void *ctx)
{
    nf_tenant *t = ctx;
    if (t->fetching)
        return;
    t->fetching = true;
    nf_catalog_fetch(t->catalog, t->host->triggers, on_catalog, t);
}

static void on_flows(void *ctx, bool changed)
{
    nf_tenant *t = ctx;
    if (!t->loaded) {
        t->loaded = true;
        t->on_loaded(t, t->ctx);
        changed = true;
    }
    if (changed)
        fetch(t);
}

void nf_tenant_rescan(nf_tenant *t)
{
    nf_flows_scan(t->flows, on_flows, t);
}

static void on_change(void *ctx)
{
    nf_tenant_rescan(ctx);
}

const nf_handler *nf_tenant_handler(const nf_tenant *t, const char *name)
{
    size_t flow_count, count;
    const nf_flow *flows = nf_flows_list(t->flows, &flow_count);
    for (size_t i = 0; i < flow_count; i++) {
        if (!flows[i].version)
            continue;
        const nf_handler *handlers = nf_version_handlers(flows[i].version, &count);
        for (size_t k = 0; k < count; k++) {
            if (strcmp(handlers[k].name, name) == 0)
                return &handlers[k];
        }
    }
    return NULL;
}

/* ---- life ---- */

static nf_status open_nimbus(nf_tenant *t, nf_error *err)
{
    const nf_tenant_config *c = t->config;
    nf_nimbus_options nimbus = {c->name, c->cluster, c->token_file, c->request_ms};
    nf_status status = nf_nimbus_open(t->host->loop, t->host->client, &nimbus, &t->nimbus, err);
    if (status != NF_OK)
        return status;
    t->catalog = nf_catalog_new(t->nimbus);
    nf_subscriptions_options subs = {c->name, t->host->public_url, t->host->triggers, t};
    return nf_subscriptions_open(t->host->loop, t->nimbus, t->host->store, &subs, &t->subscriptions,
                                 err);
}

static void open_workers(nf_tenant *t)
{
    const nf_tenant_config *c = t->config;
    char *lists = nf_format("%s/lists", c->dir), *flows = nf_format("%s/flows", c->dir);
    nf_error err = {0};
    t->env = (nf_effect_env){
        .loop = t->host->loop,
        .nimbus = t->nimbus,
        .lists = nf_list_folder_new(t->host->lists, lists, c->country),
        .kv = t->kv,
        .store = t->host->store,
        .kept = nf_kept_new(t->host->loop, t->nimbus, c->country),
    };
    nf_lists_prepare(t->env.lists);
    t->pool = nf_pool_new(t->host->runner, &(nf_pool_options){
                                               .tenant = c->name,
                                               .configured = c->limits.run,
                                               .allowed = t->allowed,
                                               .env = &t->env,
                                           });
    t->flows = nf_flows_new(t->pool, flows, c->limits.run.of[NF_BUDGET_SOURCE]);
    t->watch = nf_watch_new(t->host->loop, flows, on_change, t, &err);
    if (!t->watch)
        nf_log_warn("flow", "%s: changes are not seen by themselves: %s", c->name, err.text);
    free(lists);
    free(flows);
}

static void remember(void *ctx, const nf_event_row *row)
{
    nf_dedupe_add_row(ctx, row);
}

nf_status nf_tenant_open(const nf_tenant_host *host, const nf_tenant_config *config,
                         void (*loaded)(nf_tenant *tenant, void *ctx), void *ctx, nf_tenant **out,
                         nf_error *err)
{
    nf_tenant *t = nf_alloc(sizeof *t);
    t->host = host;
    t->config = config;
    t->allowed = config->limits;
    t->on_loaded = loaded;
    t->ctx = ctx;
    t->dedupe = nf_dedupe_new();
    t->unheard = json_object();
    t->retry = nf_timer_new(host->loop, fetch, t);
    set_trouble(t, "starting");
    nf_status status = nf_store_each_recent(host->store, nf_clock_wall_ms() - NF_DEDUPE_MS,
                                            remember, t->dedupe, err);
    if (status == NF_OK)
        status = nf_tenant_recall_limits(t, err);
    if (status == NF_OK)
        status = open_nimbus(t, err);
    if (status == NF_OK)
        status =
            nf_kv_open(host->store, config->name, t->allowed.tenant.of[NF_CAP_KV], &t->kv, err);
    if (status != NF_OK) {
        nf_error_prefix(err, "tenant %s", config->name);
        nf_tenant_close(t);
        return status;
    }
    open_workers(t);
    t->history =
        nf_store_open_history(host->store, config->name, t->allowed.tenant.of[NF_CAP_HISTORY]);
    nf_tenant_obey(t);
    *out = t;
    nf_tenant_rescan(t);
    return NF_OK;
}

void nf_tenant_stop(nf_tenant *t)
{
    nf_watch_close(t->watch);
    t->watch = NULL;
    nf_timer_stop(t->retry);
    nf_pool_stop(t->pool);
}

void nf_tenant_close(nf_tenant *t)
{
    if (!t)
        return;
    nf_tenant_stop(t);
    nf_timer_close(t->retry);
    free_listeners(t);
    nf_flows_free(t->flows);
    nf_pool_close(t->pool);
    nf_list_folder_free(t->env.lists);
    nf_kept_free(t->env.kept);
    nf_subscriptions_close(t->subscriptions);
    nf_catalog_free(t->catalog);
    nf_nimbus_close(t->nimbus);
    nf_dedupe_free(t->dedupe);
    nf_kv_close(t->kv);
    json_decref(t->unheard);
    free(t->trouble);
    free(t);
}

/* ---- status ---- */

static json_t *flow_status(const nf_tenant *t, const nf_flow *flow)
{
    const char *unheard = nf_json_string(t->unheard, flow->file);
    json_t *handlers = json_array();
    size_t count = 0;
    const nf_handler *list = flow->version ? nf_version_handlers(flow->version, &count) : NULL;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(handlers, json_string(list[i].name));
    return json_pack("{s:s, s:b, s:s?, s:o}", "file", flow->file, "running", flow->version != NULL,
                     "error", flow->error ? flow->error : unheard, "handlers", handlers);
}

json_t *nf_tenant_status(const nf_tenant *t)
{
    size_t count = 0;
    const nf_flow *list = nf_flows_list(t->flows, &count);
    json_t *flows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(flows, flow_status(t, &list[i]));
    json_t *events = json_pack(
        "{s:I, s:I, s:I, s:I, s:I}", "received", (json_int_t)t->count.received, "accepted",
        (json_int_t)t->count.accepted, "duplicate", (json_int_t)t->count.duplicate, "filtered",
        (json_int_t)t->count.filtered, "refused", (json_int_t)t->count.refused);
    return json_pack("{s:s, s:b, s:s?, s:i, s:i, s:s?, s:o, s:o}", "tenant", t->config->name,
                     "ready", nf_tenant_ready(t), "trouble", t->trouble, "waiting",
                     (int)nf_pool_waiting(t->pool), "running", (int)nf_pool_running(t->pool),
                     "held_up", nf_pool_waiting(t->pool) ? nf_pool_held_up(t->pool) : NULL,
                     "events", events, "flows", flows);
}
