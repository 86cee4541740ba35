/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database.c: the SQLite file: settings, tables, statements, and the writes themselves.
 *
 * auto_vacuum is set before the first table, or the file would never shrink. run_open holds only runs that are to go on
 * at once, so that a restart finds them without reading the history or what sleeps.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "store/fault_disk.h"
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

enum { BUSY_MS = 5000 }; /* somebody looks into the file with other tools */

static const char settings[] =
    "PRAGMA page_size=8192;" /* of a new file; fewer writes per event than with 4096 */
    "PRAGMA auto_vacuum=INCREMENTAL;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA secure_delete=FAST;"
    "PRAGMA foreign_keys=OFF;"
    "PRAGMA journal_size_limit=67108864;";

static const char tables[] =
    "CREATE TABLE event(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, subscription INTEGER NOT NULL,"
    " trigger TEXT NOT NULL, hash BLOB NOT NULL, received INTEGER NOT NULL, body TEXT NOT NULL,"
    " duplicates INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE run(id INTEGER PRIMARY KEY, event INTEGER NOT NULL, tenant TEXT NOT NULL, handler TEXT NOT NULL,"
    " file TEXT NOT NULL, version BLOB NOT NULL, outcome INTEGER NOT NULL DEFAULT 0,"
    " started INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0,"
    " attempts INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX run_open ON run(id) WHERE outcome = 0;"
    "CREATE TABLE run_detail(run INTEGER PRIMARY KEY, detail TEXT NOT NULL) STRICT;"
    "CREATE TABLE flow_version(hash BLOB PRIMARY KEY, tenant TEXT NOT NULL, file TEXT NOT NULL,"
    " source BLOB NOT NULL, kept INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE subscription(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, trigger TEXT NOT NULL,"
    " filter TEXT NOT NULL, callback TEXT NOT NULL, location TEXT NOT NULL, secret_hash BLOB NOT NULL,"
    " created INTEGER NOT NULL) STRICT;"
    "PRAGMA user_version=1;";

/* Version 2: what an admin changed while the host ran, how much is kept, what flows remember. */
static const char tables_of_limits[] =
    "CREATE TABLE tenant_limit(tenant TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY(tenant, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE audit(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, tenant TEXT NOT NULL, who TEXT NOT NULL,"
    " action TEXT NOT NULL, name TEXT NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL) STRICT;"
    "CREATE TABLE kv(tenant TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, expires INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE history(tenant TEXT PRIMARY KEY, bytes INTEGER NOT NULL, trimmed INTEGER NOT NULL) STRICT;"
    "INSERT INTO history SELECT tenant, sum(bytes), 0 FROM"
    " (SELECT tenant, length(CAST(body AS BLOB)) AS bytes FROM event UNION ALL SELECT r.tenant,"
    " length(CAST(d.detail AS BLOB)) FROM run_detail d JOIN run r ON r.id = d.run) GROUP BY tenant;"
    "PRAGMA user_version=2;";

/* Version 3: a tenant has several connections, each with a sign-in. */
static const char tables_of_connections[] =
    "ALTER TABLE subscription ADD COLUMN connection TEXT NOT NULL DEFAULT 'nimbus';"
    "ALTER TABLE subscription ADD COLUMN sign_in INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE sign_in(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, connection TEXT NOT NULL,"
    " upn TEXT NOT NULL, secret BLOB NOT NULL, retired INTEGER NOT NULL, created INTEGER NOT NULL) STRICT;"
    "PRAGMA user_version=3;";

/*
 * Version 4: effects of runs without an end, and runs that are not in memory: asleep until `wake` (state 1) or held for
 * a person (state 2). run_open holds the others without an end. `spent`: ms of CPU time before it was parked.
 * `replay_of`: the run that this one does again.
 */
