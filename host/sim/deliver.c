/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliver.c: events to the callbacks whose filter matches, at least once.
 *
 * A callback that does not answer, answers 429 or a 5xx is tried again a few times, later each
 * time; any other answer is final. The filter compares the task's first modality, as the
 * description says.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { ATTEMPTS = 5, OVERTAKE_MS = 50 };

static void attempt(void *ctx);

/* ---- who wants it ---- */

/* A filter that is absent or empty takes everything. */
static bool passes(const json_t *filter, const char *text)
{
    return json_array_size(filter) == 0 || !text || sim_lists(filter, text, false);
}

static bool wants(const sim_subscription *s, const sim_notice *n)
{
    return s->kind == n->kind && sim_lists(s->services, n->service->upn, true)
           && (n->kind == SIM_ON_ASSISTANT ? passes(s->events, n->event)
                                           : sim_lists(s->events, n->event, false))
           && passes(s->modalities, n->modality) && passes(s->directions, n->direction);
}

/* Its user may have lost the right since; then it depends on the world whether anything still comes. */
static bool still_may(sim_subscription *s, const sim_notice *n)
{
    sim_right right = n->kind == SIM_ON_ENTRY ? SIM_USE_ENTRIES : SIM_USE_TASKS;
    return !sim_may(s->user, right, n->service);
}

/* ---- one delivery ---- */

static sim_subscription *subscription_of(const sim_delivery *d)
{
    return sim_subscription_find(d->subject->sim, d->subscription);
}

static void finish(sim_delivery *d, sim_delivery_state state)
{
    sim_subscription *s = subscription_of(d);
    d->state = state;
    if (s && state == SIM_DELIVERED)
        s->delivered++;
    if (s && state == SIM_FAILED)
        s->failed++;
    d->subject->in_flight--;
    free(d->body);
    d->body = NULL;
    sim_changed(d->subject->sim);
}

static bool is_worth_another(int status)
{
    return status == 0 || status == 408 || status == 429 || status >= 500;
}

static void try_again(sim_delivery *d, uint32_t retry_after_ms)
{
    uint64_t wait = d->subject->sim->retry_ms << (d->attempts - 1);
    if (d->attempts >= ATTEMPTS) {
        finish(d, SIM_FAILED);
        return;
    }
    nf_timer_start(d->timer, retry_after_ms > wait ? retry_after_ms : wait, 0);
    sim_changed(d->subject->sim);
}

static void on_answer(void *ctx, const nf_http_result *result)
{
    sim_delivery *d = ctx;
    d->request = NULL;
    d->status = result->status;
    d->took_ms = (nf_clock_ns() - d->began_ns) / 1000000;
    snprintf(d->why, sizeof d->why, "%.120s",
             result->error.status != NF_OK ? result->error.text : "");
    if (result->error.status == NF_OK && result->status / 100 == 2)
        finish(d, SIM_DELIVERED);
    else if (is_worth_another(result->error.status == NF_OK ? result->status : 0))
        try_again(d, result->retry_after_ms);
    else
        finish(d, SIM_FAILED);
}

static void attempt(void *ctx)
{
    sim_delivery *d = ctx;
    nf_sim *sim = d->subject->sim;
    sim_subscription *s = subscription_of(d);
    if (s && s->later == d)
        s->later = NULL;
    if (!s) {
        finish(d, SIM_DROPPED);
        return;
    }
    d->attempts++;
    d->began_ns = nf_clock_ns();
    if (d->sent_ns && !*d->sent_ns)
        *d->sent_ns = d->began_ns;
    d->request =
        nf_http_request_start(sim->client,
                              &(nf_http_spec){.method = "POST",
                                              .url = s->url,
                                              .content_type = "application/json; charset=utf-8",
                                              .body = d->body,
                                              .len = strlen(d->body),
                                              .timeout_ms = sim->delivery_ms,
                                              .max_body = 65536,
                                              .write = true},
                              on_answer, d);
}

void sim_delivery_free(sim_delivery *d)
{
    sim_subscription *s = subscription_of(d);
    if (s && s->later == d)
        s->later = NULL;
    if (d->request)
        nf_http_request_cancel(d->request);
    nf_timer_close(d->timer);
    free(d->body);
    free(d);
}

/* ---- an event ---- */

/* Ms until the gathered deliveries leave together. */
static uint64_t burst_delay(nf_sim *sim, uint64_t delay_ms)
{
    uint64_t now = nf_clock_ns();
    if (sim->burst_ns <= now)
        sim->burst_ns = now + delay_ms * 1000000;
    return (sim->burst_ns - now) / 1000000 + 1;
}

static sim_delivery *begin(sim_subject *subject, sim_event *event, const sim_subscription *s,
                           const sim_notice *n, const char *body)
{
    sim_delivery *d = nf_alloc(sizeof *d);
    d->subject = subject;
    memcpy(d->subscription, s->id, sizeof d->subscription);
    d->body = nf_strdup(body);
    d->sent_ns = n->sent_ns;
    d->timer = nf_timer_new(subject->sim->loop, attempt, d);
    subject->in_flight++;
    DL_APPEND(event->deliveries, d);
    return d;
}

static void send_after(sim_delivery *d, uint64_t delay_ms)
{
    if (delay_ms)
        nf_timer_start(d->timer, delay_ms, 0);
    else
        attempt(d);
}

/* What was held back leaves now that this one has overtaken it. */
static void release_later(sim_subscription *s)
{
    if (s->later)
        nf_timer_start(s->later->timer, OVERTAKE_MS, 0);
    s->later = NULL;
}

static void hand_out(sim_subject *subject, sim_event *event, sim_subscription *s,
                     const sim_notice *n, const char *body)
{
    nf_sim *sim = subject->sim;
    sim_fault fault = {.mode = SIM_FAULT_MODES};
    sim_fault_take(sim, "deliver", &fault);
    if (fault.mode == SIM_FAULT_LOST) {
        sim_subscription_free(sim, s);
        return;
    }
    uint64_t delay =
        fault.mode == SIM_FAULT_BURST ? burst_delay(sim, fault.delay_ms) : fault.delay_ms;
    sim_delivery *d = begin(subject, event, s, n, body);
    if (fault.mode == SIM_FAULT_OUT_OF_ORDER && !s->later) {
        s->later = d;
        nf_timer_start(d->timer, delay, 0); /* if nothing overtakes it */
        return;
    }
    release_later(s);
    send_after(d, delay);
    if (fault.mode == SIM_FAULT_DUPLICATE)
        send_after(begin(subject, event, s, n, body), delay);
}

void sim_deliver(sim_subject *subject, sim_event *event, const sim_notice *n)
{
    nf_sim *sim = subject->sim;
    sim_subscription *s, *next;
    char *body = NULL;
    if (!n->service->workflow || n->service->licence == SIM_NO_LICENCE)
        return;
    HASH_ITER (hh, sim->subscriptions, s, next) {
        if (!wants(s, n))
            continue;
        if (!sim->world.refuse_lost && !still_may(s, n)) {
            s->withheld++;
            continue;
        }
        body = body ? body : nf_json_text(n->body);
        hand_out(subject, event, s, n, body);
    }
    free(body);
}
