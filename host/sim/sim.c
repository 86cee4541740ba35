/* SPDX-License-Identifier: Apache-2.0 */
/* sim.c: see sim.h. Life of the cluster and its lists; internal.h says where the rest is. */
#include "sim/sim.h"

#include "base/address.h"
#include "base/alloc.h"
#include "base/macros.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* ---- defaults ---- */

static const nf_sim_service standard_services[] = {
    {"support@contoso.example", "Support", "+41580000001"},
    {"sales@contoso.example", "Sales", "+41580000002"},
    {NULL, NULL, NULL},
};

static const nf_sim_user standard_users[] = {
    {"admin@contoso.example", "Alex Admin", "simulator"},
    {"agent1@contoso.example", "Amira Arnold", "simulator"},
    {"agent2@contoso.example", "Beat Brunner", "simulator"},
    {NULL, NULL, NULL},
};

/* The values are handed out at run time by the real clusters; these are the simulator's. */
static const nf_sim_value standard_events[] = {
    {"Created", "Created"},
    {"SystemAccepted", "System Accepted"},
    {"Queued", "Queued"},
    {"UserAccepted", "User Accepted"},
    {"ParameterUpdated", "Parameter Updated"},
    {"Transferred", "Transferred"},
    {"Terminated", "Terminated"},
    {NULL, NULL},
};

static const nf_sim_value standard_modalities[] = {
    {"Audio", "Audio"}, {"InstantMessaging", "Instant Messaging"},
    {"Email", "Email"}, {"ExternalTask", "External Task"},
    {NULL, NULL},
};

static const nf_sim_value standard_directions[] = {
    {"Inbound", "Inbound"},
    {"Outbound", "Outbound"},
    {"None", "None"},
    {NULL, NULL},
};

nf_sim_timeline nf_sim_timeline_standard(void)
{
    return (nf_sim_timeline){{0, 50, 1500, 8000, 120000}};
}

/* ---- lists ---- */

static sim_service *copy_services(const nf_sim_service *from)
{
    size_t count = 0;
    while (from[count].upn)
        count++;
    sim_service *list = nf_alloc((count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i].upn = nf_strdup(from[i].upn);
        list[i].name = nf_strdup(from[i].name ? from[i].name : from[i].upn);
        list[i].tel_number = nf_strdup(from[i].tel_number ? from[i].tel_number : "");
        nf_uuid_new(list[i].id);
    }
    return list;
}

static sim_user *copy_users(const nf_sim_user *from)
{
    size_t count = 0;
    while (from[count].upn)
        count++;
    sim_user *list = nf_alloc((count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i].upn = nf_strdup(from[i].upn);
        list[i].name = nf_strdup(from[i].name ? from[i].name : from[i].upn);
        list[i].password = nf_strdup(from[i].password ? from[i].password : "simulator");
        nf_uuid_new(list[i].id);
    }
    return list;
}

static sim_value *copy_values(const nf_sim_value *from)
{
    size_t count = 0;
    while (from[count].value)
        count++;
    sim_value *list = nf_alloc((count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i].value = nf_strdup(from[i].value);
        list[i].name = nf_strdup(from[i].name ? from[i].name : from[i].value);
    }
    return list;
}

static void free_values(sim_value *list)
{
    for (sim_value *v = list; v && v->value; v++) {
        free(v->value);
        free(v->name);
    }
    free(list);
}

static void free_lists(nf_sim *sim)
{
    for (sim_service *s = sim->services; s && s->upn; s++) {
        free(s->upn);
        free(s->name);
        free(s->tel_number);
    }
    for (sim_user *u = sim->users; u && u->upn; u++) {
        free(u->upn);
        free(u->name);
        free(u->password);
    }
    free(sim->services);
    free(sim->users);
    free_values(sim->events);
    free_values(sim->modalities);
    free_values(sim->directions);
}

/* ---- life ---- */

static void copy_options(nf_sim *sim, const nf_sim_options *o)
{
    sim->services = copy_services(o->services ? o->services : standard_services);
    sim->users = copy_users(o->users ? o->users : standard_users);
    sim->events = copy_values(o->events ? o->events : standard_events);
    sim->modalities = copy_values(o->modalities ? o->modalities : standard_modalities);
    sim->directions = copy_values(o->directions ? o->directions : standard_directions);
    sim->timeline = o->timeline ? *o->timeline : nf_sim_timeline_standard();
    sim->speed = o->speed ? o->speed : 1;
    sim->max_tasks = o->max_tasks ? o->max_tasks : 2000;
    sim->token_ms = o->token_ms ? o->token_ms : 3600 * 1000;
    sim->identity.interval_s = 5;
    sim->identity.code_s = 900;
    sim->retry_ms = o->retry_ms ? o->retry_ms : 1000;
    sim->delivery_ms = o->delivery_ms ? o->delivery_ms : 10000;
    for (const char *const *token = o->tokens; token && *token; token++)
        sim_token_add(sim, *token, &sim->users[0], 0, false);
}

