/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oauth.h: requests to the identity server (OAuth 2, RFC 6749) and what its answers mean.
 *
 * Nothing that it sends is trusted to be small, well-formed or harmless: sizes and lifetimes have limits, its texts are
 * cut and cleaned before they stand in an error, and never hold what we sent.
 */
#ifndef NF_AUTH_OAUTH_H
#define NF_AUTH_OAUTH_H

#include "net/http_client.h"

#include <jansson.h>
#include <stdbool.h>

/** Where and as which application people sign in. Borrowed for the life of all that uses it. */
typedef struct nf_oauth {
    nf_loop *loop;
    nf_http_client *client;
    const char *authority;   /* https://login.microsoftonline.com/organizations */
    const char *client_id;   /* of the app registration; NULL: no sign-in is possible */
    const char *secret_file; /* of a confidential client, or NULL */
    const char *scope;
    const char *directory; /* id of the directory that users must come from, or NULL: any */
} nf_oauth;

/** What the tokens say about who signed in: shown and compared, never trusted for a right. Texts may be NULL. */
typedef struct nf_claims {
    char *upn, *tid, *oid;
} nf_claims;

/** What a sign-in gives. Owned. */
typedef struct nf_tokens {
    char *access, *refresh; /* refresh: NULL if the server gave none */
    uint64_t life_ms;       /* of the access token from now on */
    nf_claims claims;
} nf_tokens;

typedef enum nf_oauth_outcome {
    NF_OAUTH_OK,
    NF_OAUTH_PENDING,     /* device code: not entered yet */
    NF_OAUTH_SLOW_DOWN,   /* device code: asked too often */
    NF_OAUTH_OVER,        /* the grant is no good (any more): somebody has to sign in again */
    NF_OAUTH_REFUSED,     /* something in the settings: a person has to change it */
    NF_OAUTH_UNAVAILABLE, /* no answer, or a failure of the server: later it may work */
} nf_oauth_outcome;

/** Borrowed during the call. */
typedef struct nf_oauth_answer {
    nf_oauth_outcome outcome;
    nf_error error; /* unless OK */
    json_t *json;   /* if OK */
} nf_oauth_answer;

typedef struct nf_oauth_request nf_oauth_request;
typedef void nf_oauth_done(void *ctx, const nf_oauth_answer *answer);

/** Is sign-in set up? The error says what is missing. */
nf_status nf_oauth_check(const nf_oauth *oauth, nf_error *err);

/** The address of an endpoint, e.g. "token"; owned by the caller. */
char *nf_oauth_address(const nf_oauth *oauth, const char *endpoint);

/**
 * POST a form: client_id, the client's secret if it has one, and `fields` (name, value, ..., NULL; fields without a
 * value are left out). `done` is called once, from the loop.
 */
nf_oauth_request *nf_oauth_post(const nf_oauth *oauth, const char *endpoint,
                                const char *const *fields, nf_oauth_done *done, void *ctx);

/** Stop it; `done` is not called. */
void nf_oauth_cancel(nf_oauth_request *request);

/** Take the tokens out of an answer; refuses those that say they are of another directory. */
nf_status nf_oauth_tokens(const nf_oauth *oauth, const json_t *answer, nf_tokens *tokens,
                          nf_error *err);

/** The claims of a token that looks like a JWT (RFC 7519); its signature is not looked at. All NULL if it is none. */
nf_claims nf_claims_read(const char *token);

/** Is this a user of the directory that the settings ask for? */
nf_status nf_claims_check(const nf_oauth *oauth, const nf_claims *claims, nf_error *err);

/** Free what they hold. */
void nf_claims_free(nf_claims *claims);

/** Wipe and free what it holds. */
void nf_tokens_free(nf_tokens *tokens);

#endif
