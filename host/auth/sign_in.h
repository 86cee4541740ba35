/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign_in.h: one user's sign-in, kept alive: it always has the token that requests go out with.
 *
 *   alive ──(at 70 to 80 % of its life)──> refreshing ──> keeping (until the new refresh token is durable) ──> alive
 *
 * Invariants: at most one refresh is under way; a new access token is not given out before the refresh token that came
 * with it is durable; the old one serves meanwhile as long as it lives. A sign-in that the server calls over is not
 * tried again. Lifetimes count from the moment the answer came, by the monotonic clock: wrong clocks do not matter.
 *
 * A token file is a sign-in too: it never ends, and "refreshing" is reading the file again.
 */
#ifndef NF_AUTH_SIGN_IN_H
#define NF_AUTH_SIGN_IN_H

#include "auth/oauth.h"

typedef struct nf_sign_in nf_sign_in;
typedef struct nf_token_wait nf_token_wait;

/** What the owner does for it. */
typedef struct nf_sign_in_owner {
    /**
     * Make `secret` durable (borrowed during the call), then call `kept(wait, err)`, exactly once, also when the host
     * closes.
     */
    void (*keep)(void *ctx, const char *secret, size_t len,
                 void (*kept)(void *wait, const nf_error *err), void *wait);
    /** Something changed: nf_sign_in_error tells whether it works. */
    void (*changed)(void *ctx);
} nf_sign_in_owner;

/** The sign-in of a token file (see base/secret.h for what it must be). */
nf_status nf_sign_in_from_file(nf_loop *loop, const char *label, const char *path,
                               nf_sign_in **sign_in, nf_error *err);

/** The sign-in of fresh tokens, which it takes over. `owner` and `ctx` are borrowed for its life; `label` is copied. */
nf_sign_in *nf_sign_in_new(const nf_oauth *oauth, const char *label, nf_tokens *tokens,
                           const nf_sign_in_owner *owner, void *ctx);

/** The one that `secret` (made durable by the owner before) holds. */
nf_status nf_sign_in_load(const nf_oauth *oauth, const char *label, const char *secret, size_t len,
                          const nf_sign_in_owner *owner, void *ctx, nf_sign_in **sign_in,
                          nf_error *err);

/** Wipe and free. Nobody may wait any more. NULL is allowed. */
void nf_sign_in_free(nf_sign_in *sign_in);

/** Change who is told (a sign-in moves from its login to its connection). */
void nf_sign_in_set_owner(nf_sign_in *sign_in, const nf_sign_in_owner *owner, void *ctx);

/** What has to be durable, as text. The caller wipes and frees it. */
char *nf_sign_in_secret(const nf_sign_in *sign_in, size_t *len);

/**
 * The access token, and a number that no other token has; NULL: there is none now, wait for one. Borrowed until the
 * loop goes on.
 */
const char *nf_sign_in_token(const nf_sign_in *sign_in, uint64_t *number);

/**
 * The token with this number was refused (401). True: another one is there or will be; wait for it. Only one refusal in
 * 30 s makes a refresh: when the new token is refused too, its age is not the reason.
 */
bool nf_sign_in_refused(nf_sign_in *sign_in, uint64_t number);

/** Be told when there is a token (`err` NULL) or when there will be none for now. Never called from inside. */
nf_token_wait *nf_sign_in_wait(nf_sign_in *sign_in, void (*done)(void *ctx, const nf_error *err),
                               void *ctx);

/** Do not be told. */
void nf_token_wait_cancel(nf_token_wait *wait);

/** Why the last refresh failed, or NULL. `*over`: somebody has to sign in again. Borrowed. */
const nf_error *nf_sign_in_error(const nf_sign_in *sign_in, bool *over);

/** Who signed in. Borrowed. */
const nf_claims *nf_sign_in_claims(const nf_sign_in *sign_in);

/** Milliseconds until the access token ends; 0: it has; UINT64_MAX: never. */
uint64_t nf_sign_in_left_ms(const nf_sign_in *sign_in);

#endif
