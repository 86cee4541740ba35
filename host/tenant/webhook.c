/* SPDX-License-Identifier: Apache-2.0 */
/* webhook.c: see webhook.h. Signatures are compared in constant time, all that the header has. */
#include "tenant/webhook.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/strbuf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { LONGEST_ID = 256, MOST_SIGNATURES = 16, SIGNATURE_TEXT = 44 };

struct nf_webhook {
    char *path, *header;
    bool standard; /* the scheme; else the body alone is signed */
    uint8_t *key;
    size_t key_len;
};

/* ---- from the declaration ---- */

static bool is_path(const char *text)
{
    size_t n = strlen(text);
    return n > 0
           && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n
           && text[0] != '.';
}

static nf_status read_key(nf_webhook *w, const char *folder, const char *name, nf_error *err)
{
    char *text = NULL;
    if (!is_path(name))
        return nf_error_set(
            err, NF_E_CONFIG,
            "secret: '%s' is not the name of a file in the tenant's folder secrets/", name);
    char *file = nf_format("%s/secrets/%s", folder, name);
    nf_status status = nf_secret_read(file, &text, err);
    free(file);
    if (status != NF_OK)
        return status;
    size_t len = strlen(text);
    const char *prefix = "whsec_";
    w->key = nf_alloc(len + 1);
    if (strncmp(text, prefix, strlen(prefix)) == 0) {
        long n = nf_base64_decode(text + strlen(prefix), len - strlen(prefix), w->key);
        w->key_len = n > 0 ? (size_t)n : 0;
    } else {
        memcpy(w->key, text, len);
        w->key_len = len;
    }
    nf_secret_wipe(text, len);
    free(text);
    if (w->key_len < 16)
        status = nf_error_set(
            err, NF_E_CONFIG,
            "secret: %s/secrets/%s holds less than 16 bytes, which can be guessed", folder, name);
    return status;
}

