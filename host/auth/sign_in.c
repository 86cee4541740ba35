/* SPDX-License-Identifier: Apache-2.0 */
/* sign_in.c: see sign_in.h. */
#include "auth/sign_in.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/secret.h"
#include "log/log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    FORCED_MS = 30000,     /* between refreshes that a refused token asks for */
    FIRST_RETRY_MS = 1000, /* after a failed refresh, then doubling */
    LAST_RETRY_MS = 60000,
    SETTINGS_RETRY_MS = 300000, /* a person has to do something first */
};

/* A write of the owner that may end after the sign-in is gone. */
struct keeping {
    nf_sign_in *sign_in;
};

struct nf_token_wait {
    nf_sign_in *sign_in;
    uint64_t round;
    void (*done)(void *ctx, const nf_error *err);
    void *ctx;
    nf_token_wait *prev, *next;
};

struct nf_sign_in {
    nf_loop *loop;
    const nf_oauth *oauth; /* NULL: a token file */
    char *label, *file;
    nf_tokens now, fresh; /* fresh: refreshed, not durable yet */
    uint64_t number;      /* of now.access */
    uint64_t end_ns;      /* of now.access */
    bool refused;         /* now.access was, and a refresh is under way for it */
    uint64_t forced_ns;   /* when a refusal made a refresh last, or 0 */
    bool over;
    nf_error error; /* of the last refresh, until one succeeds */
    unsigned failures;
    nf_oauth_request *request;
    struct keeping *keeping;
    nf_timer *timer, *wake;
    bool backing_off; /* the timer runs for the next attempt after a failure */
    nf_token_wait *waits;
    uint64_t round; /* how often those who wait were told */
    const nf_sign_in_owner *owner;
    void *ctx;
};

static uint64_t last_number;

static void refresh(nf_sign_in *s);

/* ---- time ---- */

static void start_life(nf_sign_in *s, uint64_t left_ms)
{
    uint16_t random;
    uint64_t margin =
        NF_MIN(left_ms / 10, 10000); /* a request on its way must not arrive too late */
    nf_random(&random, sizeof random);
    s->number = ++last_number;
    s->refused = false;
    s->end_ns = nf_clock_ns() + (left_ms - margin) * 1000000;
    nf_timer_start(s->timer, left_ms * 70 / 100 + left_ms / 10 * random / UINT16_MAX, 0);
}

static void on_timer(void *ctx)
{
    nf_sign_in *s = ctx;
    s->backing_off = false;
    refresh(s);
}

static void try_later(nf_sign_in *s, nf_oauth_outcome outcome, uint32_t wish_ms)
{
    unsigned doublings = NF_MIN(s->failures, 6);
    uint16_t random;
    uint64_t ms = NF_MIN((uint64_t)FIRST_RETRY_MS << doublings, LAST_RETRY_MS);
    nf_random(&random, sizeof random);
    ms = ms / 2 + ms / 2 * random / UINT16_MAX;
    ms = NF_MAX(ms, NF_MIN(wish_ms, SETTINGS_RETRY_MS));
    if (outcome == NF_OAUTH_REFUSED)
        ms = SETTINGS_RETRY_MS;
    uint64_t left = nf_sign_in_left_ms(s);
    if (left) /* once more when the token ends: from then on it is trouble */
        ms = NF_MIN(ms, left + 1);
    s->failures++;
    s->backing_off = true;
    nf_timer_start(s->timer, ms, 0);
}

/* ---- those who wait ---- */

/* Tell those who wait now, not those who begin to while others are told. */
static void wake(void *ctx)
{
    nf_sign_in *s = ctx;
    uint64_t number, round = ++s->round;
    nf_error err = s->error;
    bool there = nf_sign_in_token(s, &number) != NULL;
    nf_error_set(&err, NF_E_SIGN_IN, "there is no token");
    while (s->waits && s->waits->round < round) {
        nf_token_wait *w = s->waits;
        DL_DELETE(s->waits, w);
        w->done(w->ctx, there ? NULL : &err);
        free(w);
    }
}

nf_token_wait *nf_sign_in_wait(nf_sign_in *s, void (*done)(void *ctx, const nf_error *err),
                               void *ctx)
{
    nf_token_wait *w = nf_alloc(sizeof *w);
    w->sign_in = s;
    w->round = s->round;
    w->done = done;
    w->ctx = ctx;
    DL_APPEND(s->waits, w);
    if (s->oauth && !s->over && !s->backing_off)
        refresh(s);
    if (!s->request && !s->keeping) /* nothing is under way: it is as it is */
        nf_timer_start(s->wake, 0, 0);
    return w;
}

void nf_token_wait_cancel(nf_token_wait *w)
{
    DL_DELETE(w->sign_in->waits, w);
    free(w);
}

/* ---- refreshing ---- */

