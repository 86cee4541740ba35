/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scenario_play.c: a day is played: each action at its time, by the functions of the control interface; at the end a
 * summary of what became of the calls and of their events.
 *
 * An action that is refused is told on standard error with its line and counted; the day goes on.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "sim/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { POLL_MS = 25 };

static int64_t now_ms(const sim_scenario *s)
{
    return (int64_t)((nf_clock_ns() - s->began_ns) / 1000000) * (int64_t)s->sim->speed;
}

/* ---- actions ---- */

/* The body of a task's action as the control interface wants it. */
static json_t *task_body(const nf_sim *sim, const sim_action *a)
{
    const char *text = json_string_value(a->body);
    if (strcmp(a->verb, "input") == 0)
        return json_incref(a->body);
    if (strcmp(a->verb, "transfer") == 0)
        return json_pack("{ss}", sim_find_service(&sim->world, text) ? "service" : "user", text);
    if (strcmp(a->verb, "hangup") == 0)
        return json_pack("{ss}", "by", text);
    return text && strcmp(text, "anybody") != 0 ? json_pack("{ss}", "user", text) : json_object();
}

/* The body of a scheduler entry: `dueAfter` becomes a time. */
static json_t *entry_body(const nf_sim *sim, const json_t *from)
{
    char when[NF_TIME_TEXT];
    json_t *body = json_copy((json_t *)from);
    int64_t after = nf_json_integer(from, "dueAfter", 0);
    json_object_del(body, "dueAfter");
    nf_clock_text(nf_clock_wall_ms() + (int64_t)sim_real_ms(sim, (uint64_t)after), when);
    json_object_set_new(body, "dueDateTimeUtc", json_string(when));
    return body;
}

static void run(sim_scenario *s, const sim_action *a, sim_call *call)
{
    static const struct {
        const char *verb;
        void (*run)(sim_call *call);
    } on_task[] = {{"ring", sim_control_ring},       {"accept", sim_control_accept},
                   {"decline", sim_control_decline}, {"transfer", sim_control_transfer},
                   {"hangup", sim_control_hang_up},  {"input", sim_control_input}};
    call->given = json_incref(a->body);
    if (strcmp(a->verb, "call") == 0) {
        sim_control_call(call);
        json_object_set(s->names, a->name, json_object_get(call->json, "taskId"));
    } else if (strcmp(a->verb, "entry") == 0) {
        json_decref(call->given);
        call->given = entry_body(s->sim, a->body);
        sim_add_entry(call);
    } else if (strcmp(a->verb, "user") == 0) {
        json_decref(call->given);
        call->given = json_copy(a->body);
        call->param = nf_json_string(a->body, "upn");
        json_object_del(call->given, "upn");
        sim_control_user(call);
    } else if (strcmp(a->verb, "fault") == 0) {
        sim_fault_add(call);
    } else if (strcmp(a->verb, "clearFaults") == 0) {
        sim_fault_clear(call);
    }
    for (size_t i = 0; i < sizeof on_task / sizeof on_task[0]; i++)
        if (strcmp(on_task[i].verb, a->verb) == 0) {
            json_decref(call->given);
            call->given = task_body(s->sim, a);
            call->param = nf_json_string(s->names, a->name);
            on_task[i].run(call);
        }
}

static void act(sim_scenario *s, const sim_action *a)
{
    sim_call call = {.sim = s->sim, .method = "POST", .status = 200, .user = &s->sim->users[0]};
    run(s, a, &call);
    s->done++;
    if (call.status >= 400) {
        s->failed++;
        fprintf(stderr, "%s:%d: %s: %s\n", s->path, a->line, a->verb,
                nf_json_string(call.json, "error"));
    }
    json_decref(call.given);
    json_decref(call.json);
}

/* ---- the summary ---- */

typedef struct summary {
    unsigned calls, taken, given_up, under_way, with_context, updates;
    unsigned raised, delivered, failed, waiting;
    double *context_ms;
} summary;

