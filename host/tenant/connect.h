/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connect.h: a person signs in for a connection, from the first request to the moment the connection works with it.
 *
 *   starting ─> waiting (for the person) ─> checking (does Nimbus take the user?) ─> done, or failed
 *
 * A user whom Nimbus refuses (401, 403) does not take over: a connection that works is not lost by a wrong sign-in.
 */
#ifndef NF_TENANT_CONNECT_H
#define NF_TENANT_CONNECT_H

#include "nf/error.h"
#include "store/store.h"

#include <jansson.h>
#include <stdbool.h>

struct nf_tenant;
typedef struct nf_connecting nf_connecting;

/** The path under the public address that a browser comes back to. */
#define NF_SIGN_IN_PATH "/sign-in"

typedef struct nf_connect_options {
    const char *name;     /* of the connection; NULL: "nimbus" */
    bool browser;         /* else a device code */
    const char *redirect; /* where the browser comes back to; NULL: to the host's public address */
} nf_connect_options;

/**
 * Start. `shown` is called once when there is something to show (or it failed), perhaps from inside; the connecting
 * lives for some minutes after its end, so that it can be asked about.
 */
nf_status nf_connect_start(struct nf_tenant *tenant, const nf_connect_options *options,
                           void (*shown)(void *ctx, const nf_connecting *connecting), void *ctx,
                           nf_error *err);

/** By its id, or NULL. */
nf_connecting *nf_connect_find(const struct nf_tenant *tenant, const char *id);

/** By the "state" that a browser brings back, or NULL. */
nf_connecting *nf_connect_by_state(const struct nf_tenant *tenant, const char *state);

/** A browser came back; texts may be NULL. */
void nf_connect_come_back(nf_connecting *connecting, const char *code, const char *error,
                          const char *description);

/** What there is to know. A new reference. */
json_t *nf_connect_json(const nf_connecting *connecting);

/** Free all of a tenant. */
void nf_connect_close(struct nf_tenant *tenant);

#endif
