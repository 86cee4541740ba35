/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c: what runs without an end asked of the world, and runs that are not in memory. Writes are on the store's
 * thread, reads on the loop.
 *
 * Invariant: rows of a run become durable in the order in which its results reached it, so that what is found after a
 * crash is a beginning of what happened. A run that has an end has no rows.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

static void bind_text(sqlite3_stmt *s, int at, const char *text, size_t len)
{
    sqlite3_bind_text64(s, at, text ? text : "", text ? len : 0, SQLITE_STATIC, SQLITE_UTF8);
}

/* ---- writes ---- */

nf_status nf_apply_put_entry(nf_database *db, const nf_write *w, nf_error *err)
{
    const nf_entry_row *row = &w->of.entry.row;
    nf_journal_mark *mark = w->of.entry.mark;
    uint8_t hash[NF_SHA256_SIZE];
    if (mark && atomic_load(&mark->ended) && row->state != NF_ENTRY_INTENT)
        return NF_OK; /* the end of the run is behind us in the queue */
    nf_json_digest(row->args, row->args_len, hash);
    sqlite3_stmt *s = db->statements[NF_SQL_PUT_ENTRY];
    sqlite3_bind_int64(s, 1, row->run);
    sqlite3_bind_int64(s, 2, row->number);
    bind_text(s, 3, row->action, strlen(row->action));
    sqlite3_bind_blob(s, 4, hash, NF_SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int(s, 5, (int)row->state);
    sqlite3_bind_int64(s, 6, row->turn);
    sqlite3_bind_int64(s, 7, row->began_ms);
    sqlite3_bind_int64(s, 8, row->at_ms);
    bind_text(s, 9, row->line, row->line_len);
    bind_text(s, 10, row->result, row->len);
    nf_status status = nf_database_step(db, NF_SQL_PUT_ENTRY, err);
    if (status == NF_OK && row->state == NF_ENTRY_INTENT && sqlite3_changes(db->writer) == 0)
        return nf_error_set(err, NF_E_NOT_FOUND, "the event of this run is not stored");
    if (mark)
        mark->written = true;
    return status;
}

nf_status nf_apply_park_run(nf_database *db, const nf_write *w, nf_error *err)
{
    const nf_parking *p = &w->of.park;
    sqlite3_stmt *s = db->statements[NF_SQL_PARK_RUN];
    sqlite3_bind_int64(s, 1, p->run);
    sqlite3_bind_int(s, 2, p->wake_ms ? 1 : 2);
    sqlite3_bind_int64(s, 3, p->wake_ms);
    sqlite3_bind_int64(s, 4, p->attempts);
    sqlite3_bind_int64(s, 5, (int64_t)p->spent_ms);
    nf_status status = nf_database_step(db, NF_SQL_PARK_RUN, err);
    if (status != NF_OK || sqlite3_changes(db->writer) == 0 || p->wake_ms)
        return status;
    s = db->statements[NF_SQL_PUT_HELD];
    sqlite3_bind_int64(s, 1, p->run);
    sqlite3_bind_int64(s, 2, nf_clock_wall_ms());
    sqlite3_bind_int64(s, 3, p->number);
    bind_text(s, 4, p->reason, strlen(p->reason));
    return nf_database_step(db, NF_SQL_PUT_HELD, err);
}

static nf_status by_run(nf_database *db, nf_statement which, int64_t run, nf_error *err)
{
    sqlite3_bind_int64(db->statements[which], 1, run);
    return nf_database_step(db, which, err);
}

nf_status nf_apply_unpark_run(nf_database *db, const nf_write *w, nf_error *err)
{
    nf_status status = by_run(db, NF_SQL_UNPARK_RUN, w->of.id, err);
    return status == NF_OK ? by_run(db, NF_SQL_DROP_HELD, w->of.id, err) : status;
}

nf_status nf_journal_drop(nf_database *db, int64_t run, nf_error *err)
{
    nf_status status = by_run(db, NF_SQL_DROP_ENTRIES, run, err);
    return status == NF_OK ? by_run(db, NF_SQL_DROP_HELD, run, err) : status;
}

nf_status nf_apply_answer_entry(nf_database *db, const nf_write *w, nf_error *err)
{
    const nf_entry_row *row = &w->of.entry.row;
    if (row->result) {
        sqlite3_stmt *s = db->statements[NF_SQL_ANSWER_ENTRY];
        sqlite3_bind_int64(s, 1, row->run);
        sqlite3_bind_int64(s, 2, row->number);
        sqlite3_bind_int64(s, 3, row->at_ms);
        bind_text(s, 4, row->result, row->len);
        bind_text(s, 5, row->line, row->line_len);
        return nf_database_step(db, NF_SQL_ANSWER_ENTRY, err);
    }
    sqlite3_stmt *s = db->statements[NF_SQL_DROP_ENTRY];
    sqlite3_bind_int64(s, 1, row->run);
    sqlite3_bind_int64(s, 2, row->number);
    return nf_database_step(db, NF_SQL_DROP_ENTRY, err);
}

/* ---- reads ---- */

nf_status nf_store_each_entry(nf_store *store, int64_t run,
                              void (*each)(void *ctx, const nf_entry_row *row), void *ctx,
                              nf_error *err)
{
    sqlite3_stmt *s;
    int rc;
    nf_status status =
        nf_read_prepare_once(store, NF_READ_ENTRIES,
                             "SELECT number, action, args, state, turn, began, at, line, result"
                             " FROM journal WHERE run = ? ORDER BY number",
                             &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_int64(s, 1, run);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        nf_entry_row row = {
            .run = run,
            .number = (uint32_t)sqlite3_column_int64(s, 0),
            .action = nf_read_text(s, 1),
            .state = (nf_entry_state)sqlite3_column_int(s, 3),
            .turn = (uint32_t)sqlite3_column_int64(s, 4),
            .began_ms = sqlite3_column_int64(s, 5),
            .at_ms = sqlite3_column_int64(s, 6),
            .line = nf_read_text(s, 7),
            .line_len = (size_t)sqlite3_column_bytes(s, 7),
            .result = nf_read_text(s, 8),
            .len = (size_t)sqlite3_column_bytes(s, 8),
        };
        nf_read_hash(s, 2, row.hash);
        each(ctx, &row);
    }
    return nf_read_reset(store, s, rc, err);
}

#define OPEN_COLUMNS                                                                               \
    "r.id, r.event, r.tenant, r.handler, r.file, r.version, e.subscription, e.trigger, e.hash,"    \
    " e.received, e.body, r.attempts, r.spent, r.replay_of, r.wake"

/* The columns above, as rows; borrowed until the statement goes on. */
static void read_open(sqlite3_stmt *s, nf_run_row *run, nf_event_row *event)
{
    *run = (nf_run_row){
        .id = sqlite3_column_int64(s, 0),
        .event = sqlite3_column_int64(s, 1),
        .tenant = nf_read_text(s, 2),
        .handler = nf_read_text(s, 3),
        .file = nf_read_text(s, 4),
        .attempts = (unsigned)sqlite3_column_int64(s, 11),
        .spent_ms = (uint64_t)sqlite3_column_int64(s, 12),
        .replay_of = sqlite3_column_int64(s, 13),
    };
    *event = (nf_event_row){
        .id = run->event,
        .tenant = run->tenant,
        .subscription = sqlite3_column_int64(s, 6),
        .trigger = nf_read_text(s, 7),
        .received_ms = sqlite3_column_int64(s, 9),
        .body = nf_read_text(s, 10),
        .len = (size_t)sqlite3_column_bytes(s, 10),
    };
    nf_read_hash(s, 5, run->version);
    nf_read_hash(s, 8, event->hash);
}

nf_status nf_store_each_open_run(nf_store *store, const char *tenant, int64_t after, unsigned limit,
                                 void (*each)(void *ctx, const nf_run_row *run,
                                              const nf_event_row *event),
                                 void *ctx, nf_error *err)
{
    sqlite3_stmt *s;
    int rc;
    nf_status status = nf_read_prepare(
        store,
        "SELECT " OPEN_COLUMNS " FROM run r INDEXED BY run_open JOIN event e ON e.id = r.event"
        " WHERE r.outcome = 0 AND r.state = 0 AND r.tenant = ?1 AND r.id > ?2 ORDER BY r.id LIMIT ?3",
        &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, after);
    sqlite3_bind_int64(s, 3, limit);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        nf_run_row run;
        nf_event_row event;
        read_open(s, &run, &event);
        each(ctx, &run, &event);
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_due(nf_store *store, int64_t now_ms, nf_sleeper *after, unsigned limit,
                            void (*each)(void *ctx, const nf_run_row *run,
                                         const nf_event_row *event),
                            void *ctx, size_t *count, nf_error *err)
{
    sqlite3_stmt *s;
    int rc;
    nf_status status = nf_read_prepare(
        store,
        "SELECT " OPEN_COLUMNS " FROM run r INDEXED BY run_asleep JOIN event e ON e.id = r.event"
        " WHERE r.state = 1 AND (r.wake, r.id) > (?1, ?2) AND r.wake <= ?3"
        " ORDER BY r.wake, r.id LIMIT ?4",
        &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_int64(s, 1, after->wake_ms);
    sqlite3_bind_int64(s, 2, after->run);
    sqlite3_bind_int64(s, 3, now_ms);
    sqlite3_bind_int64(s, 4, limit);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        nf_run_row run;
        nf_event_row event;
        read_open(s, &run, &event);
        *after = (nf_sleeper){sqlite3_column_int64(s, 14), run.id};
        if (count)
            ++*count;
        each(ctx, &run, &event);
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_next_due(nf_store *store, int64_t now_ms, int64_t *wake_ms, nf_error *err)
{
    sqlite3_stmt *s;
    nf_status status = nf_read_prepare(
        store,
        "SELECT wake FROM run INDEXED BY run_asleep WHERE state = 1 AND wake > ? ORDER BY wake"
        " LIMIT 1",
        &s, err);
    *wake_ms = 0;
    if (status != NF_OK)
        return status;
    sqlite3_bind_int64(s, 1, now_ms);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        *wake_ms = sqlite3_column_int64(s, 0);
        rc = SQLITE_DONE;
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_held(nf_store *store, const char *tenant,
                             void (*each)(void *ctx, int64_t run, const char *handler,
                                          const char *reason),
                             void *ctx, nf_error *err)
{
    sqlite3_stmt *s;
    int rc;
    nf_status status =
        nf_read_prepare(store,
                        "SELECT r.id, r.handler, h.reason FROM run r INDEXED BY run_held"
                        " JOIN held h ON h.run = r.id WHERE r.state = 2 AND r.tenant = ?"
                        " ORDER BY r.id",
                        &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        each(ctx, sqlite3_column_int64(s, 0), nf_read_text(s, 1), nf_read_text(s, 2));
    return nf_read_finish(store, s, rc, err);
}

static void read_parked(sqlite3_stmt *s, nf_parked *parked)
{
    const char *reason = nf_read_text(s, 17);
    parked->wake_ms = sqlite3_column_int64(s, 14);
    parked->since_ms = sqlite3_column_int64(s, 15);
    parked->number = (uint32_t)sqlite3_column_int64(s, 16);
    snprintf(parked->reason, sizeof parked->reason, "%s", reason);
}

nf_status nf_store_find_open(nf_store *store, int64_t id, nf_parked *parked,
                             void (*each)(void *ctx, const nf_run_row *run,
                                          const nf_event_row *event),
                             void *ctx, nf_error *err)
{
    sqlite3_stmt *s;
    nf_status status = nf_read_prepare(
        store,
        "SELECT " OPEN_COLUMNS ", h.since, h.number, h.reason"
        " FROM run r JOIN event e ON e.id = r.event LEFT JOIN held h ON h.run = r.id"
        " WHERE r.id = ? AND r.outcome = 0",
        &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_int64(s, 1, id);
    int rc = sqlite3_step(s);
    bool found = rc == SQLITE_ROW;
    if (found) {
        nf_run_row run;
        nf_event_row event;
        read_parked(s, parked);
        read_open(s, &run, &event);
        if (each)
            each(ctx, &run, &event);
        rc = SQLITE_DONE;
    }
    status = nf_read_finish(store, s, rc, err);
    if (status == NF_OK && !found)
        return nf_error_set(err, NF_E_NOT_FOUND, "there is no run %lld without an end",
                            (long long)id);
    return status;
}
