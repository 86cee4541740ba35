/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trim.c: what is too much or too old goes, in small transactions: first the details of ended runs with the bodies of
 * their events, much later their summaries too. Then the file is made smaller.
 *
 * On the store's thread. Two marks per tenant walk up over ids: `trimmed`, behind which there are no details, and
 * `dropped`, behind which there are no summaries. A run without an end is passed over; when it ends behind a mark, it
 * is noted in table late with the highest id of that moment, and goes when the mark comes there.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    ROWS_AT_A_TIME = 500, /* in one transaction, so that events do not wait for long */
    IDS_AT_A_TIME = 5000,
    PART_KEPT = 16, /* it is trimmed to a sixteenth below the limit, not at every commit */
    PART_FREE = 8,  /* of the file may be free: it will be needed again */
    PAGES_FREE = 256,
    PAGES_AT_A_TIME = 500,
    LONGEST_WAIT_MS = 60000,
    SHORTEST_WAIT_MS = 1000,
    MOST_RUNS_OF_EVENT = 10000,
};

struct old_run {
    int64_t at, id, event, bytes, ended_ms;
};

/* One look: its candidates in the order in which they go, and where it ends. */
struct look {
    struct old_run runs[ROWS_AT_A_TIME];
    size_t count;
    int64_t from, to;
};

static const char with_details[] =
    "SELECT r.id AS at, r.id, r.event, length(CAST(d.detail AS BLOB)), r.ended FROM run r"
    " JOIN run_detail d ON d.run = r.id WHERE r.id > ?2 AND r.id <= ?3 AND r.tenant = ?1 AND r.outcome <> 0"
    " UNION ALL SELECT l.after, r.id, r.event, length(CAST(d.detail AS BLOB)), r.ended FROM late l"
    " JOIN run r ON r.id = l.run JOIN run_detail d ON d.run = r.id"
    " WHERE l.tenant = ?1 AND l.after > ?2 AND l.after <= ?3 ORDER BY 1, 2 LIMIT ?4";
static const char with_summaries[] =
    "SELECT r.id AS at, r.id, r.event, ifnull(length(CAST(d.detail AS BLOB)), 0), r.ended FROM run r"
    " LEFT JOIN run_detail d ON d.run = r.id"
    " WHERE r.id > ?2 AND r.id <= ?3 AND r.tenant = ?1 AND r.outcome <> 0"
    " UNION ALL SELECT l.after, r.id, r.event, ifnull(length(CAST(d.detail AS BLOB)), 0), r.ended FROM late l"
    " JOIN run r ON r.id = l.run LEFT JOIN run_detail d ON d.run = r.id"
    " WHERE l.tenant = ?1 AND l.after > ?2 AND l.after <= ?3 ORDER BY 1, 2 LIMIT ?4";

static int64_t number(nf_database *db, const char *sql, int64_t bound, int64_t otherwise)
{
    sqlite3_stmt *s = NULL;
    nf_error err = {0};
    if (nf_tend_prepare(db, sql, &s, &err) != NF_OK)
        return otherwise;
    sqlite3_bind_int64(s, 1, bound);
    if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
        otherwise = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return otherwise;
}

static nf_status run_with(nf_database *db, const char *sql, int64_t id, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    nf_status status = nf_tend_prepare(db, sql, &s, err);
    if (status == NF_OK) {
        sqlite3_bind_int64(s, 1, id);
        status = nf_tend_run(db, s, err);
    }
    sqlite3_finalize(s);
    return status;
}

static int64_t last_run(nf_database *db)
{
    return number(db, "SELECT max(id) FROM run WHERE ?1 = 0", 0, 0);
}

/* ---- runs that end late ---- */

