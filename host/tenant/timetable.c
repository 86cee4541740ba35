/* SPDX-License-Identifier: Apache-2.0 */
/* timetable.c: see timetable.h. One timer for all; the wall clock may jump, so it is looked at every half minute. */
#include "tenant/timetable.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/schedule.h"
#include "log/log.h"
#include "tenant/tenant.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { LOOK_MS = 30000, RETRY_MS = 1000, LONGEST_GAP_S = 30 * 86400 };

/* One scheduled handler. */
typedef struct entry {
    char *name;
    const nf_handler *handler; /* NULL: no flow declares it now; what was done is remembered */
    nf_version *version;
    nf_schedule *schedule;
    int64_t done_s; /* everything until then is done with */
    int64_t due_s;  /* what comes next; 0: nothing */
    unsigned missed;
    bool running;
    struct entry *prev, *next;
} entry;

struct nf_timetable {
    nf_tenant *tenant;
    nf_timer *timer;
    entry *entries;
    bool stopped;
};

static void wind(nf_timetable *table);

static int64_t now_s(void)
{
    return nf_clock_wall_ms() / 1000;
}

static entry *find(const nf_timetable *table, const char *name)
{
    entry *e;
    DL_FOREACH (table->entries, e) {
        if (strcmp(e->name, name) == 0)
            return e;
    }
    return NULL;
}

static entry *add(nf_timetable *table, const char *name, int64_t done_s)
{
    entry *e = nf_alloc(sizeof *e);
    e->name = nf_strdup(name);
    e->done_s = done_s;
    DL_APPEND(table->entries, e);
    return e;
}

/* ---- what is due ---- */

/* Go over the times that have passed, as far as they are not made up for; then `due_s` is the next that counts. */
static void catch_up(entry *e)
{
    nf_catch_up rule = nf_schedule_catch_up(e->schedule);
    int64_t now = now_s(), next;
    e->due_s = nf_schedule_next(e->schedule, e->done_s);
    if (rule == NF_CATCH_UP_ALL)
        return;
    while (e->due_s && e->due_s < now && (next = nf_schedule_next(e->schedule, e->due_s)) != 0
           && next <= now) {
        e->missed++;
        e->due_s = next;
    }
}

/* At a start, or when a flow comes back: times while nobody looked. */
static void catch_up_after_gap(entry *e)
{
    int64_t now = now_s();
    e->done_s = NF_MAX(e->done_s, now - LONGEST_GAP_S);
    catch_up(e);
    if (nf_schedule_catch_up(e->schedule) == NF_CATCH_UP_NONE && e->due_s && e->due_s < now) {
        e->missed++;
        e->done_s = now;
        e->due_s = nf_schedule_next(e->schedule, now);
    }
}

/* Which entry a run belongs to, for when it ends: the flow may be gone by then. */
struct running {
    nf_timetable *table;
    char *name;
};

static void on_ended(void *ctx)
{
    struct running *running = ctx;
    entry *e = find(running->table, running->name);
    if (e)
        e->running = false;
    if (!running->table->stopped)
        wind(running->table);
    free(running->name);
    free(running);
}

/* Raise the event of an entry that is due. False: not now. */
static bool begin(nf_timetable *table, entry *e)
{
    nf_tenant *t = table->tenant;
    nf_error err = {0};
    char at[NF_TIME_TEXT];
    json_t *event = json_pack("{s:s, s:s, s:i}", "name", e->name, "scheduledAt",
                              nf_clock_text(e->due_s * 1000, at), "missed", (int)e->missed);
    char *body = json_dumps(event, JSON_COMPACT);
    struct running *running = nf_alloc(sizeof *running);
    *running = (struct running){table, nf_strdup(e->name)};
    nf_occurrence occurrence = {
        .trigger = e->handler->trigger,
        .handler = e->handler,
        .body = body,
        .len = strlen(body),
        .schedule = e->name,
        .due_ms = e->due_s * 1000,
        .ended = on_ended,
        .ctx = running,
    };
    nf_status status = t->host->raise(t->host->pipeline, t, &occurrence, NULL, &err);
    if (status == NF_OK) {
        e->running = true;
        e->missed = 0;
        e->done_s = e->due_s;
        e->due_s = nf_schedule_next(e->schedule, e->done_s);
    } else {
        nf_log_warn("schedule", "%s: '%s' is due, but: %s", t->config->name, e->name, err.text);
        free(running->name);
        free(running);
    }
    json_decref(event);
    free(body);
    return status == NF_OK;
}

