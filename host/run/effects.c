/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effects.c: what a run asks for: from the worker's EFFECT to our RESULT, with an entry in the run's journal.
 *
 * What the journal knows is answered from there, in the recorded order; the world does not see it again. A read or safe
 * effect is sent, and its result given, at once; an unsafe one when its intent is durable, and when its result is.
 *
 * The broker believes nothing: a number out of order, an unknown action or too many effects end the worker, not it.
 */
#include "act/stand_in.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/jscan.h"
#include "run/internal.h"

#include <stdlib.h>
#include <string.h>

/* MOST_BYTES: of a run's journal, since it is in memory */
enum { LONGEST_WHERE = 512, MOST_BYTES = 16 << 20 };

/* That an unsafe effect will be sent, on its way to the disk. */
typedef struct nf_intention {
    nf_pending *pending; /* NULL: nobody wants to send it any more */
    nf_call *call;
} nf_intention;

void nf_pending_free(nf_pending *pending)
{
    if (pending->intention)
        pending->intention->pending = NULL;
    nf_timer_close(pending->timer);
    DL_DELETE(pending->run->pending, pending);
    free(pending);
}

/* ---- results ---- */

void nf_effects_give(nf_run *run)
{
    nf_entry *entry;
    while (run->crew && !run->held_by && !run->parking && (entry = nf_journal_next(run->journal))) {
        nf_msg_result head = {.number = entry->row.number, .now_ms = entry->row.at_ms};
        run->journal->given++;
        nf_fault_point("journal.give");
        run->waits = false;
        nf_worker_send(run->crew->worker, NF_MSG_RESULT, entry->row.state == NF_ENTRY_ERROR,
                       run->key, &head, sizeof head, entry->row.result, entry->row.len);
    }
}

static void on_durable(nf_entry *entry, const nf_error *err)
{
    if (!err) /* otherwise the host ends */
        nf_effects_give(entry->run);
}

/*
 * Nobody waits for the result of a read or a safe effect to be on disk: it is written with the next one that somebody
 * waits for, or after a while. Most runs end before, and are never written effect by effect.
 */
static void note_unwritten(nf_run *run)
{
    nf_pool *pool = run->pool;
    if (run->unwritten_ns)
        return;
    run->unwritten_ns = nf_clock_ns();
    DL_APPEND2(pool->unwritten, run, unwritten_prev, unwritten_next);
    if (pool->unwritten == run)
        nf_timer_start(pool->writer, NF_WRITE_AFTER_MS, 0);
}

void nf_effects_written(nf_run *run)
{
    if (run->unwritten_ns)
        DL_DELETE2(run->pool->unwritten, run, unwritten_prev, unwritten_next);
    run->unwritten_ns = 0;
}

void nf_effects_write_old(void *ctx)
{
    nf_pool *pool = ctx;
    const uint64_t after_ns = (uint64_t)NF_WRITE_AFTER_MS * 1000000;
    uint64_t now = nf_clock_ns();
    while (pool->unwritten && now - pool->unwritten->unwritten_ns >= after_ns) {
        nf_run *run = pool->unwritten;
        nf_effects_written(run);
        nf_journal_flush(run->env->store, run->journal);
    }
    if (pool->unwritten)
        nf_timer_start(pool->writer,
                       (after_ns - (now - pool->unwritten->unwritten_ns)) / 1000000 + 1, 0);
}

void nf_effects_record(nf_pending *pending, const nf_error *err, const char *result, size_t len)
{
    nf_run *run = pending->run;
    nf_store *store = run->env->store;
    bool careful = store && pending->action->class == NF_UNSAFE && pending->intended;
    char *error = err ? nf_pending_error(pending->action, err, &len) : NULL;
    nf_entry *entry = nf_pending_put(pending, err ? NF_ENTRY_ERROR : NF_ENTRY_RESULT,
                                     nf_effect_now_ms(run->env), err, err ? error : result, len);
    entry->durable = !careful;
    if (careful)
        nf_journal_write(store, run->journal, entry, on_durable);
    else if (store)
        note_unwritten(run);
    free(error);
    nf_pending_free(pending);
    if (run->journal->bytes > MOST_BYTES)
        nf_run_tell_end(run, NF_OUTCOME_OVER_OUTPUT,
                        "what its effects returned is more than the 16 MiB that are kept of a run",
                        NULL);
    else
        nf_lane_effect_ended(run);
}

