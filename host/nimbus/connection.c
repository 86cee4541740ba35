/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection.c: see connection.h. What waits is in line.c.
 *
 * A request is in flight (`http` set), waiting for its next attempt (`timer` running), in the line (`in_line`), or
 * waiting for a token (`wait` set); exactly one of them.
 */
#include "nimbus/internal.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/secret.h"
#include "log/log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    LARGE_MS = 60000, /* a large answer may take as long, whatever the limit of others */
    WINDOW_MS = 1017, /* without its part that is not over yet, still a second */
    MARGIN_MS =
        100, /* so much before the end of its time a request gives up, so that a script can hear it */
};

#define NS_PER_MS 1000000u

nf_nimbus *nf_nimbus_new(nf_loop *loop, nf_http_client *client, const nf_nimbus_options *options)
{
    nf_nimbus *nimbus = nf_alloc(sizeof *nimbus);
    nf_retry standard = nf_retry_standard();
    nimbus->loop = loop;
    nimbus->client = client;
    nimbus->tenant = nf_strdup(options->tenant);
    nimbus->cluster = nf_strdup(options->cluster);
    nimbus->request_ms = options->request_ms;
    nimbus->share = options->share;
    nimbus->retry = nf_retry_over(&standard, &options->retry);
    nimbus->breaker.most = options->breaker_failures;
    nimbus->breaker.probe_ms =
        options->breaker_probe_ms ? options->breaker_probe_ms : NF_BREAKER_PROBE_MS;
    nimbus->sent = nf_window_new(WINDOW_MS);
    nimbus->rate = UINT64_MAX;
    nimbus->next = nf_timer_new(loop, nf_line_move, nimbus);
    nimbus->next_ns = UINT64_MAX;
    return nimbus;
}

void nf_nimbus_close(nf_nimbus *nimbus)
{
    if (!nimbus)
        return;
    while (nimbus->requests)
        nf_nimbus_cancel(nimbus->requests);
    nf_timer_close(nimbus->next);
    free(nimbus->last_failure);
    free(nimbus->tenant);
    free(nimbus->cluster);
    free(nimbus);
}

const char *nf_nimbus_cluster(const nf_nimbus *nimbus)
{
    return nimbus->cluster;
}

void nf_nimbus_on_breaker(nf_nimbus *nimbus, nf_nimbus_breaker *changed, void *ctx)
{
    nimbus->on_breaker = changed;
    nimbus->breaker_ctx = ctx;
}

nf_nimbus_state nf_nimbus_look(const nf_nimbus *nimbus)
{
    uint64_t now = nf_clock_ns();
    return (nf_nimbus_state){
        .waiting = nimbus->waiting,
        .paused_ms =
            nimbus->paused_until_ns > now ? (nimbus->paused_until_ns - now) / NS_PER_MS : 0,
        .open = nimbus->breaker.open,
        .failures = nimbus->breaker.failures,
        .probe_in_ms = nf_breaker_wait_ms(&nimbus->breaker, now),
        .failure = nimbus->last_failure,
        .count = nimbus->count,
    };
}

static void free_request(nf_nimbus_request *r)
{
    nf_nimbus *nimbus = r->nimbus;
    DL_DELETE(nimbus->requests, r);
    if (r->in_line)
        nf_line_leave(r);
    if (r->wait)
        nf_token_wait_cancel(r->wait);
    if (r->probe) { /* it has not ended as a probe */
        nf_breaker_lost(&nimbus->breaker);
        nf_line_look(nimbus);
    }
    if (nimbus->own == r)
        nimbus->own = NULL;
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

void nf_nimbus_fail(nf_nimbus_request *r, const nf_error *err)
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
        nf_nimbus_fail(r, err);
    else
        send_in_turn(r);
}

static void on_no_sign_in(void *ctx)
{
    nf_nimbus_fail(ctx, &(nf_error){.status = NF_E_SIGN_IN,
                                    .text = "nobody is signed in for this connection; remedy: "
                                            "nimflow connect"});
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

/* What is sent once only must be over before nobody waits for its outcome any more. */
static uint64_t timeout_of(const nf_nimbus_request *r, uint64_t now)
{
    uint64_t ms = NF_MAX(r->timeout_ms, r->nimbus->request_ms);
    return r->class == NF_UNSAFE ? NF_MAX(NF_MIN(ms, nf_line_left_ms(r, now)), 1) : ms;
}

void nf_nimbus_send_now(nf_nimbus_request *r)
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
    nimbus->count.sent++;
    nimbus->count.repeated += r->attempt > 0;
    r->probe = nimbus->breaker.open;
    nf_breaker_sent(&nimbus->breaker, now);
    r->attempt++;
    nf_http_spec spec = {
        .method = r->method,
        .url = r->url,
        .bearer = token,
        .content_type = r->body ? "application/json" : NULL,
        .body = r->body,
        .len = r->body ? strlen(r->body) : 0,
        .timeout_ms = timeout_of(r, now),
        .max_body = r->max_body,
        .write = r->class != NF_READ,
        .share = r->nimbus->share,
    };
    r->http = nf_http_request_start(r->nimbus->client, &spec, on_answer, r);
}

