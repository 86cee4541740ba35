/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query.c: lists of runs. A list walks back over ids, newest first, some thousand at a time, until it is long enough,
 * everything was seen, or its time is over.
 *
 * What did not end well has an index of its own (run_bad), and so has what has not ended; a rare handler has none,
 * since that would cost every run: there the answer says how far it looked.
 */
#include "base/clock.h"
#include "base/macros.h"
#include "store/question.h"

enum { MOST_ASLEEP = 5000 };

/* Which runs; ?1 to ?3 tenant, handler, flow; ?4 and ?5 the first and the last id. */
#define WANTED                                                                                     \
    " r.id BETWEEN ?4 AND ?5 AND (?1 IS NULL OR r.tenant = ?1)"                                    \
    " AND (?2 IS NULL OR r.handler = ?2) AND (?3 IS NULL OR r.handler = ?3 OR"                     \
    " r.file IN (?3, 'flows/' || ?3, 'flows/' || ?3 || '.lua', ?3 || '.lua'))"
#define NEWEST " ORDER BY r.id DESC LIMIT ?6"
#define DEAD                                                                                       \
    " r.outcome > 2 AND r.outcome <> ?7 AND NOT EXISTS"                                            \
    " (SELECT 1 FROM dismissed x WHERE x.run = r.id)"

/* The joins come last: what is not wanted is not looked up. */
static const char all_runs[] =
    "SELECT " NF_RUN_COLUMNS " FROM (SELECT * FROM run r WHERE" WANTED NEWEST ") r" NF_RUN_JOINS
    " ORDER BY r.id DESC";
static const char good_runs[] =
    "SELECT " NF_RUN_COLUMNS " FROM (SELECT * FROM run r WHERE" WANTED " AND r.outcome = ?7" NEWEST
    ") r" NF_RUN_JOINS " ORDER BY r.id DESC";
static const char bad_runs[] =
    "SELECT " NF_RUN_COLUMNS " FROM (SELECT * FROM run r INDEXED BY run_bad WHERE" WANTED
    " AND r.outcome > 2 AND r.outcome = ?7" NEWEST ") r" NF_RUN_JOINS " ORDER BY r.id DESC";
static const char dead_runs[] =
    "SELECT " NF_RUN_COLUMNS " FROM (SELECT * FROM run r INDEXED BY run_bad WHERE" WANTED
    " AND" DEAD NEWEST ") r" NF_RUN_JOINS " ORDER BY r.id DESC";
/* With not too many asleep they are all found in their indices; else the newest ids are full of them. */
static const char open_runs[] =
    "SELECT " NF_RUN_COLUMNS " FROM (SELECT * FROM run r WHERE r.outcome = 0 AND r.id IN"
    " (SELECT id FROM run INDEXED BY run_open WHERE outcome = 0 AND state = 0 AND id BETWEEN ?4 AND ?5"
    " UNION ALL SELECT id FROM run INDEXED BY run_held WHERE state = 2 AND id BETWEEN ?4 AND ?5"
    " UNION ALL SELECT id FROM run INDEXED BY run_asleep WHERE state = 1 AND id BETWEEN ?4 AND ?5)"
    " AND" WANTED NEWEST ") r" NF_RUN_JOINS " ORDER BY r.id DESC";

static const char open_among_all[] =
    "SELECT " NF_RUN_COLUMNS " FROM (SELECT * FROM run r WHERE" WANTED " AND r.outcome = 0" NEWEST
    ") r" NF_RUN_JOINS " ORDER BY r.id DESC";

static bool many_sleep(nf_question *q)
{
    return nf_question_number(q,
                              "SELECT count(*) FROM (SELECT 1 FROM run INDEXED BY run_asleep"
                              " WHERE state = 1 LIMIT ?1)",
                              MOST_ASLEEP, 0)
           == MOST_ASLEEP;
}

static const char *sql_for(const nf_run_query *query)
{
    switch (query->kind) {
    case NF_RUNS_OPEN:
        return open_runs;
    case NF_RUNS_ENDED:
        return query->outcome > NF_OUTCOME_SKIPPED ? bad_runs : good_runs;
    case NF_RUNS_DEAD:
        return dead_runs;
    default:
        return all_runs;
    }
}

struct span {
    int64_t first, last;
};

static struct span span_of(nf_question *q)
{
    struct span span = {1, nf_question_number(q, "SELECT max(id) FROM run WHERE ?1 = 0", 0, 0)};
    if (q->query.before)
        span.last = NF_MIN(span.last, q->query.before - 1);
    if (q->query.since_ms)
        span.first = nf_question_id_at(q, q->query.since_ms);
    if (q->query.until_ms) /* the runs of an event have the ids behind its own */
        span.last = NF_MIN(span.last, nf_question_id_at(q, q->query.until_ms) - 1);
    return span;
}

static void bind_all(nf_question *q, sqlite3_stmt *s, struct span part, int64_t rows)
{
    sqlite3_bind_text(s, 1, q->tenant, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, q->handler, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, q->flow, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 4, part.first);
    sqlite3_bind_int64(s, 5, part.last);
    sqlite3_bind_int64(s, 6, rows);
    sqlite3_bind_int(
        s, 7, (int)(q->query.kind == NF_RUNS_ENDED ? q->query.outcome : NF_OUTCOME_CANCELLED));
}