static void on_ended(void *ctx, nf_call *call, const nf_error *err, const char *result, size_t len)
{
    nf_pending *pending = ctx;
    (void)call;
    pending->call = NULL;
    nf_run_has_context(pending, err);
    if (err && err->status == NF_E_UNKNOWN && pending->intended && nf_run_can_park(pending->run))
        nf_run_hold(pending->run, pending->number, err->text);
    else
        nf_effects_record(pending, err, result, len);
}

/* ---- what an effect asks of its run ---- */

uint64_t nf_effects_wall_left_ms(void *ctx)
{
    const nf_pending *pending = ctx;
    const nf_run *run = pending->run;
    uint64_t used = (nf_clock_ns() - run->attempt_ns) / 1000000;
    uint64_t limit = run->limits.of[NF_BUDGET_WALL];
    return used < limit ? limit - used : 0;
}

/* The run is told to end; the timeline shows the sleep that was too long. */
void nf_effects_too_long(nf_pending *pending, const nf_error *err)
{
    nf_run *run = pending->run;
    nf_pending_put(pending, NF_ENTRY_ERROR, nf_clock_wall_ms(), err, NULL, 0)->durable = false;
    nf_run_tell_end(run, NF_OUTCOME_OVER_TIME, err->text, pending->where);
    nf_pending_free(pending);
}

static void over_time(void *ctx, uint64_t asked_ms)
{
    nf_pending *pending = ctx;
    uint64_t limit = pending->run->limits.of[NF_BUDGET_WALL];
    nf_error err = {0};
    nf_error_set(&err, NF_E_LIMIT,
                 "wall budget exceeded: a wait of %llu ms, but of %llu ms only %llu ms are left",
                 (unsigned long long)asked_ms, (unsigned long long)limit,
                 (unsigned long long)nf_effects_wall_left_ms(pending));
    nf_effects_too_long(pending, &err);
}

static bool sleep_long(void *ctx, uint64_t ms)
{
    nf_pending *pending = ctx;
    if (!nf_run_can_park(pending->run))
        return false;
    if (nf_run_fall_asleep(pending, nf_clock_wall_ms() + (int64_t)ms))
        nf_journal_write(pending->run->env->store, pending->run->journal,
                         nf_pending_put(pending, NF_ENTRY_SLEEP, pending->until_ms, NULL, NULL, 0),
                         NULL);
    return true;
}

static void on_intended(nf_entry *entry, const nf_error *err)
{
    nf_pending *pending;
    DL_FOREACH (entry->run->pending, pending) {
        if (pending->number == entry->row.number && pending->intention)
            break;
    }
    if (!pending)
        return;
    nf_call *call = pending->intention->call;
    free(pending->intention);
    pending->intention = NULL;
    nf_effect_go(call, err);
}

/* The intent comes after the event in the queue of writes, so once it is durable the event is too. */
static void intend(void *ctx, nf_call *call)
{
    nf_pending *pending = ctx;
    nf_run *run = pending->run;
    if (!run->env->store) {
        nf_effect_go(call, NULL);
        return;
    }
    pending->intended = true;
    pending->intention = nf_alloc(sizeof *pending->intention);
    *pending->intention = (nf_intention){pending, call};
    nf_journal_write(run->env->store, run->journal,
                     nf_pending_put(pending, NF_ENTRY_INTENT, nf_clock_wall_ms(), NULL, NULL, 0),
                     on_intended);
}

bool nf_effects_permits(void *ctx, const char *action)
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

void nf_effects_terms(void *ctx, nf_nimbus_terms *out)
{
    const nf_run *run = ((const nf_pending *)ctx)->run;
    out->retry = run->handler->retry;
    out->priority = (int)run->urgency;
    out->left_ms = nf_effects_wall_left_ms(ctx) + 1; /* 0 would mean: any time */
}

static const nf_effect_owner owner = {
    .ended = on_ended,
    .wall_left_ms = nf_effects_wall_left_ms,
    .sleep = sleep_long,
    .over_time = over_time,
    .intend = intend,
    .permits = nf_effects_permits,
    .terms = nf_effects_terms,
};

/* ---- what the worker says ---- */

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

static nf_pending *new_pending(nf_run *run, const nf_msg_effect *head, const char *where,
                               const char *args, size_t len)
{
    nf_pending *pending = nf_alloc(sizeof *pending + head->where_len + len + 2);
    pending->run = run;
    pending->action = run->pool->runner->actions[head->action];
    pending->number = head->number;
    pending->asked = true;
    pending->started_ns = nf_clock_ns();
    pending->where = memcpy((char *)(pending + 1), where, head->where_len);
    pending->args = memcpy(pending->where + head->where_len + 1, args, len);
    pending->args_len = len;
    DL_APPEND(run->pending, pending);
    return pending;
}

