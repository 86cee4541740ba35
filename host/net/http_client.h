/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.h: requests out, by libcurl's multi interface on the loop.
 *
 * At most `max_per_host` transfers at a time go to one host (libcurl slows down with many); the others wait in order,
 * and owners take turns.
 * Redirects are not followed, only http and https are spoken. `done` is called exactly once per request that was not
 * cancelled, from the loop, never from inside nf_http_request_start.
 */
#ifndef NF_NET_HTTP_CLIENT_H
#define NF_NET_HTTP_CLIENT_H

#include "loop/loop.h"

typedef struct nf_http_client nf_http_client;
typedef struct nf_http_request nf_http_request;

/**
 * One owner's part of the links to a host, when several owners compete: the one with the fewest busy links for its
 * weight is served next, and nobody gets all of them. Owned by the caller; must outlive its requests.
 */
typedef struct nf_http_share {
    unsigned weight; /* 1 to 100 */
} nf_http_share;

/** What to send. Everything is copied. */
typedef struct nf_http_spec {
    const char *method;
    const char *url;
    const char *bearer;       /* token, or NULL */
    const char *content_type; /* of the body, or NULL */
    const char *unix_socket;  /* connect there instead, or NULL */
    const char *body;
    size_t len;
    uint64_t timeout_ms;        /* for the whole request, waiting in line excluded; 0: 30 s */
    size_t max_body;            /* of the answer; 0: 1 MiB; a larger one is NF_E_LIMIT */
    const nf_http_share *share; /* whose request it is; NULL: nobody's in particular. Borrowed */
    bool secret;                /* the answer holds secrets: its memory is wiped after `done` */
    bool write;                 /* it changes something: lost after sending means NF_E_UNKNOWN */
} nf_http_spec;

/** What came back. Borrowed during `done`. */
typedef struct nf_http_result {
    nf_error error;   /* status NF_OK: there is an answer, whatever its HTTP status */
    int status;       /* HTTP status, or 0 */
    const char *body; /* NUL-terminated, never NULL */
    size_t len;
    const char *location; /* header Location, or NULL */
    uint32_t
        retry_after_ms; /* header Retry-After in seconds or as a date; 0: none; at most one day */
} nf_http_result;

/** A client on the loop. */
nf_status nf_http_client_open(nf_loop *loop, unsigned max_per_host, nf_http_client **client,
                              nf_error *err);

/** Cancel everything under way and free. */
void nf_http_client_close(nf_http_client *client);

/** Send a request. The handle is valid until `done` is called or it is cancelled. */
nf_http_request *nf_http_request_start(nf_http_client *client, const nf_http_spec *spec,
                                       void (*done)(void *ctx, const nf_http_result *result),
                                       void *ctx);

/** Stop it; `done` is not called. */
void nf_http_request_cancel(nf_http_request *request);

#endif