static nf_status read_options(nf_webhook *w, const json_t *options, nf_error *err)
{
    const char *path = nf_json_string(options, "path"), *scheme = nf_json_string(options, "scheme"),
               *header = nf_json_string(options, "header");
    if (!path || !is_path(path))
        return nf_error_set(err, NF_E_CONFIG,
                            "path: '%s' may hold letters, digits, '-', '_' and '.' only",
                            path ? path : "");
    w->standard = !scheme || strcmp(scheme, "standard") == 0;
    if (!w->standard && strcmp(scheme, "body") != 0)
        return nf_error_set(err, NF_E_CONFIG, "scheme: '%s' is neither \"standard\" nor \"body\"",
                            scheme);
    if (header && w->standard)
        return nf_error_set(err, NF_E_CONFIG, "header: goes with scheme = \"body\" only");
    w->path = nf_strdup(path);
    w->header = nf_strdup(header ? header : "x-hub-signature-256");
    for (char *c = w->header; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return NF_OK;
}

nf_webhook *nf_webhook_new(const char *folder, const json_t *options, nf_error *err)
{
    nf_webhook *w = nf_alloc(sizeof *w);
    const char *secret = nf_json_string(options, "secret");
    if (read_options(w, options, err) == NF_OK
        && read_key(w, folder, secret ? secret : "", err) == NF_OK)
        return w;
    nf_webhook_free(w);
    return NULL;
}

void nf_webhook_free(nf_webhook *w)
{
    if (!w)
        return;
    nf_secret_wipe(w->key, w->key_len);
    free(w->key);
    free(w->path);
    free(w->header);
    free(w);
}

const char *nf_webhook_path(const nf_webhook *w)
{
    return w->path;
}

/* ---- a request ---- */

static void digest_id(const nf_webhook *w, const char *id, size_t len, uint8_t out[NF_SHA256_SIZE])
{
    nf_strbuf text = nf_strbuf_new(SIZE_MAX);
    nf_strbuf_puts(&text, w->path);
    nf_strbuf_add(&text, "\n", 1);
    nf_strbuf_add(&text, id, len);
    nf_sha256(text.bytes, text.len, out);
    nf_strbuf_release(&text);
}

/* "v1,BASE64 v1,BASE64 ...": is one of them ours? */
static bool has_signature(const char *header, const uint8_t expected[NF_SHA256_SIZE])
{
    bool found = false;
    for (int i = 0; i < MOST_SIGNATURES && *header; i++) {
        size_t n = strcspn(header, " ");
        uint8_t given[SIGNATURE_TEXT];
        if (n == 3 + SIGNATURE_TEXT && strncmp(header, "v1,", 3) == 0
            && nf_base64_decode(header + 3, SIGNATURE_TEXT, given) == NF_SHA256_SIZE)
            found |= nf_secret_equal((const char *)given, NF_SHA256_SIZE, (const char *)expected,
                                     NF_SHA256_SIZE);
        header += n;
        header += strspn(header, " ");
    }
    return found;
}

static nf_status verify_standard(const nf_webhook *w, const nf_webhook_request *r,
                                 uint8_t id[NF_SHA256_SIZE], nf_error *err)
{
    const char *name = r->header(r->ctx, "webhook-id"),
               *time = r->header(r->ctx, "webhook-timestamp"),
               *signature = r->header(r->ctx, "webhook-signature");
    if (!name || !time || !signature || !*name || strlen(name) > LONGEST_ID)
        return nf_error_set(
            err, NF_E_SIGN_IN,
            "the headers webhook-id, webhook-timestamp and webhook-signature are needed");
    char *end;
    long long at = strtoll(time, &end, 10);
    if (end == time || *end || at < r->now_s - NF_WEBHOOK_TOLERANCE_S
        || at > r->now_s + NF_WEBHOOK_TOLERANCE_S)
        return nf_error_set(err, NF_E_SIGN_IN,
                            "webhook-timestamp must be within %d seconds of now, in seconds since "
                            "1970; look at the clocks of both machines",
                            NF_WEBHOOK_TOLERANCE_S);
    uint8_t expected[NF_SHA256_SIZE];
    nf_strbuf text = nf_strbuf_new(SIZE_MAX);
    nf_strbuf_addf(&text, "%s.%s.", name, time);
    nf_strbuf_add(&text, r->body, r->len);
    nf_hmac_sha256(w->key, w->key_len, text.bytes, text.len, expected);
    nf_strbuf_release(&text);
    if (!has_signature(signature, expected))
        return nf_error_set(err, NF_E_SIGN_IN, "the signature does not fit");
    digest_id(w, name, strlen(name), id);
    return NF_OK;
}

static nf_status verify_body(const nf_webhook *w, const nf_webhook_request *r,
                             uint8_t id[NF_SHA256_SIZE], nf_error *err)
{
    const char *given = r->header(r->ctx, w->header), *prefix = "sha256=";
    if (!given)
        return nf_error_set(err, NF_E_SIGN_IN, "the header %s is needed", w->header);
    if (strncmp(given, prefix, strlen(prefix)) == 0)
        given += strlen(prefix);
    uint8_t expected[NF_SHA256_SIZE];
    char hex[2 * NF_SHA256_SIZE + 1], lower[2 * NF_SHA256_SIZE + 1] = "";
    nf_hmac_sha256(w->key, w->key_len, r->body, r->len, expected);
    nf_hex(expected, sizeof expected, hex);
    size_t n = strlen(given);
    for (size_t i = 0; i < n && n < sizeof lower; i++)
        lower[i] = (char)tolower((unsigned char)given[i]);
    if (!nf_secret_equal(lower, sizeof lower - 1, hex, sizeof hex - 1))
        return nf_error_set(err, NF_E_SIGN_IN, "the signature does not fit");
    digest_id(w, r->body, r->len, id);
    return NF_OK;
}

nf_status nf_webhook_verify(const nf_webhook *w, const nf_webhook_request *request,
                            uint8_t id[NF_SHA256_SIZE], nf_error *err)
{
    return w->standard ? verify_standard(w, request, id, err) : verify_body(w, request, id, err);
}

/* ---- what came lately ---- */

typedef struct nonce {
    uint8_t id[NF_SHA256_SIZE];
    int64_t until_s, event;
    UT_hash_handle hh; /* its order is that of the times they came */
} nonce;

struct nf_nonces {
    nonce *all;
};

nf_nonces *nf_nonces_new(void)
{
    return nf_alloc(sizeof(nf_nonces));
}

static void drop(nf_nonces *nonces, nonce *n)
{
    HASH_DEL(nonces->all, n);
    free(n);
}

void nf_nonces_free(nf_nonces *nonces)
{
    if (!nonces)
        return;
    while (nonces->all)
        drop(nonces, nonces->all);
    free(nonces);
}

nf_nonce_state nf_nonces_take(nf_nonces *nonces, const uint8_t id[NF_SHA256_SIZE], int64_t now_s,
                              int64_t *event)
{
    nonce *n;
    while (nonces->all && nonces->all->until_s <= now_s)
        drop(nonces, nonces->all);
    HASH_FIND(hh, nonces->all, id, NF_SHA256_SIZE, n);
    if (n) {
        *event = n->event;
        return NF_NONCE_SEEN;
    }
    if (HASH_COUNT(nonces->all) >= NF_WEBHOOK_MEMORY)
        return NF_NONCE_NO_ROOM;
    n = nf_alloc(sizeof *n);
    memcpy(n->id, id, NF_SHA256_SIZE);
    n->until_s = now_s + NF_WEBHOOK_MEMORY_S;
    n->event = *event;
    HASH_ADD(hh, nonces->all, id, NF_SHA256_SIZE, n);
    return NF_NONCE_NEW;
}

void nf_nonces_forget(nf_nonces *nonces, const uint8_t id[NF_SHA256_SIZE])
{
    nonce *n;
    HASH_FIND(hh, nonces->all, id, NF_SHA256_SIZE, n);
    if (n)
        drop(nonces, n);
}
