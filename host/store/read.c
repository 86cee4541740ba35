/* SPDX-License-Identifier: Apache-2.0 */
/* read.c: reading from the store at start, on the loop. Never writes. People's questions: see questions.h. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

nf_status nf_read_prepare(nf_store *store, const char *sql, sqlite3_stmt **statement, nf_error *err)
{
    sqlite3 *reader = nf_store_database(store)->reader;
    if (sqlite3_prepare_v2(reader, sql, -1, statement, NULL) == SQLITE_OK)
        return NF_OK;
    return nf_database_error(reader, "read", err);
}

nf_status nf_read_prepare_once(nf_store *store, nf_read_statement which, const char *sql,
                               sqlite3_stmt **statement, nf_error *err)
{
    sqlite3_stmt **kept = &nf_store_database(store)->reads[which];
    nf_status status = *kept ? NF_OK : nf_read_prepare(store, sql, kept, err);
    *statement = *kept;
    return status;
}

nf_status nf_read_reset(nf_store *store, sqlite3_stmt *statement, int rc, nf_error *err)
{
    nf_status status = rc == SQLITE_DONE
                           ? NF_OK
                           : nf_database_error(nf_store_database(store)->reader, "read", err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status;
}

nf_status nf_read_finish(nf_store *store, sqlite3_stmt *statement, int rc, nf_error *err)
{
    nf_status status = rc == SQLITE_DONE
                           ? NF_OK
                           : nf_database_error(nf_store_database(store)->reader, "read", err);
    sqlite3_finalize(statement);
    return status;
}

const char *nf_read_text(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    return text ? text : "";
}

void nf_read_hash(sqlite3_stmt *s, int column, uint8_t out[NF_SHA256_SIZE])
{
    memset(out, 0, NF_SHA256_SIZE);
    if (sqlite3_column_bytes(s, column) == NF_SHA256_SIZE)
        memcpy(out, sqlite3_column_blob(s, column), NF_SHA256_SIZE);
}

nf_status nf_store_each_subscription(nf_store *store,
                                     void (*each)(void *ctx, const nf_subscription_row *row),
                                     void *ctx, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status = nf_read_prepare(
        store,
        "SELECT id, tenant, trigger, filter, callback, location, secret_hash, created,"
        " connection, sign_in FROM subscription ORDER BY id",
        &s, err);
    if (status != NF_OK)
        return status;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        nf_subscription_row row = {
            .id = sqlite3_column_int64(s, 0),
            .tenant = nf_read_text(s, 1),
            .trigger = nf_read_text(s, 2),
            .filter = nf_read_text(s, 3),
            .callback = nf_read_text(s, 4),
            .location = nf_read_text(s, 5),
            .created_ms = sqlite3_column_int64(s, 7),
            .connection = nf_read_text(s, 8),
            .sign_in = sqlite3_column_int64(s, 9),
        };
        nf_read_hash(s, 6, row.secret_hash);
        each(ctx, &row);
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_schedule(nf_store *store, const char *tenant,
                                 void (*each)(void *ctx, const char *handler, int64_t due_ms),
                                 void *ctx, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status =
        nf_read_prepare(store, "SELECT handler, due FROM schedule WHERE tenant = ?", &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        each(ctx, nf_read_text(s, 0), sqlite3_column_int64(s, 1));
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_kv(nf_store *store, const char *tenant,
                           void (*each)(void *ctx, const char *key, const char *value, size_t len,
                                        int64_t expires_ms),
                           void *ctx, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status =
        nf_read_prepare(store, "SELECT key, value, expires FROM kv WHERE tenant = ?", &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *value = nf_read_text(s, 1);
        each(ctx, nf_read_text(s, 0), value, (size_t)sqlite3_column_bytes(s, 1),
             sqlite3_column_int64(s, 2));
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_sign_in(nf_store *store, const char *tenant,
                                void (*each)(void *ctx, const nf_sign_in_row *row), void *ctx,
                                nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status =
        nf_read_prepare(store,
                        "SELECT id, connection, upn, secret, retired, created FROM sign_in"
                        " WHERE tenant = ? ORDER BY id",
                        &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        nf_sign_in_row row = {
            .id = sqlite3_column_int64(s, 0),
            .tenant = tenant,
            .connection = nf_read_text(s, 1),
            .upn = nf_read_text(s, 2),
            .secret = sqlite3_column_blob(s, 3),
            .len = (size_t)sqlite3_column_bytes(s, 3),
            .retired = sqlite3_column_int(s, 4) != 0,
            .created_ms = sqlite3_column_int64(s, 5),
        };
        each(ctx, &row);
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_limit(nf_store *store, const char *tenant,
                              void (*each)(void *ctx, const char *name, const char *value),
                              void *ctx, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status = nf_read_prepare(
        store, "SELECT name, value FROM tenant_limit WHERE tenant = ? ORDER BY name", &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_text(s, 1, tenant, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        each(ctx, nf_read_text(s, 0), nf_read_text(s, 1));
    return nf_read_finish(store, s, rc, err);
}

/* The id before the first event since then: ids grow with time, so walking back needs no index on the time. */
static nf_status before_recent(nf_store *store, int64_t since_ms, int64_t *id, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    nf_status status =
        nf_read_prepare(store, "SELECT id, received FROM event ORDER BY id DESC", &s, err);
    if (status != NF_OK)
        return status;
    *id = 0;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW && sqlite3_column_int64(s, 1) >= since_ms)
        continue;
    if (rc == SQLITE_ROW) {
        *id = sqlite3_column_int64(s, 0);
        rc = SQLITE_DONE;
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_each_recent(nf_store *store, int64_t since_ms,
                               void (*each)(void *ctx, const nf_event_row *event), void *ctx,
                               nf_error *err)
{
    sqlite3_stmt *s = NULL;
    int rc;
    int64_t before = 0;
    nf_status status = before_recent(store, since_ms, &before, err);
    if (status == NF_OK)
        status = nf_read_prepare(store,
                                 "SELECT id, subscription, hash, received FROM event WHERE id > ?"
                                 " ORDER BY id",
                                 &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_int64(s, 1, before);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        nf_event_row event = {
            .id = sqlite3_column_int64(s, 0),
            .subscription = sqlite3_column_int64(s, 1),
            .received_ms = sqlite3_column_int64(s, 3),
        };
        nf_read_hash(s, 2, event.hash);
        each(ctx, &event);
    }
    return nf_read_finish(store, s, rc, err);
}

nf_status nf_store_get_version(nf_store *store, const uint8_t hash[NF_SHA256_SIZE], char **source,
                               size_t *len, nf_error *err)
{
    sqlite3_stmt *s = NULL;
    nf_status status =
        nf_read_prepare(store, "SELECT source FROM flow_version WHERE hash = ?", &s, err);
    if (status != NF_OK)
        return status;
    sqlite3_bind_blob(s, 1, hash, NF_SHA256_SIZE, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    *source = NULL;
    if (rc == SQLITE_ROW) {
        *len = (size_t)sqlite3_column_bytes(s, 0);
        *source = nf_memdup(sqlite3_column_blob(s, 0), *len);
        rc = SQLITE_DONE;
    }
    status = nf_read_finish(store, s, rc, err);
    if (status == NF_OK && !*source)
        status = nf_error_set(err, NF_E_NOT_FOUND, "the flow's source is not kept any more");
    return status;
}
