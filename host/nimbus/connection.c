/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection.c: see connection.h.
 *
 * A request is in flight (`http` set), waiting for its next attempt (`timer` running), waiting for the rate
 * (`in_line`), or waiting for a token (`wait` set); exactly one of them.
 */
#include "nimbus/connection.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/secret.h"
#include "base/window.h"
#include "log/log.h"
#include "net/http_retry.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { LARGE_MS = 60000 }; /* a large answer may take as long, whatever the limit of others */

struct nf_nimbus {
    nf_loop *loop;
    nf_http_client *client;
    char *tenant, *cluster;
    nf_sign_in *sign_in;
    uint64_t request_ms;
    const nf_http_share *share;
    nf_window sent; /* requests in the last second */
    uint64_t rate, peak;
    nf_timer *next; /* when one of the line may go */
    nf_nimbus_request *line;
    nf_nimbus_request *requests;
};

struct nf_nimbus_request {
    nf_nimbus *nimbus;
    char *method, *url, *body;
    nf_class class;
    size_t max_body; /* of the answer; 0: the client's own */
    uint64_t timeout_ms;
    unsigned attempt;
    bool refused, in_line; /* refused: its token was, once */
    uint64_t token;        /* number of the one it went out with */
    nf_token_wait *wait;
    nf_http_request *http;
    nf_timer *timer;
    nf_nimbus_done *done;
    void *ctx;
    nf_nimbus_request *prev, *next;
    nf_nimbus_request *line_prev, *line_next;
};

static void send_line(void *ctx);

nf_nimbus *nf_nimbus_new(nf_loop *loop, nf_http_client *client, const nf_nimbus_options *options)
{
    nf_nimbus *nimbus = nf_alloc(sizeof *nimbus);
    nimbus->loop = loop;
    nimbus->client = client;
    nimbus->tenant = nf_strdup(options->tenant);
    nimbus->cluster = nf_strdup(options->cluster);
    nimbus->request_ms = options->request_ms;
    nimbus->share = options->share;
    nimbus->sent = nf_window_new(1000);
    nimbus->rate = UINT64_MAX;
    nimbus->next = nf_timer_new(loop, send_line, nimbus);
    return nimbus;
}

void nf_nimbus_close(nf_nimbus *nimbus)
{
    if (!nimbus)
        return;
    while (nimbus->requests)
        nf_nimbus_cancel(nimbus->requests);
    nf_timer_close(nimbus->next);
    free(nimbus->tenant);
    free(nimbus->cluster);
    free(nimbus);
}

const char *nf_nimbus_cluster(const nf_nimbus *nimbus)
{
    return nimbus->cluster;
}

static void free_request(nf_nimbus_request *r)
{
    DL_DELETE(r->nimbus->requests, r);
    if (r->in_line)
        DL_DELETE2(r->nimbus->line, r, line_prev, line_next);
    if (r->wait)
        nf_token_wait_cancel(r->wait);
    nf_timer_close(r->timer);
    free(r->method);
    free(r->url);
    free(r->body);
    free(r);
}

void nf_nimbus_cancel(nf_nimbus_request *r)
{
    if (r->http)
        nf_http_request_cancel(r->http);
    free_request(r);
}

static void on_answer(void *ctx, const nf_http_result *result);
static void send_in_turn(void *ctx);

/* ---- the token ---- */

static void fail(nf_nimbus_request *r, const nf_error *err)
{
    nf_reply none = {.body = ""};
    r->done(r->ctx, err, &none, NULL);
    free_request(r);
}

static void on_token(void *ctx, const nf_error *err)
{
    nf_nimbus_request *r = ctx;
    r->wait = NULL;
    if (err)
        fail(r, err);
    else
        send_in_turn(r);
}

static void on_no_sign_in(void *ctx)
{
    fail(ctx,
         &(nf_error){.status = NF_E_SIGN_IN,
                     .text = "nobody is signed in for this connection; remedy: nimflow connect"});
}

