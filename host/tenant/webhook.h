/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webhook.h: is a request to /hooks/TENANT/PATH from somebody who has the secret, fresh, and new?
 *
 * Two schemes. "standard" is that of the Standard Webhooks specification: the headers webhook-id, webhook-timestamp and
 * webhook-signature; what is signed is ID.TIMESTAMP.BODY, so neither an old request nor another body under the same id
 * is taken. "body" is for senders that sign the body only (sha256=HEX in a header of their own): a repetition is
 * known by its body. Both remember what came for twice the time that a request may be old, also across a restart.
 */
#ifndef NF_TENANT_WEBHOOK_H
#define NF_TENANT_WEBHOOK_H

#include "base/secret.h"

#include <jansson.h>

/** How old or how early a timestamp may be; how long requests are remembered; how many. */
enum { NF_WEBHOOK_TOLERANCE_S = 300, NF_WEBHOOK_MEMORY_S = 600, NF_WEBHOOK_MEMORY = 100000 };

/** The subscription number under which the store knows events of webhooks. */
enum { NF_WEBHOOK_SUBSCRIPTION = -1 };

typedef struct nf_webhook nf_webhook;

/**
 * From the options of flow.on_webhook, checked: reads the secret from `folder`/secrets/NAME (mode 600). NULL with `err`
 * set: a wrong path, scheme or header, or no readable secret.
 */
nf_webhook *nf_webhook_new(const char *folder, const json_t *options, nf_error *err);

/** Wipe the secret and free. NULL is allowed. */
void nf_webhook_free(nf_webhook *webhook);

/** The part of the address behind /hooks/TENANT/. Borrowed. */
const char *nf_webhook_path(const nf_webhook *webhook);

/** One request: headers by lower-case name. */
typedef struct nf_webhook_request {
    const char *(*header)(const void *ctx, const char *name);
    const void *ctx;
    const char *body;
    size_t len;
    int64_t now_s; /* since 1970 */
} nf_webhook_request;

/**
 * Signed by who has the secret, and within the time? `id` gets what tells the request from others (a digest over the
 * webhook and the sender's id or the body). NF_E_SIGN_IN with a text for the sender when not; it tells nothing of the
 * secret.
 */
nf_status nf_webhook_verify(const nf_webhook *webhook, const nf_webhook_request *request,
                            uint8_t id[NF_SHA256_SIZE], nf_error *err);

/** What came lately, over all webhooks of a tenant. */
typedef struct nf_nonces nf_nonces;
nf_nonces *nf_nonces_new(void);
void nf_nonces_free(nf_nonces *nonces);

typedef enum nf_nonce_state { NF_NONCE_NEW, NF_NONCE_SEEN, NF_NONCE_NO_ROOM } nf_nonce_state;

/** Seen within NF_WEBHOOK_MEMORY_S? Then `event` becomes that of the first; if not, remember it with `event`. */
nf_nonce_state nf_nonces_take(nf_nonces *nonces, const uint8_t id[NF_SHA256_SIZE], int64_t now_s,
                              int64_t *event);

/** It was refused after all: it may come again. */
void nf_nonces_forget(nf_nonces *nonces, const uint8_t id[NF_SHA256_SIZE]);

#endif
