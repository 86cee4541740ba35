/* SPDX-License-Identifier: Apache-2.0 */
/* json.h: jansson's trees, read with our scanner's strictness, and small helpers over them. */
#ifndef NF_BASE_JSON_H
#define NF_BASE_JSON_H

#include "base/secret.h"
#include "nf/error.h"

#include <jansson.h>
#include <stddef.h>

/**
 * Parse a document. Refused are duplicate keys, keys with \u0000, invalid UTF-8, nesting beyond NF_JSON_DEPTH,
 * integers beyond 64 bits and numbers beyond a double; the error names line and column. Returns a new reference, or
 * NULL with `err` set.
 */
json_t *nf_json_parse(const char *text, size_t len, nf_error *err);

/** Compact text of a value, keys in insertion order. Owned by the caller. */
char *nf_json_text(const json_t *value);

/**
 * SHA-256 of a document in its canonical form: keys sorted, no white space. Text that is no JSON is hashed as it is.
 * May be called from any thread.
 */
void nf_json_digest(const char *text, size_t len, uint8_t out[NF_SHA256_SIZE]);

/** The string member `key`, or NULL when it is absent or no string. Borrowed. */
const char *nf_json_string(const json_t *object, const char *key);

/** The member `key` as an integer, or `otherwise`. */
json_int_t nf_json_integer(const json_t *object, const char *key, json_int_t otherwise);

#endif