/* One part of the ids; the rows are appended. Returns the last code of SQLite. */
static int list_part(nf_question *q, sqlite3_stmt *s, struct span part, json_t *rows)
{
    int rc;
    bind_all(q, s, part, (int64_t)(q->query.limit - json_array_size(rows)));
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(rows, nf_question_run(s));
    sqlite3_reset(s);
    return rc;
}

static json_int_t last_id(const json_t *rows)
{
    return json_integer_value(
        json_object_get(json_array_get(rows, json_array_size(rows) - 1), "id"));
}

static json_t *received_at(nf_question *q, int64_t id)
{
    return nf_question_time(nf_question_number(
        q, "SELECT received FROM event WHERE id >= ?1 ORDER BY id LIMIT 1", id, 0));
}

static void ask_runs(nf_question *q)
{
    sqlite3_stmt *s = NULL;
    struct span span = span_of(q);
    uint64_t until_ns = nf_clock_ns() + (uint64_t)NF_LOOK_MS * 1000000;
    int rc = SQLITE_DONE;
    const char *sql = sql_for(&q->query);
    if (sql == open_runs && many_sleep(q))
        sql = open_among_all;
    if (q->err.status != NF_OK || nf_read_prepare(q->store, sql, &s, &q->err) != NF_OK)
        return;
    json_t *rows = json_array();
    int64_t step = sql == open_runs ? INT64_MAX : NF_IDS_AT_A_TIME, at = span.last;
    while (at >= span.first && rc == SQLITE_DONE && json_array_size(rows) < q->query.limit
           && (at == span.last || nf_clock_ns() < until_ns)) {
        struct span part = {at - span.first < step ? span.first : at - step + 1, at};
        rc = list_part(q, s, part, rows);
        at = part.first - 1;
    }
    if (json_array_size(rows) >= q->query.limit)
        at = last_id(rows) - 1;
    bool complete = at < span.first;
    nf_read_finish(q->store, s, rc, &q->err);
    q->rows = json_pack("{s:o, s:b}", "runs", rows, "complete", (int)complete);
    if (!complete) {
        json_object_set_new(q->rows, "before", json_integer(at + 1));
        json_object_set_new(q->rows, "looked_back_to", received_at(q, at + 1));
    }
}

/* ---- dead letters by flow ---- */

enum { MOST_COUNTED = 200000 };

static const char by_flow[] =
    "SELECT c.tenant, c.handler, r.file, c.n, c.oldest, o.ended, c.newest, r.ended, c.outcomes FROM"
    " (SELECT tenant, handler, count(*) AS n, min(id) AS oldest, max(id) AS newest,"
    "  group_concat(DISTINCT outcome) AS outcomes FROM"
    "  (SELECT r.id, r.outcome, r.tenant, r.handler FROM run r INDEXED BY run_bad WHERE"
    "   r.id BETWEEN ?4 AND ?5 AND (?1 IS NULL OR r.tenant = ?1) AND (?2 IS NULL OR r.handler = ?2)"
    "   AND" DEAD " ORDER BY r.id DESC LIMIT ?6) GROUP BY tenant, handler) c"
    " JOIN run o ON o.id = c.oldest JOIN run r ON r.id = c.newest"
    " WHERE ?3 IS NULL OR c.handler = ?3 OR r.file IN (?3, 'flows/' || ?3, 'flows/' || ?3 || '.lua', ?3 || '.lua')"
    " ORDER BY c.n DESC, c.tenant, c.handler";

static json_t *outcomes_json(const char *numbers)
{
    json_t *list = json_array();
    for (const char *p = numbers; *p; p += *p == ',') {
        int outcome = 0;
        for (; *p >= '0' && *p <= '9'; p++)
            outcome = outcome * 10 + (*p - '0');
        const char *name = nf_outcome_name((nf_outcome)outcome);
        json_array_append_new(list, json_string(name ? name : "?"));
        if (*p && *p != ',')
            break;
    }
    return list;
}

static void ask_by_flow(nf_question *q)
{
    sqlite3_stmt *s = NULL;
    struct span span = span_of(q);
    json_int_t counted = 0;
    int rc;
    if (q->err.status != NF_OK || nf_read_prepare(q->store, by_flow, &s, &q->err) != NF_OK)
        return;
    json_t *rows = json_array();
    bind_all(q, s, span, MOST_COUNTED);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        counted += sqlite3_column_int64(s, 3);
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:I, s:o, s:o}", "tenant",
                            nf_read_text(s, 0), "handler", nf_read_text(s, 1), "file",
                            nf_read_text(s, 2), "count", (json_int_t)sqlite3_column_int64(s, 3),
                            "oldest", (json_int_t)sqlite3_column_int64(s, 4), "oldest_ended",
                            nf_question_time(sqlite3_column_int64(s, 5)), "newest",
                            (json_int_t)sqlite3_column_int64(s, 6), "newest_ended",
                            nf_question_time(sqlite3_column_int64(s, 7)), "outcomes",
                            outcomes_json(nf_read_text(s, 8))));
    }
    nf_read_finish(q->store, s, rc, &q->err);
    q->rows = json_pack("{s:o, s:b}", "flows", rows, "complete", (int)(counted < MOST_COUNTED));
}

void nf_store_query_runs(nf_store *store, const nf_run_query *query, nf_store_answer *answer,
                         void *ctx)
{
    nf_question asked = {.query = *query};
    nf_question_ask(store, query->kind == NF_RUNS_BY_FLOW ? ask_by_flow : ask_runs, &asked, answer,
                    ctx);
}
