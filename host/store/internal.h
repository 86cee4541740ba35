/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h: what the files of this layer share: the database with its statements, and one queued write. */
#ifndef NF_STORE_INTERNAL_H
#define NF_STORE_INTERNAL_H

#include "store/store.h"

#include <sqlite3.h>
#include <stdatomic.h>

/* X(NAME, SQL): every statement of the writer, prepared once. */
#define NF_STATEMENTS(X)                                                                           \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(PROBE, "PRAGMA application_id=0") /* writes the value that is there: nothing changes */      \
    X(ADD_EVENT, "INSERT INTO event(id, tenant, subscription, trigger, hash, received, body)"      \
                 " VALUES(?,?,?,?,?,?,?)")                                                         \
    X(ADD_RUN, "INSERT INTO run(id, event, tenant, handler, file, version, replay_of)"             \
               " VALUES(?,?,?,?,?,?,?)")                                                           \
    X(PUT_SCHEDULE, "INSERT OR REPLACE INTO schedule(tenant, handler, due) VALUES(?,?,?)")         \
    X(ADD_DUPLICATE, "UPDATE event SET duplicates = duplicates + 1 WHERE id = ?")                  \
    X(END_RUN, "UPDATE run SET outcome=?, started=?, ended=?, attempts=?, state=0, wake=0"         \
               " WHERE id=? AND outcome=0")                                                        \
    X(PUT_ENTRY, "INSERT OR REPLACE INTO journal(run, number, action, args, state, turn, began,"   \
                 " at, line, result) SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10"                        \
                 " WHERE EXISTS(SELECT 1 FROM run WHERE id = ?1 AND outcome = 0)")                 \
    X(ANSWER_ENTRY,                                                                                \
      "UPDATE journal SET state = 2, at = ?3, result = ?4, line = line || ?5, turn ="              \
      " (SELECT max(turn) + 1 FROM journal WHERE run = ?1)"                                        \
      " WHERE run = ?1 AND number = ?2 AND state = 1")                                             \
    X(DROP_ENTRY, "DELETE FROM journal WHERE run = ? AND number = ?")                              \
    X(DROP_ENTRIES, "DELETE FROM journal WHERE run = ?")                                           \
    X(PARK_RUN, "UPDATE run SET state=?2, wake=?3, attempts=?4, spent=?5"                          \
                " WHERE id=?1 AND outcome=0")                                                      \
    X(PUT_HELD, "INSERT OR REPLACE INTO held(run, since, number, reason) VALUES(?,?,?,?)")         \
    X(DROP_HELD, "DELETE FROM held WHERE run = ?")                                                 \
    X(UNPARK_RUN, "UPDATE run SET state=0, wake=0 WHERE id=? AND outcome=0")                       \
    X(ADD_DETAIL, "INSERT OR REPLACE INTO run_detail(run, detail) VALUES(?,?)")                    \
    X(PUT_VERSION, "INSERT OR IGNORE INTO flow_version(hash, tenant, file, source, kept)"          \
                   " VALUES(?,?,?,?,?)")                                                           \
    X(PUT_SUBSCRIPTION, "INSERT OR REPLACE INTO subscription(id, tenant, trigger, filter,"         \
                        " callback, location, secret_hash, created, connection, sign_in)"          \
                        " VALUES(?,?,?,?,?,?,?,?,?,?)")                                            \
    X(PUT_SIGN_IN, "INSERT OR REPLACE INTO sign_in(id, tenant, connection, upn, secret, retired,"  \
                   " created) VALUES(?,?,?,?,?,?,?)")                                              \
    X(DROP_SIGN_IN, "DELETE FROM sign_in WHERE id = ?")                                            \
    X(DROP_SUBSCRIPTION, "DELETE FROM subscription WHERE id = ?")                                  \
    X(GET_HISTORY, "SELECT bytes, trimmed FROM history WHERE tenant = ?")                          \
    X(ADD_HISTORY, "INSERT INTO history(tenant, bytes, trimmed) VALUES(?,?,0)"                     \
                   " ON CONFLICT(tenant) DO UPDATE SET bytes = max(0, bytes + excluded.bytes)")    \
    X(MARK_HISTORY, "UPDATE history SET trimmed = ? WHERE tenant = ?")                             \
    X(PUT_KV, "INSERT OR REPLACE INTO kv(tenant, key, value, expires) VALUES(?,?,?,?)")            \
    X(DROP_KV, "DELETE FROM kv WHERE tenant = ? AND key = ?")                                      \
    X(SWEEP_KV, "DELETE FROM kv WHERE tenant = ? AND expires > 0 AND expires <= ?")                \
    X(PUT_LIMIT, "INSERT OR REPLACE INTO tenant_limit(tenant, name, value) VALUES(?,?,?)")         \
    X(DROP_LIMIT, "DELETE FROM tenant_limit WHERE tenant = ? AND name = ?")                        \
    X(ADD_AUDIT, "INSERT INTO audit(at, tenant, who, action, name, old, new)"                      \
                 " VALUES(?,?,?,?,?,?,?)")