static void wait_for_token(nf_nimbus_request *r)
{
    if (r->nimbus->sign_in) {
        r->wait = nf_sign_in_wait(r->nimbus->sign_in, on_token, r);
        return;
    }
    nf_timer_close(r->timer);
    r->timer = nf_timer_new(r->nimbus->loop, on_no_sign_in, r);
    nf_timer_start(r->timer, 0, 0);
}

void nf_nimbus_use(nf_nimbus *nimbus, nf_sign_in *sign_in)
{
    nf_nimbus_request *r;
    nimbus->sign_in = sign_in;
    DL_FOREACH (nimbus->requests, r) {
        if (!r->wait)
            continue;
        nf_token_wait_cancel(r->wait);
        r->wait = NULL;
        wait_for_token(r);
    }
}

/* ---- sending ---- */

static void send_now(nf_nimbus_request *r)
{
    nf_nimbus *nimbus = r->nimbus;
    uint64_t now = nf_clock_ns();
    const char *token = nimbus->sign_in ? nf_sign_in_token(nimbus->sign_in, &r->token) : NULL;
    if (!token) {
        wait_for_token(r);
        return;
    }
    nf_window_add(&nimbus->sent, now, 1);
    nimbus->peak = NF_MAX(nimbus->peak, nf_window_sum(&nimbus->sent, now));
    r->attempt++;
    nf_http_spec spec = {
        .method = r->method,
        .url = r->url,
        .bearer = token,
        .content_type = r->body ? "application/json" : NULL,
        .body = r->body,
        .len = r->body ? strlen(r->body) : 0,
        .timeout_ms = NF_MAX(r->timeout_ms, r->nimbus->request_ms),
        .max_body = r->max_body,
        .write = r->class != NF_READ,
        .share = r->nimbus->share,
    };
    r->http = nf_http_request_start(r->nimbus->client, &spec, on_answer, r);
}

/* ---- the rate ---- */

static bool may_send(nf_nimbus *nimbus)
{
    return nf_window_sum(&nimbus->sent, nf_clock_ns()) < nimbus->rate;
}

static void send_line(void *ctx)
{
    nf_nimbus *nimbus = ctx;
    while (nimbus->line && may_send(nimbus)) {
        nf_nimbus_request *r = nimbus->line;
        DL_DELETE2(nimbus->line, r, line_prev, line_next);
        r->in_line = false;
        send_now(r);
    }
    if (nimbus->line)
        nf_timer_start(nimbus->next, nf_window_wait_ms(&nimbus->sent, nf_clock_ns()), 0);
}

/* Send it, or put it last in the line. */
static void send_in_turn(void *ctx)
{
    nf_nimbus_request *r = ctx;
    nf_nimbus *nimbus = r->nimbus;
    if (!nimbus->line && may_send(nimbus)) {
        send_now(r);
        return;
    }
    r->in_line = true;
    DL_APPEND2(nimbus->line, r, line_prev, line_next);
    send_line(nimbus);
}

void nf_nimbus_set_rate(nf_nimbus *nimbus, uint64_t per_second)
{
    nimbus->rate = per_second;
    send_line(nimbus);
}

uint64_t nf_nimbus_rate(nf_nimbus *nimbus, uint64_t *peak)
{
    *peak = nimbus->peak;
    return nf_window_sum(&nimbus->sent, nf_clock_ns());
}

/* After a 401: is there another token, or will there be one? Asked once per request. */
static bool another_token(nf_nimbus_request *r)
{
    bool again =
        !r->refused && r->nimbus->sign_in && nf_sign_in_refused(r->nimbus->sign_in, r->token);
    r->refused = true;
    return again;
}

static long wait_for_next(nf_nimbus_request *r, const nf_http_result *result)
{
    uint16_t jitter;
    nf_random(&jitter, sizeof jitter);
    nf_attempt attempt = {
        .number = r->attempt,
        .repeatable = r->class != NF_UNSAFE,
        .status = result->error.status,
        .http_status = result->status,
        .retry_after_ms = result->retry_after_ms,
    };
    return nf_retry_wait(&attempt, jitter);
}

