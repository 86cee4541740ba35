/* SPDX-License-Identifier: Apache-2.0 */
/* tenant.c: see tenant.h. */
#include "tenant/tenant.h"

#include "act/lists.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/suggest.h"
#include "log/log.h"
#include "nimbus/cluster.h"
#include "tenant/connect.h"
#include "tenant/sign_ins.h"

#include <stdlib.h>
#include <string.h>

bool nf_tenant_ready(const nf_tenant *t)
{
    bool ready = t->resumed && nf_tenant_connection(t, NULL, NULL);
    for (size_t i = 0; i < t->connection_count; i++)
        ready = ready && (t->connections[i]->gone || nf_connection_ready(t->connections[i]));
    return ready;
}

const char *nf_tenant_trouble(const nf_tenant *t)
{
    for (size_t i = 0; i < t->connection_count; i++) {
        const nf_connection *c = t->connections[i];
        if (!c->gone && nf_connection_trouble(c))
            return nf_connection_trouble(c);
    }
    if (!t->resumed)
        return "starting";
    return nf_tenant_connection(t, NULL, NULL)
               ? NULL
               : "nobody has signed in yet; remedy: nimflow connect nimbus TENANT";
}

nf_subscription *nf_tenant_subscription(const nf_tenant *t, const char *secret, size_t len)
{
    nf_subscription *found = NULL;
    for (size_t i = 0; i < t->connection_count; i++) {
        nf_subscription *s = nf_connection_subscription(t->connections[i], secret, len);
        if (s)
            found = s;
    }
    return found;
}

/* ---- flows ---- */

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

/* A handler of a connection that there is not hears nothing. */
static void find_homeless(nf_tenant *t, const nf_version *version)
{
    size_t count;
    const nf_handler *handlers = nf_version_handlers(version, &count);
    for (size_t i = 0; i < count; i++) {
        nf_error err = {0};
        bool local = handlers[i].trigger && handlers[i].trigger->source != NF_FROM_NIMBUS
                     && !handlers[i].connection;
        if (local || nf_tenant_connection(t, handlers[i].connection, &err))
            continue;
        nf_error_prefix(&err, "%s:%d", nf_version_file(version), handlers[i].line);
        json_object_set_new(t->homeless, nf_version_file(version), json_string(err.text));
        nf_log_error("flow", "%s: %s", t->config->name, err.text);
    }
}

/* What needs no connection is heard at once: a run that is resumed may fail, and a flow may wait for that. */
static void listen_locally(nf_tenant *t)
{
    size_t count;
    const nf_flow *flows = nf_flows_list(t->flows, &count);
    json_object_clear(t->homeless);
    nf_tenant_drop_listeners(t, NULL);
    for (size_t i = 0; i < count; i++) {
        if (!flows[i].version)
            continue;
        keep_source(t, flows[i].version);
        find_homeless(t, flows[i].version);
        nf_tenant_add_local(t, flows[i].version);
    }
}

static void listen_at_nimbus(nf_tenant *t)
{
    nf_timetable_follow(t->timetable);
    for (size_t i = 0; i < t->connection_count; i++)
        nf_connection_listen(t->connections[i]);
}

void nf_tenant_connections_changed(nf_tenant *t)
{
    if (!t->loaded)
        return;
    listen_locally(t);
    if (t->resumed)
        listen_at_nimbus(t);
}

void nf_tenant_resumed(nf_tenant *t)
{
    t->resumed = true;
    listen_at_nimbus(t);
}

static void on_flows(void *ctx, bool changed)
{
    nf_tenant *t = ctx;
    bool first = !t->loaded;
    t->loaded = true;
    if (changed || first)
        nf_tenant_connections_changed(t);
    if (first)
        t->on_loaded(t, t->ctx);
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
    size_t count;
    const nf_flow *flows = nf_flows_list(t->flows, &count);
    const nf_handler *found = NULL;
    for (size_t i = 0; i < count && !found; i++)
        found = flows[i].version ? nf_version_handler(flows[i].version, name) : NULL;
    return found;
}

nf_status nf_tenant_unknown_handler(const nf_tenant *t, const char *name, nf_error *err)
{
    enum { MOST_NAMED = 256 };
    const char *known[MOST_NAMED + 1];
    size_t n = 0;
    for (size_t i = 0; i < t->listener_count && n < MOST_NAMED; i++)
        known[n++] = t->listeners[i]->handler->name;
    known[n] = NULL;
    nf_suggest_error(err, NF_E_NOT_FOUND, "handler", name, known);
    return err->status;
}

/* ---- life ---- */

static void open_workers(nf_tenant *t)
{
    const nf_tenant_config *c = t->config;
    char *flows = nf_format("%s/flows", c->dir);
    nf_error err = {0};
    nf_lists_prepare(t->env.lists);
    t->pool = nf_pool_new(t->host->runner, &(nf_pool_options){
                                               .tenant = c->name,
                                               .configured = c->limits.run,
                                               .allowed = t->allowed,
                                               .env = &t->env,
                                           });
    nf_pool_set_watcher(t->pool, &(nf_pool_watcher){nf_pickup_context, nf_pickup_over, t->pickup});
    t->flows = nf_flows_new(t->pool, flows, c->limits.run.of[NF_BUDGET_SOURCE]);
    t->watch = nf_watch_new(t->host->loop, flows, on_change, t, &err);
    if (!t->watch)
        nf_log_warn("flow", "%s: changes are not seen by themselves: %s", c->name, err.text);
    free(flows);
}

