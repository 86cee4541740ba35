/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h: random bytes, digests, and comparing without telling how far it got. */
#ifndef NF_BASE_SECRET_H
#define NF_BASE_SECRET_H

#include "nf/error.h"

#include <stddef.h>
#include <stdint.h>

enum { NF_SECRET_TEXT = 44, NF_SHA256_SIZE = 32, NF_UUID_TEXT = 37 };

/** 256 random bits as 43 characters of base64url and a NUL; returns `out`. Ends the process if the system has none. */
char *nf_secret_new(char out[NF_SECRET_TEXT]);

/** base64url without padding (RFC 4648, 5) of `size` bytes; `out` needs 4 * ((size + 2) / 3) + 1. Returns `out`. */
char *nf_base64url(const uint8_t *bytes, size_t size, char *out);

/**
 * Decode base64url of `len` characters without padding; `out` needs len * 3 / 4 + 1 and ends with a NUL. The number of
 * bytes, or -1 when it is none.
 */
long nf_base64url_decode(const char *text, size_t len, char *out);

/** Wipe a text and free it. NULL is allowed. */
void nf_secret_free(char *text);

/** `size` random bytes from the operating system. */
void nf_random(void *out, size_t size);

/** A random UUID (RFC 9562, version 4) as text; returns `out`. */
char *nf_uuid_new(char out[NF_UUID_TEXT]);

/** Equal? In a time that depends on the lengths only. */
bool nf_secret_equal(const char *a, size_t a_len, const char *b, size_t b_len);

/** Overwrite bytes that were secret, also when the compiler sees no use of them. */
void nf_secret_wipe(void *bytes, size_t size);

/** SHA-256 (FIPS 180-4) of `bytes`. */
void nf_sha256(const void *bytes, size_t size, uint8_t out[NF_SHA256_SIZE]);

/** HMAC-SHA-256 (RFC 2104) of `bytes`. */
void nf_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
                    uint8_t out[NF_SHA256_SIZE]);

/**
 * Decode base64 (RFC 4648, section 4, padded). `out` needs len / 4 * 3 bytes. The number of bytes, or -1 when it is
 * none.
 */
long nf_base64_decode(const char *text, size_t len, uint8_t *out);

/** Lower-case hexadecimal of `bytes`; `out` needs 2 * size + 1. Returns `out`. */
char *nf_hex(const uint8_t *bytes, size_t size, char *out);

/**
 * Read a secret from a file: the first line, without the line break. Refused when others may read the file (mode & 077)
 * or when it is empty or longer than 8 KiB. The caller owns `*secret`.
 */
nf_status nf_secret_read(const char *path, char **secret, nf_error *err);

#endif
