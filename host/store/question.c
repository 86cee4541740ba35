/* SPDX-License-Identifier: Apache-2.0 */
/* question.c: see question.h; also the audit. */
#include "store/question.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/jscan.h"

#include <stdlib.h>
#include <string.h>

static void on_work(uv_work_t *work)
{
    nf_question *q = work->data;
    q->ask(q);
}

static void on_worked(uv_work_t *work, int status)
{
    nf_question *q = work->data;
    if (status != 0)
        nf_error_set(&q->err, NF_E_CANCELLED, "cancelled");
    if (q->err.status != NF_OK) {
        json_decref(q->rows);
        q->rows = NULL;
    }
    q->answer(q->ctx, q->rows, q->err.status == NF_OK ? NULL : &q->err);
    free(q->tenant);
    free(q->handler);
    free(q->flow);
    free(q->what);
    free(q);
}

void nf_question_ask(nf_store *store, void (*ask)(nf_question *q), const nf_question *asked,
                     nf_store_answer *answer, void *ctx)
{
    nf_question *q = nf_alloc(sizeof *q);
    q->store = store;
    q->ask = ask;
    q->query = asked->query;
    q->id = asked->id;
    q->tenant = nf_strdup(asked->query.tenant);
    q->handler = nf_strdup(asked->query.handler);
    q->flow = nf_strdup(asked->query.flow);
    q->what = nf_strdup(asked->what);
    q->answer = answer;
    q->ctx = ctx;
    q->work.data = q;
    uv_queue_work(&nf_store_loop(store)->uv, &q->work, on_work, on_worked);
}

json_t *nf_question_time(int64_t ms)
{
    char text[NF_TIME_TEXT];
    return ms ? json_string(nf_clock_text(ms, text)) : json_null();
}

/* ---- a run ---- */

/* Two members of a detail, without parsing the rest of it. New references, or NULL. */
static void error_and_result(const char *detail, size_t len, json_t **error, json_t **result)
{
    nf_jscan scan;
    nf_jscan_init(&scan, detail, len);
    *error = *result = NULL;
    if (nf_jscan_next(&scan) != NF_J_OBJECT)
        return;
    while ((!*error || !*result) && nf_jscan_next(&scan) == NF_J_KEY) {
        json_t **member = nf_jscan_equals(&scan, "error")    ? error
                          : nf_jscan_equals(&scan, "result") ? result
                                                             : NULL;
        const char *from = scan.at; /* behind the colon */
        if (!nf_jscan_skip(&scan, nf_jscan_next(&scan)))
            return;
        if (member)
            *member = json_loadb(from, (size_t)(scan.at - from),
                                 JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, NULL);
    }
}

static const char *state_name(nf_outcome outcome, int state)
{
    static const char *const names[] = {"open", "sleeping", "held"};
    return outcome != NF_OUTCOME_NONE ? "ended" : names[state >= 0 && state < 3 ? state : 0];
}

json_t *nf_question_run(sqlite3_stmt *s)
{
    uint8_t hash[NF_SHA256_SIZE];
    char version[13];
    nf_read_hash(s, 5, hash);
    nf_hex(hash, 6, version);
    nf_outcome ended = (nf_outcome)sqlite3_column_int(s, 6);
    const char *outcome = nf_outcome_name(ended);
    json_t *row =
        json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o}", "id",
                  (json_int_t)sqlite3_column_int64(s, 0), "event",
                  (json_int_t)sqlite3_column_int64(s, 1), "tenant", nf_read_text(s, 2), "handler",
                  nf_read_text(s, 3), "file", nf_read_text(s, 4), "version", version, "outcome",
                  outcome ? outcome : "?", "state", state_name(ended, sqlite3_column_int(s, 13)),
                  "attempts", sqlite3_column_int(s, 9), "duplicates", sqlite3_column_int(s, 11),
                  "received", nf_question_time(sqlite3_column_int64(s, 10)), "started",
                  nf_question_time(sqlite3_column_int64(s, 7)), "ended",
                  nf_question_time(sqlite3_column_int64(s, 8)));
    json_t *error, *result;
    const char *detail = nf_read_text(s, NF_RUN_COLUMN_DETAIL);
    error_and_result(detail, (size_t)sqlite3_column_bytes(s, NF_RUN_COLUMN_DETAIL), &error,
                     &result);
    if (error)
        json_object_set(row, "error", error);
    if (result && ended == NF_OUTCOME_SKIPPED)
        json_object_set(row, "reason", result);
    if (ended == NF_OUTCOME_NONE && sqlite3_column_int64(s, 14))
        json_object_set_new(row, "wakes", nf_question_time(sqlite3_column_int64(s, 14)));
    if (sqlite3_column_int64(s, 15))
        json_object_set_new(row, "replay_of", json_integer(sqlite3_column_int64(s, 15)));
    if (sqlite3_column_int64(s, 16)) {
        json_object_set_new(row, "dismissed", nf_question_time(sqlite3_column_int64(s, 16)));
        json_object_set_new(row, "dismissed_by", json_string(nf_read_text(s, 17)));
    }
    json_decref(error);
    json_decref(result);
    return row;
}

/* ---- ids and time ---- */

int64_t nf_question_number(nf_question *q, const char *sql, int64_t bound, int64_t otherwise)
{
    sqlite3_stmt *s = NULL;
    if (nf_read_prepare(q->store, sql, &s, &q->err) != NF_OK)
        return otherwise;
    sqlite3_bind_int64(s, 1, bound);
    int rc = sqlite3_step(s);
    int64_t number = otherwise;
    if (rc == SQLITE_ROW) {
        if (sqlite3_column_type(s, 0) != SQLITE_NULL)
            number = sqlite3_column_int64(s, 0);
        rc = SQLITE_DONE;
    }
    nf_read_finish(q->store, s, rc, &q->err);
    return number;
}

int64_t nf_question_id_at(nf_question *q, int64_t ms)
{
    static const char received[] = "SELECT received FROM event WHERE id >= ?1 ORDER BY id LIMIT 1";
    int64_t low = 0,
            high = nf_question_number(q, "SELECT max(id) FROM event WHERE ?1 = 0", 0, 0) + 1;
    while (low < high) { /* the event at `high` or behind it is young enough, or there is none */
        int64_t middle = low + (high - low) / 2;
        if (nf_question_number(q, received, middle, INT64_MAX) >= ms)
            high = middle;
        else
            low = middle + 1;
    }
    return nf_question_number(q, "SELECT id FROM event WHERE id >= ?1 ORDER BY id LIMIT 1", low,
                              INT64_MAX);
}

/* ---- the audit ---- */

static void ask_audit(nf_question *q)
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
                                        nf_question_time(sqlite3_column_int64(s, 0)), "tenant",
                                        nf_read_text(s, 1), "who", nf_read_text(s, 2), "action",
                                        nf_read_text(s, 3), "name", nf_read_text(s, 4), "old",
                                        nf_read_text(s, 5), "new", nf_read_text(s, 6)));
    nf_read_finish(q->store, s, rc, &q->err);
}

void nf_store_query_audit(nf_store *store, const char *tenant, unsigned limit,
                          nf_store_answer *answer, void *ctx)
{
    nf_question asked = {.query = {.tenant = tenant, .limit = limit}};
    nf_question_ask(store, ask_audit, &asked, answer, ctx);
}
