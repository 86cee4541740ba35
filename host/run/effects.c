/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effects.c: what a run asks for: from the worker's EFFECT to our RESULT, with a line in the run's timeline.
 *
 * The broker believes nothing: a number out of order, an unknown action or more effects than the run may have ends the
 * worker, not the broker.
 */
#include "act/stand_in.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/jscan.h"
#include "run/internal.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_WHERE = 512 };

/* Milliseconds with three digits after the point, without formatted printing: this is written for every effect. */
static void add_ms(nf_strbuf *out, const char *name, uint64_t ns)
{
    uint64_t us = ns / 1000, rest = us % 1000;
    nf_strbuf_puts(out, name);
    nf_strbuf_add_u64(out, us / 1000);
    nf_strbuf_puts(out, rest < 10 ? ".00" : rest < 100 ? ".0" : ".");
    nf_strbuf_add_u64(out, rest);
}

static void add_to_timeline(const nf_pending *pending, const nf_error *err)
{
    nf_run *run = pending->run;
    nf_strbuf *out = &run->timeline;
    nf_strbuf_puts(out, out->len ? ",{\"n\":" : "{\"n\":");
    nf_strbuf_add_u64(out, pending->number);
    nf_strbuf_puts(out, ",\"action\":\"");
    nf_strbuf_puts(out, pending->action->name);
    nf_strbuf_puts(out, "\",\"where\":");
    nf_strbuf_add_json(out, pending->where, strlen(pending->where));
    add_ms(out, ",\"at_ms\":", pending->started_ns - run->started_ns);
    add_ms(out, ",\"took_ms\":", nf_clock_ns() - pending->started_ns);
    if (pending->args)
        nf_strbuf_addf(out, ",\"args\":%s", pending->args);
    if (err) {
        nf_strbuf_addf(out,
                       ",\"ok\":false,\"kind\":\"%s\",\"message\":", nf_status_kind(err->status));
        nf_strbuf_add_json(out, err->text, strlen(err->text));
        nf_strbuf_puts(out, "}");
    } else {
        nf_strbuf_puts(out, ",\"ok\":true}");
    }
}

/* That an unsafe effect will be sent, on its way to the disk. */
typedef struct nf_intention {
    nf_pending *pending; /* NULL: nobody wants to send it any more */
    nf_call *call;
} nf_intention;

static void free_pending(nf_pending *pending)
{
    if (pending->intention)
        pending->intention->pending = NULL;
    DL_DELETE(pending->run->pending, pending);
    free(pending->where);
    free(pending->args);
    free(pending);
}

/* May a script do it again? An unsafe effect only when it is known that nothing was done. */
static bool retryable(const nf_action *action, nf_status status)
{
    if (action->class == NF_UNSAFE && status != NF_E_RATE && status != NF_E_UNREACHABLE)
        return false;
    return nf_status_retryable(status);
}

static char *error_json(const nf_action *action, const nf_error *err, size_t *len)
{
    nf_strbuf out = nf_strbuf_new(16384);
    nf_strbuf_addf(&out, "{\"kind\":\"%s\",\"message\":", nf_status_kind(err->status));
    nf_strbuf_add_json(&out, err->text, strlen(err->text));
    if (err->http_status)
        nf_strbuf_addf(&out, ",\"status\":%d", err->http_status);
    nf_strbuf_addf(
        &out, ",\"retryable\":%s,\"hint\":", retryable(action, err->status) ? "true" : "false");
    nf_strbuf_add_json(&out, err->hint, strlen(err->hint));
    nf_strbuf_puts(&out, "}");
    *len = out.len;
    return nf_strbuf_take(&out);
}

static void on_ended(void *ctx, nf_call *call, const nf_error *err, const char *result, size_t len)
{
    nf_pending *pending = ctx;
    nf_run *run = pending->run;
    nf_msg_result head = {.number = pending->number, .now_ms = nf_effect_now_ms(run->env)};
    char *error = err ? error_json(pending->action, err, &len) : NULL;
    (void)call;
    nf_worker_send(run->crew->worker, NF_MSG_RESULT, err != NULL, run->key, &head, sizeof head,
                   err ? error : result, len);
    add_to_timeline(pending, err);
    free(error);
    free_pending(pending);
}

static uint64_t wall_left_ms(void *ctx)
{
    const nf_pending *pending = ctx;
    const nf_run *run = pending->run;
    uint64_t used = (nf_clock_ns() - run->started_ns) / 1000000;
    uint64_t limit = run->limits.of[NF_BUDGET_WALL];
    return used < limit ? limit - used : 0;
}

