/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection.h: one sign-in of a tenant at its cluster, with all that hangs on it: requests, the values that Nimbus
 * lists for it, its subscriptions, the listeners of the flows that name it.
 *
 *   values fetched from Nimbus ─> listeners resolved ─> subscriptions reconciled ─> ready
 *
 * A connection lives as long as its tenant, so runs and listeners may point to it. Until its listeners are resolved no
 * event is taken for it (the notification is answered with 503), or it would be filtered out without having been looked
 * at.
 */
#ifndef NF_TENANT_CONNECTION_H
#define NF_TENANT_CONNECTION_H

#include "act/effect.h"
#include "nimbus/catalog.h"
#include "nimbus/subscriptions.h"

struct nf_tenant;
struct nf_handler;
struct nf_credential;
struct nf_former;

/** The name of the connection that flows use when they name none, and of the one that `token_file` makes. */
#define NF_CONNECTION_STANDARD "nimbus"

typedef struct nf_connection {
    struct nf_tenant *tenant;
    char *name; /* in flows: connection = "NAME" */
    char *upn;  /* of the Nimbus user it acts for, or NULL: not known */
    nf_nimbus *nimbus;
    nf_catalog *catalog;
    nf_subscriptions *subscriptions;
    nf_effect_env env; /* of runs whose handler uses it */
    nf_timer *retry;
    json_t *
        unheard; /* flow file -> why a handler of it hears nothing: a filter names what Nimbus does not list */
    bool listening; /* its listeners are those of the flows: events can be taken */
    bool fetching;
    bool gone;     /* signed out: it has no name any more, but lives on */
    bool expired;  /* somebody has to sign in again */
    char *refusal; /* what Nimbus refuses to list for it, or NULL */
    char *trouble, *sign_in_trouble, *probe_trouble; /* why it is not ready, or NULL */
    struct nf_credential *credential;                /* tenant/sign_ins.h */
    struct nf_former *formers;
    nf_timer *sweep;
    struct nf_probe *probe; /* tenant/probe.h */
} nf_connection;

/** The tenant's connection with this name, also one that is gone; made, without a sign-in, if there is none. */
nf_connection *nf_connection_named(struct nf_tenant *tenant, const char *name);

/** A way to the tenant's cluster, without a sign-in. Owned by the caller. */
nf_nimbus *nf_connection_new_nimbus(const struct nf_tenant *tenant);

/** Open the subscriptions that are registered by this sign-in, in place of the present ones. */
nf_status nf_connection_open_subscriptions(nf_connection *connection, int64_t sign_in,
                                           nf_error *err);

/** Set one of its troubles; NULL: none. */
void nf_connection_set_trouble(nf_connection *connection, char **trouble, const char *text);

/** Why it is not ready, or NULL. Borrowed. */
const char *nf_connection_trouble(const nf_connection *connection);

/** The subscription of a callback secret, or NULL. */
nf_subscription *nf_connection_subscription(const nf_connection *connection, const char *secret,
                                            size_t len);

/** The id that an event of this subscription is known under: while subscriptions move, old and new agree. */
int64_t nf_connection_stream(const nf_connection *connection, const nf_subscription *subscription);

/** Free it. */
void nf_connection_close(nf_connection *connection);

/** Bring it in step with the flows: fetch the values, resolve the listeners, reconcile the subscriptions. */
void nf_connection_listen(nf_connection *connection);

/** Registered at Nimbus as the flows want it? */
bool nf_connection_ready(const nf_connection *connection);

/**
 * The tenant's connection with this name; NULL: the one called "nimbus", else the first. NULL with `err` set when there
 * is none: "unknown connection 'x'; …", with the names of those that exist.
 */
nf_connection *nf_tenant_connection(const struct nf_tenant *tenant, const char *name,
                                    nf_error *err);

/** What the effects of a handler's runs work with: its connection's, or one that refuses effects on Nimbus. */
const nf_effect_env *nf_tenant_env(const struct nf_tenant *tenant,
                                   const struct nf_handler *handler);

/** State for people. A new reference. */
json_t *nf_connection_status(const nf_connection *connection);

#endif
