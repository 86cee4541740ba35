/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nf/call.h: one effect under way, as a binding's start function sees it.
 *
 * A call ends exactly once: resolved, rejected, or cancelled by the host (run ended, deadline, shutdown). Ending it
 * twice is a bug and aborts. start() either ends the call or hands it to exactly one operation below; after that it
 * must not touch the call any more. Cancelling stops the operation first, so on_reply is never called on a cancelled
 * call. Everything runs on the loop's thread.
 */
#ifndef NF_API_CALL_H
#define NF_API_CALL_H

#include "nf/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct nf_call nf_call;

/** The answer to a request. Borrowed until the callback returns. */
typedef struct nf_reply {
    int status; /* HTTP status */
    const char *body;
    size_t len;
    uint32_t retry_after_ms; /* 0: none */
    const char *note;        /* for an error: why it was not tried again, or NULL */
    bool maybe_done;         /* an earlier attempt of this request may have taken effect */
} nf_reply;

/** End with success. Steals `result`; NULL stands for nil. */
void nf_call_resolve(nf_call *call, json_t *result);

/** End with a failure; the text becomes err.message in Lua. */
void nf_call_reject(nf_call *call, nf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** End with a failure that is already worded. Borrows `err`. */
void nf_call_reject_error(nf_call *call, const nf_error *err);

/**
 * Send a request to Nimbus with the flow's connection; the host adds the token, the limiter and the retries.
 * `path` is copied, `body` is stolen (NULL: none). on_reply NULL: 2xx resolves with the JSON body (nil when empty), any
 * other status rejects by nf_call_reject_reply.
 */
void nf_call_nimbus(nf_call *call, const char *method, const char *path, json_t *body,
                    void (*on_reply)(nf_call *call, const nf_reply *reply));

/** Reject by HTTP status: 401 sign-in, 403 denied, 404 not-found, 429 rate, 5xx server, 504 on a write unknown-outcome.
 */
void nf_call_reject_reply(nf_call *call, const nf_reply *reply);

/** Resolve with nil after `ms` milliseconds. */
void nf_call_sleep(nf_call *call, uint64_t ms);

/**
 * Resolve with the first row (in file order) of a list whose `column` equals `value`, as {row = {...}, matches = n}, or
 * nil. `table` and `sheet` may be NULL: the first named table, else the first sheet. Numbers are compared as E.164 when
 * both sides look like telephone numbers. All strings are borrowed during the call.
 */
void nf_call_find_row(nf_call *call, const char *file, const char *column, const json_t *value,
                      const char *table, const char *sheet);

/**
 * Resolve with a list: the first contact of the address book (its id) whose `field` is or holds `value`, or null; how
 * many have it; the age of the book in seconds. The whole book is kept and indexed; `refresh`: it is asked for again.
 */
void nf_call_find_contact(nf_call *call, const char *book, const char *field, const json_t *value,
                          bool refresh);

/** Resolve with the value under a key of the tenant's memory, or nil. */
void nf_call_kv_get(nf_call *call, const char *key);

/**
 * Set the value under a key (`value` NULL: remove it) and resolve with nil when that is durable. `ttl` is a duration
 * like "10min", or NULL: for ever. Everything is borrowed during the call.
 */
void nf_call_kv_set(nf_call *call, const char *key, const json_t *value, const char *ttl);

#endif
