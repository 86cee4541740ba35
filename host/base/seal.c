/* SPDX-License-Identifier: Apache-2.0 */
/* seal.c: see seal.h. Sealed: one byte of version, the nonce, the encrypted bytes, the tag. */
#include "base/seal.h"

#include "base/alloc.h"
#include "base/macros.h"
#include "base/secret.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, NONCE = 12, TAG = 16, HEAD = 1 + NONCE };

nf_status nf_seal_key_from(const char *text, const char *from, uint8_t key[NF_SEAL_KEY],
                           nf_error *err)
{
    if (strlen(text) < NF_SEAL_KEY_LEAST)
        return nf_error_set(
            err, NF_E_CONFIG,
            "%s: a key of at least %d random characters is expected; make one with: "
            "openssl rand -base64 32",
            from, NF_SEAL_KEY_LEAST);
    nf_sha256(text, strlen(text), key);
    return NF_OK;
}

/* Start an operation with key, nonce and context. It cannot fail but for want of the algorithm. */
static EVP_CIPHER_CTX *begin(const uint8_t *key, const uint8_t *nonce, const char *context,
                             int encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;
    if (!ctx || EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) != 1
        || EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)context, (int)strlen(context)) != 1)
        nf_bug("AES-256-GCM is not available");
    return ctx;
}

uint8_t *nf_seal(const uint8_t key[NF_SEAL_KEY], const char *context, const void *bytes, size_t len,
                 size_t *sealed_len)
{
    uint8_t *sealed = nf_alloc(len + NF_SEAL_OVERHEAD);
    int n, rest;
    if (len > INT_MAX)
        nf_bug("too much to seal");
    sealed[0] = VERSION;
    nf_random(sealed + 1, NONCE);
    EVP_CIPHER_CTX *ctx = begin(key, sealed + 1, context, 1);
    if (EVP_EncryptUpdate(ctx, sealed + HEAD, &n, bytes, (int)len) != 1
        || EVP_EncryptFinal_ex(ctx, sealed + HEAD + n, &rest) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, sealed + HEAD + len) != 1)
        nf_bug("AES-256-GCM failed");
    EVP_CIPHER_CTX_free(ctx);
    *sealed_len = len + NF_SEAL_OVERHEAD;
    return sealed;
}

nf_status nf_unseal(const uint8_t key[NF_SEAL_KEY], const char *context, const uint8_t *sealed,
                    size_t sealed_len, char **bytes, size_t *len, nf_error *err)
{
    if (sealed_len < NF_SEAL_OVERHEAD || sealed_len > INT_MAX || sealed[0] != VERSION)
        return nf_error_set(err, NF_E_DENIED, "this was not encrypted by this program");
    size_t size = sealed_len - NF_SEAL_OVERHEAD;
    uint8_t *out = nf_alloc(size + 1), tag[TAG];
    int n, rest = 0;
    memcpy(tag, sealed + HEAD + size, TAG);
    EVP_CIPHER_CTX *ctx = begin(key, sealed + 1, context, 0);
    bool good = EVP_DecryptUpdate(ctx, out, &n, sealed + HEAD, (int)size) == 1
                && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1
                && EVP_DecryptFinal_ex(ctx, out + n, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!good) {
        nf_secret_wipe(out, size);
        free(out);
        return nf_error_set(err, NF_E_DENIED,
                            "the key is not the one it was encrypted with, or it was changed");
    }
    *bytes = (char *)out;
    *len = size;
    return NF_OK;
}