static void tell(nf_sign_in *s)
{
    nf_timer_start(s->wake, 0, 0);
    if (s->owner)
        s->owner->changed(s->ctx);
}

/* It did not work. The token that there is goes on serving while it lives. */
static void fail(nf_sign_in *s, nf_oauth_outcome outcome, const nf_error *err)
{
    s->error = (nf_error){0};
    nf_error_set(&s->error, err->status, "sign-in of %s: %s",
                 s->now.claims.upn ? s->now.claims.upn : s->label, err->text);
    s->refused = false;
    s->over = outcome == NF_OAUTH_OVER;
    if (s->over)
        s->end_ns = 0;
    else
        try_later(s, outcome, err->retry_after_ms);
    nf_log(s->over ? NF_LOG_ERROR : NF_LOG_WARN, "auth", "%s: %s%s", s->label, s->error.text,
           s->over ? "; somebody has to sign in again (nimflow connect)" : "");
    tell(s);
}

static char *secret_of(const nf_sign_in *s, const nf_tokens *tokens, size_t *len)
{
    json_t *json = json_pack(
        "{s:s, s:s?, s:I, s:s?, s:s?, s:s?}", "access_token", tokens->access, "refresh_token",
        tokens->refresh, "ends_ms", (json_int_t)(nf_clock_wall_ms() + (int64_t)tokens->life_ms),
        "upn", tokens->claims.upn, "tid", tokens->claims.tid, "oid", tokens->claims.oid);
    char *text = nf_json_text(json);
    (void)s;
    json_decref(json);
    *len = strlen(text);
    return text;
}

static void on_kept(void *wait, const nf_error *err)
{
    struct keeping *keeping = wait;
    nf_sign_in *s = keeping->sign_in;
    free(keeping);
    if (!s)
        return;
    s->keeping = NULL;
    if (err) { /* the new tokens stay unused: the server gives others for the old refresh token, or it does not */
        nf_tokens_free(&s->fresh);
        fail(s, NF_OAUTH_UNAVAILABLE, err);
        return;
    }
    nf_tokens_free(&s->now);
    s->now = s->fresh;
    s->fresh = (nf_tokens){0};
    s->failures = 0;
    s->error = (nf_error){0};
    start_life(s, s->now.life_ms);
    nf_log_debug("auth", "%s: refreshed, for %llu s", s->label,
                 (unsigned long long)(s->now.life_ms / 1000));
    tell(s);
}

/* What the server left out is as it was. */
static void complete(nf_tokens *fresh, const nf_tokens *before)
{
    if (!fresh->refresh)
        fresh->refresh = nf_strdup(before->refresh);
    if (!fresh->claims.upn)
        fresh->claims.upn = nf_strdup(before->claims.upn);
    if (!fresh->claims.tid)
        fresh->claims.tid = nf_strdup(before->claims.tid);
    if (!fresh->claims.oid)
        fresh->claims.oid = nf_strdup(before->claims.oid);
}

static void on_refreshed(void *ctx, const nf_oauth_answer *answer)
{
    nf_sign_in *s = ctx;
    nf_error err = answer->error;
    size_t len;
    s->request = NULL;
    if (answer->outcome != NF_OAUTH_OK) {
        fail(s, answer->outcome, &err);
        return;
    }
    if (nf_oauth_tokens(s->oauth, answer->json, &s->fresh, &err) != NF_OK) {
        fail(s, NF_OAUTH_REFUSED, &err);
        return;
    }
    complete(&s->fresh, &s->now);
    s->keeping = nf_alloc(sizeof *s->keeping);
    s->keeping->sign_in = s;
    char *secret = secret_of(s, &s->fresh, &len);
    s->owner->keep(s->ctx, secret, len, on_kept, s->keeping);
    nf_secret_free(secret);
}

static void refresh(nf_sign_in *s)
{
    if (s->request || s->keeping || s->over)
        return;
    if (!s->now.refresh) {
        nf_error err = {0};
        nf_error_set(&err, NF_E_SIGN_IN,
                     "the identity server gave no refresh token; is "
                     "offline_access part of 'scope'?");
        fail(s, NF_OAUTH_OVER, &err);
        return;
    }
    /* no scope: it stays what was granted, which may be less than what was asked for (RFC 6749, 6) */
    const char *fields[] = {"grant_type", "refresh_token", "refresh_token", s->now.refresh, NULL};
    s->request = nf_oauth_post(s->oauth, "token", fields, on_refreshed, s);
}

/* ---- the token ---- */

const char *nf_sign_in_token(const nf_sign_in *s, uint64_t *number)
{
    if (s->over || s->refused || (s->oauth && nf_clock_ns() >= s->end_ns))
        return NULL;
    *number = s->number;
    return s->now.access;
}

