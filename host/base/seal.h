/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.h: secrets at rest: AES-256 in Galois/Counter Mode (NIST SP 800-38D), each with a random nonce.
 *
 * A context ("tenant/connection") is bound to what is sealed: moved to another place it does not open.
 */
#ifndef NF_BASE_SEAL_H
#define NF_BASE_SEAL_H

#include "nf/error.h"

#include <stddef.h>
#include <stdint.h>

enum { NF_SEAL_KEY = 32, NF_SEAL_OVERHEAD = 1 + 12 + 16, NF_SEAL_KEY_LEAST = 32 };

/**
 * Make the key from its text (a random one of at least NF_SEAL_KEY_LEAST characters: it is hashed, not stretched).
 * The error names `from`, where the text came from.
 */
nf_status nf_seal_key_from(const char *text, const char *from, uint8_t key[NF_SEAL_KEY],
                           nf_error *err);

/** Seal `len` bytes; `*sealed_len` is len + NF_SEAL_OVERHEAD. Owned by the caller. */
uint8_t *nf_seal(const uint8_t key[NF_SEAL_KEY], const char *context, const void *bytes, size_t len,
                 size_t *sealed_len);

/**
 * Open what was sealed; a NUL stands behind `*bytes`, which the caller owns and wipes. NF_E_DENIED when the key or the
 * context is another one, or the bytes were changed.
 */
nf_status nf_unseal(const uint8_t key[NF_SEAL_KEY], const char *context, const uint8_t *sealed,
                    size_t sealed_len, char **bytes, size_t *len, nf_error *err);

#endif
