/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.c: how much a tenant's history may hold: what comes in is counted, and beyond the limit the details of the
 * oldest runs and the bodies of their events go. Their summaries stay.
 *
 * On the store's thread, but for the two atomic numbers that the loop reads and writes. Invariant: the row in table
 * history is what the database holds, since it changes in the transaction of what it counts; `pending` is what the open
 * transaction adds.
 */
#include "base/alloc.h"
#include "base/macros.h"
#include "log/log.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    ROWS_AT_A_TIME = 500, /* in one transaction, so that events do not wait for long */
    IDS_AT_A_TIME = 5000,
    PART_KEPT = 16, /* it is trimmed to a sixteenth below the limit, not at every commit */
};

nf_history *nf_history_find(nf_database *db, const char *tenant)
{
    nf_history *h;
    LL_FOREACH (db->histories, h) {
        if (strcmp(h->tenant, tenant) == 0)
            return h;
    }
    return NULL;
}

void nf_history_count(nf_database *db, const char *tenant, size_t bytes)
{
    nf_history *h = nf_history_find(db, tenant);
    if (h)
        h->pending += (int64_t)bytes;
}

nf_status nf_history_write(nf_database *db, nf_error *err)
{
    nf_history *h;
    nf_status status = NF_OK;
    LL_FOREACH (db->histories, h) {
        if (h->pending == 0 || status != NF_OK)
            continue;
        sqlite3_stmt *s = db->statements[NF_SQL_ADD_HISTORY];
        sqlite3_bind_text(s, 1, h->tenant, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, h->pending);
        status = nf_database_step(db, NF_SQL_ADD_HISTORY, err);
    }
    return status;
}

void nf_history_settle(nf_database *db, bool committed)
{
    nf_history *h;
    LL_FOREACH (db->histories, h) {
        int64_t now = (int64_t)atomic_load(&h->bytes) + (committed ? h->pending : 0);
        atomic_store(&h->bytes, now > 0 ? (uint64_t)now : 0);
        h->pending = 0;
    }
}

/* ---- trimming ---- */

/*
 * Nothing of an event goes that has a run without an end, nor what came after it. The ids of an event's runs follow on
 * its own, so all runs below it are of earlier events.
 */
static int64_t first_open(nf_database *db, const nf_history *h)
{
    sqlite3_stmt *s = db->statements[NF_SQL_FIRST_OPEN];
    sqlite3_bind_text(s, 1, h->tenant, -1, SQLITE_STATIC);
    int64_t id = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL
                     ? sqlite3_column_int64(s, 0)
                     : INT64_MAX;
    sqlite3_reset(s);
    return id;
}

/* The mark never passes the highest id there is, or what comes next would be passed over. */
static int64_t last_run(nf_database *db)
{
    sqlite3_stmt *s = db->statements[NF_SQL_LAST_RUN];
    int64_t id = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return id;
}

struct old_run {
    int64_t id, event, bytes;
};

/* The oldest runs that have a detail; moves the mark to behind what was looked at. */
static size_t oldest(nf_database *db, nf_history *h, struct old_run runs[ROWS_AT_A_TIME])
{
    sqlite3_stmt *s = db->statements[NF_SQL_OLDEST];
    int64_t last = NF_MIN(h->trimmed + IDS_AT_A_TIME, last_run(db));
    last = NF_MIN(last, first_open(db, h) - 1);
    size_t n = 0;
    sqlite3_bind_text(s, 1, h->tenant, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, h->trimmed);
    sqlite3_bind_int64(s, 3, last);
    while (n < ROWS_AT_A_TIME && sqlite3_step(s) == SQLITE_ROW) {
        runs[n].id = sqlite3_column_int64(s, 0);
        runs[n].event = sqlite3_column_int64(s, 1);
        runs[n++].bytes = sqlite3_column_int64(s, 2);
    }
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    h->seen = n == ROWS_AT_A_TIME ? runs[n - 1].id : last;
    return n;
}