typedef enum nf_statement {
#define X(name, sql) NF_SQL_##name,
    NF_STATEMENTS(X)
#undef X
        NF_SQL_COUNT
} nf_statement;

/* One tenant's history; see history.c. */
struct nf_history {
    char *tenant;
    _Atomic uint64_t bytes, cap;
    int64_t pending;                                     /* what the open transaction adds */
    _Atomic uint64_t keep_details_ms, keep_summaries_ms; /* 0: for ever */
    int64_t trimmed, dropped; /* up to these runs the details, and the summaries, are gone */
    bool trimming, ageing_details, ageing_summaries; /* there is too much, or it may be too old */
    uint64_t looked_ns;                              /* for what is too old */
    struct nf_history *next;
};

/* Statements of the reader that are asked for many runs in a row, on the loop; prepared when first needed. */
typedef enum nf_read_statement { NF_READ_ENTRIES, NF_READ_COUNT } nf_read_statement;

typedef struct nf_database {
    sqlite3 *writer, *reader;
    sqlite3_stmt *reads[NF_READ_COUNT];
    sqlite3_stmt *statements[NF_SQL_COUNT];
    nf_history *histories;
    char *path;
    int lock_fd, file_fd; /* file_fd: of the database, for checkpoint.c */
    bool freed;           /* pages, that the file may give back */
} nf_database;

/** Open or create `folder`/nimflow.db, check its version, prepare the statements. */
nf_status nf_database_open(nf_database *db, const char *folder, nf_error *err);

/** Close what is open. */
void nf_database_close(nf_database *db);

/** From now on: checkpoints, and only the newest part of the file in the kernel's cache. End it after SQLite's
 * connections are closed. In checkpoint.c */
void nf_checkpoints_begin(nf_database *db);
void nf_checkpoints_end(nf_database *db);

/** The text of SQLite's last error on `handle`, with the operation in front. Sets `err`. */
nf_status nf_database_error(sqlite3 *handle, const char *operation, nf_error *err);

/** Run a prepared statement of the writer whose values are bound; resets it. */
nf_status nf_database_step(nf_database *db, nf_statement which, nf_error *err);

/** One queued write: a batch is a list of them. */
typedef struct nf_write {
    nf_status (*apply)(nf_database *db, const struct nf_write *w, nf_error *err);
    bool must; /* never give it up */
    union {
        struct {
            const nf_event_row *event;
            const nf_run_row *runs;
            size_t count;
        } add;
        nf_run_end end;
        struct {
            nf_entry_row row;
            nf_journal_mark *mark; /* NULL: written whatever else is known */
        } entry;
        nf_parking park;
        nf_subscription_row subscription;
        nf_sign_in_row sign_in;
        struct {
            uint8_t hash[NF_SHA256_SIZE];
            const char *tenant, *file, *source;
            size_t len;
        } version;
        nf_limit_changes limits;
        nf_history *history;
        nf_kv_row kv;
        struct {
            const char *tenant, *handler;
            int64_t due_ms;
        } schedule;
        int64_t id;
        void *any; /* of rare kinds, see tend.c */
    } of;
    nf_store_done *done;
    void *ctx;
    struct nf_write *next;
    nf_error result; /* last: its text is not written before there is an error */
} nf_write;

