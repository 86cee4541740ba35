/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wake.c: parked runs come back: those that slept, when it is time.
 *
 * A sleeping run costs a row. One timer is set to the first that wakes; then some are read at a time, so that a million
 * that wake together do not stop the loop.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/macros.h"
#include "log/log.h"
#include "passage.h"

#include <stdlib.h>
#include <string.h>

enum {
    AT_A_TIME = 200,
    PAUSE_MS = 2,    /* between two pieces */
    LATER_MS = 1000, /* what could not be woken yet is tried again */
    LONGEST_MS = 3600000,
};

struct waking {
    nf_pipeline *pipeline;
    bool busy; /* some cannot be taken yet */
};

static void on_due(void *ctx, const nf_run_row *row, const nf_event_row *event)
{
    struct waking *waking = ctx;
    nf_tenant *t = nf_pipeline_tenant(waking->pipeline, row->tenant);
    if (!t || !t->resumed || nf_pipeline_not_now(waking->pipeline, t, NF_URGENCY_BATCH)) {
        waking->busy = waking->busy || t;
        return;
    }
    if (nf_pool_find_run(t->pool, row->id))
        return; /* it was woken before; the database does not know yet */
    nf_fault_point("run.wake.before");
    nf_store_unpark_run(waking->pipeline->store, row->id);
    nf_fault_point("run.wake.after");
    nf_passage_resume(waking->pipeline, t, row, event);
}

static void set_clock(nf_pipeline *p, int64_t wake_ms, int64_t now)
{
    int64_t wait = NF_MIN(NF_MAX(wake_ms - now, 0), (int64_t)LONGEST_MS);
    p->next_wake_ms = NF_MAX(wake_ms, 1);
    nf_timer_start(p->alarm_clock, (uint64_t)wait, 0);
}

static void on_time(void *ctx)
{
    nf_pipeline *p = ctx;
    struct waking waking = {.pipeline = p};
    nf_error err = {0};
    int64_t now = nf_clock_wall_ms(), next = 0;
    size_t count = 0;
    p->next_wake_ms = 0;
    nf_status status =
        nf_store_each_due(p->store, now, &p->woken, AT_A_TIME, on_due, &waking, &count, &err);
    if (status == NF_OK && count == AT_A_TIME && !waking.busy) {
        set_clock(p, now + PAUSE_MS, now);
        return;
    }
    p->woken = (nf_sleeper){0, 0}; /* from the first on the next time */
    if (status == NF_OK)
        status = nf_store_next_due(p->store, now, &next, &err);
    if (status != NF_OK)
        nf_log_error("run", "sleeping runs could not be read, and are looked for again: %s",
                     err.text);
    if (status != NF_OK || waking.busy)
        next = now + LATER_MS;
    if (next)
        nf_pipeline_wake_at(p, next);
}

void nf_pipeline_wake_at(nf_pipeline *p, int64_t wake_ms)
{
    if (p->tenant_count == 0)
        return;
    if (!p->alarm_clock)
        p->alarm_clock = nf_timer_new(p->tenants[0]->host->loop, on_time, p);
    if (!p->next_wake_ms || wake_ms < p->next_wake_ms)
        set_clock(p, wake_ms, nf_clock_wall_ms());
}
