/* SPDX-License-Identifier: Apache-2.0 */
/* sim.c: see sim.h. Life of the cluster and its lists; internal.h says where the rest is. */
#include "sim/sim.h"

#include "base/address.h"
#include "base/alloc.h"
#include "sim/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* ---- defaults ---- */

nf_sim_timeline nf_sim_timeline_standard(void)
{
    return (nf_sim_timeline){{0, 50, 1500, 4750, 8000, 120000}};
}

/* ---- chance and time ---- */

uint64_t sim_random(nf_sim *sim)
{
    uint64_t z;
    if (!sim->seeded) {
        nf_random(&z, sizeof z);
        return z;
    }
    z = sim->seed += 0x9E3779B97F4A7C15u; /* SplitMix64 */
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

char *sim_id(nf_sim *sim, char out[NF_UUID_TEXT])
{
    uint64_t a = sim_random(sim), b = sim_random(sim);
    snprintf(out, NF_UUID_TEXT, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
             (unsigned)(a >> 16 & 0xFFFF), (unsigned)(a & 0xFFF),
             (unsigned)(b >> 48 & 0x3FFF) | 0x8000u, (unsigned long long)(b & 0xFFFFFFFFFFFF));
    return out;
}

static char *new_id(void *ctx, char *out)
{
    return sim_id(ctx, out);
}

uint64_t sim_real_ms(const nf_sim *sim, uint64_t ms)
{
    return ms / sim->speed;
}

/* ---- life ---- */

static void copy_options(nf_sim *sim, const nf_sim_options *o)
{
    sim->timeline = o->timeline ? *o->timeline : nf_sim_timeline_standard();
    sim->speed = o->speed ? o->speed : 1;
    sim->max_tasks = o->max_tasks ? o->max_tasks : 2000;
    sim->token_ms = o->token_ms ? o->token_ms : 3600 * 1000;
    nf_uuid_new(sim->identity.tid);
    sim->identity.interval_s = 5;
    sim->identity.code_s = 900;
    sim->retry_ms = o->retry_ms ? o->retry_ms : 1000;
    sim->delivery_ms = o->delivery_ms ? o->delivery_ms : 10000;
    sim->seeded = o->seed != 0;
    sim->seed = o->seed;
}

static nf_status read_world(nf_sim *sim, const nf_sim_options *o, nf_error *err)
{
    nf_status rc = sim_world_read(&sim->world, o->world, new_id, sim, err);
    sim->users = sim->world.users;
    for (const char *const *token = o->tokens; rc == NF_OK && token && *token; token++)
        sim_token_add(sim, *token, &sim->users[0], 0, false);
    return rc;
}

static nf_status read_scenario(nf_sim *sim, const nf_sim_options *o, nf_error *err)
{
    nf_status rc = sim_scenario_read(sim, o->scenario, &sim->scenario, err);
    if (rc != NF_OK)
        return rc;
    sim->scenario->played = o->played;
    sim->scenario->ctx = o->ctx;
    if (!o->speed && sim->scenario->speed)
        sim->speed = sim->scenario->speed;
    return NF_OK;
}

static nf_status check_options(const nf_sim_options *o, const char *listen, nf_error *err)
{
    char host[256];
    int port;
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
    sim->wake = nf_timer_new(loop, on_expire, sim);
    sim->expire = nf_timer_new(loop, on_expire, sim);
    rc = read_world(sim, o, err);
    if (rc == NF_OK && o->scenario)
        rc = read_scenario(sim, o, err);
    if (rc == NF_OK)
        rc = nf_http_client_open(loop, 32, &sim->client, err);
    if (rc == NF_OK)
        rc = nf_http_server_open(loop, listen, &http, sim_route, sim, &sim->server, err);
    if (rc != NF_OK) {
        nf_sim_close(sim);
        return rc;
    }
    set_address(sim, listen);
    if (sim->scenario)
        sim_scenario_start(sim->scenario);
    *result = sim;
    return NF_OK;
}

static void free_state(nf_sim *sim)
{
    sim_subscription *s, *s2;
    sim_task *t, *t2;
    sim_entry *e, *e2;
    sim_token *k, *k2;
    sim_fault *f, *f2;
    sim_grant *g, *g2;
    HASH_ITER (hh, sim->tasks, t, t2)
        sim_task_free(t);
    HASH_ITER (hh, sim->entries, e, e2)
        sim_entry_free(e);
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
    sim_scenario_free(sim->scenario);
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
    sim_world_release(&sim->world);
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

const char *nf_sim_world(void)
{
    size_t len;
    return sim_world_text(&len); /* a NUL follows */
}
