/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.c: how much of a tenant is kept: what comes in is counted. What is too much or too old goes in trim.c.
 *
 * On the store's thread, but for the two atomic numbers that the loop reads and writes. Invariant: the row in table
 * history is what the database holds, since it changes in the transaction of what it counts; `pending` is what the open
 * transaction adds.
 */
#include "base/alloc.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

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
    h->dropped = nf_trim_dropped(db, h->tenant);
    LL_PREPEND(db->histories, h);
    return NF_OK;
}

void nf_history_free(nf_history *h)
{
    free(h->tenant);
    free(h);
}
