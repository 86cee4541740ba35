/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strbuf.h: a growing byte string with a limit given at birth.
 *
 * Invariants: `len <= limit`; once anything is allocated, bytes[len] is NUL and not counted in len; after an append
 * that would pass the limit, `overflow` is set, nothing more is added, and the bytes so far stay valid.
 */
#ifndef NF_BASE_STRBUF_H
#define NF_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct nf_strbuf {
    char *bytes; /* NULL until the first append */
    size_t len, capacity, limit;
    bool overflow;
} nf_strbuf;

/** An empty buffer of at most `limit` bytes. */
static inline nf_strbuf nf_strbuf_new(size_t limit)
{
    return (nf_strbuf){.limit = limit};
}

/** Append bytes. False when that would pass the limit (then nothing is added, now or later). */
bool nf_strbuf_add(nf_strbuf *sb, const void *bytes, size_t len);

/** Append a NUL-terminated string. Inline: most are constants, whose length the compiler knows. */
static inline bool nf_strbuf_puts(nf_strbuf *sb, const char *text)
{
    return nf_strbuf_add(sb, text, strlen(text));
}

/** Append a number in decimal. */
bool nf_strbuf_add_u64(nf_strbuf *sb, uint64_t number);

/** Make room for `more` bytes at once. False when that would pass the limit. */
bool nf_strbuf_reserve(nf_strbuf *sb, size_t more);

/** Append formatted text. */
bool nf_strbuf_addf(nf_strbuf *sb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Append `text` as a JSON string with its quotes (RFC 8259); invalid UTF-8 becomes U+FFFD. */
bool nf_strbuf_add_json(nf_strbuf *sb, const char *text, size_t len);

/** Drop the first `count` bytes. */
void nf_strbuf_shift(nf_strbuf *sb, size_t count);

/** The text so far, never NULL; borrowed until the next change. */
const char *nf_strbuf_text(const nf_strbuf *sb);

/** Hand the bytes over to the caller, who frees them; the buffer is empty again. Never NULL. */
char *nf_strbuf_take(nf_strbuf *sb);

/** Forget the contents, keep the memory. */
void nf_strbuf_clear(nf_strbuf *sb);

/** Free the contents; the buffer can be used again. */
void nf_strbuf_release(nf_strbuf *sb);

#endif