/* Words for a wait that is too long. The worker cannot know them: it is only told to end the run. */
static char *too_long_json(const nf_pending *pending, uint64_t asked_ms, nf_error *err)
{
    uint64_t limit = pending->run->limits.of[NF_BUDGET_WALL], left = wall_left_ms((void *)pending);
    nf_strbuf out = nf_strbuf_new(16384);
    nf_error_set(err, NF_E_LIMIT,
                 "wall budget exceeded: a wait of %llu ms, but of %llu ms only %llu ms are left",
                 (unsigned long long)asked_ms, (unsigned long long)limit, (unsigned long long)left);
    nf_strbuf_puts(&out, "{\"message\":");
    nf_strbuf_add_json(&out, err->text, strlen(err->text));
    nf_strbuf_puts(&out, ",\"where\":");
    nf_strbuf_add_json(&out, pending->where, strlen(pending->where));
    nf_strbuf_addf(&out, ",\"kind\":\"%s\",\"traceback\":[]}",
                   nf_outcome_name(NF_OUTCOME_OVER_TIME));
    return nf_strbuf_take(&out);
}

static void over_time(void *ctx, uint64_t asked_ms)
{
    nf_pending *pending = ctx;
    nf_run *run = pending->run;
    nf_error err = {0};
    /* the worker ends the run, since it alone knows what it used; the timeline shows the sleep that was too long */
    free(run->too_long);
    run->too_long = too_long_json(pending, asked_ms, &err);
    nf_worker_send(run->crew->worker, NF_MSG_CANCEL, NF_OUTCOME_OVER_TIME, run->key, NULL, 0, NULL,
                   0);
    add_to_timeline(pending, &err);
    free_pending(pending);
}

static void on_marked(void *ctx, const nf_error *err)
{
    nf_intention *intention = ctx;
    nf_pending *pending = intention->pending;
    nf_call *call = intention->call;
    free(intention);
    if (!pending)
        return;
    pending->intention = NULL;
    nf_effect_go(call, err);
}

/* The mark comes after the event in the queue of writes, so once it is durable the event is too. */
static void intend(void *ctx, nf_call *call)
{
    nf_pending *pending = ctx;
    nf_run *run = pending->run;
    nf_store *store = run->env->store;
    run->unsafe = true;
    if (!store) {
        nf_effect_go(call, NULL);
        return;
    }
    nf_intention *intention = nf_alloc(sizeof *intention);
    *intention = (nf_intention){pending, call};
    pending->intention = intention;
    nf_store_mark_run(store, run->id, on_marked, intention);
}

static bool permits(void *ctx, const char *action)
{
    const nf_pending *pending = ctx;
    size_t i;
    const json_t *permission;
    json_array_foreach (pending->run->handler->permissions, i, permission) {
        if (strcmp(json_string_value(permission), action) == 0)
            return true;
    }
    return false;
}

static const nf_effect_owner owner = {on_ended, wall_left_ms, over_time, intend, permits};

static bool read_effect(nf_crew *crew, const nf_frame *frame, const char *payload,
                        nf_msg_effect *head)
{
    if (frame->size < sizeof *head) {
        nf_crew_broke(crew, "EFFECT without its parts");
        return false;
    }
    memcpy(head, payload, sizeof *head);
    if (head->where_len > frame->size - sizeof *head || head->where_len > LONGEST_WHERE) {
        nf_crew_broke(crew, "EFFECT with wrong lengths");
        return false;
    }
    return true;
}

static bool plausible(const nf_run *run, const nf_msg_effect *head)
{
    return head->number == run->effects_seen + 1 && head->action < run->pool->runner->action_count
           && head->number <= run->effects_most;
}

void nf_effects_on_frame(nf_crew *crew, const nf_frame *frame, const char *payload)
{
    nf_msg_effect head;
    nf_run *run = nf_crew_find_run(crew, frame->id);
    if (!run) {
        nf_crew_broke(crew, "EFFECT of a run that it does not have");
        return;
    }
    if (!read_effect(crew, frame, payload, &head))
        return;
    if (!plausible(run, &head)) {
        nf_crew_broke(crew, "EFFECT out of order, unknown or too many");
        return;
    }
    run->effects_seen = head.number;
    const char *where = payload + sizeof head, *args = where + head.where_len;
    size_t len = frame->size - sizeof head - head.where_len;

    nf_pending *pending = nf_alloc(sizeof *pending);
    pending->run = run;
    pending->action = run->pool->runner->actions[head.action];
    pending->number = head.number;
    pending->started_ns = nf_clock_ns();
    pending->where = nf_memdup(where, head.where_len);
    if (run->pool->record_args && len && nf_run_readable(args, len))
        pending->args = nf_memdup(args, len);
    DL_APPEND(run->pending, pending);
    nf_call *call = nf_effect_start(run->env, pending->action, args, len, &owner, pending);
    if (call) /* otherwise it has ended, and pending is gone */
        pending->call = call;
}

void nf_effects_cancel_all(nf_run *run)
{
    while (run->pending) {
        if (run->pending->call)
            nf_effect_cancel(run->pending->call);
        free_pending(run->pending);
    }
}
