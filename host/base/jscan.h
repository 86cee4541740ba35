/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jscan.h: one pass over JSON text (RFC 8259), token by token, without a tree.
 *
 * Why not the JSON library used elsewhere: the worker may not call malloc while a script runs, and the broker reads
 * three fields of every event; building a tree for that costs 19 us of an event's CPU time, a scan 3 us. Both sides use
 * this one scanner, so they can never disagree about a document.
 *
 * Strict: UTF-8 is checked, control characters and lone surrogates are refused, numbers follow the grammar, nothing may
 * follow the value, nesting is bounded. No allocation, no libc state: safe on a script's stack.
 */
#ifndef NF_BASE_JSCAN_H
#define NF_BASE_JSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NF_JSON_DEPTH = 64 }; /* the deepest nesting accepted anywhere */

typedef enum nf_jtoken {
    NF_J_ERROR, /* see nf_jscan.error and .at */
    NF_J_END,   /* the value is complete and nothing follows */
    NF_J_OBJECT,
    NF_J_OBJECT_END,
    NF_J_ARRAY,
    NF_J_ARRAY_END,
    NF_J_KEY,    /* text/len: between the quotes, escapes not resolved */
    NF_J_STRING, /* the same */
    NF_J_NUMBER, /* text/len: the number as written */
    NF_J_TRUE,
    NF_J_FALSE,
    NF_J_NULL,
} nf_jtoken;

typedef struct nf_jscan {
    const char *start, *at, *end; /* the document and the reading position; borrowed */
    const char *text;             /* of the last key, string or number */
    size_t len;
    bool escaped;      /* the last key or string has a backslash in it */
    bool integer;      /* the last number has neither fraction nor exponent */
    const char *error; /* what is wrong, static text, after NF_J_ERROR */
    int depth;
    uint8_t expect;     /* private: what may come next */
    uint64_t is_object; /* private: one bit per level */
} nf_jscan;

/** Start at the first byte of a document; the bytes are borrowed while scanning. */
void nf_jscan_init(nf_jscan *scan, const char *text, size_t len);

/** The next token. After NF_J_ERROR or NF_J_END it stays there. */
nf_jtoken nf_jscan_next(nf_jscan *scan);

/** Read over the value that begins with `token` (just returned by next). False on a syntax error inside it. */
bool nf_jscan_skip(nf_jscan *scan, nf_jtoken token);

/** Is the whole text one valid JSON value? */
bool nf_json_valid(const char *text, size_t len);

/** Does the last key or string equal `text`, escapes resolved? */
bool nf_jscan_equals(const nf_jscan *scan, const char *text);

/** Line and column (from 1, in bytes) of the reading position: for messages. */
void nf_jscan_position(const nf_jscan *scan, int *line, int *column);

/** Resolve the escapes of a key or string that the scanner accepted. `out` needs `len` bytes. Returns the bytes used.
 */
size_t nf_json_unescape(const char *text, size_t len, char *out);

/**
 * Write `text` as a JSON string with its quotes. `out` needs 6 * len + 2 bytes. Invalid UTF-8 becomes U+FFFD.
 * Returns the bytes used.
 */
size_t nf_json_quote(const char *text, size_t len, char *out);

/** Bytes of the UTF-8 sequence at `text` (1 to 4), or 0 if it is not valid (overlong, surrogate, beyond U+10FFFF, cut).
 */
size_t nf_utf8_length(const char *text, size_t len);

#endif
