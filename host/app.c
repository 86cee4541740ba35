/* SPDX-License-Identifier: Apache-2.0 */
/* app.c: see app.h. The one place where all parts meet. */
#include "app.h"

#include "act/lists.h"
#include "admin/metrics.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "log/log.h"
#include "pipeline.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TRANSFERS = 32, DRAIN_CHECK_MS = 20 };

struct nf_app {
    nf_loop *loop;
    const nf_config *config;
    char *public_url;
    nf_store *store;
    nf_http_client *client;
    nf_key *key;
    nf_runner *runner;
    nf_end_hook round;
    nf_lists *lists;
    nf_tenant_host host;
    nf_tenant **tenants;
    size_t tenant_count;
    nf_pipeline *pipeline;
    nf_admin admin;
    nf_http_server *server, *admin_server, *metrics_server;
    int port;
    nf_timer *drain;
    uint64_t drain_until_ns;
    void (*drained)(void *ctx);
    void *ctx;
};

char *nf_app_socket_path(const char *data)
{
    return nf_format("%s/admin.sock", data);
}

int nf_app_port(const nf_app *app)
{
    return app->port;
}

static void on_public(nf_http_exchange *x, void *ctx)
{
    nf_app *app = ctx;
    if (!nf_admin_probe(&app->admin, x) && !nf_admin_come_back(&app->admin, x))
        nf_pipeline_receive(x, app->pipeline);
}

static void on_tenant_loaded(nf_tenant *tenant, void *ctx)
{
    nf_app *app = ctx;
    nf_pipeline_resume(app->pipeline, tenant);
}

static void on_round(void *ctx)
{
    nf_app *app = ctx;
    nf_store_expect(app->store, nf_runner_under_way(app->runner));
}

/* ---- open ---- */

/* Listening comes first: when the address is taken, nothing else was touched. Events are refused until tenants listen.
 */
static nf_status listen_for_events(nf_app *app, nf_error *err)
{
    nf_status status = nf_http_server_open(app->loop, app->config->listen, NULL, on_public, app,
                                           &app->server, err);
    if (status != NF_OK)
        return status;
    app->port = nf_http_server_port(app->server);
    const char *colon = strrchr(app->config->listen, ':');
    app->public_url = app->config->public_url
                          ? nf_strdup(app->config->public_url)
                          : nf_format("http://%.*s:%d", (int)(colon - app->config->listen),
                                      app->config->listen, app->port);
    return NF_OK;
}

static nf_status listen_for_admins(nf_app *app, nf_error *err)
{
    char *path = nf_app_socket_path(app->config->data);
    char *address = nf_format("unix:%s", path);
    nf_status status = nf_http_server_open(app->loop, address, NULL, nf_admin_receive, &app->admin,
                                           &app->admin_server, err);
    free(address);
    free(path);
    if (status == NF_OK && app->config->metrics_listen)
        status = nf_http_server_open(app->loop, app->config->metrics_listen, NULL,
                                     nf_metrics_receive, &app->admin, &app->metrics_server, err);
    return status;
}

static nf_status open_shared(nf_app *app, const nf_app_options *options, nf_error *err)
{
    nf_status status = listen_for_events(app, err);
    if (status == NF_OK)
        status = nf_store_open(app->loop, app->config->data, &app->store, err);
    if (status == NF_OK)
        status = nf_http_client_open(app->loop, MAX_TRANSFERS, &app->client, err);
    nf_runner_options runner = {options->worker_program, options->actions, options->triggers};
    if (status == NF_OK)
        status = nf_runner_open(app->loop, &runner, &app->runner, err);
    if (status != NF_OK)
        return status;
    app->round = (nf_end_hook){.run = on_round, .ctx = app};
    nf_loop_before_sleep(app->loop, &app->round);
    app->key = nf_key_new(app->config->key_file, app->config->data);
    app->lists = nf_lists_new(app->loop, options->reader_program);
    app->pipeline = nf_pipeline_new(app->store);
    app->host = (nf_tenant_host){
        .loop = app->loop,
        .client = app->client,
        .store = app->store,
        .runner = app->runner,
        .lists = app->lists,
        .key = app->key,
        .public_url = app->public_url,
        .triggers = options->triggers,
        .actions = options->actions,
        .raise = nf_pipeline_raise,
        .pipeline = app->pipeline,
    };
    return NF_OK;
}

