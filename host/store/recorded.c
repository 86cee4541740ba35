/* SPDX-License-Identifier: Apache-2.0 */
/* recorded.c: see recorded.h. Read on libuv's threads; never writes. */
#include "store/recorded.h"

#include "base/alloc.h"
#include "base/macros.h"
#include "store/question.h"

#include <stdlib.h>
#include <string.h>

enum { ENOUGH_BYTES = 8 << 20 };

struct asking {
    uv_work_t work;
    nf_store *store;
    nf_recorded_query query;
    char *tenant, *handler, *file;
    json_t *rows;
    size_t bytes;
    nf_error err;
    nf_store_answer *answer;
    void *ctx;
};

static json_t *text_or_null(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    size_t n = (size_t)sqlite3_column_bytes(s, column);
    return text && n ? json_stringn_nocheck(text, n) : json_null();
}

static json_t *detail_of(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    json_t *detail = text ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL;
    return detail ? detail : json_null();
}

static json_t *row_of(const struct asking *a, sqlite3_stmt *s)
{
    char version[2 * NF_SHA256_SIZE + 1] = "";
    if (sqlite3_column_bytes(s, 4) == NF_SHA256_SIZE)
        nf_hex(sqlite3_column_blob(s, 4), NF_SHA256_SIZE, version);
    json_t *row = json_pack(
        "{s:I, s:o, s:o, s:o, s:s, s:s?, s:I, s:I, s:I, s:o, s:b}", "id",
        (json_int_t)sqlite3_column_int64(s, 0), "tenant", text_or_null(s, 1), "handler",
        text_or_null(s, 2), "file", text_or_null(s, 3), "version", version, "outcome",
        nf_outcome_name((nf_outcome)sqlite3_column_int(s, 5)), "started_ms",
        (json_int_t)sqlite3_column_int64(s, 6), "replay_of", (json_int_t)sqlite3_column_int64(s, 7),
        "received_ms", (json_int_t)sqlite3_column_int64(s, 8), "trigger", text_or_null(s, 9),
        "kept", sqlite3_column_int(s, 10));
    if (a->query.brief)
        return row;
    json_object_set_new(row, "event", text_or_null(s, 11));
    json_object_set_new(row, "detail", detail_of(s, 12));
    if (a->query.source)
        json_object_set_new(row, "source", text_or_null(s, 13));
    return row;
}

static void bind_values(const struct asking *a, sqlite3_stmt *s, int64_t above, int64_t below)
{
    const nf_recorded_query *q = &a->query;
    sqlite3_bind_int64(s, 1, q->id);
    sqlite3_bind_text(s, 2, a->tenant, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, a->handler, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, a->file, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 5, (int)q->outcome);
    sqlite3_bind_int64(s, 6, above);
    sqlite3_bind_int64(s, 7, below);
    sqlite3_bind_int64(s, 8, (int64_t)(q->limit - json_array_size(a->rows)));
    sqlite3_bind_int(s, 9, q->brief);
    sqlite3_bind_int(s, 10, q->source);
    sqlite3_bind_int(s, 11, q->first);
    sqlite3_bind_int(s, 12, q->undone);
    sqlite3_bind_int(s, 13, NF_OUTCOME_DONE);
    sqlite3_bind_int(s, 14, NF_OUTCOME_SKIPPED);
}

static const char statement[] =
    "SELECT r.id, r.tenant, r.handler, r.file, r.version, r.outcome, r.started, r.replay_of,"
    " e.received, e.trigger, e.body <> '', CASE WHEN ?9 = 0 THEN e.body END,"
    " CASE WHEN ?9 = 0 THEN d.detail END, CASE WHEN ?10 THEN f.source END"
    " FROM run r JOIN event e ON e.id = r.event LEFT JOIN run_detail d ON d.run = r.id"
    " LEFT JOIN flow_version f ON f.hash = r.version"
    " WHERE (?1 = 0 OR r.id = ?1) AND (?2 IS NULL OR r.tenant = ?2)"
    " AND (?3 IS NULL OR r.handler = ?3) AND (?4 IS NULL OR r.file = ?4)"
    " AND (?1 <> 0 OR r.outcome <> 0) AND (?5 = 0 OR r.outcome = ?5)"
    " AND r.id > ?6 AND r.id < ?7 AND (?11 = 0 OR r.replay_of = 0)"
    " AND (?12 = 0 OR NOT EXISTS (SELECT 1 FROM run a WHERE a.replay_of = r.id"
    " AND a.replay_of <> 0 AND a.outcome IN (?13, ?14))) ORDER BY r.id DESC LIMIT ?8";

/* The runs with ids between these two. True: there may be more below, and they are wanted. */
static bool look(struct asking *a, int64_t above, int64_t below)
{
    sqlite3_stmt *s = NULL;
    int rc = SQLITE_DONE;
    if (nf_read_prepare(a->store, statement, &s, &a->err) != NF_OK)
        return false;
    bind_values(a, s, above, below);
    while (a->bytes < ENOUGH_BYTES && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        json_array_append_new(a->rows, row_of(a, s));
        for (int i = 11; i <= 13; i++)
            a->bytes += (size_t)sqlite3_column_bytes(s, i);
        rc = SQLITE_DONE;
    }
    nf_read_finish(a->store, s, rc, &a->err);
    return a->err.status == NF_OK && a->bytes < ENOUGH_BYTES
           && json_array_size(a->rows) < a->query.limit;
}

/* Piece by piece, so that one statement does not keep the other questions waiting. */
static void on_work(uv_work_t *work)
{
    struct asking *a = work->data;
    const nf_recorded_query *query = &a->query;
    nf_question q = {.store = a->store};
    int64_t first = query->since_ms ? nf_question_id_at(&q, query->since_ms) : 1,
            below = query->before
                        ? query->before
                        : nf_question_number(&q, "SELECT max(id) FROM run WHERE ?1 = 0", 0, 0) + 1;
    if (query->id) {
        first = query->id;
        below = query->id + 1;
    }
    a->err = q.err;
    a->rows = json_array();
    while (a->err.status == NF_OK && below > first) {
        int64_t above = NF_MAX(below - 1 - NF_IDS_AT_A_TIME, first - 1);
        if (!look(a, above, below))
            break;
        below = above + 1;
    }
}

static void on_worked(uv_work_t *work, int status)
{
    struct asking *a = work->data;
    if (status != 0)
        nf_error_set(&a->err, NF_E_CANCELLED, "cancelled");
    if (a->err.status != NF_OK) {
        json_decref(a->rows);
        a->rows = NULL;
    }
    a->answer(a->ctx, a->rows, a->err.status == NF_OK ? NULL : &a->err);
    free(a->tenant);
    free(a->handler);
    free(a->file);
    free(a);
}

void nf_store_query_recorded(nf_store *store, const nf_recorded_query *query,
                             nf_store_answer *answer, void *ctx)
{
    struct asking *a = nf_alloc(sizeof *a);
    a->store = store;
    a->query = *query;
    a->tenant = nf_strdup(query->tenant);
    a->handler = nf_strdup(query->handler);
    a->file = nf_strdup(query->file);
    a->answer = answer;
    a->ctx = ctx;
    a->work.data = a;
    uv_queue_work(&nf_store_loop(store)->uv, &a->work, on_work, on_worked);
}
