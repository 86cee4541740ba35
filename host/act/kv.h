/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kv.h: what a tenant's flows remember between runs: values by key, as JSON text, bounded in bytes.
 *
 * All of it is in memory, so reading waits for nothing; a write is seen when it is durable. Main invariant: memory
 * holds what the store holds, since it changes only when the store has said so.
 */
#ifndef NF_ACT_KV_H
#define NF_ACT_KV_H

#include "store/store.h"

enum { NF_KV_KEY_MAX = 255, NF_KV_VALUE_MAX = 64 << 10 };

typedef struct nf_kv nf_kv;
typedef struct nf_kv_write nf_kv_write;

/** Read a tenant's values. `store` NULL: in memory only. Owned by the caller. */
nf_status nf_kv_open(nf_store *store, const char *tenant, uint64_t limit, nf_kv **kv,
                     nf_error *err);

/** Free it; the store must be closed before. NULL is allowed. */
void nf_kv_close(nf_kv *kv);

/** How many bytes keys and values may have together; how many they have. */
void nf_kv_limit(nf_kv *kv, uint64_t bytes);
uint64_t nf_kv_bytes(const nf_kv *kv);

/** The value as JSON text, or NULL. Borrowed until the loop goes on. */
const char *nf_kv_get(const nf_kv *kv, const char *key, size_t *len);

/** Every value that has not expired. It may be set or removed meanwhile; texts are borrowed during the call. */
void nf_kv_each(const nf_kv *kv,
                void (*each)(void *ctx, const char *key, const char *value, size_t len,
                             int64_t expires_ms),
                void *ctx);

/**
 * Set a value, or remove it (`value` NULL). `ttl_ms` 0: for ever. Everything is copied. `done` is called when it is
 * durable, or `err` tells why not, never from inside. NULL with `err` set when it is refused: too long, or no room;
 * NULL without an error when it is done at once, without a store.
 */
nf_kv_write *nf_kv_set(nf_kv *kv, const char *key, const char *value, size_t len, uint64_t ttl_ms,
                       nf_store_done *done, void *ctx, nf_error *err);

/** Nobody wants to know any more how this write ended. */
void nf_kv_forget(nf_kv_write *write);

#endif