static const char tables_of_durable_runs[] =
    "ALTER TABLE run ADD COLUMN state INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run ADD COLUMN wake INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run ADD COLUMN replay_of INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX run_open;"
    "CREATE INDEX run_open ON run(id) WHERE outcome = 0 AND state = 0;"
    "CREATE INDEX run_asleep ON run(wake) WHERE state = 1;"
    "CREATE INDEX run_held ON run(id) WHERE state = 2;"
    "CREATE TABLE journal(run INTEGER NOT NULL, number INTEGER NOT NULL, action TEXT NOT NULL,"
    " args BLOB NOT NULL, state INTEGER NOT NULL, turn INTEGER NOT NULL, began INTEGER NOT NULL,"
    " at INTEGER NOT NULL, line TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY(run, number))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE held(run INTEGER PRIMARY KEY, since INTEGER NOT NULL, number INTEGER NOT NULL,"
    " reason TEXT NOT NULL) STRICT;"
    "PRAGMA user_version=4;";

/* What makes version n + 1 of version n. */
static const char *const steps[] = {tables, tables_of_limits, tables_of_connections,
                                    tables_of_durable_runs};
enum { SCHEMA_VERSION = NF_COUNT(steps) };

/* What came later and stands alone: made when it is missing, in any version. */
static const char tables_beside[] =
    "CREATE TABLE IF NOT EXISTS schedule(tenant TEXT NOT NULL, handler TEXT NOT NULL, due INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, handler)) STRICT, WITHOUT ROWID;"
    /* what did not end well, so that it is found among millions; it costs nothing while all goes well */
    "CREATE INDEX IF NOT EXISTS run_bad ON run(id, outcome, tenant, handler) WHERE outcome > 2;"
    /* what was done again, each with an event of its own */
    "CREATE INDEX IF NOT EXISTS run_again ON run(replay_of) WHERE replay_of <> 0;"
    "CREATE TABLE IF NOT EXISTS dismissed(run INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
    " who TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS late(tenant TEXT NOT NULL, after INTEGER NOT NULL, run INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, after, run)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS history_age(tenant TEXT PRIMARY KEY, dropped INTEGER NOT NULL) STRICT;";

nf_status nf_database_error(sqlite3 *handle, const char *operation, nf_error *err)
{
    int code = sqlite3_extended_errcode(handle);
    nf_status status = (code & 0xFF) == SQLITE_FULL ? NF_E_FULL : NF_E_STORE;
    return nf_error_set(err, status, "%s: %s", operation, sqlite3_errmsg(handle));
}

