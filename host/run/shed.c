/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shed.c: runs that are ended although nothing is wrong with them: each is counted, and its history says why.
 *
 * What is given up to make room was not begun: nothing of it has happened in the world.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "run/internal.h"

#include <stdlib.h>
#include <string.h>

const char *nf_shed_name(nf_shed reason)
{
    static const char *const names[] = {"",
#define X(name, text) text,
                                        NF_SHED_MAP(X)
#undef X
    };
    return names[reason];
}

uint64_t nf_pool_shed_count(const nf_pool *pool, nf_shed reason)
{
    return pool->shed[reason];
}

void nf_pool_set_watcher(nf_pool *pool, const nf_pool_watcher *watcher)
{
    pool->watcher = *watcher;
}

/* ---- the end ---- */

void nf_run_shed(nf_run *run, nf_shed reason, const char *text)
{
    run->shed = reason;
    free(run->why);
    run->why = nf_strdup(text);
    if (reason == NF_SHED_OCCUPIED)
        nf_run_end_with(run, NF_OUTCOME_SKIPPED, text);
    else
        nf_run_cancel(run, text);
}

/* What skips has a reason in place of an error, as if the flow had said it. */
static void skip(nf_run *run, nf_run_report *report)
{
    nf_strbuf reason = nf_strbuf_new(4096);
    nf_strbuf_add_json(&reason, run->why, strlen(run->why));
    free(run->why);
    report->result_len = reason.len;
    report->result = run->why = nf_strbuf_take(&reason);
    report->error = "";
    report->error_len = 0;
}

void nf_shed_explain(nf_run *run, nf_run_report *report)
{
    bool skipped = run->shed == NF_SHED_OCCUPIED;
    nf_outcome outcome = skipped ? NF_OUTCOME_SKIPPED : NF_OUTCOME_CANCELLED;
    if (!run->shed || report->outcome != outcome)
        return; /* it ended by itself before the worker was told */
    run->pool->shed[run->shed]++;
    report->shed = run->shed;
    if (skipped)
        skip(run, report);
}

void nf_run_has_context(const nf_pending *pending, const nf_error *err)
{
    const nf_run *run = pending->run;
    const nf_pool_watcher *watcher = &run->pool->watcher;
    if (!err && pending->action->context && run->task && watcher->context)
        watcher->context(watcher->ctx, run->task);
}

/* ---- making room ---- */

bool nf_run_untouched(const nf_run *run)
{
    return run->queued && run->attempts == 0 && run->journal->highest == 0;
}

/* The event of the end itself is never pointless, nor one of which nobody knows whose it is. */
static bool pointless(const nf_run *run)
{
    const nf_pool_watcher *watcher = &run->pool->watcher;
    return run->task && watcher->over && nf_run_untouched(run) && !run->last
           && watcher->over(watcher->ctx, run->task);
}

/* All that wait, but not more often than once in a while: they can be very many. */
static bool shed_pointless(nf_pool *pool)
{
    enum { NOT_AGAIN_MS = 500 };
    bool any = false;
    uint64_t now = nf_clock_ns();
    if (pool->looked_ns && now - pool->looked_ns < (uint64_t)NOT_AGAIN_MS * 1000000)
        return false;
    pool->looked_ns = now;
    pool->gathering++; /* so that none of them starts meanwhile */
    for (int class = NF_URGENCIES - 1; class >= NF_URGENCY_CALL; class --) {
        nf_run *run = pool->queued[class], *next;
        DL_FOREACH_SAFE2(pool->queued[class], run, next, queued_next)
        {
            if (!pointless(run))
                continue;
            nf_run_shed(run, NF_SHED_POINTLESS,
                        "given up to make room for more urgent runs: its task is over. Nothing is "
                        "lost; to have such runs done all the same, raise queued_events or "
                        "concurrent_runs with 'nimflow limits'");
            any = true;
        }
    }
    nf_pool_go(pool);
    return any;
}

static nf_run *newest_untouched(nf_pool *pool, int class)
{
    enum { FAR_ENOUGH = 1000 };
    nf_run *first = pool->queued[class], *run = first ? first->queued_prev : NULL;
    for (int i = 0; run && i < FAR_ENOUGH; i++) {
        if (nf_run_untouched(run))
            return run;
        run = run == first ? NULL : run->queued_prev;
    }
    return NULL;
}

bool nf_pool_make_room(nf_pool *pool, nf_urgency urgency)
{
    if (shed_pointless(pool))
        return true;
    for (int class = NF_URGENCIES - 1; class > (int)urgency; class --) {
        nf_run *run = newest_untouched(pool, class);
        if (!run)
            continue;
        char *text = nf_format(
            "given up to make room for a more urgent run: it was the newest of class \"%s\" "
            "that waited, and queued_events is reached. Its event is kept: start it again with "
            "'nimflow runs start', and raise queued_events or concurrent_runs with "
            "'nimflow limits %s'",
            nf_urgency_name((nf_urgency) class), pool->tenant);
        nf_run_shed(run, NF_SHED_LESS_URGENT, text);
        free(text);
        return true;
    }
    return false;
}
