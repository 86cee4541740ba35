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

enum { ATTEMPTS = 5 };

static void attempt(void *ctx);

/* ---- who wants it ---- */

static bool lists(const json_t *list, const char *text, bool ignore_case)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        const char *value = json_string_value(item);
        if (ignore_case ? strcasecmp(value, text) == 0 : strcmp(value, text) == 0)
            return true;
    }
    return false;
}

/* A filter that is absent or empty takes everything. */
static bool passes(const json_t *filter, const char *text)
{
    return json_array_size(filter) == 0 || lists(filter, text, false);
}

static bool wants(const sim_subscription *s, const sim_task *task, const char *event)
{
    return lists(s->services, task->service->upn, true) && lists(s->events, event, false)
           && passes(s->modalities, nf_json_string(task->data, "modality"))
           && passes(s->directions, nf_json_string(task->data, "direction"));
}

/* ---- one delivery ---- */

static sim_subscription *subscription_of(const sim_delivery *d)
{
    sim_subscription *s;
    HASH_FIND_STR(d->task->sim->subscriptions, d->subscription, s);
    return s;
}

static void finish(sim_delivery *d, sim_delivery_state state)
{
    sim_subscription *s = subscription_of(d);
    d->state = state;
    if (s && state == SIM_DELIVERED)
        s->delivered++;
    if (s && state == SIM_FAILED)
        s->failed++;
    d->task->in_flight--;
    free(d->body);
    d->body = NULL;
    sim_changed(d->task->sim);
}

static bool is_worth_another(int status)
{
    return status == 0 || status == 408 || status == 429 || status >= 500;
}

static void try_again(sim_delivery *d, uint32_t retry_after_ms)
{
    uint64_t wait = d->task->sim->retry_ms << (d->attempts - 1);
    if (d->attempts >= ATTEMPTS) {
        finish(d, SIM_FAILED);
        return;
    }
    nf_timer_start(d->timer, retry_after_ms > wait ? retry_after_ms : wait, 0);
    sim_changed(d->task->sim);
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
    nf_sim *sim = d->task->sim;
    const sim_subscription *s = subscription_of(d);
    if (!s) {
        finish(d, SIM_DROPPED);
        return;
    }
    d->attempts++;
    d->began_ns = nf_clock_ns();
    if (d->first_accept && !d->task->accept_sent_ns)
        d->task->accept_sent_ns = d->began_ns;
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
    if (d->request)
        nf_http_request_cancel(d->request);
    nf_timer_close(d->timer);
    free(d->body);
    free(d);
}

/* ---- an event ---- */

static void begin(sim_task *task, sim_event *event, const sim_subscription *s, const char *body,
                  uint64_t delay_ms)
{
    const char *accepted = sim_step_event(task->sim, NF_SIM_SYSTEM_ACCEPTED);
    sim_delivery *d = nf_alloc(sizeof *d);
    d->task = task;
    memcpy(d->subscription, s->id, sizeof d->subscription);
    d->body = nf_strdup(body);
    d->first_accept = accepted && strcmp(event->event, accepted) == 0;
    d->timer = nf_timer_new(task->sim->loop, attempt, d);
    task->in_flight++;
    DL_APPEND(event->deliveries, d);
    if (delay_ms)
        nf_timer_start(d->timer, delay_ms, 0);
    else
        attempt(d);
}

static void begin_with_faults(sim_task *task, sim_event *event, const sim_subscription *s,
                              const char *body)
{
    sim_fault fault = {0};
    bool hit = sim_fault_take(task->sim, "deliver", &fault);
    begin(task, event, s, body, fault.delay_ms);
    if (hit && fault.mode == SIM_FAULT_DUPLICATE)
        begin(task, event, s, body, fault.delay_ms);
}

void sim_deliver(sim_task *task, sim_event *event)
{
    sim_subscription *s, *next;
    char *body = NULL;
    HASH_ITER (hh, task->sim->subscriptions, s, next) {
        if (!wants(s, task, event->event))
            continue;
        body = body ? body : nf_json_text(task->data);
        begin_with_faults(task, event, s, body);
    }
    free(body);
}
