/* SPDX-License-Identifier: Apache-2.0 */
/* tend.c: see tend.h. Rare writes, so their statements are not kept. */
#include "store/tend.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

nf_status nf_tend_prepare(nf_database *db, const char *sql, sqlite3_stmt **s, nf_error *err)
{
    if (sqlite3_prepare_v2(db->writer, sql, -1, s, NULL) == SQLITE_OK)
        return NF_OK;
    return nf_database_error(db->writer, "write", err);
}

nf_status nf_tend_run(nf_database *db, sqlite3_stmt *s, nf_error *err)
{
    int rc = sqlite3_step(s);
    nf_status status =
        rc == SQLITE_DONE || rc == SQLITE_ROW ? NF_OK : nf_database_error(db->writer, "write", err);
    sqlite3_reset(s);
    return status;
}

/* ---- the audit ---- */

struct note {
    char *texts[6];
    int64_t at_ms;
};

static nf_status apply_audit(nf_database *db, const nf_write *w, nf_error *err)
{
    const struct note *note = w->of.any;
    sqlite3_stmt *s = db->statements[NF_SQL_ADD_AUDIT];
    sqlite3_bind_int64(s, 1, note->at_ms);
    for (int i = 0; i < 6; i++)
        sqlite3_bind_text(s, i + 2, note->texts[i], -1, SQLITE_STATIC);
    return nf_database_step(db, NF_SQL_ADD_AUDIT, err);
}

static void free_note(void *ctx, const nf_error *err)
{
    struct note *note = ctx;
    (void)err; /* it is kept and tried again until it is durable */
    for (int i = 0; i < 6; i++)
        free(note->texts[i]);
    free(note);
}

void nf_store_add_audit(nf_store *store, const nf_audit_row *row)
{
    const char *const texts[] = {row->tenant, row->who, row->action, row->name, row->old, row->now};
    struct note *note = nf_alloc(sizeof *note);
    for (int i = 0; i < 6; i++)
        note->texts[i] = nf_strdup(texts[i] ? texts[i] : "");
    note->at_ms = nf_clock_wall_ms();
    nf_write *w = nf_store_enqueue(store, apply_audit, free_note, note);
    w->must = true;
    w->of.any = note;
}

/* ---- dead letters that were seen ---- */

#define DEAD " r.outcome > 2 AND r.outcome <> ?4"

static const char dismiss_one[] = "INSERT OR IGNORE INTO dismissed(run, at, who)"
                                  " SELECT r.id, ?2, ?3 FROM run r WHERE r.id = ?1 AND" DEAD;
static const char dismiss_all[] =
    "INSERT INTO dismissed(run, at, who) SELECT r.id, ?2, ?3 FROM run r INDEXED BY run_bad WHERE" DEAD
    " AND (?5 IS NULL OR r.tenant = ?5) AND (?6 IS NULL OR r.handler = ?6 OR"
    " r.file IN (?6, 'flows/' || ?6, 'flows/' || ?6 || '.lua', ?6 || '.lua'))"
    " AND NOT EXISTS (SELECT 1 FROM dismissed x WHERE x.run = r.id) LIMIT ?7";

static nf_status apply_dismiss(nf_database *db, const nf_write *w, nf_error *err)
{
    nf_dismissal *d = w->of.any;
    sqlite3_stmt *s = NULL;
    nf_status status = nf_tend_prepare(db, d->runs ? dismiss_one : dismiss_all, &s, err);
    d->dismissed = 0; /* the group may be tried again */
    size_t times = d->runs ? d->count : 1;
    for (size_t i = 0; i < times && status == NF_OK; i++) {
        if (d->runs)
            sqlite3_bind_int64(s, 1, d->runs[i]);
        sqlite3_bind_int64(s, 2, d->at_ms);
        sqlite3_bind_text(s, 3, d->who, -1, SQLITE_STATIC);
        sqlite3_bind_int(s, 4, NF_OUTCOME_CANCELLED);
        sqlite3_bind_text(s, 5, d->tenant, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 6, d->flow, -1, SQLITE_STATIC);
        sqlite3_bind_int(s, 7, NF_DISMISSED_AT_A_TIME);
        status = nf_tend_run(db, s, err);
        d->dismissed += status == NF_OK ? (size_t)sqlite3_changes(db->writer) : 0;
    }
    sqlite3_finalize(s);
    return status;
}

void nf_store_dismiss(nf_store *store, nf_dismissal *dismissal, nf_store_done *done, void *ctx)
{
    nf_store_enqueue(store, apply_dismiss, done, ctx)->of.any = dismissal;
}
