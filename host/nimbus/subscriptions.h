/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subscriptions.h: what is registered at Nimbus is made equal to what the flows want.
 *
 * Wanted subscriptions come from the flows, one per trigger and filter; registered ones from the store. Missing ones
 * are created, superfluous ones deleted, the others found again after a restart with the callback path they had. Nimbus
 * signs nothing: the callback path carries 256 random bits; only their hash is kept.
 *
 * The API cannot tell what is registered. So each subscription is renewed after a while: another one is made, then the
 * old one deleted; while both live their events are known as the same by `family`. An old one that Nimbus no longer
 * had is told to the owner: its events did not come.
 */
#ifndef NF_NIMBUS_SUBSCRIPTIONS_H
#define NF_NIMBUS_SUBSCRIPTIONS_H

#include "nimbus/connection.h"
#include "store/store.h"

typedef struct nf_subscriptions nf_subscriptions;

/** The part of the callback path before the secret. */
#define NF_CALLBACK_PATH "/nimbus/"

/** One subscription that is wanted. */
typedef struct nf_wanted {
    const nf_trigger *trigger;
    const char
        *filter; /* the registration's config without url, as JSON with sorted keys and values */
} nf_wanted;

typedef struct nf_subscription {
    int64_t id;
    int64_t family; /* the same for all subscriptions to the same events; above 0 */
    const nf_trigger *trigger;
    char *filter;
    uint8_t secret_hash[NF_SHA256_SIZE];
    char *location; /* of the registration; NULL while it is being made */
    void *owner;    /* the connection, for the caller */
    void *data;     /* the handlers, for the caller */
} nf_subscription;

typedef struct nf_subscriptions_options {
    const char *tenant, *connection, *public_url; /* copied */
    int64_t
        sign_in; /* by which they are registered: only by it can they be deleted; 0: a token file */
    const nf_trigger *const *triggers;
    void *owner;
    uint64_t renew_ms; /* the age at which one is renewed */
    const char *(*path)(void *owner, const nf_trigger *trigger);       /* where it is registered */
    void (*removed)(void *owner, const nf_subscription *subscription); /* Nimbus no longer had it */
} nf_subscriptions_options;

/** The subscriptions of one connection of a tenant, loaded from the store. */
nf_status nf_subscriptions_open(nf_loop *loop, nf_nimbus *nimbus, nf_store *store,
                                const nf_subscriptions_options *options, nf_subscriptions **out,
                                nf_error *err);

/** Send requests by another way to the cluster from now on. */
void nf_subscriptions_move(nf_subscriptions *subs, nf_nimbus *nimbus);

/** Free; nothing is unregistered. NULL is allowed. */
void nf_subscriptions_close(nf_subscriptions *subs);

/**
 * Make registered what is wanted (copied). What fails is tried again every few seconds until the next call. `changed`
 * is called on the loop whenever the state changed: when everything is as wanted, `err` is NULL.
 */
void nf_subscriptions_want(nf_subscriptions *subs, const nf_wanted *wanted, size_t count,
                           void (*changed)(void *ctx, const nf_error *err), void *ctx);

/** The subscription of a callback secret, or NULL. The time it takes does not depend on the secret's bytes. */
nf_subscription *nf_subscriptions_by_secret(nf_subscriptions *subs, const char *secret, size_t len);

/** The subscription for a trigger and filter, or NULL. */
nf_subscription *nf_subscriptions_find(nf_subscriptions *subs, const nf_trigger *trigger,
                                       const char *filter);

/** Is everything registered that is wanted? */
bool nf_subscriptions_settled(const nf_subscriptions *subs);

#endif