static nf_status drop(nf_database *db, nf_history *h, const struct old_run *run, nf_error *err)
{
    sqlite3_bind_int64(db->statements[NF_SQL_DROP_DETAIL], 1, run->id);
    nf_status status = nf_database_step(db, NF_SQL_DROP_DETAIL, err);
    h->pending -= run->bytes;
    if (status != NF_OK)
        return status;
    sqlite3_stmt *s = db->statements[NF_SQL_BODY_LENGTH];
    sqlite3_bind_int64(s, 1, run->event);
    if (sqlite3_step(s) == SQLITE_ROW)
        h->pending -= sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    sqlite3_bind_int64(db->statements[NF_SQL_DROP_BODY], 1, run->event);
    return nf_database_step(db, NF_SQL_DROP_BODY, err);
}

static bool is_small_enough(const nf_history *h)
{
    uint64_t cap = atomic_load(&h->cap);
    return (int64_t)atomic_load(&h->bytes) + h->pending <= (int64_t)(cap - cap / PART_KEPT);
}

/* One transaction's worth. False when there is nothing left to look at, or it failed. */
static bool trim_some(nf_database *db, nf_history *h)
{
    struct old_run *runs = nf_alloc(ROWS_AT_A_TIME * sizeof *runs);
    nf_error err = {0};
    int64_t before = h->trimmed;
    nf_status status = nf_database_step(db, NF_SQL_BEGIN, &err);
    size_t n = status == NF_OK ? oldest(db, h, runs) : 0;
    for (size_t i = 0; i < n && status == NF_OK; i++) {
        if (is_small_enough(h)) {
            h->seen = runs[i].id - 1;
            break;
        }
        status = drop(db, h, &runs[i], &err);
    }
    if (status == NF_OK && h->seen > before) {
        sqlite3_stmt *s = db->statements[NF_SQL_MARK_HISTORY];
        sqlite3_bind_int64(s, 1, h->seen);
        sqlite3_bind_text(s, 2, h->tenant, -1, SQLITE_STATIC);
        status = nf_database_step(db, NF_SQL_MARK_HISTORY, &err);
    }
    if (status == NF_OK)
        status = nf_history_write(db, &err);
    if (status == NF_OK)
        status = nf_database_step(db, NF_SQL_COMMIT, &err);
    if (status == NF_OK)
        h->trimmed = h->seen > before ? h->seen : before;
    else if (!sqlite3_get_autocommit(db->writer))
        nf_database_step(db, NF_SQL_ROLLBACK, NULL);
    nf_history_settle(db, status == NF_OK);
    free(runs);
    return status == NF_OK && h->trimmed > before;
}

void nf_history_trim(nf_database *db)
{
    nf_history *h;
    LL_FOREACH (db->histories, h) {
        if (atomic_load(&h->bytes) > atomic_load(&h->cap))
            h->trimming = true;
        if (!h->trimming)
            continue;
        bool more = trim_some(db, h);
        h->trimming = more && !is_small_enough(h);
        if (!h->trimming)
            sqlite3_exec(db->writer, "PRAGMA incremental_vacuum(2000)", NULL, NULL, NULL);
    }
}

bool nf_history_trimming(const nf_database *db)
{
    const nf_history *h;
    LL_FOREACH (db->histories, h) {
        if (h->trimming)
            return true;
    }
    return false;
}

/* ---- the loop's side ---- */

nf_status nf_apply_open_history(nf_database *db, const nf_write *w, nf_error *err)
{
    nf_history *h = w->of.history;
    sqlite3_stmt *s = db->statements[NF_SQL_GET_HISTORY];
    (void)err;
    if (nf_history_find(db, h->tenant)) /* the group is tried again after a failure */
        return NF_OK;
    sqlite3_bind_text(s, 1, h->tenant, -1, SQLITE_STATIC);
    if (sqlite3_step(s) == SQLITE_ROW) {
        atomic_store(&h->bytes, (uint64_t)sqlite3_column_int64(s, 0));
        h->trimmed = sqlite3_column_int64(s, 1);
    }
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    LL_PREPEND(db->histories, h);
    return NF_OK;
}

void nf_history_free(nf_history *h)
{
    free(h->tenant);
    free(h);
}
