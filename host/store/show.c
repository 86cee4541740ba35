/* SPDX-License-Identifier: Apache-2.0 */
/* show.c: one run with all that is known of it, and what became of an event. */
#include "base/clock.h"
#include "base/macros.h"
#include "base/strbuf.h"
#include "store/question.h"
#include "store/times.h"

#include <stdio.h>
#include <string.h>

/* ---- a run ---- */

static const char one_run[] =
    "SELECT " NF_RUN_COLUMNS ", e.body, e.trigger, e.hash, h.since, h.number, h.reason"
    " FROM run r" NF_RUN_JOINS " LEFT JOIN held h ON h.run = r.id"
    " WHERE r.id = ?1";

static const char *journal_state(int state)
{
    static const char *const names[] = {"?", "intent", "result", "error", "sleep"};
    return state > 0 && state < (int)NF_COUNT(names) ? names[state] : names[0];
}

/* One effect as in the timeline of a run that ended, with the state of its entry. */
static json_t *entry_json(sqlite3_stmt *s)
{
    nf_strbuf text = nf_strbuf_new(SIZE_MAX);
    nf_strbuf_puts(&text, "{");
    nf_strbuf_add(&text, nf_read_text(s, 5), (size_t)sqlite3_column_bytes(s, 5));
    nf_strbuf_puts(&text, "}");
    json_t *entry = json_loadb(text.bytes, text.len, JSON_ALLOW_NUL, NULL);
    nf_strbuf_release(&text);
    if (!entry)
        entry = json_object();
    json_object_set_new(entry, "n", json_integer(sqlite3_column_int64(s, 0)));
    json_object_set_new(entry, "action", json_string(nf_read_text(s, 1)));
    json_object_set_new(entry, "state", json_string(journal_state(sqlite3_column_int(s, 2))));
    json_object_set_new(entry, "began", nf_question_time(sqlite3_column_int64(s, 3)));
    json_object_set_new(entry, "at", nf_question_time(sqlite3_column_int64(s, 4)));
    return entry;
}

/* The effects so far of a run without an end. */
static json_t *journal_of(nf_question *q, int64_t run)
{
    sqlite3_stmt *s = NULL;
    int rc;
    json_t *list = json_array();
    if (nf_read_prepare(q->store,
                        "SELECT number, action, state, began, at, line FROM journal WHERE run = ?1"
                        " ORDER BY number",
                        &s, &q->err)
        != NF_OK)
        return list;
    sqlite3_bind_int64(s, 1, run);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(list, entry_json(s));
    nf_read_finish(q->store, s, rc, &q->err);
    return list;
}

static void add_detail(json_t *row, sqlite3_stmt *s)
{
    json_t *detail =
        json_loadb(nf_read_text(s, NF_RUN_COLUMN_DETAIL),
                   (size_t)sqlite3_column_bytes(s, NF_RUN_COLUMN_DETAIL), JSON_ALLOW_NUL, NULL);
    json_t *times = nf_run_times(sqlite3_column_int64(s, 10), sqlite3_column_int64(s, 7),
                                 sqlite3_column_int64(s, 8), detail);
    json_object_update(row, detail);
    if (times && detail)
        json_object_set(row, "times", times);
    if (!detail && sqlite3_column_int(s, 6) != NF_OUTCOME_NONE)
        json_object_set_new(row, "detail_gone", json_true());
    json_decref(times);
    json_decref(detail);
}

static void add_event(json_t *row, sqlite3_stmt *s)
{
    enum { BODY = NF_RUN_COLUMN_COUNT };
    uint8_t hash[NF_SHA256_SIZE];
    char text[2 * NF_SHA256_SIZE + 1];
    nf_read_hash(s, BODY + 2, hash);
    json_t *body = json_loadb(nf_read_text(s, BODY), (size_t)sqlite3_column_bytes(s, BODY),
                              JSON_ALLOW_NUL, NULL);
    json_object_set_new(row, "event_body", body ? body : json_null());
    json_object_set_new(row, "trigger", json_string(nf_read_text(s, BODY + 1)));
    json_object_set_new(row, "event_hash", json_string(nf_hex(hash, NF_SHA256_SIZE, text)));
}