/* Send it, or put it into the line. The probe of our own has been let out already. */
static void send_in_turn(void *ctx)
{
    nf_nimbus_request *r = ctx;
    if (r == r->nimbus->own)
        nf_nimbus_send_now(r);
    else
        nf_line_join(r);
}

void nf_nimbus_set_rate(nf_nimbus *nimbus, uint64_t per_second)
{
    nimbus->rate = per_second;
    nf_line_look(nimbus);
}

uint64_t nf_nimbus_rate(nf_nimbus *nimbus, uint64_t *peak)
{
    *peak = nimbus->peak;
    return nf_window_sum(&nimbus->sent, nf_clock_ns());
}

/* ---- what an answer means for all requests ---- */

static char *failure_text(const nf_http_result *result)
{
    return result->error.status == NF_OK ? nf_format("HTTP %d", result->status)
                                         : nf_strdup(result->error.text);
}

static void tell_breaker(nf_nimbus *nimbus)
{
    char *text = NULL;
    if (nimbus->breaker.open)
        text = nf_format(
            "the last %u requests to %s failed, the newest one: %s; until it answers only "
            "a probe goes out every %llu ms, and what flows send waits",
            nimbus->breaker.failures, nimbus->cluster, nimbus->last_failure,
            (unsigned long long)nimbus->breaker.probe_ms);
    if (text)
        nf_log_warn("nimbus", "%s: %s", nimbus->tenant, text);
    else
        nf_log_info("nimbus", "%s: %s answers again", nimbus->tenant, nimbus->cluster);
    nimbus->count.opened = nimbus->breaker.opened;
    if (nimbus->on_breaker)
        nimbus->on_breaker(nimbus->breaker_ctx, text);
    free(text);
}

static void learn(nf_nimbus_request *r, const nf_http_result *result)
{
    nf_nimbus *nimbus = r->nimbus;
    uint64_t now = nf_clock_ns(), asked = result->retry_after_ms;
    bool failed = nf_breaker_counts(result->error.status, result->status);
    if (failed) {
        free(nimbus->last_failure);
        nimbus->last_failure = failure_text(result);
    }
    bool was_probe = r->probe;
    r->probe = false;
    if (nf_breaker_ended(&nimbus->breaker, was_probe, failed, now))
        tell_breaker(nimbus);
    if (result->status == 429 && asked) {
        uint64_t until = now + NF_MIN(asked, nimbus->retry.obeyed_ms) * NS_PER_MS;
        if (now >= nimbus->paused_until_ns) {
            nimbus->count.pauses++;
            nf_log_warn("nimbus", "%s: %s asks for a pause of %llu ms (429); all requests wait",
                        nimbus->tenant, nimbus->cluster, (unsigned long long)asked);
        }
        nimbus->paused_until_ns = NF_MAX(nimbus->paused_until_ns, until);
    }
    nf_line_look(nimbus);
}

/* ---- the probe of our own ---- */

static void on_probed(void *ctx, const nf_error *err, const nf_reply *reply, const char *location)
{
    (void)ctx; /* learn() has seen it */
    (void)err;
    (void)reply;
    (void)location;
}

static nf_nimbus_request *new_request(nf_nimbus *nimbus, const char *method, const char *path,
                                      nf_class class, const nf_nimbus_terms *terms,
                                      nf_nimbus_done *done, void *ctx);

void nf_nimbus_probe(nf_nimbus *nimbus)
{
    nf_nimbus_terms terms = {.retry.times = 1};
    nf_breaker_sent(&nimbus->breaker, nf_clock_ns());
    nimbus->own = new_request(nimbus, "GET", NF_PROBE_PATH, NF_READ, &terms, on_probed, nimbus);
    nimbus->own->probe = true;
    nf_nimbus_send_now(nimbus->own);
}

/* ---- the end of an attempt ---- */

/* After a 401: is there another token, or will there be one? Asked once per request. */
static bool another_token(nf_nimbus_request *r)
{
    bool again =
        !r->refused && r->nimbus->sign_in && nf_sign_in_refused(r->nimbus->sign_in, r->token);
    r->refused = true;
    return again;
}

static nf_retry_verdict decide(nf_nimbus_request *r, const nf_http_result *result,
                               uint64_t *wait_ms)
{
    uint16_t jitter = 0;
    if (nf_attempt_judge(result->error.status, result->status) != NF_ATTEMPT_FINAL)
        nf_random(&jitter, sizeof jitter); /* a call of the kernel that an answer can do without */
    nf_attempt attempt = {
        .number = r->attempt,
        .repeatable = r->class != NF_UNSAFE,
        .status = result->error.status,
        .http_status = result->status,
        .retry_after_ms = result->retry_after_ms,
        .left_ms = nf_line_left_ms(r, nf_clock_ns()),
    };
    return nf_retry_decide(&r->retry, &attempt, jitter, wait_ms);
}