static nf_status open_tenants(nf_app *app, nf_error *err)
{
    const nf_config *config = app->config;
    app->tenants = nf_alloc((config->tenant_count + 1) * sizeof(nf_tenant *));
    app->admin =
        (nf_admin){.store = app->store, .tenants = app->tenants, .pipeline = app->pipeline};
    nf_admin_open(&app->admin, app->loop);
    for (size_t i = 0; i < config->tenant_count; i++) {
        nf_tenant *tenant = NULL;
        nf_status status =
            nf_tenant_open(&app->host, &config->tenants[i], on_tenant_loaded, app, &tenant, err);
        if (status != NF_OK)
            return status;
        app->tenants[app->tenant_count++] = tenant;
        app->admin.tenant_count = app->tenant_count;
        nf_pipeline_add(app->pipeline, tenant);
    }
    return NF_OK;
}

nf_status nf_app_open(nf_loop *loop, const nf_app_options *options, nf_app **out, nf_error *err)
{
    nf_app *app = nf_alloc(sizeof *app);
    app->loop = loop;
    app->config = options->config;
    nf_status status = open_shared(app, options, err);
    if (status == NF_OK)
        status = open_tenants(app, err);
    if (status == NF_OK)
        status = listen_for_admins(app, err);
    if (status != NF_OK) {
        nf_app_close(app);
        return status;
    }
    nf_log_info("host", "listening on %s, reached by Nimbus at %s", app->config->listen,
                app->public_url);
    *out = app;
    return NF_OK;
}

void nf_app_rescan(nf_app *app)
{
    for (size_t i = 0; i < app->tenant_count; i++)
        nf_tenant_rescan(app->tenants[i]);
}

/* ---- close ---- */

static size_t running(const nf_app *app)
{
    size_t sum = 0;
    for (size_t i = 0; i < app->tenant_count; i++)
        sum += nf_pool_running(app->tenants[i]->pool);
    return sum;
}

static void check_drained(void *ctx)
{
    nf_app *app = ctx;
    size_t runs = running(app), unanswered = nf_pipeline_unanswered(app->pipeline);
    if (runs + unanswered > 0 && nf_clock_ns() < app->drain_until_ns)
        return;
    if (runs > 0)
        nf_log_warn("host", "%zu runs are still under way; they go on after the next start", runs);
    nf_timer_stop(app->drain);
    app->drained(app->ctx);
}

void nf_app_drain(nf_app *app, void (*drained)(void *ctx), void *ctx)
{
    if (app->drain)
        return;
    nf_log_info("host", "ending; new events are refused, %zu runs under way are waited for",
                running(app));
    app->drained = drained;
    app->ctx = ctx;
    app->drain_until_ns = nf_clock_ns() + app->config->drain_ms * 1000000;
    app->drain = nf_timer_new(app->loop, check_drained, app);
    nf_timer_start(app->drain, 0, DRAIN_CHECK_MS);
    app->admin.ending = true;
    nf_pipeline_end(app->pipeline);
    for (size_t i = 0; i < app->tenant_count; i++)
        nf_pool_drain(app->tenants[i]->pool);
}

void nf_app_close(nf_app *app)
{
    if (!app)
        return;
    if (app->server)
        nf_http_server_close(app->server);
    if (app->admin_server)
        nf_http_server_close(app->admin_server);
    if (app->metrics_server)
        nf_http_server_close(app->metrics_server);
    nf_admin_close(&app->admin);
    nf_timer_close(app->drain);
    if (app->round.run)
        nf_loop_forget(app->loop, &app->round);
    for (size_t i = 0; i < app->tenant_count; i++)
        nf_tenant_stop(app->tenants[i]);
    nf_store_close(app->store); /* its last writes report to what is freed below */
    for (size_t i = 0; i < app->tenant_count; i++)
        nf_tenant_close(app->tenants[i]);
    free(app->tenants);
    nf_lists_free(app->lists);
    nf_runner_close(app->runner);
    nf_http_client_close(app->client);
    nf_pipeline_free(app->pipeline);
    nf_key_free(app->key);
    free(app->public_url);
    free(app);
}