static void add_hold(json_t *row, sqlite3_stmt *s)
{
    enum { SINCE = NF_RUN_COLUMN_COUNT + 3 };
    if (sqlite3_column_type(s, SINCE) != SQLITE_NULL)
        json_object_set_new(row, "held",
                            json_pack("{s:o, s:i, s:s}", "since",
                                      nf_question_time(sqlite3_column_int64(s, SINCE)), "effect",
                                      sqlite3_column_int(s, SINCE + 1), "reason",
                                      nf_read_text(s, SINCE + 2)));
}

static void ask_run(nf_question *q)
{
    sqlite3_stmt *s = NULL;
    if (nf_read_prepare(q->store, one_run, &s, &q->err) != NF_OK)
        return;
    sqlite3_bind_int64(s, 1, q->id);
    int rc = sqlite3_step(s);
    q->rows = json_null();
    if (rc == SQLITE_ROW) {
        rc = SQLITE_DONE;
        q->rows = nf_question_run(s);
        bool open = sqlite3_column_int(s, 6) == NF_OUTCOME_NONE;
        add_detail(q->rows, s);
        add_event(q->rows, s);
        add_hold(q->rows, s);
        if (open)
            json_object_set_new(q->rows, "effects", journal_of(q, q->id));
    }
    nf_read_finish(q->store, s, rc, &q->err);
}

void nf_store_query_run(nf_store *store, int64_t id, nf_store_answer *answer, void *ctx)
{
    nf_question asked = {.id = id};
    nf_question_ask(store, ask_run, &asked, answer, ctx);
}

/* ---- an event ---- */

enum { MOST_EVENTS = 20, LOOK_FOR_EVENT_MS = 200, LEAST_HASH = 8 };

static const char runs_of_event[] =
    "SELECT " NF_RUN_COLUMNS
    " FROM (SELECT * FROM run WHERE id > ?1 AND id <= ?1 + 1000 AND event = ?1"
    " UNION SELECT * FROM run INDEXED BY run_again WHERE replay_of <> 0 AND replay_of IN"
    " (SELECT id FROM run WHERE id > ?1 AND id <= ?1 + 1000 AND event = ?1)) r" NF_RUN_JOINS
    " ORDER BY r.id";

static json_t *runs_of(nf_question *q, int64_t event)
{
    sqlite3_stmt *s = NULL;
    int rc;
    json_t *list = json_array();
    if (nf_read_prepare(q->store, runs_of_event, &s, &q->err) != NF_OK)
        return list;
    sqlite3_bind_int64(s, 1, event);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(list, nf_question_run(s));
    nf_read_finish(q->store, s, rc, &q->err);
    return list;
}

static void add_found(nf_question *q, sqlite3_stmt *s, json_t *events)
{
    uint8_t hash[NF_SHA256_SIZE];
    char text[2 * NF_SHA256_SIZE + 1];
    int64_t id = sqlite3_column_int64(s, 0);
    nf_read_hash(s, 3, hash);
    json_array_append_new(events,
                          json_pack("{s:I, s:s, s:s, s:s, s:o, s:i, s:o}", "id", (json_int_t)id,
                                    "tenant", nf_read_text(s, 1), "trigger", nf_read_text(s, 2),
                                    "hash", nf_hex(hash, NF_SHA256_SIZE, text), "received",
                                    nf_question_time(sqlite3_column_int64(s, 4)), "duplicates",
                                    sqlite3_column_int(s, 5), "runs", runs_of(q, id)));
}

#define EVENT "SELECT id, tenant, trigger, hash, received, duplicates FROM event WHERE"