void nf_effects_start(nf_pending *pending)
{
    nf_run *run = pending->run;
    nf_call *call = nf_effect_start(run->env, pending->action, pending->args, pending->args_len,
                                    &owner, pending);
    if (call) /* otherwise it has ended, and pending is gone */
        pending->call = call;
}

/* It is on record: another effect under its number would be answered wrongly. */
static void mismatch(nf_pending *pending, const char *recorded)
{
    nf_run *run = pending->run;
    char *why =
        nf_format("%s: effect %u is %s now, but %s with %s arguments was recorded; the run is "
                  "not what it was",
                  pending->where, pending->number, pending->action->name, recorded,
                  strcmp(recorded, pending->action->name) == 0 ? "other" : "its own");
    uint32_t number = pending->number;
    nf_pending_free(pending);
    nf_run_hold(run, number, why);
    free(why);
}

/* The effect is on record: what came of it? */
static void recall(nf_pending *pending, nf_entry *entry)
{
    nf_run *run = pending->run;
    if (entry->lacking
        || !nf_entry_fits(entry, pending->action, pending->args, pending->args_len)) {
        mismatch(pending, entry->lacking ? "an action that this program does not have"
                                         : entry->action->name);
        return;
    }
    entry->asked = true;
    if (entry->row.state == NF_ENTRY_SLEEP) {
        pending->started_ns = run->began_ns + nf_entry_started_ns(entry);
        nf_run_fall_asleep(pending, entry->row.at_ms);
    } else if (entry->row.state == NF_ENTRY_INTENT) {
        nf_run_find_out(pending, entry->row.at_ms);
    } else {
        nf_pending_free(pending);
        nf_effects_give(run);
    }
}

/* It was under way when the worker died, and still is. */
static nf_pending *still_under_way(const nf_pending *asked)
{
    nf_pending *pending;
    DL_FOREACH (asked->run->pending, pending) {
        if (pending != asked && pending->number == asked->number)
            return pending;
    }
    return NULL;
}

static void go_on(nf_pending *asked, nf_pending *pending)
{
    nf_entry same = {.action = pending->action,
                     .row = {.args = pending->args, .args_len = pending->args_len}};
    if (!nf_entry_fits(&same, asked->action, asked->args, asked->args_len)) {
        mismatch(asked, pending->action->name);
        return;
    }
    pending->asked = true;
    nf_pending_free(asked);
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
    nf_run_heard(run);
    if (run->parking || run->told || run->outdated)
        return; /* it is about to end */
    run->waits = frame->aux == 1 && head.given == run->journal->given;
    const char *where = payload + sizeof head, *args = where + head.where_len;
    size_t len = frame->size - sizeof head - head.where_len;
    nf_pending *pending = new_pending(run, &head, where, args, len),
               *before = still_under_way(pending);
    nf_entry *entry = nf_journal_find(run->journal, head.number);
    if (before)
        go_on(pending, before);
    else if (entry)
        recall(pending, entry);
    else
        nf_effects_start(pending);
    run = nf_crew_find_run(crew, frame->id);
    if (run)
        nf_run_may_sleep(run);
}

void nf_effects_on_waits(nf_crew *crew, const nf_frame *frame, const char *payload)
{
    nf_msg_waits waits;
    nf_run *run = nf_crew_find_run(crew, frame->id);
    if (!run || frame->size != sizeof waits) {
        nf_crew_broke(crew, "WAITS of a run that it does not have, or of another length");
        return;
    }
    memcpy(&waits, payload, sizeof waits);
    run->waits = waits.given == run->journal->given;
    nf_run_may_sleep(run);
}

/* ---- the end ---- */

void nf_effects_cancel_all(nf_run *run)
{
    while (run->pending) {
        if (run->pending->call)
            nf_effect_cancel(run->pending->call);
        nf_pending_free(run->pending);
    }
}

/* The run has ended and will get no answer; whether an effect that was sent took effect may not be known. */
void nf_effects_give_up(nf_run *run)
{
    nf_pending *pending;
    DL_FOREACH (run->pending, pending) {
        nf_error err = {0};
        nf_error_set(&err, NF_E_CANCELLED, "the run ended before the answer came%s",
                     pending->intended && !pending->intention
                         ? "; whether it took effect is not known"
                         : "");
        nf_pending_put(pending, NF_ENTRY_ERROR, nf_clock_wall_ms(), &err, NULL, 0);
    }
    nf_effects_cancel_all(run);
}
