/* SPDX-License-Identifier: Apache-2.0 */
/* login.c: see login.h. */
#include "auth/login.h"

#include "base/address.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/percent.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

enum {
    BROWSER_S = 600,
    MOST_S = 3600,
    MOST_INTERVAL_S = 60,
    STANDARD_INTERVAL_S = 5,
    LONGEST_CODE = 4096,
    LONGEST_USER_CODE = 64,
    LONGEST_ADDRESS = 2048,
};

struct nf_login {
    const nf_oauth *oauth;
    nf_login_state state;
    char *address, *user_code;
    char *device_code; /* device */
    char *redirect, verifier[NF_SECRET_TEXT],
        key[NF_SECRET_TEXT]; /* browser; key: OAuth's "state" */
    bool came_back;
    uint64_t interval_ms, end_ns;
    nf_timer *timer;
    nf_oauth_request *request;
    nf_tokens tokens;
    nf_error error;
    void (*changed)(void *ctx);
    void *ctx;
};

static nf_login *new_login(const nf_oauth *oauth, void (*fire)(void *ctx),
                           void (*changed)(void *ctx), void *ctx)
{
    nf_login *l = nf_alloc(sizeof *l);
    l->oauth = oauth;
    l->timer = nf_timer_new(oauth->loop, fire, l);
    l->changed = changed;
    l->ctx = ctx;
    return l;
}

static void end(nf_login *l, const nf_error *err)
{
    nf_timer_stop(l->timer);
    l->state = err ? NF_LOGIN_FAILED : NF_LOGIN_DONE;
    if (err)
        l->error = *err;
    l->changed(l->ctx);
}

static void fail(nf_login *l, nf_status status, const char *text)
{
    nf_error err = {0};
    nf_error_set(&err, status, "%s", text);
    end(l, &err);
}

static void take_tokens(nf_login *l, const json_t *answer)
{
    nf_error err = {0};
    nf_status status = nf_oauth_tokens(l->oauth, answer, &l->tokens, &err);
    if (status == NF_OK && l->oauth->directory)
        status = nf_claims_check(l->oauth, &l->tokens.claims, &err);
    if (status != NF_OK)
        nf_tokens_free(&l->tokens);
    end(l, status == NF_OK ? NULL : &err);
}

/* ---- device code ---- */

static void on_polled(void *ctx, const nf_oauth_answer *answer)
{
    nf_login *l = ctx;
    l->request = NULL;
    if (answer->outcome == NF_OAUTH_OK) {
        take_tokens(l, answer->json);
        return;
    }
    if (answer->outcome == NF_OAUTH_OVER || answer->outcome == NF_OAUTH_REFUSED) {
        end(l, &answer->error);
        return;
    }
    if (answer->outcome == NF_OAUTH_SLOW_DOWN) /* RFC 8628, 3.5 */
        l->interval_ms += STANDARD_INTERVAL_S * 1000;
    nf_timer_start(l->timer, l->interval_ms, 0);
}

static void poll(void *ctx)
{
    nf_login *l = ctx;
    const char *fields[] = {"grant_type", "urn:ietf:params:oauth:grant-type:device_code",
                            "device_code", l->device_code, NULL};
    if (nf_clock_ns() >= l->end_ns)
        fail(l, NF_E_TIMEOUT, "the code was not entered in time");
    else
        l->request = nf_oauth_post(l->oauth, "token", fields, on_polled, l);
}

/* A text of the answer within its limit and without control characters; owned by the caller, or NULL. */
static char *text_of(const json_t *json, const char *name, size_t most)
{
    const char *text = nf_json_string(json, name);
    size_t n = text ? strlen(text) : 0;
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7F)
            return NULL;
    }
    return n && n <= most ? nf_strdup(text) : NULL;
}

static void on_device_code(void *ctx, const nf_oauth_answer *answer)
{
    nf_login *l = ctx;
    nf_error err = answer->error;
    l->request = NULL;
    if (answer->outcome != NF_OAUTH_OK) {
        end(l, &err);
        return;
    }
    const json_t *json = answer->json;
    const char *name =
        json_object_get(json, "verification_uri") ? "verification_uri" : "verification_url";
    json_int_t life = nf_json_integer(json, "expires_in", 0),
               interval = nf_json_integer(json, "interval", STANDARD_INTERVAL_S);
    l->device_code = text_of(json, "device_code", LONGEST_CODE);
    l->user_code = text_of(json, "user_code", LONGEST_USER_CODE);
    l->address = text_of(json, name, LONGEST_ADDRESS);
    if (!l->device_code || !l->user_code || !l->address || life < 1
        || nf_url_check(l->address, &err) != NF_OK) {
        fail(l, NF_E_PROTOCOL, "the identity server's answer has no code, address and lifetime");
        return;
    }
    l->interval_ms = (uint64_t)NF_MAX(1, NF_MIN(interval, MOST_INTERVAL_S)) * 1000;
    l->end_ns = nf_clock_ns() + (uint64_t)NF_MIN(life, MOST_S) * 1000000000;
    l->state = NF_LOGIN_WAITING;
    nf_timer_start(l->timer, l->interval_ms, 0);
    l->changed(l->ctx);
}