/* Why it is not tried again, for the error. */
static void note_end(const nf_nimbus_request *r, nf_retry_verdict verdict, uint64_t wait_ms,
                     uint32_t asked_ms, char *note, size_t size)
{
    note[0] = '\0';
    if (verdict == NF_RETRY_EXHAUSTED && r->attempt > 1)
        snprintf(note, size, "tried %u times", r->attempt);
    else if (verdict == NF_RETRY_TOO_LONG)
        snprintf(note, size,
                 "not tried again: it asks for a wait of %lu ms, and %lu ms are the most",
                 (unsigned long)asked_ms, (unsigned long)r->retry.obeyed_ms);
    else if (verdict == NF_RETRY_NO_TIME)
        snprintf(
            note, size,
            "not tried again: that would be in %llu ms, but only %llu ms of the run's wall time "
            "are left",
            (unsigned long long)wait_ms, (unsigned long long)nf_line_left_ms(r, nf_clock_ns()));
}

static void end_request(nf_nimbus_request *r, const nf_http_result *result, const char *note)
{
    nf_error err = result->error;
    nf_reply reply = {
        .status = result->status,
        .body = result->body,
        .len = result->len,
        .retry_after_ms = result->retry_after_ms,
        .note = note[0] ? note : NULL,
        .maybe_done = r->maybe_done,
    };
    if (err.status != NF_OK && note[0]) {
        size_t n = strlen(err.text);
        snprintf(err.text + n, sizeof err.text - n, "; %s", note);
    }
    r->done(r->ctx, err.status == NF_OK ? NULL : &err, &reply, result->location);
    free_request(r);
}

static void on_answer(void *ctx, const nf_http_result *result)
{
    nf_nimbus_request *r = ctx;
    uint64_t wait = 0;
    char note[256];
    r->http = NULL;
    learn(r, result);
    if (result->status == 401 && another_token(r)) {
        send_in_turn(r);
        return;
    }
    nf_retry_verdict verdict = decide(r, result, &wait);
    if (verdict != NF_RETRY_AGAIN) {
        note_end(r, verdict, wait, result->retry_after_ms, note, sizeof note);
        end_request(r, result, note);
        return;
    }
    if (nf_attempt_judge(result->error.status, result->status) == NF_ATTEMPT_UNKNOWN)
        r->maybe_done = r->class != NF_READ;
    nf_log_debug("nimbus", "%s: %s attempt %u failed (%d), next in %llu ms", r->nimbus->tenant,
                 r->method, r->attempt, result->status, (unsigned long long)wait);
    if (!r->timer)
        r->timer = nf_timer_new(r->nimbus->loop, send_in_turn, r);
    nf_timer_start(r->timer, wait, 0);
}

/* ---- for those who ask ---- */

static nf_nimbus_request *new_request(nf_nimbus *nimbus, const char *method, const char *path,
                                      nf_class class, const nf_nimbus_terms *terms,
                                      nf_nimbus_done *done, void *ctx)
{
    nf_nimbus_request *r = nf_alloc(sizeof *r);
    r->nimbus = nimbus;
    r->method = nf_strdup(method);
    r->url = nf_format("%s%s", nimbus->cluster, path);
    r->class = class;
    r->retry = nf_retry_over(&nimbus->retry, terms ? &terms->retry : NULL);
    if (terms && terms->left_ms) {
        uint64_t margin = NF_MIN(terms->left_ms / 10, MARGIN_MS);
        r->until_ns = nf_clock_ns() + (terms->left_ms - margin) * NS_PER_MS;
    }
    r->priority = terms ? terms->priority : 0;
    r->done = done;
    r->ctx = ctx;
    DL_APPEND(nimbus->requests, r);
    return r;
}

nf_nimbus_request *nf_nimbus_send_on(nf_nimbus *nimbus, const char *method, const char *path,
                                     const char *body, nf_class class, const nf_nimbus_terms *terms,
                                     nf_nimbus_done *done, void *ctx)
{
    nf_nimbus_request *r = new_request(nimbus, method, path, class, terms, done, ctx);
    r->body = nf_strdup(body);
    nf_line_join(r);
    return r;
}

nf_nimbus_request *nf_nimbus_send(nf_nimbus *nimbus, const char *method, const char *path,
                                  const char *body, nf_class class, nf_nimbus_done *done, void *ctx)
{
    return nf_nimbus_send_on(nimbus, method, path, body, class, NULL, done, ctx);
}

nf_nimbus_request *nf_nimbus_get(nf_nimbus *nimbus, const char *path, size_t max_body,
                                 const nf_nimbus_terms *terms, nf_nimbus_done *done, void *ctx)
{
    nf_nimbus_request *r = new_request(nimbus, "GET", path, NF_READ, terms, done, ctx);
    r->max_body = max_body;
    r->timeout_ms = LARGE_MS;
    nf_line_join(r);
    return r;
}