/* What effects of runs work with, without a connection. */
static nf_status open_env(nf_tenant *t, nf_error *err)
{
    const nf_tenant_config *c = t->config;
    nf_status status =
        nf_kv_open(t->host->store, c->name, t->allowed.tenant.of[NF_CAP_KV], &t->kv, err);
    if (status != NF_OK)
        return status;
    char *lists = nf_format("%s/lists", c->dir);
    t->env = (nf_effect_env){
        .loop = t->host->loop,
        .lists = nf_list_folder_new(t->host->lists, lists, c->country),
        .kv = t->kv,
        .store = t->host->store,
        .ou = nf_rights_ou(t->rights),
    };
    free(lists);
    return NF_OK;
}

static void doubt_cluster(const nf_tenant_config *config)
{
    const char *meant = nf_cluster_meant(config->cluster);
    if (meant)
        nf_log_warn("tenant",
                    "%s: cluster %s is not one of the published addresses; did you mean %s?",
                    config->name, config->cluster, meant);
}

/* What came shortly before this start: a repetition of it must be known. */
static void remember(void *ctx, const nf_event_row *row)
{
    nf_tenant *t = ctx;
    int64_t event = row->id;
    if (row->subscription == NF_WEBHOOK_SUBSCRIPTION)
        nf_nonces_take(t->nonces, row->hash, row->received_ms / 1000, &event);
    else if (row->subscription > 0 && row->received_ms >= nf_clock_wall_ms() - NF_DEDUPE_MS)
        nf_dedupe_add_row(t->dedupe, row);
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
    t->index = nf_index_new();
    t->homeless = json_object();
    t->oauth = (nf_oauth){
        .loop = host->loop,
        .client = host->client,
        .authority = config->authority,
        .client_id = config->client_id,
        .secret_file = config->client_secret_file,
        .scope = config->scope,
        .directory = config->directory_tenant,
    };
    doubt_cluster(config);
    t->alarms = nf_alarms_new(t);
    t->pickup = nf_pickup_new();
    t->listen_in = nf_timer_new(host->loop, nf_tenant_listen_in, t);
    t->nonces = nf_nonces_new();
    t->fates = nf_fates_new();
    t->poison = nf_poison_new(t);
    nf_status status = nf_store_each_recent(
        host->store, nf_clock_wall_ms() - NF_WEBHOOK_MEMORY_S * 1000, remember, t, err);
    if (status == NF_OK)
        status = nf_timetable_open(t, &t->timetable, err);
    if (status == NF_OK)
        status = nf_tenant_open_silence(t, err);
    if (status == NF_OK)
        status = nf_tenant_recall_limits(t, err);
    if (status == NF_OK)
        status = nf_rights_open(host->loop, config, t->fates, &t->rights, err);
    if (status == NF_OK)
        status = open_env(t, err);
    if (status == NF_OK)
        status = nf_sign_ins_open(t, err);
    if (status != NF_OK) {
        nf_error_prefix(err, "tenant %s", config->name);
        nf_tenant_close(t);
        return status;
    }
    open_workers(t);
    t->history =
        nf_store_open_history(host->store, config->name, t->allowed.tenant.of[NF_CAP_HISTORY]);
    nf_history_keep(t->history, config->keep_details_ms, config->keep_summaries_ms);
    nf_tenant_obey(t);
    nf_timer_start(t->listen_in, NF_LISTEN_IN_MS, NF_LISTEN_IN_MS);
    *out = t;
    nf_tenant_rescan(t);
    return NF_OK;
}

void nf_tenant_stop(nf_tenant *t)
{
    nf_watch_close(t->watch);
    t->watch = NULL;
    nf_timetable_stop(t->timetable);
    nf_timer_stop(t->listen_in);
    for (size_t i = 0; i < t->connection_count; i++)
        nf_timer_stop(t->connections[i]->retry);
    nf_pool_stop(t->pool);
}

void nf_tenant_close(nf_tenant *t)
{
    if (!t)
        return;
    nf_tenant_stop(t);
    for (size_t i = 0; i < t->listener_count; i++)
        nf_listener_free(t->listeners[i]);
    free(t->listeners);
    nf_index_free(t->index);
    nf_timetable_free(t->timetable);
    nf_alarms_free(t->alarms);
    nf_nonces_free(t->nonces);
    nf_timer_close(t->listen_in);
    nf_silence_free(t->silence);
    nf_pickup_free(t->pickup);
    nf_flows_free(t->flows);
    nf_pool_close(t->pool);
    nf_list_folder_free(t->env.lists);
    nf_connect_close(t);
    for (size_t i = 0; i < t->connection_count; i++)
        nf_connection_close(t->connections[i]);
    free(t->connections);
    nf_dedupe_free(t->dedupe);
    nf_kv_close(t->kv);
    nf_rights_close(t->rights);
    nf_fates_free(t->fates);
    nf_poison_free(t->poison);
    json_decref(t->homeless);
    free(t);
}
