/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign_ins.h: which sign-in a connection works with, and how it is kept.
 *
 * A connection has one credential. When somebody signs in again, the new one takes over at once; the old one becomes a
 * former: it lives only until the new user's subscriptions are registered and its own are deleted, since only the user
 * who made a registration may delete it. All of them are in the store, encrypted, so a crash in between loses nothing.
 */
#ifndef NF_TENANT_SIGN_INS_H
#define NF_TENANT_SIGN_INS_H

#include "tenant/connection.h"

struct nf_credential {
    struct nf_tenant *tenant;
    nf_connection *connection; /* NULL until it is adopted */
    char *name;                /* of the connection */
    int64_t id;                /* in the store; 0: a token file */
    nf_sign_in *sign_in;       /* NULL: it could not be read */
};

/** A former credential of a connection, with what is registered by it. */
struct nf_former {
    struct nf_credential *credential;
    nf_nimbus *nimbus;
    nf_subscriptions *subscriptions;
    nf_connection *connection;
    bool asked, over; /* to delete everything; it is deleted */
    struct nf_former *next;
};

/** Open every connection: the token file's, and those in the store. */
nf_status nf_sign_ins_open(struct nf_tenant *tenant, nf_error *err);

/** A credential of fresh tokens (taken over), not in use yet. */
struct nf_credential *nf_credential_new(struct nf_tenant *tenant, const char *name,
                                        nf_tokens *tokens);

/** Free it and its sign-in, unless it was adopted. NULL is allowed. */
void nf_credential_free(struct nf_credential *credential);

/** Make it durable, then let its connection (made if there is none) work with it. `done` is called once. */
void nf_credential_adopt(struct nf_credential *credential, nf_store_done *done, void *ctx);

/** Sign a connection out: its subscriptions are deleted, then its sign-in is forgotten. `done` when that is durable. */
nf_status nf_connection_remove(nf_connection *connection, nf_store_done *done, void *ctx,
                               nf_error *err);

/** The connection's own subscriptions are as wanted: those of its former credentials can go. */
void nf_sign_ins_settled(nf_connection *connection);

/** Timer of a connection: formers that are over go. */
void nf_sign_ins_sweep(void *connection);

/** Free a connection's credentials. */
void nf_sign_ins_close(nf_connection *connection);

#endif
