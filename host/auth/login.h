/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login.h: a person signs in: by a device code (RFC 8628), or in a browser with an authorization code and PKCE
 * (RFC 7636, S256).
 *
 *   starting ──> waiting (for the person) ──> done, or failed
 */
#ifndef NF_AUTH_LOGIN_H
#define NF_AUTH_LOGIN_H

#include "auth/oauth.h"

typedef enum nf_login_state {
    NF_LOGIN_STARTING,
    NF_LOGIN_WAITING,
    NF_LOGIN_DONE,
    NF_LOGIN_FAILED
} nf_login_state;

typedef struct nf_login nf_login;

/** What there is to show. Borrowed until the next change. */
typedef struct nf_login_view {
    nf_login_state state;
    const char *address;   /* to open: the page for the code, or the whole sign-in */
    const char *user_code; /* to enter there; NULL in a browser sign-in */
    uint64_t left_ms;      /* to do it in */
    const nf_error *error; /* if it failed */
} nf_login_view;

/** Ask for a device code. `changed` is called on each change of the state, never from inside. */
nf_login *nf_login_device(const nf_oauth *oauth, void (*changed)(void *ctx), void *ctx);

/** Make the address of a browser sign-in that comes back to `redirect`. It is waiting at once. */
nf_login *nf_login_browser(const nf_oauth *oauth, const char *redirect, void (*changed)(void *ctx),
                           void *ctx);

/** Wipe and free, in any state. NULL is allowed. */
void nf_login_free(nf_login *login);

/** What to show now. */
nf_login_view nf_login_look(const nf_login *login);

/** Is this the login that the browser comes back for? In constant time. */
bool nf_login_is(const nf_login *login, const char *state);

/** The browser came back: with a code, or with an error (both may be NULL). A second time counts for nothing. */
void nf_login_come_back(nf_login *login, const char *code, const char *error,
                        const char *description);

/** The tokens, once, when it is done. Owned by the caller. */
nf_tokens nf_login_take(nf_login *login);

#endif