static nf_status check_options(const nf_sim_options *o, const char *listen, nf_error *err)
{
    char host[256];
    int port;
    if ((o->users && !o->users[0].upn) || (o->services && !o->services[0].upn))
        return nf_error_set(err, NF_E_CONFIG,
                            "the simulator needs at least one user and one service");
    if (nf_address_split(listen, host, sizeof host, &port, err) != NF_OK)
        return err ? err->status : NF_E_CONFIG;
    if (!o->allow_remote && !nf_address_is_loopback(host))
        return nf_error_set(
            err, NF_E_CONFIG,
            "cannot listen on %s: anybody there could place calls; use a loopback address "
            "(127.0.0.1:PORT) or allow it explicitly",
            listen);
    return NF_OK;
}

static void on_expire(void *ctx)
{
    sim_watch_flush(ctx);
}

static void set_address(nf_sim *sim, const char *listen)
{
    char host[256];
    int port;
    nf_address_split(listen, host, sizeof host, &port, NULL);
    bool six = strchr(host, ':') != NULL;
    sim->host = nf_strdup(host);
    sim->remote = !nf_address_is_loopback(host);
    sim->url =
        nf_format("http://%s%s%s:%d", six ? "[" : "", host, six ? "]" : "", nf_sim_port(sim));
}

nf_status nf_sim_open(nf_loop *loop, const nf_sim_options *options, nf_sim **result, nf_error *err)
{
    static const nf_sim_options none;
    static const nf_http_options http = {.max_body = SIM_MAX_BODY};
    const nf_sim_options *o = options ? options : &none;
    const char *listen = o->listen ? o->listen : "127.0.0.1:8800";
    nf_status rc = check_options(o, listen, err);
    if (rc != NF_OK)
        return rc;
    nf_sim *sim = nf_alloc(sizeof *sim);
    sim->loop = loop;
    copy_options(sim, o);
    nf_uuid_new(sim->tenant_id);
    sim->wake = nf_timer_new(loop, on_expire, sim);
    sim->expire = nf_timer_new(loop, on_expire, sim);
    rc = nf_http_client_open(loop, 32, &sim->client, err);
    if (rc == NF_OK)
        rc = nf_http_server_open(loop, listen, &http, sim_route, sim, &sim->server, err);
    if (rc != NF_OK) {
        nf_sim_close(sim);
        return rc;
    }
    set_address(sim, listen);
    *result = sim;
    return NF_OK;
}

static void free_state(nf_sim *sim)
{
    sim_subscription *s, *s2;
    sim_task *t, *t2;
    sim_token *k, *k2;
    sim_fault *f, *f2;
    sim_grant *g, *g2;
    HASH_ITER (hh, sim->tasks, t, t2)
        sim_task_free(t);
    HASH_ITER (hh, sim->subscriptions, s, s2)
        sim_subscription_free(sim, s);
    DL_FOREACH_SAFE (sim->tokens, k, k2)
        sim_token_drop(sim, k);
    DL_FOREACH_SAFE (sim->faults, f, f2)
        sim_fault_free(sim, f);
    DL_FOREACH_SAFE (sim->grants, g, g2)
        sim_grant_drop(sim, g);
}

void nf_sim_close(nf_sim *sim)
{
    sim_held *held, *next;
    if (!sim)
        return;
    sim_watch_flush(sim);
    DL_FOREACH_SAFE (sim->held, held, next) {
        nf_http_drop(held->x);
        nf_timer_close(held->timer);
        free(held);
    }
    if (sim->server)
        nf_http_server_close(
            sim->server); /* nothing is pending any more, so no handler runs after this */
    free_state(sim);
    if (sim->client)
        nf_http_client_close(sim->client);
    nf_timer_close(sim->wake);
    nf_timer_close(sim->expire);
    free_lists(sim);
    free(sim->host);
    free(sim->url);
    free(sim);
}

int nf_sim_port(const nf_sim *sim)
{
    return nf_http_server_port(sim->server);
}

const char *nf_sim_url(const nf_sim *sim)
{
    return sim->url;
}
