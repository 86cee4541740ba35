/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection.h: one tenant's sign-in at its Nimbus cluster, and requests with it.
 *
 * The bearer token is the sign-in's; when Nimbus refuses it (401) and the sign-in gets another one, the request goes
 * out once more. Retries follow net/http_retry.h. The token appears in no error and no log line.
 *
 * All requests of a connection share its rate, a pause that Nimbus asks for (429 with Retry-After), and a breaker
 * (nimbus/breaker.h): what cannot go out now waits in one line, as long as the one who asked can wait.
 */
#ifndef NF_NIMBUS_CONNECTION_H
#define NF_NIMBUS_CONNECTION_H

#include "auth/sign_in.h"
#include "net/http_client.h"
#include "net/http_retry.h"
#include "nf/binding.h"

typedef struct nf_nimbus nf_nimbus;
typedef struct nf_nimbus_request nf_nimbus_request;

typedef struct nf_nimbus_options {
    const char *tenant;         /* for the log */
    const char *cluster;        /* https://HOST, without a slash at the end */
    uint64_t request_ms;        /* for one attempt */
    const nf_http_share *share; /* of the links to the cluster; NULL: nobody's. Borrowed */
    nf_retry retry;             /* what it does not say is as in nf_retry_standard */
    unsigned breaker_failures;  /* failures in a row after which only probes go out; 0: never */
    uint64_t breaker_probe_ms;  /* between two probes; 0: NF_BREAKER_PROBE_MS */
} nf_nimbus_options;

/** On whose behalf, and how, a request is sent. All zero: as the connection does it, for nobody in particular. */
typedef struct nf_nimbus_terms {
    nf_retry retry; /* over the connection's, field by field */
    uint64_t
        left_ms; /* so long the asker can wait, from now on; 0: as long as it takes, but not for the breaker */
    int priority; /* among those that wait: lower goes first */
} nf_nimbus_terms;

/** A harmless GET that every user may do: it tells whether Nimbus answers and takes the token. */
#define NF_PROBE_PATH "/v1/diagnostics/testconnection"

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

/** The breaker opened or closed. `text` says why it is open; NULL: it closed. Borrowed during the call. */
typedef void nf_nimbus_breaker(void *ctx, const char *text);

/** Whom to tell when the breaker opens and closes. */
void nf_nimbus_on_breaker(nf_nimbus *nimbus, nf_nimbus_breaker *changed, void *ctx);

/** Since the start. */
typedef struct nf_nimbus_count {
    uint64_t sent,
        repeated; /* attempts in all, and those that were not the first of their request */
    uint64_t pauses, opened; /* pauses asked for by Nimbus; how often the breaker opened */
} nf_nimbus_count;

/** What is going on, for people. */
typedef struct nf_nimbus_state {
    unsigned waiting;     /* for the rate, the end of a pause, or the breaker */
    uint64_t paused_ms;   /* what is left of a pause; 0: none */
    bool open;            /* the breaker: only probes go out */
    unsigned failures;    /* in a row */
    uint64_t probe_in_ms; /* when it is open */
    const char *failure;  /* the newest one of the other side, or NULL. Borrowed */
    nf_nimbus_count count;
} nf_nimbus_state;

/** What is going on now. `failure` is borrowed until the loop goes on. */
nf_nimbus_state nf_nimbus_look(const nf_nimbus *nimbus);

/**
 * Send. `path` begins with '/'; `body` is JSON text or NULL; `terms` may be NULL; all are copied. `done` is never
 * called from inside.
 */
nf_nimbus_request *nf_nimbus_send_on(nf_nimbus *nimbus, const char *method, const char *path,
                                     const char *body, nf_class class, const nf_nimbus_terms *terms,
                                     nf_nimbus_done *done, void *ctx);

/** The same, for nobody in particular. */
nf_nimbus_request *nf_nimbus_send(nf_nimbus *nimbus, const char *method, const char *path,
                                  const char *body, nf_class class, nf_nimbus_done *done,
                                  void *ctx);

/** Send a GET whose answer may be large (at most `max_body` bytes, 0: as any) and take a minute. */
nf_nimbus_request *nf_nimbus_get(nf_nimbus *nimbus, const char *path, size_t max_body,
                                 const nf_nimbus_terms *terms, nf_nimbus_done *done, void *ctx);

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