static void on_answer(void *ctx, const nf_http_result *result)
{
    nf_nimbus_request *r = ctx;
    r->http = NULL;
    bool good = result->error.status == NF_OK && result->status < 300;
    if (result->status == 401 && another_token(r)) {
        send_in_turn(r);
        return;
    }
    long wait = good ? -1 : wait_for_next(r, result);
    if (wait >= 0) {
        nf_log_debug("nimbus", "%s: %s attempt %u failed (%d), next in %ld ms", r->nimbus->tenant,
                     r->method, r->attempt, result->status, wait);
        if (!r->timer)
            r->timer = nf_timer_new(r->nimbus->loop, send_in_turn, r);
        nf_timer_start(r->timer, (uint64_t)wait, 0);
        return;
    }
    nf_reply reply = {result->status, result->body, result->len, result->retry_after_ms};
    r->done(r->ctx, result->error.status == NF_OK ? NULL : &result->error, &reply,
            result->location);
    free_request(r);
}

static nf_nimbus_request *new_request(nf_nimbus *nimbus, const char *method, const char *path,
                                      nf_class class, nf_nimbus_done *done, void *ctx)
{
    nf_nimbus_request *r = nf_alloc(sizeof *r);
    r->nimbus = nimbus;
    r->method = nf_strdup(method);
    r->url = nf_format("%s%s", nimbus->cluster, path);
    r->class = class;
    r->done = done;
    r->ctx = ctx;
    DL_APPEND(nimbus->requests, r);
    return r;
}

nf_nimbus_request *nf_nimbus_send(nf_nimbus *nimbus, const char *method, const char *path,
                                  const char *body, nf_class class, nf_nimbus_done *done, void *ctx)
{
    nf_nimbus_request *r = new_request(nimbus, method, path, class, done, ctx);
    r->body = nf_strdup(body);
    send_in_turn(r);
    return r;
}

nf_nimbus_request *nf_nimbus_get(nf_nimbus *nimbus, const char *path, size_t max_body,
                                 nf_nimbus_done *done, void *ctx)
{
    nf_nimbus_request *r = new_request(nimbus, "GET", path, NF_READ, done, ctx);
    r->max_body = max_body;
    r->timeout_ms = LARGE_MS;
    send_in_turn(r);
    return r;
}

static const struct {
    int http;
    nf_status status;
    const char *meaning;
} meanings[] = {
    {400, NF_E_ARG, "Nimbus refused the request as wrong"},
    {401, NF_E_SIGN_IN, "the token was refused; renew the token of this connection"},
    {403, NF_E_DENIED,
     "the connection's user has no right to this; check the role and the organization unit"},
    {404, NF_E_NOT_FOUND, "no such thing, or it has ended"},
    {429, NF_E_RATE, "too many requests"},
    {504, NF_E_SERVER, "Nimbus gave no answer in time"},
};

nf_status nf_nimbus_reply_error(const char *method, const char *path, const nf_reply *reply,
                                bool changes, nf_error *err)
{
    nf_status status = reply->status >= 500   ? NF_E_SERVER
                       : reply->status >= 400 ? NF_E_ARG
                                              : NF_E_PROTOCOL;
    const char *meaning = reply->status >= 500   ? "Nimbus failed"
                          : reply->status >= 400 ? "Nimbus refused the request"
                                                 : "an answer that the API does not have";
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].http == reply->status) {
            status = meanings[i].status;
            meaning = meanings[i].meaning;
        }
    }
    if (reply->status == 504 && changes)
        status = NF_E_UNKNOWN;
    if (err && err->status == NF_OK) {
        err->http_status = reply->status;
        err->retry_after_ms = reply->retry_after_ms;
    }
    return nf_error_set(err, status, "%s %s answered %d: %s", method, path, reply->status, meaning);
}

const char *nf_nimbus_waits(const nf_nimbus_request *r)
{
    if (r->in_line)
        return "in line: requests_per_second of the connection";
    if (r->wait)
        return "for the sign-in of its connection";
    return r->http ? NULL : "before the next attempt";
}