static void count_events(summary *sum, const sim_subject *subject)
{
    const sim_event *event;
    const sim_delivery *d;
    DL_FOREACH (subject->history, event) {
        sum->raised += event->event[0] != '(';
        DL_FOREACH (event->deliveries, d) {
            sum->delivered += d->state == SIM_DELIVERED;
            sum->failed += d->state == SIM_FAILED || d->state == SIM_DROPPED;
            sum->waiting += d->state == SIM_WAITING;
        }
    }
}

static void count(const nf_sim *sim, summary *sum)
{
    for (const sim_task *t = sim->tasks; t; t = t->hh.next) {
        sum->calls++;
        sum->taken += t->user != NULL;
        sum->given_up += t->ended && !t->user;
        sum->under_way += !t->ended;
        sum->updates += t->updates;
        if (t->context_ms >= 0)
            sum->context_ms[sum->with_context++] = t->context_ms;
        count_events(sum, &t->log);
    }
    for (const sim_entry *e = sim->entries; e; e = e->hh.next)
        count_events(sum, &e->log);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void finish(sim_scenario *s)
{
    nf_sim *sim = s->sim;
    unsigned withheld = 0;
    summary sum = {.context_ms = nf_alloc((HASH_COUNT(sim->tasks) + 1) * sizeof(double))};
    nf_strbuf out = nf_strbuf_new(4096);
    for (const sim_subscription *one = sim->subscriptions; one; one = one->hh.next)
        withheld += one->withheld;
    count(sim, &sum);
    qsort(sum.context_ms, sum.with_context, sizeof(double), compare);
    nf_strbuf_addf(&out, "%s: %u actions, %u failed, %.1f s\n", s->name, s->done, s->failed,
                   (double)(nf_clock_ns() - s->began_ns) / 1e9);
    nf_strbuf_addf(&out, "tasks    %u: %u taken by a user, %u ended without one, %u under way\n",
                   sum.calls, sum.taken, sum.given_up, sum.under_way);
    nf_strbuf_addf(
        &out, "events   %u raised; deliveries: %u done, %u failed, %u under way, %u withheld\n",
        sum.raised, sum.delivered, sum.failed, sum.waiting, withheld);
    nf_strbuf_addf(&out, "context  %u updates; %u tasks with context", sum.updates,
                   sum.with_context);
    if (sum.with_context)
        nf_strbuf_addf(&out, ", median %.2f ms, longest %.2f ms",
                       sum.context_ms[sum.with_context / 2], sum.context_ms[sum.with_context - 1]);
    if (s->played)
        s->played(s->ctx, s->failed == 0, nf_strbuf_text(&out));
    nf_strbuf_release(&out);
    free(sum.context_ms);
}

/* ---- time ---- */

static bool all_over(const nf_sim *sim)
{
    for (const sim_task *t = sim->tasks; t; t = t->hh.next)
        if (!t->ended || t->log.in_flight)
            return false;
    for (const sim_entry *e = sim->entries; e; e = e->hh.next)
        if (e->state <= SIM_IN_PROGRESS || e->log.in_flight)
            return false;
    return true;
}

static void on_time(void *ctx)
{
    sim_scenario *s = ctx;
    if (!s->began_ns && HASH_COUNT(s->sim->subscriptions) < s->wait_for) {
        nf_timer_start(s->timer, POLL_MS, 0);
        return;
    }
    if (!s->began_ns)
        s->began_ns = nf_clock_ns();
    while (s->actions && s->actions->at_ms <= now_ms(s)) {
        sim_action *a = s->actions;
        DL_DELETE(s->actions, a);
        act(s, a);
        free(a->name);
        json_decref(a->body);
        free(a);
    }
    if (!s->actions && (all_over(s->sim) || now_ms(s) >= s->end_ms)) {
        finish(s);
        return;
    }
    uint64_t wait = POLL_MS;
    if (s->actions)
        wait = sim_real_ms(s->sim, (uint64_t)(s->actions->at_ms - now_ms(s)));
    nf_timer_start(s->timer, wait < 1 ? 1 : wait, 0);
}

void sim_scenario_start(sim_scenario *s)
{
    s->timer = nf_timer_new(s->sim->loop, on_time, s);
    nf_timer_start(s->timer, 0, 0);
}
