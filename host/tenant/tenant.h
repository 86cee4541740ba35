/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenant.h: one Nimbus customer on this host: connections, flows, listeners, workers, lists.
 *
 *   flows loaded ─> each connection brought in step with them (connection.h) ─> ready
 */
#ifndef NF_TENANT_TENANT_H
#define NF_TENANT_TENANT_H

#include "auth/key.h"
#include "config/config.h"
#include "loop/watch.h"
#include "tenant/alarm.h"
#include "tenant/connection.h"
#include "tenant/dedupe.h"
#include "tenant/flows.h"
#include "tenant/index.h"
#include "tenant/listener.h"
#include "tenant/pickup.h"
#include "tenant/poison.h"
#include "tenant/rights.h"
#include "tenant/silence.h"
#include "tenant/timetable.h"
#include "tenant/webhook.h"

typedef struct nf_tenant nf_tenant;

/** An event that does not come from Nimbus: a time, a request, a failure, an alarm, a person. */
typedef struct nf_occurrence {
    const nf_trigger *trigger;
    const nf_handler *handler; /* for this one only; NULL: for all that listen to the trigger */
    const char *body;          /* a JSON object, copied */
    size_t len;
    const char *schedule; /* of a schedule: the handler's name, copied; and when it was due */
    int64_t due_ms;
    void (*stored)(void *ctx, const nf_error *err); /* durable, or why not; NULL: nobody asks */
    void (*ended)(
        void *ctx); /* all its runs have ended, or it could not be stored; NULL: nobody asks */
    void *ctx;
} nf_occurrence;

/** What all tenants of a host share. Borrowed for their lives. */
typedef struct nf_tenant_host {
    nf_loop *loop;
    nf_http_client *client;
    nf_store *store;
    nf_runner *runner;
    struct nf_lists *lists;
    nf_key *key; /* that sign-ins are encrypted with */
    const char *public_url;
    const nf_trigger *const *triggers;
    const nf_action *const *actions;
    /** Let an occurrence become an event with its runs; `run` (may be NULL) gets the id of the first, 0: none. An error
     * says why no event can be taken now; nothing is called then. */
    nf_status (*raise)(void *pipeline, nf_tenant *tenant, const nf_occurrence *occurrence,
                       int64_t *run, nf_error *err);
    void *pipeline;
} nf_tenant_host;

struct nf_tenant {
    const nf_tenant_host *host;
    const nf_tenant_config *config;
    nf_allowed allowed; /* now: the configuration's, with what an admin changed since */
    nf_oauth oauth;
    struct nf_connecting *connecting; /* people who are signing in; tenant/connect.h */
    nf_http_share share;              /* of the links to the cluster */
    nf_connection **connections;
    size_t connection_count;
    nf_effect_env env; /* without a connection; each connection has its own */
    nf_pool *pool;
    nf_flows *flows;
    nf_watch *watch;
    nf_dedupe *dedupe;
    nf_kv *kv;
    nf_history *history; /* the store's */
    nf_listener **listeners;
    size_t listener_count;
    nf_index *index; /* of the listeners */
    nf_poison *poison;
    nf_fates *fates; /* of events that started no run */
    nf_rights *rights;
    json_t *homeless; /* flow file -> why: it names a connection that there is not */
    bool loaded;      /* every flow was tried once */
    bool resumed;     /* runs of before the restart are in memory again */
    nf_alarms *alarms;
    nf_timetable *timetable;
    nf_nonces *nonces; /* of webhooks */
    nf_silence *silence;
    nf_pickup *pickup;
    nf_timer *listen_in; /* looks for silence */
    struct {
        uint64_t received, duplicate, filtered, denied, refused, accepted;
        uint64_t ended[NF_OUTCOME_COUNT]; /* runs by outcome */
    } count;                              /* fates of events since the start */
    void (*on_loaded)(nf_tenant *tenant, void *ctx);
    void *ctx;
};

/**
 * Open a tenant: opens its connections, starts to load its flows. `loaded` is called once, when every flow was tried
 * and before any event is taken: runs of before a restart are resumed there, and then it calls nf_tenant_resumed.
 */
nf_status nf_tenant_open(const nf_tenant_host *host, const nf_tenant_config *config,
                         void (*loaded)(nf_tenant *tenant, void *ctx), void *ctx,
                         nf_tenant **tenant, nf_error *err);

/** The runs of before a restart are in memory again: listen. */
void nf_tenant_resumed(nf_tenant *tenant);

/** End the workers. Runs under way are dropped without a report; they are found again at the next start. */
void nf_tenant_stop(nf_tenant *tenant);

/** Stop and free. The store must be closed before, since its writes know the tenant. NULL is allowed. */
void nf_tenant_close(nf_tenant *tenant);

/** Look at the flow files again (also done by itself when the folder changes). */
void nf_tenant_rescan(nf_tenant *tenant);

/** Registered at Nimbus as its flows want it? */
bool nf_tenant_ready(const nf_tenant *tenant);

/** Why it is not ready, or NULL. Borrowed until the loop goes on. */
const char *nf_tenant_trouble(const nf_tenant *tenant);

/** A connection came, went, or has another user: bring everything in step. */
void nf_tenant_connections_changed(nf_tenant *tenant);

/** The subscription of a callback secret, or NULL; its owner is the connection. */
nf_subscription *nf_tenant_subscription(const nf_tenant *tenant, const char *secret, size_t len);

/** The handler with this name among the versions that run now, or NULL. */
const nf_handler *nf_tenant_handler(const nf_tenant *tenant, const char *name);

/** That there is none with this name, and which one may have been meant: NF_E_NOT_FOUND. */
nf_status nf_tenant_unknown_handler(const nf_tenant *tenant, const char *name, nf_error *err);

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

/** The trigger whose events have this source, or NULL. */
const nf_trigger *nf_tenant_trigger(const nf_tenant *tenant, nf_source source);

/** Add the listeners of a version that do not listen to Nimbus; what is wrong with one goes to `homeless`. */
void nf_tenant_add_local(nf_tenant *tenant, const nf_version *version);

/** What was learned of the services before; a look at them, which `listen_in` takes every NF_LISTEN_IN_MS. */
enum { NF_LISTEN_IN_MS = 10000 };
nf_status nf_tenant_open_silence(nf_tenant *tenant, nf_error *err);
void nf_tenant_listen_in(void *tenant);

/** An event of a service came from Nimbus. */
void nf_tenant_heard(nf_tenant *tenant, const nf_event *event);

/** Free the listeners of a connection; NULL: those that listen to something else than Nimbus. */
void nf_tenant_drop_listeners(nf_tenant *tenant, const nf_connection *connection);

/** Tell all who listen to the trigger of a source; `event` is borrowed. Nothing happens when nobody does. */
void nf_tenant_raise(nf_tenant *tenant, nf_source source, const json_t *event);

/** The webhook at /hooks/TENANT/PATH, or NULL. */
nf_listener *nf_tenant_hook(const nf_tenant *tenant, const char *path);

/** State for people: flows with their errors, subscriptions, counts. A new reference. */
json_t *nf_tenant_status(const nf_tenant *tenant);

#endif