/** The apply functions, one per kind of write. */
nf_status nf_apply_add_event(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_put_schedule(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_add_duplicate(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_end_run(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_put_entry(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_park_run(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_unpark_run(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_answer_entry(nf_database *db, const nf_write *w, nf_error *err);

/** Forget the journal of a run, and that it was held. */
nf_status nf_journal_drop(nf_database *db, int64_t run, nf_error *err);
nf_status nf_apply_put_version(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_put_subscription(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_drop_subscription(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_put_sign_in(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_drop_sign_in(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_put_kv(nf_database *db, const nf_write *w, nf_error *err);
nf_status nf_apply_put_limits(nf_database *db, const nf_write *w, nf_error *err);

/** Find a tenant's history; count what the open transaction adds to it. */
nf_history *nf_history_find(nf_database *db, const char *tenant);
void nf_history_count(nf_database *db, const char *tenant, size_t bytes);

/** Before COMMIT: write the counts. After it, or after a ROLLBACK: take them over, or forget them. */
nf_status nf_history_write(nf_database *db, nf_error *err);
void nf_history_settle(nf_database *db, bool committed);

/** Trim a piece of what is over its limit, in transactions of its own; is there more to trim? */
void nf_history_trim(nf_database *db);
bool nf_history_trimming(const nf_database *db);

/** How long to wait before looking again for what is too old; 0: nothing gets too old. */
uint64_t nf_trim_wait_ms(const nf_database *db);

/** In the transaction in which a run gets its end: if it was passed over, note that. */
nf_status nf_trim_late(nf_database *db, const char *tenant, int64_t run, nf_error *err);

/** Up to which run the summaries of a tenant are gone. */
int64_t nf_trim_dropped(nf_database *db, const char *tenant);

nf_status nf_apply_open_history(nf_database *db, const nf_write *w, nf_error *err);
void nf_history_free(nf_history *history);

/** Prepare a question to the reader; text and hash of a column; the end of the question. */
nf_status nf_read_prepare(nf_store *store, const char *sql, sqlite3_stmt **statement,
                          nf_error *err);
nf_status nf_read_prepare_once(nf_store *store, nf_read_statement which, const char *sql,
                               sqlite3_stmt **statement, nf_error *err);
const char *nf_read_text(sqlite3_stmt *s, int column);
void nf_read_hash(sqlite3_stmt *s, int column, uint8_t out[NF_SHA256_SIZE]);
nf_status nf_read_finish(nf_store *store, sqlite3_stmt *statement, int rc, nf_error *err);
nf_status nf_read_reset(nf_store *store, sqlite3_stmt *statement, int rc, nf_error *err);

/** The open database; only the reading functions of this layer use it from outside the store's thread. */
nf_database *nf_store_database(nf_store *store);

/** Queue a write; the caller fills in the rest of it at once. */
nf_write *nf_store_enqueue(nf_store *store,
                           nf_status (*apply)(nf_database *, const nf_write *, nf_error *),
                           nf_store_done *done, void *ctx);

/** Rare writes, in tend.c: prepare a statement of the writer; step and reset it. Finalizing is the caller's. */
nf_status nf_tend_prepare(nf_database *db, const char *sql, sqlite3_stmt **s, nf_error *err);
nf_status nf_tend_run(nf_database *db, sqlite3_stmt *s, nf_error *err);

/** The loop the store reports to. */
nf_loop *nf_store_loop(nf_store *store);

#endif