nf_login *nf_login_device(const nf_oauth *oauth, void (*changed)(void *ctx), void *ctx)
{
    nf_login *l = new_login(oauth, poll, changed, ctx);
    const char *fields[] = {"scope", oauth->scope, NULL};
    l->request = nf_oauth_post(oauth, "devicecode", fields, on_device_code, l);
    return l;
}

/* ---- browser ---- */

static void on_browser_end(void *ctx)
{
    fail(ctx, NF_E_TIMEOUT, "nobody signed in within ten minutes");
}

static void add_parameter(nf_strbuf *url, const char *name, const char *value)
{
    nf_strbuf_addf(url, "%s%s=", strchr(url->bytes, '?') ? "&" : "?", name);
    nf_percent_encode(url, value);
}

nf_login *nf_login_browser(const nf_oauth *oauth, const char *redirect, void (*changed)(void *ctx),
                           void *ctx)
{
    nf_login *l = new_login(oauth, on_browser_end, changed, ctx);
    uint8_t hash[NF_SHA256_SIZE];
    char challenge[NF_SECRET_TEXT];
    l->redirect = nf_strdup(redirect);
    nf_secret_new(l->key);
    nf_secret_new(l->verifier);
    nf_sha256(l->verifier, strlen(l->verifier), hash);
    nf_base64url(hash, sizeof hash, challenge);
    char *authorize = nf_oauth_address(oauth, "authorize");
    nf_strbuf url = nf_strbuf_new(16384);
    nf_strbuf_puts(&url, authorize);
    add_parameter(&url, "client_id", oauth->client_id);
    add_parameter(&url, "response_type", "code");
    add_parameter(&url, "response_mode", "query");
    add_parameter(&url, "redirect_uri", redirect);
    add_parameter(&url, "scope", oauth->scope);
    add_parameter(&url, "state", l->key);
    add_parameter(&url, "code_challenge", challenge);
    add_parameter(&url, "code_challenge_method", "S256");
    free(authorize);
    l->address = nf_strbuf_take(&url);
    l->state = NF_LOGIN_WAITING;
    l->end_ns = nf_clock_ns() + (uint64_t)BROWSER_S * 1000000000;
    nf_timer_start(l->timer, BROWSER_S * 1000, 0);
    return l;
}

bool nf_login_is(const nf_login *l, const char *state)
{
    return l->redirect && nf_secret_equal(l->key, strlen(l->key), state, strlen(state));
}

static void on_code_taken(void *ctx, const nf_oauth_answer *answer)
{
    nf_login *l = ctx;
    l->request = NULL;
    if (answer->outcome == NF_OAUTH_OK)
        take_tokens(l, answer->json);
    else
        end(l, &answer->error);
}

/* What the address bar brought is shown to the admin: cut and without control characters. */
static void end_with_words(nf_login *l, const char *error, const char *description)
{
    char text[300];
    size_t n = 0;
    for (const char *c = description ? description : ""; *c && n + 1 < sizeof text; c++)
        text[n++] = (unsigned char)*c < ' ' ? ' ' : *c;
    text[n] = '\0';
    nf_error err = {0};
    nf_error_set(&err, NF_E_SIGN_IN, "the sign-in ended without a code (%.60s)%s%s",
                 error ? error : "no error code", n ? ": " : "", text);
    end(l, &err);
}

void nf_login_come_back(nf_login *l, const char *code, const char *error, const char *description)
{
    if (l->state != NF_LOGIN_WAITING || l->came_back)
        return;
    l->came_back = true;
    if (!code || !*code || strlen(code) > LONGEST_CODE) {
        end_with_words(l, error, description);
        return;
    }
    const char *fields[] = {"grant_type", "authorization_code", "code",      code, "redirect_uri",
                            l->redirect,  "code_verifier",      l->verifier, NULL};
    l->request = nf_oauth_post(l->oauth, "token", fields, on_code_taken, l);
}

/* ---- both ---- */

nf_login_view nf_login_look(const nf_login *l)
{
    uint64_t now = nf_clock_ns();
    return (nf_login_view){
        .state = l->state,
        .address = l->address,
        .user_code = l->user_code,
        .left_ms = now < l->end_ns ? (l->end_ns - now) / 1000000 : 0,
        .error = l->state == NF_LOGIN_FAILED ? &l->error : NULL,
    };
}

nf_tokens nf_login_take(nf_login *l)
{
    nf_tokens tokens = l->tokens;
    l->tokens = (nf_tokens){0};
    return tokens;
}

void nf_login_free(nf_login *l)
{
    if (!l)
        return;
    if (l->request)
        nf_oauth_cancel(l->request);
    nf_timer_close(l->timer);
    nf_tokens_free(&l->tokens);
    nf_secret_free(l->device_code);
    nf_secret_free(l->address);
    nf_secret_wipe(l->verifier, sizeof l->verifier);
    free(l->redirect);
    free(l->user_code);
    free(l);
}
