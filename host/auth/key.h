/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.h: the key that sign-ins are encrypted with.
 *
 * The first of these that is there: the file that `key_file` names, the systemd credential "nimflow-key", the
 * environment variable NIMFLOW_KEY, the file DATA/key. The last is made when a key is needed and there is none.
 */
#ifndef NF_AUTH_KEY_H
#define NF_AUTH_KEY_H

#include "base/seal.h"

typedef struct nf_key nf_key;

/** Nothing is read yet. `file` (may be NULL) and `data` are copied. */
nf_key *nf_key_new(const char *file, const char *data);

/** Wipe and free. NULL is allowed. */
void nf_key_free(nf_key *key);

/** The key's bytes, read (or made) at the first call. NULL with `err` set. Borrowed. */
const uint8_t *nf_key_bytes(nf_key *key, nf_error *err);

/** Where it came from, for messages: "data/key". Borrowed. */
const char *nf_key_from(const nf_key *key);

#endif