static bool is_whole(const char *text, int64_t *number)
{
    char rest;
    long long value;
    if (strspn(text, "0123456789") != strlen(text) || sscanf(text, "%lld%c", &value, &rest) != 1)
        return false;
    *number = value;
    return true;
}

static bool is_hash(const char *text)
{
    size_t n = strlen(text);
    return n >= LEAST_HASH && n <= (size_t)2 * NF_SHA256_SIZE
           && strspn(text, "0123456789abcdefABCDEF") == n;
}

static void find_by_id(nf_question *q, int64_t id, json_t *events)
{
    sqlite3_stmt *s = NULL;
    if (nf_read_prepare(q->store, EVENT " id = ?1", &s, &q->err) != NF_OK)
        return;
    sqlite3_bind_int64(s, 1, id);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        add_found(q, s, events);
        rc = SQLITE_DONE;
    }
    nf_read_finish(q->store, s, rc, &q->err);
}

/* Walk back; nothing says where a text stands. Returns the id it did not look behind, or 0. */
static int64_t find_by_text(nf_question *q, json_t *events)
{
    enum { EVENTS_AT_A_TIME = 5000 };
    sqlite3_stmt *s = NULL;
    int rc = SQLITE_DONE;
    int64_t at = nf_question_number(q, "SELECT max(id) FROM event WHERE ?1 = 0", 0, 0);
    uint64_t until_ns = nf_clock_ns() + (uint64_t)LOOK_FOR_EVENT_MS * 1000000;
    if (q->err.status != NF_OK
        || nf_read_prepare(q->store,
                           EVENT " id BETWEEN ?1 AND ?2 AND (?3 IS NULL OR tenant = ?3) AND"
                                 " (instr(body, ?4) OR (?5 AND lower(hex(hash)) LIKE ?6 || '%'))"
                                 " ORDER BY id DESC",
                           &s, &q->err)
               != NF_OK)
        return 0;
    while (at > 0 && rc == SQLITE_DONE && json_array_size(events) < MOST_EVENTS
           && nf_clock_ns() < until_ns) {
        int64_t first = at > EVENTS_AT_A_TIME ? at - EVENTS_AT_A_TIME + 1 : 1;
        sqlite3_bind_int64(s, 1, first);
        sqlite3_bind_int64(s, 2, at);
        sqlite3_bind_text(s, 3, q->tenant, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 4, q->what, -1, SQLITE_STATIC);
        sqlite3_bind_int(s, 5, is_hash(q->what));
        sqlite3_bind_text(s, 6, q->what, -1, SQLITE_STATIC);
        at = first - 1;
        while (json_array_size(events) < MOST_EVENTS && (rc = sqlite3_step(s)) == SQLITE_ROW) {
            add_found(q, s, events);
            at = sqlite3_column_int64(s, 0) - 1;
        }
        if (rc == SQLITE_DONE)
            at = first - 1;
        sqlite3_reset(s);
    }
    nf_read_finish(q->store, s, rc == SQLITE_ROW ? SQLITE_DONE : rc, &q->err);
    return at;
}

static void ask_event(nf_question *q)
{
    json_t *events = json_array();
    int64_t id, left = 0;
    if (is_whole(q->what, &id))
        find_by_id(q, id, events);
    if (json_array_size(events) == 0 && q->err.status == NF_OK)
        left = find_by_text(q, events);
    q->rows = json_pack("{s:o, s:b}", "events", events, "complete", (int)(left == 0));
    if (left)
        json_object_set_new(
            q->rows, "looked_back_to",
            nf_question_time(nf_question_number(
                q, "SELECT received FROM event WHERE id >= ?1 ORDER BY id LIMIT 1", left, 0)));
}

void nf_store_query_event(nf_store *store, const char *tenant, const char *what,
                          nf_store_answer *answer, void *ctx)
{
    nf_question asked = {.query = {.tenant = tenant}, .what = (char *)what};
    nf_question_ask(store, ask_event, &asked, answer, ctx);
}