nf_status nf_trim_late(nf_database *db, const char *tenant, int64_t run, nf_error *err)
{
    const nf_history *h = nf_history_find(db, tenant);
    sqlite3_stmt *s = NULL;
    if (!h || (run > h->trimmed && run > h->dropped))
        return NF_OK;
    nf_status status = nf_tend_prepare(
        db, "INSERT OR IGNORE INTO late(tenant, after, run) VALUES(?1, ?2, ?3)", &s, err);
    if (status == NF_OK) {
        sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, last_run(db));
        sqlite3_bind_int64(s, 3, run);
        status = nf_tend_run(db, s, err);
    }
    sqlite3_finalize(s);
    return status;
}

/* ---- the event of a run ---- */

/* Has it runs: any, or (`open`) any without an end? The ids of its runs follow on its own. */
static bool event_has_runs(nf_database *db, int64_t event, bool open)
{
    sqlite3_stmt *s = NULL;
    nf_error err = {0};
    bool found = false;
    if (nf_tend_prepare(db, "SELECT event, outcome FROM run WHERE id > ?1 ORDER BY id LIMIT ?2", &s,
                        &err)
        != NF_OK)
        return true;
    sqlite3_bind_int64(s, 1, event);
    sqlite3_bind_int64(s, 2, MOST_RUNS_OF_EVENT);
    while (!found && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int64(s, 0) == event)
        found = !open || sqlite3_column_int(s, 1) == NF_OUTCOME_NONE;
    sqlite3_finalize(s);
    return found;
}

static void uncount_body(nf_database *db, nf_history *h, int64_t event)
{
    h->pending -=
        number(db, "SELECT length(CAST(body AS BLOB)) FROM event WHERE id = ?1", event, 0);
}

static nf_status drop_detail(nf_database *db, nf_history *h, const struct old_run *run,
                             nf_error *err)
{
    nf_status status = run_with(db, "DELETE FROM run_detail WHERE run = ?1", run->id, err);
    h->pending -= run->bytes;
    if (status != NF_OK || event_has_runs(db, run->event, true))
        return status;
    uncount_body(db, h, run->event);
    return run_with(db, "UPDATE event SET body = '' WHERE id = ?1", run->event, err);
}

static nf_status drop_summary(nf_database *db, nf_history *h, const struct old_run *run,
                              nf_error *err)
{
    static const char *const rest[] = {"DELETE FROM run_detail WHERE run = ?1",
                                       "DELETE FROM dismissed WHERE run = ?1",
                                       "DELETE FROM run WHERE id = ?1"};
    nf_status status = NF_OK;
    for (size_t i = 0; i < NF_COUNT(rest) && status == NF_OK; i++)
        status = run_with(db, rest[i], run->id, err);
    h->pending -= run->bytes;
    if (status != NF_OK || event_has_runs(db, run->event, false))
        return status;
    uncount_body(db, h, run->event);
    return run_with(db, "DELETE FROM event WHERE id = ?1", run->event, err);
}

/* ---- one transaction's worth ---- */

static bool is_small_enough(const nf_history *h)
{
    uint64_t cap = atomic_load(&h->cap);
    return (int64_t)atomic_load(&h->bytes) + h->pending <= (int64_t)(cap - cap / PART_KEPT);
}

/* The ones behind a mark; it never passes the highest id there is, or what comes next would be passed over. */
static nf_status look_behind(nf_database *db, const nf_history *h, const char *sql, int64_t last,
                             struct look *look, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    look->count = 0;
    look->to = NF_MIN(look->from + IDS_AT_A_TIME, last);
    nf_status status = nf_tend_prepare(db, sql, &s, err);
    if (status == NF_OK) {
        sqlite3_bind_text(s, 1, h->tenant, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, look->from);
        sqlite3_bind_int64(s, 3, look->to);
        sqlite3_bind_int64(s, 4, ROWS_AT_A_TIME);
    }
    while (status == NF_OK && look->count < ROWS_AT_A_TIME && sqlite3_step(s) == SQLITE_ROW)
        look->runs[look->count++] = (struct old_run){
            .at = sqlite3_column_int64(s, 0),
            .id = sqlite3_column_int64(s, 1),
            .event = sqlite3_column_int64(s, 2),
            .bytes = sqlite3_column_int64(s, 3),
            .ended_ms = sqlite3_column_int64(s, 4),
        };
    sqlite3_finalize(s);
    /* more may be at the same place; what went by then is not found again */
    if (look->count == ROWS_AT_A_TIME)
        look->to = look->runs[look->count - 1].at - 1;
    return status;
}

