/* SPDX-License-Identifier: Apache-2.0 */
/* kv.c: see kv.h. */
#include "act/kv.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
    char *key, *value;
    size_t len;
    int64_t expires_ms; /* wall clock; 0: never */
    UT_hash_handle hh;
};

struct nf_kv {
    nf_store *store;
    char *tenant;
    uint64_t limit, bytes;
    uint64_t coming; /* bytes of writes under way */
    struct entry *entries;
};

struct nf_kv_write {
    nf_kv *kv;
    char *key, *value; /* value NULL: remove */
    size_t len;
    int64_t expires_ms;
    nf_store_done *done; /* NULL: forgotten */
    void *ctx;
};

static struct entry *find(const nf_kv *kv, const char *key)
{
    struct entry *entry;
    HASH_FIND_STR(kv->entries, key, entry);
    return entry;
}

static void drop(nf_kv *kv, struct entry *entry)
{
    kv->bytes -= strlen(entry->key) + entry->len;
    HASH_DEL(kv->entries, entry);
    free(entry->key);
    free(entry->value);
    free(entry);
}

/* Put it into memory; `key` and `value` become the map's. */
static void put(nf_kv *kv, char *key, char *value, size_t len, int64_t expires_ms)
{
    struct entry *entry = find(kv, key);
    if (entry)
        drop(kv, entry);
    entry = nf_alloc(sizeof *entry);
    *entry = (struct entry){.key = key, .value = value, .len = len, .expires_ms = expires_ms};
    HASH_ADD_KEYPTR(hh, kv->entries, entry->key, strlen(entry->key), entry);
    kv->bytes += strlen(key) + len;
}

static bool expired(const struct entry *entry)
{
    return entry->expires_ms && entry->expires_ms <= nf_clock_wall_ms();
}

/* ---- reading ---- */

const char *nf_kv_get(const nf_kv *kv, const char *key, size_t *len)
{
    const struct entry *entry = find(kv, key);
    if (!entry || expired(entry))
        return NULL;
    *len = entry->len;
    return entry->value;
}

void nf_kv_each(const nf_kv *kv,
                void (*each)(void *ctx, const char *key, const char *value, size_t len,
                             int64_t expires_ms),
                void *ctx)
{
    struct entry *entry, *next;
    HASH_ITER (hh, kv->entries, entry, next) {
        if (!expired(entry))
            each(ctx, entry->key, entry->value, entry->len, entry->expires_ms);
    }
}

/* ---- writing ---- */

static void free_write(nf_kv_write *w)
{
    free(w->key);
    free(w->value);
    free(w);
}

static void on_durable(void *ctx, const nf_error *err)
{
    nf_kv_write *w = ctx;
    nf_kv *kv = w->kv;
    struct entry *entry = find(kv, w->key);
    kv->coming -= w->len + strlen(w->key);
    if (!err && w->value) {
        put(kv, w->key, w->value, w->len, w->expires_ms);
        w->key = w->value = NULL;
    } else if (!err && entry) {
        drop(kv, entry);
    }
    if (w->done)
        w->done(w->ctx, err);
    free_write(w);
}

static void on_swept(void *ctx, const nf_error *err)
{
    free(ctx);
    (void)err; /* what stays in the store is forgotten again at the next start */
}

/* Values whose time is over go when their room is needed; nobody can read them any more. */
static void sweep(nf_kv *kv)
{
    struct entry *entry, *next;
    HASH_ITER (hh, kv->entries, entry, next) {
        if (expired(entry))
            drop(kv, entry);
    }
    if (!kv->store)
        return;
    char *tenant =
        nf_strdup(kv->tenant); /* a tenant that does not open goes before this is written */
    nf_kv_row all = {.tenant = tenant, .expires_ms = nf_clock_wall_ms()};
    nf_store_put_kv(kv->store, &all, on_swept, tenant);
}

static uint64_t with(const nf_kv *kv, const char *key, size_t len)
{
    const struct entry *old = find(kv, key);
    uint64_t freed = old ? strlen(key) + old->len : 0;
    return kv->bytes + kv->coming + strlen(key) + len - freed;
}

static nf_status check(nf_kv *kv, const char *key, const char *value, size_t len, nf_error *err)
{
    if (!*key || strlen(key) > NF_KV_KEY_MAX)
        return nf_error_set(err, NF_E_ARG, "a key has 1 to %d bytes", NF_KV_KEY_MAX);
    if (!value)
        return NF_OK;
    if (len > NF_KV_VALUE_MAX)
        return nf_error_set(err, NF_E_LIMIT, "the value has %zu bytes as JSON; at most %d are kept",
                            len, NF_KV_VALUE_MAX);
    if (with(kv, key, len) > kv->limit)
        sweep(kv);
    if (with(kv, key, len) > kv->limit)
        return nf_error_set(
            err, NF_E_LIMIT,
            "no room for %zu bytes: %llu of %llu are used (limit kv); remove keys, or give "
            "values a ttl",
            strlen(key) + len, (unsigned long long)(kv->bytes + kv->coming),
            (unsigned long long)kv->limit);
    return NF_OK;
}

nf_kv_write *nf_kv_set(nf_kv *kv, const char *key, const char *value, size_t len, uint64_t ttl_ms,
                       nf_store_done *done, void *ctx, nf_error *err)
{
    if (check(kv, key, value, len, err) != NF_OK)
        return NULL;
    nf_kv_write *w = nf_alloc(sizeof *w);
    w->kv = kv;
    w->key = nf_strdup(key);
    w->value = value ? nf_memdup(value, len) : NULL;
    w->len = len;
    w->expires_ms = ttl_ms ? nf_clock_wall_ms() + (int64_t)ttl_ms : 0;
    w->done = done;
    w->ctx = ctx;
    kv->coming += len + strlen(key);
    nf_kv_row row = {kv->tenant, w->key, w->value, w->len, w->expires_ms};
    if (kv->store) {
        nf_store_put_kv(kv->store, &row, on_durable, w);
        return w;
    }
    w->done = NULL;
    on_durable(w, NULL);
    return NULL;
}

void nf_kv_forget(nf_kv_write *write)
{
    write->done = NULL;
}

/* ---- life ---- */

static void recall(void *ctx, const char *key, const char *value, size_t len, int64_t expires_ms)
{
    put(ctx, nf_strdup(key), nf_memdup(value, len), len, expires_ms);
}

nf_status nf_kv_open(nf_store *store, const char *tenant, uint64_t limit, nf_kv **out,
                     nf_error *err)
{
    nf_kv *kv = nf_alloc(sizeof *kv);
    kv->store = store;
    kv->tenant = nf_strdup(tenant);
    kv->limit = limit;
    nf_status status = store ? nf_store_each_kv(store, tenant, recall, kv, err) : NF_OK;
    if (status != NF_OK) {
        nf_kv_close(kv);
        return status;
    }
    sweep(kv);
    *out = kv;
    return NF_OK;
}

void nf_kv_close(nf_kv *kv)
{
    struct entry *entry, *next;
    if (!kv)
        return;
    HASH_ITER (hh, kv->entries, entry, next)
        drop(kv, entry);
    free(kv->tenant);
    free(kv);
}

void nf_kv_limit(nf_kv *kv, uint64_t bytes)
{
    kv->limit = bytes;
}

uint64_t nf_kv_bytes(const nf_kv *kv)
{
    return kv->bytes;
}
