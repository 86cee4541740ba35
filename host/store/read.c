/* SPDX-License-Identifier: Apache-2.0 */
/* read.c: reading from the store: at start on the loop, for people's questions on libuv's threads. Never writes. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

nf_status nf_read_prepare(nf_store *store, const char *sql, sqlite3_stmt **statement, nf_error *err)
{
    sqlite3 *reader = nf_store_database(store)->reader;
    if (sqlite3_prepare_v2(reader, sql, -1, statement, NULL) == SQLITE_OK)
        return NF_OK;
    return nf_database_error(reader, "read", err);
}

nf_status nf_read_prepare_once(nf_store *store, nf_read_statement which, const char *sql,
                               sqlite3_stmt **statement, nf_error *err)
{
    sqlite3_stmt **kept = &nf_store_database(store)->reads[which];
    nf_status status = *kept ? NF_OK : nf_read_prepare(store, sql, kept, err);
    *statement = *kept;
    return status;
}

nf_status nf_read_reset(nf_store *store, sqlite3_stmt *statement, int rc, nf_error *err)
{
    nf_status status = rc == SQLITE_DONE
                           ? NF_OK
                           : nf_database_error(nf_store_database(store)->reader, "read", err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status;
}

nf_status nf_read_finish(nf_store *store, sqlite3_stmt *statement, int rc, nf_error *err)
{
    nf_status status = rc == SQLITE_DONE
                           ? NF_OK
                           : nf_database_error(nf_store_database(store)->reader, "read", err);
    sqlite3_finalize(statement);
    return status;
}

const char *nf_read_text(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    return text ? text : "";
}

void nf_read_hash(sqlite3_stmt *s, int column, uint8_t out[NF_SHA256_SIZE])
{
    memset(out, 0, NF_SHA256_SIZE);
    if (sqlite3_column_bytes(s, column) == NF_SHA256_SIZE)
        memcpy(out, sqlite3_column_blob(s, column), NF_SHA256_SIZE);
}

nf_status nf_store_each_subscription(nf_store *store,
                                     void (*each)(void *ctx, const nf_subscription_row *row),
                                     void *ctx, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status = nf_read_prepare(
        store,
        "SELECT id, tenant, trigger, filter, callback, location, secret_hash, created,"
        " connection, sign_in FROM subscription ORDER BY id",
        &s, err);
    if (status != NF_OK)
        return status;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        nf_subscription_row row = {
            .id = sqlite3_column_int64(s, 0),
            .tenant = nf_read_text(s, 1),
            .trigger = nf_read_text(s, 2),
            .filter = nf_read_text(s, 3),
            .callback = nf_read_text(s, 4),
            .location = nf_read_text(s, 5),
            .created_ms = sqlite3_column_int64(s, 7),
            .connection = nf_read_text(s, 8),
            .sign_in = sqlite3_column_int64(s, 9),
        };
        nf_read_hash(s, 6, row.secret_hash);
        each(ctx, &row);
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_schedule(nf_store *store, const char *tenant,
                                 void (*each)(void *ctx, const char *handler, int64_t due_ms),
                                 void *ctx, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status =
        nf_read_prepare(store, "SELECT handler, due FROM schedule WHERE tenant = ?", &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        each(ctx, nf_read_text(s, 0), sqlite3_column_int64(s, 1));
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_kv(nf_store *store, const char *tenant,
                           void (*each)(void *ctx, const char *key, const char *value, size_t len,
                                        int64_t expires_ms),
                           void *ctx, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status =
        nf_read_prepare(store, "SELECT key, value, expires FROM kv WHERE tenant = ?", &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *value = nf_read_text(s, 1);
        each(ctx, nf_read_text(s, 0), value, (size_t)sqlite3_column_bytes(s, 1),
             sqlite3_column_int64(s, 2));
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_sign_in(nf_store *store, const char *tenant,
                                void (*each)(void *ctx, const nf_sign_in_row *row), void *ctx,
                                nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status =
        nf_read_prepare(store,
                        "SELECT id, connection, upn, secret, retired, created FROM sign_in"
                        " WHERE tenant = ? ORDER BY id",
                        &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        nf_sign_in_row row = {
            .id = sqlite3_column_int64(s, 0),
            .tenant = tenant,
            .connection = nf_read_text(s, 1),
            .upn = nf_read_text(s, 2),
            .secret = sqlite3_column_blob(s, 3),
            .len = (size_t)sqlite3_column_bytes(s, 3),
            .retired = sqlite3_column_int(s, 4) != 0,
            .created_ms = sqlite3_column_int64(s, 5),
        };
        each(ctx, &row);
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_limit(nf_store *store, const char *tenant,
                              void (*each)(void *ctx, const char *name, const char *value),
                              void *ctx, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status = nf_read_prepare(
        store, "SELECT name, value FROM tenant_limit WHERE tenant = ? ORDER BY name", &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        each(ctx, nf_read_text(s, 0), nf_read_text(s, 1));
    return nf_read_finish(store, s, rc, err);
}

/* The id before the first event since then: ids grow with time, so walking back needs no index on the time. */
static nf_status before_recent(nf_store *store, int64_t since_ms, int64_t *id, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status =
        nf_read_prepare(store, "SELECT id, received FROM event ORDER BY id DESC", &s, err);
    if (status != NF_OK)
        return status;
    *id = 0;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW && sqlite3_column_int64(s, 1) >= since_ms)
        continue;
    if (rc == SQLITE_ROW) {
        *id = sqlite3_column_int64(s, 0);
        rc = SQLITE_DONE;
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_recent(nf_store *store, int64_t since_ms,
                               void (*each)(void *ctx, const nf_event_row *event), void *ctx,
                               nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    int64_t before = 0;
    nf_status status = before_recent(store, since_ms, &before, err);
    if (status == NF_OK)
        status = nf_read_prepare(store,
                                 "SELECT id, subscription, hash, received FROM event WHERE id > ?"
                                 " ORDER BY id",
                                 &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_int64(s, 1, before);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        nf_event_row event = {
            .id = sqlite3_column_int64(s, 0),
            .subscription = sqlite3_column_int64(s, 1),
            .received_ms = sqlite3_column_int64(s, 3),
        };
        nf_read_hash(s, 2, event.hash);
        each(ctx, &event);
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_get_version(nf_store *store, const uint8_t hash[NF_SHA256_SIZE], char **source,
                               size_t *len, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    nf_status status =
        nf_read_prepare(store, "SELECT source FROM flow_version WHERE hash = ?", &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_blob(s, 1, hash, NF_SHA256_SIZE, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    *source = NULL;
    if (rc == SQLITE_ROW) {
        *len = (size_t)sqlite3_column_bytes(s, 0);
        *source = nf_memdup(sqlite3_column_blob(s, 0), *len);
        rc = SQLITE_DONE;
    }
    status = nf_read_finish(store, s, rc, err);
    if (status == NF_OK && !*source)
        status = nf_error_set(err, NF_E_NOT_FOUND, "the flow's source is not kept any more");
    return status;
}

/* ---- questions ---- */

struct question {
    uv_work_t work;
    nf_store *store;
    nf_run_query query;
    char *tenant, *handler;
    void (*ask)(struct question *q);
    json_t *rows;
    nf_error err;
    nf_store_answer *answer;
    void *ctx;
};

static json_t *time_json(int64_t ms)
{
    char text[NF_TIME_TEXT];
    return ms ? json_string(nf_clock_text(ms, text)) : json_null();
}

static json_t *run_json(sqlite3_stmt *s, bool whole)
{
    uint8_t hash[NF_SHA256_SIZE];
    char version[13];
    nf_read_hash(s, 5, hash);
    nf_hex(hash, 6, version);
    int64_t received = sqlite3_column_int64(s, 10);
    const char *outcome = nf_outcome_name((nf_outcome)sqlite3_column_int(s, 6));
    json_t *row = json_pack(
        "{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o}", "id",
        (json_int_t)sqlite3_column_int64(s, 0), "event", (json_int_t)sqlite3_column_int64(s, 1),
        "tenant", nf_read_text(s, 2), "handler", nf_read_text(s, 3), "file", nf_read_text(s, 4),
        "version", version, "outcome", outcome ? outcome : "?", "attempts",
        sqlite3_column_int(s, 9), "duplicates", sqlite3_column_int(s, 11), "received",
        time_json(received), "started", time_json(sqlite3_column_int64(s, 7)), "ended",
        time_json(sqlite3_column_int64(s, 8)));
    if (sqlite3_column_int64(s, 14))
        json_object_set_new(row, "replay_of", json_integer(sqlite3_column_int64(s, 14)));
    json_t *detail = json_loads(nf_read_text(s, 12), JSON_ALLOW_NUL, NULL);
    if (whole) {
        json_object_update(row, detail);
        json_object_set_new(row, "event_body",
                            json_loads(nf_read_text(s, 13), JSON_ALLOW_NUL, NULL));
    } else {
        json_object_set(row, "error", json_object_get(detail, "error"));
        if (sqlite3_column_int(s, 6) == NF_OUTCOME_SKIPPED)
            json_object_set(row, "reason", json_object_get(detail, "result"));
    }
    json_decref(detail);
    return row;
}

static void audit_query(struct question *q)
{
    sqlite3_stmt *s = NULL;
    int rc;
    if (nf_read_prepare(q->store,
                        "SELECT at, tenant, who, action, name, old, new FROM audit"
                        " WHERE ?1 IS NULL OR tenant = ?1 ORDER BY id DESC LIMIT ?2",
                        &s, &q->err)
        != NF_OK)
        return;
    sqlite3_bind_text(s, 1, q->tenant, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, (int)q->query.limit);
    q->rows = json_array();
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(q->rows,
                              json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "at",
                                        time_json(sqlite3_column_int64(s, 0)), "tenant",
                                        nf_read_text(s, 1), "who", nf_read_text(s, 2), "action",
                                        nf_read_text(s, 3), "name", nf_read_text(s, 4), "old",
                                        nf_read_text(s, 5), "new", nf_read_text(s, 6)));
    nf_read_finish(q->store, s, rc, &q->err);
}

static void run_query(struct question *q)
{
    sqlite3_stmt *s = NULL;
    int rc;
    if (nf_read_prepare(
            q->store,
            "SELECT r.id, r.event, r.tenant, r.handler, r.file, r.version, r.outcome, r.started, r.ended,"
            " max(r.attempts, 0), e.received, e.duplicates, d.detail, CASE WHEN ?1 THEN e.body END, r.replay_of"
            " FROM run r JOIN event e ON e.id = r.event LEFT JOIN run_detail d ON d.run = r.id"
            " WHERE (?1 = 0 OR r.id = ?1) AND (?2 IS NULL OR r.tenant = ?2) AND (?3 IS NULL OR r.handler = ?3)"
            " AND (?4 < 0 OR r.outcome = ?4) AND (?5 = 0 OR r.id < ?5) ORDER BY r.id DESC LIMIT ?6",
            &s, &q->err)
        != NF_OK)
        return;
    sqlite3_bind_int64(s, 1, q->query.id);
    sqlite3_bind_text(s, 2, q->tenant, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, q->handler, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 4, q->query.any_outcome ? -1 : (int)q->query.outcome);
    sqlite3_bind_int64(s, 5, q->query.before);
    sqlite3_bind_int(s, 6, (int)q->query.limit);
    q->rows = json_array();
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(q->rows, run_json(s, q->query.id != 0));
    nf_read_finish(q->store, s, rc, &q->err);
}

static void on_work(uv_work_t *work)
{
    struct question *q = work->data;
    q->ask(q);
}

static void on_worked(uv_work_t *work, int status)
{
    struct question *q = work->data;
    if (status != 0)
        nf_error_set(&q->err, NF_E_CANCELLED, "cancelled");
    q->answer(q->ctx, q->rows, q->err.status == NF_OK ? NULL : &q->err);
    free(q->tenant);
    free(q->handler);
    free(q);
}

static void ask(nf_store *store, void (*how)(struct question *q), const nf_run_query *query,
                nf_store_answer *answer, void *ctx)
{
    struct question *q = nf_alloc(sizeof *q);
    q->store = store;
    q->ask = how;
    q->query = *query;
    q->tenant = nf_strdup(query->tenant);
    q->handler = nf_strdup(query->handler);
    q->answer = answer;
    q->ctx = ctx;
    q->work.data = q;
    uv_queue_work(&nf_store_loop(store)->uv, &q->work, on_work, on_worked);
}

void nf_store_query_runs(nf_store *store, const nf_run_query *query, nf_store_answer *answer,
                         void *ctx)
{
    ask(store, run_query, query, answer, ctx);
}

void nf_store_query_audit(nf_store *store, const char *tenant, unsigned limit,
                          nf_store_answer *answer, void *ctx)
{
    ask(store, audit_query, &(nf_run_query){.tenant = tenant, .limit = limit}, answer, ctx);
}