static nf_status trim_details(nf_database *db, nf_history *h, struct look *look, int64_t old_ms,
                              nf_error *err)
{
    look->from = h->trimmed;
    nf_status status = look_behind(db, h, with_details, last_run(db), look, err);
    for (size_t i = 0; i < look->count && status == NF_OK; i++) {
        const struct old_run *run = &look->runs[i];
        if (run->ended_ms >= old_ms && (!h->trimming || is_small_enough(h))) {
            look->to = run->at - 1;
            look->count = i;
            break;
        }
        status = drop_detail(db, h, run, err);
    }
    if (status != NF_OK || look->to <= look->from)
        return status;
    sqlite3_stmt *s = db->statements[NF_SQL_MARK_HISTORY];
    sqlite3_bind_int64(s, 1, look->to);
    sqlite3_bind_text(s, 2, h->tenant, -1, SQLITE_STATIC);
    return nf_database_step(db, NF_SQL_MARK_HISTORY, err);
}

static nf_status mark_dropped(nf_database *db, const nf_history *h, int64_t id, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    nf_status status = nf_tend_prepare(
        db, "INSERT OR REPLACE INTO history_age(tenant, dropped) VALUES(?1, ?2)", &s, err);
    if (status == NF_OK) {
        sqlite3_bind_text(s, 1, h->tenant, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, id);
        status = nf_tend_run(db, s, err);
    }
    sqlite3_finalize(s);
    if (status == NF_OK)
        status = nf_tend_prepare(db, "DELETE FROM late WHERE tenant = ?1 AND after <= ?2", &s, err);
    if (status == NF_OK) {
        sqlite3_bind_text(s, 1, h->tenant, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, NF_MIN(id, h->trimmed));
        status = nf_tend_run(db, s, err);
        sqlite3_finalize(s);
    }
    return status;
}

/* The newest summary always stays: ids must not be given twice. */
static nf_status drop_summaries(nf_database *db, nf_history *h, struct look *look, int64_t old_ms,
                                nf_error *err)
{
    look->from = h->dropped;
    nf_status status = look_behind(db, h, with_summaries, last_run(db) - 1, look, err);
    for (size_t i = 0; i < look->count && status == NF_OK; i++) {
        const struct old_run *run = &look->runs[i];
        if (run->ended_ms >= old_ms) {
            look->to = run->at - 1;
            look->count = i;
            break;
        }
        status = drop_summary(db, h, run, err);
    }
    return status == NF_OK && look->to > look->from ? mark_dropped(db, h, look->to, err) : status;
}

typedef nf_status trim_kind(nf_database *db, nf_history *h, struct look *look, int64_t old_ms,
                            nf_error *err);

/* False when there is nothing left to look at, or it failed. */
static bool transaction(nf_database *db, nf_history *h, trim_kind *kind, int64_t old_ms,
                        int64_t *mark)
{
    struct look *look = nf_alloc(sizeof *look);
    nf_error err = {0};
    nf_status status = nf_database_step(db, NF_SQL_BEGIN, &err);
    if (status == NF_OK)
        status = kind(db, h, look, old_ms, &err);
    if (status == NF_OK)
        status = nf_history_write(db, &err);
    if (status == NF_OK)
        status = nf_database_step(db, NF_SQL_COMMIT, &err);
    bool more = status == NF_OK && (look->to > *mark || look->count > 0);
    if (status == NF_OK && look->to > *mark)
        *mark = look->to;
    if (status != NF_OK && !sqlite3_get_autocommit(db->writer))
        nf_database_step(db, NF_SQL_ROLLBACK, NULL);
    nf_history_settle(db, status == NF_OK);
    db->freed = db->freed || (status == NF_OK && look->count > 0);
    free(look);
    return more;
}

