/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h: the structs behind a connection, for connection.c and line.c only. */
#ifndef NF_NIMBUS_INTERNAL_H
#define NF_NIMBUS_INTERNAL_H

#include "base/window.h"
#include "nimbus/breaker.h"
#include "nimbus/connection.h"

struct nf_nimbus {
    nf_loop *loop;
    nf_http_client *client;
    char *tenant, *cluster;
    nf_sign_in *sign_in;
    uint64_t request_ms;
    const nf_http_share *share;
    nf_retry retry;
    nf_window sent; /* requests in the last second */
    uint64_t rate, peak;
    uint64_t paused_until_ns; /* 429 with Retry-After: nothing goes out before */
    nf_breaker breaker;
    char *last_failure;            /* what the newest failure of the other side was, or NULL */
    nf_nimbus_request *own;        /* the harmless request of a probe that nobody else could be */
    nf_nimbus_breaker *on_breaker; /* told of every change, or NULL */
    void *breaker_ctx;
    nf_timer *next;   /* when the line is looked at again */
    uint64_t next_ns; /* what it is set to; UINT64_MAX: it is not */
    nf_nimbus_request *line;
    unsigned waiting; /* in it */
    nf_nimbus_request *requests;
    nf_nimbus_count count;
};

struct nf_nimbus_request {
    nf_nimbus *nimbus;
    char *method, *url, *body;
    nf_class class;
    nf_retry retry; /* everything is said */
    int priority;   /* lower goes first */
    uint64_t
        until_ns; /* when nobody waits for it any more; 0: it waits for the rate and a pause only */
    size_t max_body; /* of the answer; 0: the client's own */
    uint64_t timeout_ms;
    unsigned attempt;
    bool refused, in_line; /* refused: its token was, once */
    bool probe;            /* it went out while the breaker was open */
    bool maybe_done;       /* an attempt of it ended with an unknown outcome */
    uint64_t token;        /* number of the one it went out with */
    nf_token_wait *wait;
    nf_http_request *http;
    nf_timer *timer;
    nf_nimbus_done *done;
    void *ctx;
    nf_nimbus_request *prev, *next;
    nf_nimbus_request *line_prev, *line_next;
};

/* connection.c */
void nf_nimbus_send_now(nf_nimbus_request *request);
void nf_nimbus_fail(nf_nimbus_request *request, const nf_error *err);
void nf_nimbus_probe(nf_nimbus *nimbus);

/* line.c */
/** Send it, or put it last of its priority in the line. */
void nf_line_join(nf_nimbus_request *request);
void nf_line_leave(nf_nimbus_request *request);
/** Something has changed: look at the line in the next round of the loop. */
void nf_line_look(nf_nimbus *nimbus);
/** The timer `next`. */
void nf_line_move(void *ctx);
/** What is left of the time that somebody waits for it; UINT64_MAX: any. */
uint64_t nf_line_left_ms(const nf_nimbus_request *request, uint64_t now_ns);

#endif