static void look(void *ctx)
{
    nf_timetable *table = ctx;
    int64_t now = now_s();
    bool refused = false;
    entry *e;
    DL_FOREACH (table->entries, e) {
        if (!e->handler || !e->due_s || e->due_s > now)
            continue;
        if (!e->running)
            refused = !begin(table, e) || refused;
        else if (nf_schedule_catch_up(e->schedule) != NF_CATCH_UP_ALL) {
            e->missed++;
            e->done_s = e->due_s;
            catch_up(e);
        }
    }
    if (refused)
        nf_timer_start(table->timer, RETRY_MS, 0);
    else
        wind(table);
}

/* Start the timer for what comes next. */
static void wind(nf_timetable *table)
{
    int64_t now = nf_clock_wall_ms(), wait = LOOK_MS;
    const entry *e;
    bool any = false;
    DL_FOREACH (table->entries, e) {
        bool waits = e->running && nf_schedule_catch_up(e->schedule) == NF_CATCH_UP_ALL;
        if (!e->handler || !e->due_s || waits)
            continue;
        any = true;
        wait = NF_MIN(wait, NF_MAX(e->due_s * 1000 - now, 0));
    }
    if (any && !table->stopped)
        nf_timer_start(table->timer, (uint64_t)wait, 0);
}

/* ---- the flows ---- */

static void let_go(entry *e)
{
    nf_schedule_free(e->schedule);
    nf_version_unref(e->version);
    e->schedule = NULL;
    e->version = NULL;
    e->handler = NULL;
}

static void take(nf_timetable *table, const nf_handler *handler)
{
    nf_error err = {0};
    entry *e = find(table, handler->name);
    bool first = !e;
    if (first)
        e = add(table, handler->name, now_s());
    let_go(e);
    e->schedule = nf_schedule_new(handler->options, &err);
    if (!e->schedule) /* it was checked when the flow was loaded */
        nf_bug("a schedule that was right: %s", err.text);
    e->handler = handler;
    e->version = nf_version_ref(handler->version);
    catch_up_after_gap(e);
    if (first)
        nf_store_put_schedule(table->tenant->host->store, table->tenant->config->name, e->name,
                              e->done_s * 1000);
}

void nf_timetable_follow(nf_timetable *table)
{
    size_t flow_count, count;
    const nf_flow *flows = nf_flows_list(table->tenant->flows, &flow_count);
    entry *e;
    DL_FOREACH (table->entries, e)
        e->handler = NULL;
    for (size_t i = 0; i < flow_count; i++) {
        const nf_handler *handlers =
            flows[i].version ? nf_version_handlers(flows[i].version, &count) : (count = 0, NULL);
        for (size_t k = 0; k < count; k++) {
            if (handlers[k].trigger && handlers[k].trigger->source == NF_FROM_SCHEDULE)
                take(table, &handlers[k]);
        }
    }
    DL_FOREACH (table->entries, e) {
        if (!e->handler)
            let_go(e);
    }
    wind(table);
}

/* ---- life ---- */

static void load(void *ctx, const char *handler, int64_t due_ms)
{
    add(ctx, handler, due_ms / 1000);
}

nf_status nf_timetable_open(nf_tenant *tenant, nf_timetable **out, nf_error *err)
{
    nf_timetable *table = nf_alloc(sizeof *table);
    table->tenant = tenant;
    table->timer = nf_timer_new(tenant->host->loop, look, table);
    *out = table;
    return nf_store_each_schedule(tenant->host->store, tenant->config->name, load, table, err);
}

void nf_timetable_stop(nf_timetable *table)
{
    if (!table)
        return;
    table->stopped = true;
    nf_timer_stop(table->timer);
}

void nf_timetable_free(nf_timetable *table)
{
    if (!table)
        return;
    while (table->entries) {
        entry *e = table->entries;
        DL_DELETE(table->entries, e);
        let_go(e);
        free(e->name);
        free(e);
    }
    nf_timer_close(table->timer);
    free(table);
}

static int by_due(const void *a, const void *b)
{
    const entry *x = *(entry *const *)a, *y = *(entry *const *)b;
    return (x->due_s > y->due_s) - (x->due_s < y->due_s);
}

json_t *nf_timetable_json(const nf_timetable *table)
{
    json_t *list = json_array();
    size_t count = 0, n = 0;
    entry *e;
    DL_COUNT(table->entries, e, count);
    entry **all = nf_alloc((count + 1) * sizeof(entry *));
    DL_FOREACH (table->entries, e) {
        if (e->handler)
            all[n++] = e;
    }
    if (n)
        qsort(all, n, sizeof(entry *), by_due);
    for (size_t i = 0; i < n; i++) {
        char at[NF_TIME_TEXT];
        json_array_append_new(
            list, json_pack("{s:s, s:s?, s:i, s:b}", "handler", all[i]->name, "next",
                            all[i]->due_s ? nf_clock_text(all[i]->due_s * 1000, at) : NULL,
                            "missed", (int)all[i]->missed, "running", (int)all[i]->running));
    }
    free(all);
    return list;
}