/* ---- when ---- */

static uint64_t wait_ms(const nf_history *h)
{
    uint64_t details = atomic_load(&h->keep_details_ms),
             summaries = atomic_load(&h->keep_summaries_ms);
    uint64_t shortest = !details ? summaries : !summaries ? details : NF_MIN(details, summaries);
    if (!shortest)
        return 0;
    return NF_MIN(NF_MAX(shortest / 10, (uint64_t)SHORTEST_WAIT_MS), (uint64_t)LONGEST_WAIT_MS);
}

uint64_t nf_trim_wait_ms(const nf_database *db)
{
    uint64_t shortest = 0;
    const nf_history *h;
    LL_FOREACH (db->histories, h) {
        uint64_t ms = wait_ms(h);
        shortest = !shortest || (ms && ms < shortest) ? ms : shortest;
    }
    return shortest;
}

static int64_t old_since(uint64_t keep_ms)
{
    return keep_ms ? nf_clock_wall_ms() - (int64_t)keep_ms : INT64_MIN;
}

static void trim_tenant(nf_database *db, nf_history *h)
{
    uint64_t now = nf_clock_ns(), every = wait_ms(h);
    if (every && (!h->looked_ns || now - h->looked_ns >= every * 1000000)) {
        h->looked_ns = now;
        h->ageing_details = atomic_load(&h->keep_details_ms) > 0;
        h->ageing_summaries = atomic_load(&h->keep_summaries_ms) > 0;
    }
    if (atomic_load(&h->bytes) > atomic_load(&h->cap))
        h->trimming = true;
    if (h->ageing_summaries)
        h->ageing_summaries = transaction(
            db, h, drop_summaries, old_since(atomic_load(&h->keep_summaries_ms)), &h->dropped);
    if (!h->trimming && !h->ageing_details)
        return;
    bool more =
        transaction(db, h, trim_details, old_since(atomic_load(&h->keep_details_ms)), &h->trimmed);
    h->trimming = h->trimming && more && !is_small_enough(h);
    h->ageing_details = h->ageing_details && more;
}

/* Give free pages back, some at a time; the file gets shorter with the next checkpoint. */
static void vacuum(nf_database *db)
{
    int64_t pages = number(db, "PRAGMA page_count", 0, 0),
            unused = number(db, "PRAGMA freelist_count", 0, 0);
    db->freed = unused > PAGES_FREE && unused > pages / PART_FREE;
    char *sql = nf_format("PRAGMA incremental_vacuum(%d)", PAGES_AT_A_TIME);
    if (db->freed)
        db->freed = sqlite3_exec(db->writer, sql, NULL, NULL, NULL) == SQLITE_OK;
    else
        sqlite3_exec(db->writer, "PRAGMA wal_checkpoint(PASSIVE)", NULL, NULL, NULL);
    free(sql);
}

static bool is_trimming(const nf_database *db)
{
    const nf_history *h;
    LL_FOREACH (db->histories, h) {
        if (h->trimming || h->ageing_details || h->ageing_summaries)
            return true;
    }
    return false;
}

void nf_history_trim(nf_database *db)
{
    nf_history *h;
    LL_FOREACH (db->histories, h)
        trim_tenant(db, h);
    if (db->freed && !is_trimming(db))
        vacuum(db);
}

bool nf_history_trimming(const nf_database *db)
{
    return db->freed || is_trimming(db);
}

int64_t nf_trim_dropped(nf_database *db, const char *tenant)
{
    sqlite3_stmt *s = NULL;
    nf_error err = {0};
    int64_t id = 0;
    if (nf_tend_prepare(db, "SELECT dropped FROM history_age WHERE tenant = ?1", &s, &err) != NF_OK)
        return 0;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    if (sqlite3_step(s) == SQLITE_ROW)
        id = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return id;
}
