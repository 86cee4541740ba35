/* SPDX-License-Identifier: Apache-2.0 */
/* writes.c: the kinds of writes, each put into the queue of store.c; database.c and others apply them. */
#include "base/alloc.h"
#include "store/internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void nf_store_add_event(nf_store *store, const nf_event_row *event, const nf_run_row *runs,
                        size_t count, nf_store_done *done, void *ctx)
{
    nf_write *w = nf_store_enqueue(store, nf_apply_add_event, done, ctx);
    w->of.add.event = event;
    w->of.add.runs = runs;
    w->of.add.count = count;
}

struct schedule_note {
    char *tenant, *handler;
};

static void free_note(void *ctx, const nf_error *err)
{
    struct schedule_note *note = ctx;
    (void)
        err; /* then the time passes for one that was missed, and is made up for at the next start */
    free(note->tenant);
    free(note->handler);
    free(note);
}

void nf_store_put_schedule(nf_store *store, const char *tenant, const char *handler, int64_t due_ms)
{
    struct schedule_note *note = nf_alloc(sizeof *note);
    note->tenant = nf_strdup(tenant);
    note->handler = nf_strdup(handler);
    nf_write *w = nf_store_enqueue(store, nf_apply_put_schedule, free_note, note);
    w->of.schedule.tenant = note->tenant;
    w->of.schedule.handler = note->handler;
    w->of.schedule.due_ms = due_ms;
}

void nf_store_add_duplicate(nf_store *store, int64_t event, nf_store_done *done, void *ctx)
{
    nf_store_enqueue(store, nf_apply_add_duplicate, done, ctx)->of.id = event;
}

void nf_store_end_run(nf_store *store, const nf_run_end *end, nf_store_done *done, void *ctx)
{
    nf_write *w = nf_store_enqueue(store, nf_apply_end_run, done, ctx);
    w->must = true;
    w->of.end = *end;
    if (end->mark)
        atomic_store(&end->mark->ended, true);
}

void nf_store_put_version(nf_store *store, const uint8_t hash[NF_SHA256_SIZE], const char *tenant,
                          const char *file, const char *source, size_t len, nf_store_done *done,
                          void *ctx)
{
    nf_write *w = nf_store_enqueue(store, nf_apply_put_version, done, ctx);
    w->must = true;
    memcpy(w->of.version.hash, hash, NF_SHA256_SIZE);
    w->of.version.tenant = tenant;
    w->of.version.file = file;
    w->of.version.source = source;
    w->of.version.len = len;
}

void nf_store_put_subscription(nf_store *store, const nf_subscription_row *row, nf_store_done *done,
                               void *ctx)
{
    nf_store_enqueue(store, nf_apply_put_subscription, done, ctx)->of.subscription = *row;
}

void nf_store_put_entry(nf_store *store, const nf_entry_row *row, nf_journal_mark *mark,
                        nf_store_done *done, void *ctx)
{
    nf_write *w = nf_store_enqueue(store, nf_apply_put_entry, done, ctx);
    w->must = row->state != NF_ENTRY_INTENT;
    w->of.entry.row = *row;
    w->of.entry.mark = mark;
}

void nf_store_park_run(nf_store *store, const nf_parking *parking, nf_store_done *done, void *ctx)
{
    nf_write *w = nf_store_enqueue(store, nf_apply_park_run, done, ctx);
    w->must = true;
    w->of.park = *parking;
}

void nf_store_unpark_run(nf_store *store, int64_t run)
{
    nf_write *w = nf_store_enqueue(store, nf_apply_unpark_run, NULL, NULL);
    w->must = true;
    w->of.id = run;
}

void nf_store_answer_entry(nf_store *store, const nf_entry_row *row, nf_store_done *done, void *ctx)
{
    nf_store_enqueue(store, nf_apply_answer_entry, done, ctx)->of.entry.row = *row;
}

void nf_store_put_kv(nf_store *store, const nf_kv_row *row, nf_store_done *done, void *ctx)
{
    nf_store_enqueue(store, nf_apply_put_kv, done, ctx)->of.kv = *row;
}

nf_history *nf_store_open_history(nf_store *store, const char *tenant, uint64_t bytes)
{
    nf_history *history = nf_alloc(sizeof *history);
    history->tenant = nf_strdup(tenant);
    atomic_store(&history->cap, bytes);
    nf_write *w = nf_store_enqueue(store, nf_apply_open_history, NULL, NULL);
    w->must = true;
    w->of.history = history;
    return history;
}

void nf_history_limit(nf_history *history, uint64_t bytes)
{
    atomic_store(&history->cap, bytes);
}

void nf_history_keep(nf_history *history, uint64_t details_ms, uint64_t summaries_ms)
{
    atomic_store(&history->keep_details_ms, details_ms);
    atomic_store(&history->keep_summaries_ms, summaries_ms);
}

uint64_t nf_history_bytes(const nf_history *history)
{
    return atomic_load(&history->bytes);
}

void nf_store_put_limits(nf_store *store, const nf_limit_changes *changes, nf_store_done *done,
                         void *ctx)
{
    nf_store_enqueue(store, nf_apply_put_limits, done, ctx)->of.limits = *changes;
}

void nf_store_put_sign_in(nf_store *store, const nf_sign_in_row *row, nf_store_done *done,
                          void *ctx)
{
    nf_write *w = nf_store_enqueue(store, nf_apply_put_sign_in, done, ctx);
    w->must = true;
    w->of.sign_in = *row;
}

void nf_store_drop_sign_in(nf_store *store, int64_t id, nf_store_done *done, void *ctx)
{
    nf_write *w = nf_store_enqueue(store, nf_apply_drop_sign_in, done, ctx);
    w->must = true;
    w->of.id = id;
}

void nf_store_drop_subscription(nf_store *store, int64_t id, nf_store_done *done, void *ctx)
{
    nf_store_enqueue(store, nf_apply_drop_subscription, done, ctx)->of.id = id;
}
