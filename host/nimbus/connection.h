/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection.h: one tenant's sign-in at its Nimbus cluster, and requests with it.
 *
 * The bearer token is the sign-in's; when Nimbus refuses it (401) and the sign-in gets another one, the request goes
 * out once more. Retries follow net/http_retry.h. The token appears in no error and no log line.
 */
#ifndef NF_NIMBUS_CONNECTION_H
#define NF_NIMBUS_CONNECTION_H

#include "auth/sign_in.h"
#include "net/http_client.h"
#include "nf/binding.h"

typedef struct nf_nimbus nf_nimbus;
typedef struct nf_nimbus_request nf_nimbus_request;

typedef struct nf_nimbus_options {
    const char *tenant;         /* for the log */
    const char *cluster;        /* https://HOST, without a slash at the end */
    uint64_t request_ms;        /* for one attempt */
    const nf_http_share *share; /* of the links to the cluster; NULL: nobody's. Borrowed */
} nf_nimbus_options;

/** A connection without a sign-in. All strings are copied. Uses `client`, which must outlive it. */
nf_nimbus *nf_nimbus_new(nf_loop *loop, nf_http_client *client, const nf_nimbus_options *options);

/**
 * Use this sign-in from now on (NULL: none, requests fail). Borrowed until another one is used; requests under way that
 * the old one's token is refused for go on with the new one.
 */
void nf_nimbus_use(nf_nimbus *nimbus, nf_sign_in *sign_in);

/** Cancel everything under way and free. NULL is allowed. */
void nf_nimbus_close(nf_nimbus *nimbus);

/** At most so many requests in any second; more wait in order. */
void nf_nimbus_set_rate(nf_nimbus *nimbus, uint64_t per_second);

/** Requests sent in the last second, and the most in any. */
uint64_t nf_nimbus_rate(nf_nimbus *nimbus, uint64_t *peak);

/** The cluster's address. Borrowed. */
const char *nf_nimbus_cluster(const nf_nimbus *nimbus);

/** The end of a request: `err` set (no answer), or an answer with any status. Both are borrowed during the call. */
typedef void nf_nimbus_done(void *ctx, const nf_error *err, const nf_reply *reply,
                            const char *location);

/** Send. `path` begins with '/'; `body` is JSON text or NULL; both are copied. `done` is never called from inside. */
nf_nimbus_request *nf_nimbus_send(nf_nimbus *nimbus, const char *method, const char *path,
                                  const char *body, nf_class class, nf_nimbus_done *done,
                                  void *ctx);

/** Send a GET whose answer may be large (at most `max_body` bytes) and take a minute. */
nf_nimbus_request *nf_nimbus_get(nf_nimbus *nimbus, const char *path, size_t max_body,
                                 nf_nimbus_done *done, void *ctx);

/** What a request waits for besides its answer, as words for an admin, or NULL. Static. */
const char *nf_nimbus_waits(const nf_nimbus_request *request);

/** Stop it; `done` is not called. */
void nf_nimbus_cancel(nf_nimbus_request *request);

/**
 * Word an answer that is not 2xx: the operation, the status, its meaning and a remedy. `changes`: a 504 leaves the
 * outcome unknown.
 */
nf_status nf_nimbus_reply_error(const char *method, const char *path, const nf_reply *reply,
                                bool changes, nf_error *err);

#endif