static bool file_changed(nf_sign_in *s)
{
    char *token = NULL;
    nf_error err = {0};
    if (nf_secret_read(s->file, &token, &err) != NF_OK)
        return false;
    bool changed = strcmp(token, s->now.access) != 0;
    if (changed) {
        nf_log_info("auth", "%s: the token was refused; the file has a new one", s->label);
        s->number = ++last_number;
    }
    nf_secret_free(s->now.access);
    s->now.access = token;
    return changed;
}

bool nf_sign_in_refused(nf_sign_in *s, uint64_t number)
{
    uint64_t now = nf_clock_ns();
    if (number != s->number)
        return true;
    if (!s->oauth)
        return file_changed(s);
    if (s->over || s->backing_off)
        return false;
    if (!s->request && !s->keeping && s->forced_ns
        && now - s->forced_ns < (uint64_t)FORCED_MS * 1000000)
        return false;
    if (!s->request && !s->keeping) {
        s->forced_ns = now;
        nf_log_info("auth", "%s: the token was refused; it is refreshed", s->label);
    }
    s->refused = true;
    refresh(s);
    return true;
}

/* ---- for people ---- */

const nf_error *nf_sign_in_error(const nf_sign_in *s, bool *over)
{
    *over = s->over;
    return s->error.status == NF_OK ? NULL : &s->error;
}

const nf_claims *nf_sign_in_claims(const nf_sign_in *s)
{
    return &s->now.claims;
}

uint64_t nf_sign_in_left_ms(const nf_sign_in *s)
{
    uint64_t now = nf_clock_ns();
    if (!s->oauth)
        return UINT64_MAX;
    return now < s->end_ns ? (s->end_ns - now) / 1000000 : 0;
}

/* ---- life ---- */

static nf_sign_in *new_sign_in(nf_loop *loop, const char *label)
{
    nf_sign_in *s = nf_alloc(sizeof *s);
    s->loop = loop;
    s->label = nf_strdup(label);
    s->timer = nf_timer_new(loop, on_timer, s);
    s->wake = nf_timer_new(loop, wake, s);
    s->number = ++last_number;
    return s;
}

nf_status nf_sign_in_from_file(nf_loop *loop, const char *label, const char *path, nf_sign_in **out,
                               nf_error *err)
{
    char *token = NULL;
    nf_status status = nf_secret_read(path, &token, err);
    if (status != NF_OK)
        return status;
    nf_sign_in *s = new_sign_in(loop, label);
    s->file = nf_strdup(path);
    s->now.access = token;
    s->now.claims = nf_claims_read(token);
    *out = s;
    return NF_OK;
}

nf_sign_in *nf_sign_in_new(const nf_oauth *oauth, const char *label, nf_tokens *tokens,
                           const nf_sign_in_owner *owner, void *ctx)
{
    nf_sign_in *s = new_sign_in(oauth->loop, label);
    s->oauth = oauth;
    s->now = *tokens;
    *tokens = (nf_tokens){0};
    nf_sign_in_set_owner(s, owner, ctx);
    start_life(s, s->now.life_ms);
    return s;
}

nf_status nf_sign_in_load(const nf_oauth *oauth, const char *label, const char *secret, size_t len,
                          const nf_sign_in_owner *owner, void *ctx, nf_sign_in **out, nf_error *err)
{
    json_t *json = nf_json_parse(secret, len, err);
    const char *access = nf_json_string(json, "access_token");
    if (!access) {
        json_decref(json);
        return nf_error_set(err, NF_E_STORE, "what is stored is no sign-in");
    }
    int64_t left = nf_json_integer(json, "ends_ms", 0) - nf_clock_wall_ms();
    nf_tokens tokens = {
        .access = nf_strdup(access),
        .refresh = nf_strdup(nf_json_string(json, "refresh_token")),
        .life_ms = left > 0 ? (uint64_t)NF_MIN(left, 24 * 3600 * 1000) : 0,
        .claims = {nf_strdup(nf_json_string(json, "upn")), nf_strdup(nf_json_string(json, "tid")),
                   nf_strdup(nf_json_string(json, "oid"))},
    };
    json_decref(json);
    *out = nf_sign_in_new(oauth, label, &tokens, owner, ctx);
    return NF_OK;
}

void nf_sign_in_set_owner(nf_sign_in *s, const nf_sign_in_owner *owner, void *ctx)
{
    s->owner = owner;
    s->ctx = ctx;
}

char *nf_sign_in_secret(const nf_sign_in *s, size_t *len)
{
    return secret_of(s, &s->now, len);
}

void nf_sign_in_free(nf_sign_in *s)
{
    if (!s)
        return;
    if (s->waits)
        nf_bug("%s: a sign-in goes while somebody waits for it", s->label);
    if (s->request)
        nf_oauth_cancel(s->request);
    if (s->keeping)
        s->keeping->sign_in = NULL;
    nf_timer_close(s->timer);
    nf_timer_close(s->wake);
    nf_tokens_free(&s->now);
    nf_tokens_free(&s->fresh);
    free(s->label);
    free(s->file);
    free(s);
}