nf_status nf_database_step(nf_database *db, nf_statement which, nf_error *err)
{
    sqlite3_stmt *statement = db->statements[which];
    int rc = sqlite3_step(statement);
    nf_status status =
        rc == SQLITE_DONE || rc == SQLITE_ROW ? NF_OK : nf_database_error(db->writer, "write", err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status;
}

static nf_status run_sql(sqlite3 *handle, const char *sql, nf_error *err)
{
    if (sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return NF_OK;
    return nf_database_error(handle, "prepare the database", err);
}

static int user_version(sqlite3 *handle)
{
    sqlite3_stmt *statement = NULL;
    int version = -1;
    if (sqlite3_prepare_v2(handle, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK
        && sqlite3_step(statement) == SQLITE_ROW)
        version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return version;
}

/* Each step wholly or not at all: a host that is killed here must start again. */
static nf_status upgrade(nf_database *db, int version, nf_error *err)
{
    nf_status status = run_sql(db->writer, "BEGIN IMMEDIATE", err);
    if (status == NF_OK)
        status = run_sql(db->writer, steps[version], err);
    nf_fault_point("store.upgrade");
    if (status == NF_OK)
        status = run_sql(db->writer, "COMMIT", err);
    if (!sqlite3_get_autocommit(db->writer))
        sqlite3_exec(db->writer, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static nf_status set_up(nf_database *db, nf_error *err)
{
    nf_status status = run_sql(db->writer, settings, err);
    if (nf_fault_disk_unsafe())
        run_sql(db->writer, "PRAGMA synchronous=OFF", NULL);
    int version = status == NF_OK ? user_version(db->writer) : -1;
    for (int i = version; i >= 0 && i < SCHEMA_VERSION && status == NF_OK; i++)
        status = upgrade(db, i, err);
    if (status == NF_OK && (version < 0 || version > SCHEMA_VERSION))
        status = nf_error_set(err, NF_E_STORE,
                              "the database has version %d, this program knows version %d; "
                              "use the program it was made with",
                              version, SCHEMA_VERSION);
    if (status == NF_OK)
        status = run_sql(db->writer, tables_beside, err);
    static const char *const sql[NF_SQL_COUNT] = {
#define X(name, text) text,
        NF_STATEMENTS(X)
#undef X
    };
    for (int i = 0; i < NF_SQL_COUNT && status == NF_OK; i++) {
        if (sqlite3_prepare_v3(db->writer, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &db->statements[i], NULL)
            != SQLITE_OK)
            status = nf_database_error(db->writer, sql[i], err);
    }
    return status;
}

/* That there is a new folder must be on the disk before what is in it is promised. */
static void sync_parent(const char *folder)
{
    char *parent = nf_format("%s/..", folder);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(parent);
}

/* One process per database: the lock goes with the process, so a crash leaves none behind. */
static nf_status take_lock(nf_database *db, const char *folder, nf_error *err)
{
    if (mkdir(folder, 0700) == 0)
        sync_parent(folder);
    else if (errno != EEXIST)
        return nf_error_set(err, NF_E_CONFIG, "data folder %s: %s", folder, strerror(errno));
    char *path = nf_format("%s/nimflow.lock", folder);
    db->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    nf_status status = NF_OK;
    if (db->lock_fd < 0)
        status = nf_error_set(err, NF_E_CONFIG, "data folder %s: cannot write there: %s", folder,
                              strerror(errno));
    else if (flock(db->lock_fd, LOCK_EX | LOCK_NB) != 0)
        status =
            nf_error_set(err, NF_E_CONFIG, "data folder %s is in use by another nimflow", folder);
    free(path);
    return status;
}

nf_status nf_database_open(nf_database *db, const char *folder, nf_error *err)
{
    *db = (nf_database){.lock_fd = -1, .file_fd = -1};
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS,
                   0); /* nobody asks, and each allocation would take a lock */
    nf_status status = take_lock(db, folder, err);
    if (status != NF_OK)
        return status;
    db->path = nf_format("%s/nimflow.db", folder);
    nf_fault_disk_use();
    mode_t before = umask(0077);
    int rc =
        sqlite3_open_v2(db->path, &db->writer,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    umask(before);
    sqlite3_busy_timeout(db->writer, BUSY_MS);
    if (rc == SQLITE_OK)
        nf_checkpoints_begin(db);
    if (rc == SQLITE_OK)
        status = set_up(db, err);
    else
        status = nf_database_error(db->writer, "open the database", err);
    if (status == NF_OK
        && sqlite3_open_v2(db->path, &db->reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_FULLMUTEX,
                           NULL)
               != SQLITE_OK)
        status = nf_database_error(db->reader, "open the database for reading", err);
    if (status != NF_OK)
        nf_error_prefix(err, "%s", db->path);
    return status;
}

void nf_database_close(nf_database *db)
{
    nf_history *history, *next;
    LL_FOREACH_SAFE (db->histories, history, next)
        nf_history_free(history);
    for (int i = 0; i < NF_SQL_COUNT; i++)
        sqlite3_finalize(db->statements[i]);
    for (int i = 0; i < NF_READ_COUNT; i++)
        sqlite3_finalize(db->reads[i]);
    sqlite3_close(db->reader);
    sqlite3_close(db->writer);
    nf_checkpoints_end(db);
    if (db->lock_fd >= 0)
        close(db->lock_fd);
    free(db->path);
}

/* ---- the writes ---- */

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

static void bind_hash(sqlite3_stmt *s, int at, const uint8_t *hash)
{
    sqlite3_bind_blob(s, at, hash, NF_SHA256_SIZE, SQLITE_STATIC);
}

static nf_status put_schedule(nf_database *db, const char *tenant, const char *handler,
                              int64_t due_ms, nf_error *err)
{
    sqlite3_stmt *s = db->statements[NF_SQL_PUT_SCHEDULE];
    bind_text(s, 1, tenant);
    bind_text(s, 2, handler);
    sqlite3_bind_int64(s, 3, due_ms);
    return nf_database_step(db, NF_SQL_PUT_SCHEDULE, err);
}

nf_status nf_apply_put_schedule(nf_database *db, const nf_write *w, nf_error *err)
{
    return put_schedule(db, w->of.schedule.tenant, w->of.schedule.handler, w->of.schedule.due_ms,
                        err);
}

nf_status nf_apply_add_event(nf_database *db, const nf_write *w, nf_error *err)
{
    const nf_event_row *e = w->of.add.event;
    sqlite3_stmt *s = db->statements[NF_SQL_ADD_EVENT];
    sqlite3_bind_int64(s, 1, e->id);
    bind_text(s, 2, e->tenant);
    sqlite3_bind_int64(s, 3, e->subscription);
    bind_text(s, 4, e->trigger);
    bind_hash(s, 5, e->hash);
    sqlite3_bind_int64(s, 6, e->received_ms);
    sqlite3_bind_text64(s, 7, e->body, e->len, SQLITE_STATIC, SQLITE_UTF8);
    nf_status status = nf_database_step(db, NF_SQL_ADD_EVENT, err);
    nf_history_count(db, e->tenant, e->len);
    if (status == NF_OK && e->schedule)
        status = put_schedule(db, e->tenant, e->schedule, e->due_ms, err);
    for (size_t i = 0; i < w->of.add.count && status == NF_OK; i++) {
        const nf_run_row *r = &w->of.add.runs[i];
        s = db->statements[NF_SQL_ADD_RUN];
        sqlite3_bind_int64(s, 1, r->id);
        sqlite3_bind_int64(s, 2, r->event);
        bind_text(s, 3, r->tenant);
        bind_text(s, 4, r->handler);
        bind_text(s, 5, r->file);
        bind_hash(s, 6, r->version);
        sqlite3_bind_int64(s, 7, r->replay_of);
        status = nf_database_step(db, NF_SQL_ADD_RUN, err);
    }
    return status;
}

nf_status nf_apply_add_duplicate(nf_database *db, const nf_write *w, nf_error *err)
{
    sqlite3_bind_int64(db->statements[NF_SQL_ADD_DUPLICATE], 1, w->of.id);
    nf_status status = nf_database_step(db, NF_SQL_ADD_DUPLICATE, err);
    if (status == NF_OK
        && sqlite3_changes(db->writer) == 0) /* the first one was refused: so is this one */
        return nf_error_set(err, NF_E_NOT_FOUND, "the event that this repeats is not stored");
    return status;
}

nf_status nf_apply_end_run(nf_database *db, const nf_write *w, nf_error *err)
{
    const nf_run_end *e = &w->of.end;
    sqlite3_stmt *s = db->statements[NF_SQL_END_RUN];
    sqlite3_bind_int(s, 1, (int)e->outcome);
    sqlite3_bind_int64(s, 2, e->started_ms);
    sqlite3_bind_int64(s, 3, e->ended_ms);
    sqlite3_bind_int(s, 4, (int)e->attempts);
    sqlite3_bind_int64(s, 5, e->id);
    nf_status status = nf_database_step(db, NF_SQL_END_RUN, err);
    if (status != NF_OK || sqlite3_changes(db->writer) == 0) /* none: its event was never stored */
        return status;
    if (!e->mark || e->mark->written)
        status = nf_journal_drop(db, e->id, err);
    if (status != NF_OK)
        return status;
    nf_history_count(db, e->tenant, e->len);
    s = db->statements[NF_SQL_ADD_DETAIL];
    sqlite3_bind_int64(s, 1, e->id);
    sqlite3_bind_text64(s, 2, e->detail, e->len, SQLITE_STATIC, SQLITE_UTF8);
    status = nf_database_step(db, NF_SQL_ADD_DETAIL, err);
    return status == NF_OK ? nf_trim_late(db, e->tenant, e->id, err) : status;
}

nf_status nf_apply_put_version(nf_database *db, const nf_write *w, nf_error *err)
{
    sqlite3_stmt *s = db->statements[NF_SQL_PUT_VERSION];
    bind_hash(s, 1, w->of.version.hash);
    bind_text(s, 2, w->of.version.tenant);
    bind_text(s, 3, w->of.version.file);
    sqlite3_bind_blob64(s, 4, w->of.version.source, w->of.version.len, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, nf_clock_wall_ms());
    return nf_database_step(db, NF_SQL_PUT_VERSION, err);
}

nf_status nf_apply_put_subscription(nf_database *db, const nf_write *w, nf_error *err)
{
    const nf_subscription_row *r = &w->of.subscription;
    sqlite3_stmt *s = db->statements[NF_SQL_PUT_SUBSCRIPTION];
    sqlite3_bind_int64(s, 1, r->id);
    bind_text(s, 2, r->tenant);
    bind_text(s, 3, r->trigger);
    bind_text(s, 4, r->filter);
    bind_text(s, 5, r->callback);
    bind_text(s, 6, r->location);
    bind_hash(s, 7, r->secret_hash);
    sqlite3_bind_int64(s, 8, r->created_ms);
    bind_text(s, 9, r->connection);
    sqlite3_bind_int64(s, 10, r->sign_in);
    return nf_database_step(db, NF_SQL_PUT_SUBSCRIPTION, err);
}

nf_status nf_apply_put_kv(nf_database *db, const nf_write *w, nf_error *err)
{
    const nf_kv_row *row = &w->of.kv;
    nf_statement which = row->value ? NF_SQL_PUT_KV : row->key ? NF_SQL_DROP_KV : NF_SQL_SWEEP_KV;
    sqlite3_stmt *s = db->statements[which];
    bind_text(s, 1, row->tenant);
    if (row->key)
        bind_text(s, 2, row->key);
    else
        sqlite3_bind_int64(s, 2, row->expires_ms);
    if (row->value) {
        sqlite3_bind_text64(s, 3, row->value, row->len, SQLITE_STATIC, SQLITE_UTF8);
        sqlite3_bind_int64(s, 4, row->expires_ms);
    }
    return nf_database_step(db, which, err);
}

static nf_status put_limit(nf_database *db, const char *tenant, const nf_limit_change *c,
                           nf_error *err)
{
    nf_statement which = c->value ? NF_SQL_PUT_LIMIT : NF_SQL_DROP_LIMIT;
    bind_text(db->statements[which], 1, tenant);
    bind_text(db->statements[which], 2, c->name);
    if (c->value)
        bind_text(db->statements[which], 3, c->value);
    return nf_database_step(db, which, err);
}

nf_status nf_apply_put_limits(nf_database *db, const nf_write *w, nf_error *err)
{
    const nf_limit_changes *all = &w->of.limits;
    nf_status status = NF_OK;
    for (size_t i = 0; i < all->count && status == NF_OK; i++) {
        const nf_limit_change *c = &all->changes[i];
        sqlite3_stmt *s = db->statements[NF_SQL_ADD_AUDIT];
        status = put_limit(db, all->tenant, c, err);
        if (status != NF_OK)
            break;
        sqlite3_bind_int64(s, 1, all->at_ms);
        bind_text(s, 2, all->tenant);
        bind_text(s, 3, all->who);
        bind_text(s, 4, c->value ? "set limit" : "reset limit");
        bind_text(s, 5, c->name);
        bind_text(s, 6, c->old);
        bind_text(s, 7, c->now);
        status = nf_database_step(db, NF_SQL_ADD_AUDIT, err);
    }
    return status;
}

nf_status nf_apply_drop_subscription(nf_database *db, const nf_write *w, nf_error *err)
{
    sqlite3_bind_int64(db->statements[NF_SQL_DROP_SUBSCRIPTION], 1, w->of.id);
    return nf_database_step(db, NF_SQL_DROP_SUBSCRIPTION, err);
}

nf_status nf_apply_put_sign_in(nf_database *db, const nf_write *w, nf_error *err)
{
    const nf_sign_in_row *r = &w->of.sign_in;
    sqlite3_stmt *s = db->statements[NF_SQL_PUT_SIGN_IN];
    sqlite3_bind_int64(s, 1, r->id);
    bind_text(s, 2, r->tenant);
    bind_text(s, 3, r->connection);
    bind_text(s, 4, r->upn);
    sqlite3_bind_blob64(s, 5, r->secret, r->len, SQLITE_STATIC);
    sqlite3_bind_int(s, 6, r->retired);
    sqlite3_bind_int64(s, 7, r->created_ms);
    return nf_database_step(db, NF_SQL_PUT_SIGN_IN, err);
}

nf_status nf_apply_drop_sign_in(nf_database *db, const nf_write *w, nf_error *err)
{
    sqlite3_bind_int64(db->statements[NF_SQL_DROP_SIGN_IN], 1, w->of.id);
    return nf_database_step(db, NF_SQL_DROP_SIGN_IN, err);
}
