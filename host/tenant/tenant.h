/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenant.h: one Nimbus customer on this host: connection, flows, listeners, subscriptions, workers, lists.
 *
 *   flows loaded ─> values fetched from Nimbus ─> listeners resolved ─> subscriptions reconciled ─> ready
 *
 * Until the listeners are resolved no event is taken (the notification is answered with 503), or it would be filtered
 * out without having been looked at.
 */
#ifndef NF_TENANT_TENANT_H
#define NF_TENANT_TENANT_H

#include "config/config.h"
#include "loop/watch.h"
#include "nimbus/subscriptions.h"
#include "tenant/dedupe.h"
#include "tenant/flows.h"
#include "tenant/listener.h"

typedef struct nf_tenant nf_tenant;

/** What all tenants of a host share. Borrowed for their lives. */
typedef struct nf_tenant_host {
    nf_loop *loop;
    nf_http_client *client;
    nf_store *store;
    nf_runner *runner;
    struct nf_lists *lists;
    const char *public_url;
    const nf_trigger *const *triggers;
} nf_tenant_host;

struct nf_tenant {
    const nf_tenant_host *host;
    const nf_tenant_config *config;
    nf_allowed allowed; /* now: the configuration's, with what an admin changed since */
    nf_nimbus *nimbus;
    nf_catalog *catalog;
    nf_subscriptions *subscriptions;
    nf_effect_env env;
    nf_pool *pool;
    nf_flows *flows;
    nf_watch *watch;
    nf_timer *retry;
    nf_dedupe *dedupe;
    nf_kv *kv;
    nf_history *history; /* the store's */
    nf_listener **listeners;
    size_t listener_count;
    json_t *
        unheard; /* flow file -> why a handler of it hears nothing: a filter names what Nimbus does not list */
    bool loaded;    /* every flow was tried once */
    bool listening; /* the listeners are those of the flows: events can be taken */
    bool fetching;
    char *trouble; /* why it is not ready, or NULL */
    struct {
        uint64_t received, duplicate, filtered, refused, accepted;
    } count; /* fates of events since the start */
    void (*on_loaded)(nf_tenant *tenant, void *ctx);
    void *ctx;
};

/**
 * Open a tenant: reads its token, starts to load its flows. `loaded` is called once, when every flow was tried and
 * before any event is taken: runs of before a restart are resumed there.
 */
nf_status nf_tenant_open(const nf_tenant_host *host, const nf_tenant_config *config,
                         void (*loaded)(nf_tenant *tenant, void *ctx), void *ctx,
                         nf_tenant **tenant, nf_error *err);

/** End the workers. Runs under way are dropped without a report; they are found again at the next start. */
void nf_tenant_stop(nf_tenant *tenant);

/** Stop and free. The store must be closed before, since its writes know the tenant. NULL is allowed. */
void nf_tenant_close(nf_tenant *tenant);

/** Look at the flow files again (also done by itself when the folder changes). */
void nf_tenant_rescan(nf_tenant *tenant);

/** Registered at Nimbus as its flows want it? */
bool nf_tenant_ready(const nf_tenant *tenant);

/** The handler with this name among the versions that run now, or NULL. */
const nf_handler *nf_tenant_handler(const nf_tenant *tenant, const char *name);

/**
 * Change limits while it runs, for good: `set` is an object of name to text, `reset` a list of names whose configured
 * value shall hold again; either may be NULL. All are checked before any is changed. `done` is called when the change
 * and its audit entry are durable; the change itself holds at once. `who` is for the audit.
 */
nf_status nf_tenant_change_limits(nf_tenant *tenant, const json_t *set, const json_t *reset,
                                  const char *who, nf_store_done *done, void *ctx, nf_error *err);

/** Every limit with its value, who set it, and what is used. A new reference. */
json_t *nf_tenant_limits(nf_tenant *tenant);

/** Put what is allowed now in force. */
void nf_tenant_obey(nf_tenant *tenant);

/** Take over what an admin changed before this start. */
nf_status nf_tenant_recall_limits(nf_tenant *tenant, nf_error *err);

/** State for people: flows with their errors, subscriptions, counts. A new reference. */
json_t *nf_tenant_status(const nf_tenant *tenant);

#endif
