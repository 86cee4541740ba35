/* SPDX-License-Identifier: Apache-2.0 */
/*
 * park.c: runs that leave memory without an end: those that sleep for long, and those that are held for a person.
 *
 * A parked run is a row and its journal; later it starts anew and is answered from that. It leaves its lane. While it
 * leaves (`parking`), its worker is told to end it, and it is gone when the worker says so.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "run/internal.h"

#include <stdlib.h>
#include <string.h>

enum { SHORTEST_MS = 1000 }; /* less sleep than this is left: it stays in memory */

bool nf_run_can_park(const nf_run *run)
{
    return run->env->store && run->parked;
}

static void park(nf_run *run, const nf_parking *parking)
{
    run->park = *parking;
    run->park_reason = nf_strdup(parking->reason);
    run->park.reason = run->park_reason;
    run->parking = true;
    nf_journal_flush(run->env->store, run->journal);
    nf_effects_cancel_all(run);
    if (run->crew && !run->held_by)
        nf_worker_send(run->crew->worker, NF_MSG_CANCEL, NF_OUTCOME_CANCELLED, run->key, NULL, 0,
                       NULL, 0);
    else
        nf_run_leave_memory(run);
}

void nf_run_hold(nf_run *run, uint32_t number, const char *why)
{
    if (run->parking || run->told)
        return;
    if (nf_run_can_park(run))
        park(run, &(nf_parking){.run = run->id, .number = number, .reason = why});
    else
        nf_run_end_with(run, NF_OUTCOME_LOST_WORKER, why);
}

/* ---- sleep ---- */

static void on_sleep_over(void *ctx)
{
    nf_effects_record(ctx, NULL, NULL, 0);
}

bool nf_run_fall_asleep(nf_pending *pending, int64_t until_ms)
{
    nf_run *run = pending->run;
    int64_t now = nf_clock_wall_ms(), left = NF_MAX(until_ms - now, 0);
    uint64_t limit = run->limits.of[NF_BUDGET_LIFETIME],
             used = (uint64_t)NF_MAX(until_ms - run->journal->began_ms, 0);
    if (used > limit) {
        nf_error err = {0};
        char text[NF_AMOUNT_MAX];
        nf_amount_text(NF_UNIT_MS, limit, text);
        nf_error_set(&err, NF_E_LIMIT,
                     "lifetime budget exceeded: with this sleep the run would last longer than %s",
                     text);
        nf_effects_too_long(pending, &err);
        return false;
    }
    pending->until_ms = until_ms;
    pending->timer = nf_timer_new(run->pool->runner->loop, on_sleep_over, pending);
    nf_timer_start(pending->timer, (uint64_t)left, 0);
    return true;
}

void nf_run_may_sleep(nf_run *run)
{
    int64_t wake = INT64_MAX;
    nf_pending *pending;
    if (!run->waits || run->parking || run->told || !run->pending
        || run->journal->given < run->journal->turns)
        return;
    DL_FOREACH (run->pending, pending) {
        if (!pending->timer)
            return;
        wake = NF_MIN(wake, pending->until_ms);
    }
    if (wake - nf_clock_wall_ms() >= SHORTEST_MS)
        park(run, &(nf_parking){.run = run->id, .wake_ms = wake});
}

/* ---- unknown outcomes ---- */

static void hold_unknown(nf_pending *pending, const char *what)
{
    nf_run *run = pending->run;
    uint32_t number = pending->number;
    char *why =
        nf_format("%s: the host ended while %s was under way, and it must not be done twice; %s",
                  pending->where, pending->action->name, what);
    nf_pending_free(pending);
    nf_run_hold(run, number, why);
    free(why);
}

static void on_verified(void *ctx, nf_call *call, const nf_error *err, const char *result,
                        size_t len)
{
    nf_pending *pending = ctx;
    (void)call;
    pending->call = NULL;
    if (!err)
        nf_effects_record(pending, NULL, result, len);
    else if (err->status == NF_E_NOT_FOUND) /* it was not done: now it is */
        nf_effects_start(pending);
    else
        hold_unknown(pending, err->text);
}

static const nf_effect_owner verifier = {
    .ended = on_verified,
    .wall_left_ms = nf_effects_wall_left_ms,
    .terms = nf_effects_terms,
    .permits = nf_effects_permits,
};

/* Its intent was written, its result was not: was it done? */
void nf_run_find_out(nf_pending *pending, int64_t intended_ms)
{
    if (!nf_effect_can_verify(pending->action)) {
        hold_unknown(pending, "whether it took effect is not known");
        return;
    }
    pending->intended = true;
    nf_call *call = nf_effect_verify(pending->run->env, pending->action, pending->args,
                                     pending->args_len, intended_ms, &verifier, pending);
    if (call) /* otherwise it has ended, and pending is gone or goes on */
        pending->call = call;
}
