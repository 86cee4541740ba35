/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.c: bearer tokens, and a sign-in that answers as Entra ID's token endpoint does.
 *
 * A token is compared with every known one in constant time, so that the time tells nothing about
 * any of them.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/percent.h"
#include "sim/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* ---- tokens ---- */

sim_token *sim_token_add(nf_sim *sim, const char *text, const sim_user *user, uint64_t ttl_ms,
                         bool refresh)
{
    sim_token *token = nf_alloc(sizeof *token);
    token->text = nf_strdup(text);
    token->user = user;
    token->refresh = refresh;
    token->expires_ns = ttl_ms ? nf_clock_ns() + ttl_ms * 1000000 : 0;
    DL_APPEND(sim->tokens, token);
    return token;
}

void sim_token_drop(nf_sim *sim, sim_token *token)
{
    DL_DELETE(sim->tokens, token);
    nf_secret_wipe(token->text, strlen(token->text));
    free(token->text);
    free(token);
}

static sim_token *find_token(nf_sim *sim, const char *text, bool refresh)
{
    sim_token *found = NULL, *token;
    uint64_t now = nf_clock_ns();
    DL_FOREACH (sim->tokens, token) {
        bool equal = nf_secret_equal(token->text, strlen(token->text), text, strlen(text));
        if (equal && token->refresh == refresh && (!token->expires_ns || token->expires_ns > now))
            found = token;
    }
    return found;
}

/* Tokens that are over go; beyond the limit the oldest issued ones go too. */
static void tidy_tokens(nf_sim *sim)
{
    sim_token *token, *next;
    unsigned count = 0;
    uint64_t now = nf_clock_ns();
    DL_COUNT(sim->tokens, token, count);
    DL_FOREACH_SAFE (sim->tokens, token, next) {
        bool issued = token->expires_ns != 0;
        if (issued && (token->expires_ns <= now || count > SIM_MAX_TOKENS)) {
            sim_token_drop(sim, token);
            count--;
        }
    }
}

const sim_user *sim_authenticate(sim_call *call)
{
    const char *header = nf_http_header(call->x, "authorization");
    bool has_bearer = header && strncasecmp(header, "bearer ", 7) == 0;
    sim_token *token =
        has_bearer ? find_token(call->sim, header + 7 + strspn(header + 7, " "), false) : NULL;
    if (token) {
        token->used = true;
        return token->user;
    }
    sim_fail(call, 401,
             has_bearer ? "the bearer token is unknown or has expired" : "no bearer token");
    snprintf(call->header, sizeof call->header, "WWW-Authenticate: Bearer realm=\"nimbus\"%s\r\n",
             has_bearer ? ", error=\"invalid_token\"" : "");
    return NULL;
}

/* ---- sign-in ---- */

void sim_refuse(sim_call *call, const char *error, int code, const char *text)
{
    char description[256];
    snprintf(description, sizeof description, "AADSTS%d: %s", code, text);
    call->status = 400;
    call->json = json_pack("{ss ss s[i]}", "error", error, "error_description", description,
                           "error_codes", code);
}

char *sim_form_value(const char *form, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = form; at; at = strchr(at, '&') ? strchr(at, '&') + 1 : NULL) {
        if (strncmp(at, name, length) != 0 || at[length] != '=')
            continue;
        char *value = nf_memdup(at + length + 1, strcspn(at + length + 1, "&"));
        for (char *c = value; *c; c++)
            if (*c == '+')
                *c = ' ';
        if (nf_percent_decode(value) >= 0)
            return value;
        free(value);
        return NULL;
    }
    return NULL;
}

static void add_part(nf_strbuf *token, json_t *json)
{
    char *text = nf_json_text(json);
    char *coded = nf_alloc(4 * (strlen(text) / 3 + 1) + 1);
    nf_base64url((const uint8_t *)text, strlen(text), coded);
    nf_strbuf_addf(token, "%s%s", token->len ? "." : "", coded);
    json_decref(json);
    free(text);
    free(coded);
}

/* A token that looks as Entra's does (RFC 7519); nobody needs to verify its signature. Owned by the caller. */
static char *make_jwt(const nf_sim *sim, const sim_user *user, const char *audience, long long life)
{
    char id[NF_SECRET_TEXT];
    long long now = (long long)(nf_clock_wall_ms() / 1000);
    nf_strbuf token = nf_strbuf_new(65536);
    add_part(&token, json_pack("{ss ss}", "typ", "JWT", "alg", "none"));
    add_part(&token, json_pack("{ss* ss ss ss ss ss ss sI sI}", "aud", audience, "iss", sim->url,
                               "tid", sim->identity.tid, "oid", user->id, "upn", user->upn, "name",
                               user->name, "uti", nf_secret_new(id), "iat", (json_int_t)now, "exp",
                               (json_int_t)(now + life)));
    nf_strbuf_addf(&token, ".simulated");
    return nf_strbuf_take(&token);
}

static bool has_word(const char *scope, const char *word)
{
    const char *at = scope ? strstr(scope, word) : NULL;
    return at && (at == scope || at[-1] == ' ') && (at[strlen(word)] == ' ' || !at[strlen(word)]);
}

static bool is_v1(const sim_call *call)
{
    return strstr(nf_http_path(call->x), "/v2.0/") == NULL;
}

/* Numbers are strings in version 1 of the endpoint. */
static json_t *number(bool v1, long long value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", value);
    return v1 ? json_string(text) : json_integer((json_int_t)value);
}

void sim_issue(sim_call *call, const sim_user *user, unsigned family, unsigned generation,
               const char *audience, const char *scope)
{
    nf_sim *sim = call->sim;
    char refresh[NF_SECRET_TEXT];
    bool v1 = is_v1(call);
    long long life = (long long)((sim->token_ms + 999) / 1000);
    char *access = make_jwt(sim, user, audience, life);
    tidy_tokens(sim);
    sim_token *token = sim_token_add(sim, access, user, sim->token_ms, false);
    token->family = family ? family : ++sim->identity.families;
    token->generation = generation;
    call->json = json_pack("{ss ss so so so ss* ss}", "token_type", "Bearer", "scope",
                           scope ? scope : "User.Read", "expires_in", number(v1, life),
                           "ext_expires_in", number(v1, life), "expires_on",
                           number(v1, (long long)(nf_clock_wall_ms() / 1000) + life), "resource",
                           v1 ? audience : NULL, "access_token", access);
    if (v1 || has_word(scope, "offline_access")) {
        sim_token *next =
            sim_token_add(sim, nf_secret_new(refresh), user, (uint64_t)90 * 24 * 3600 * 1000, true);
        next->family = token->family;
        next->generation = generation;
        json_object_set_new(call->json, "refresh_token", json_string(refresh));
        nf_secret_wipe(refresh, sizeof refresh);
    }
    if (has_word(scope, "openid")) {
        char *id = make_jwt(sim, user, audience, life);
        json_object_set_new(call->json, "id_token", json_string(id));
        free(id);
    }
    nf_secret_free(access);
}

static void sign_in_by_password(sim_call *call, const char *form, const char *resource)
{
    char *upn = sim_form_value(form, "username"), *password = sim_form_value(form, "password");
    const sim_user *user = sim_find_user(&call->sim->world, upn);
    const char *right = user ? user->password : "";
    bool same = password && nf_secret_equal(right, strlen(right), password, strlen(password));
    if (!upn || !password)
        sim_refuse(call, "invalid_request", 900144,
                   "The request body must contain 'username' and 'password'.");
    else if (!user)
        sim_refuse(call, "invalid_grant", 50034,
                   "The user account does not exist in this directory.");
    else if (!same)
        sim_refuse(call, "invalid_grant", 50126, "Invalid username or password.");
    else
        sim_issue(call, user, 0, 0, resource, NULL);
    free(upn);
    free(password);
}

/* Was anything used that this refresh token, or one after it, has bought? */
static bool successor_used(const nf_sim *sim, const sim_token *old)
{
    const sim_token *token;
    DL_FOREACH (sim->tokens, token) {
        if (token->family == old->family && token->generation > old->generation && token->used)
            return true;
    }
    return false;
}

/* Drop a family's tokens from a generation on. */
static void drop_family(nf_sim *sim, unsigned family, unsigned generation)
{
    sim_token *token, *next;
    DL_FOREACH_SAFE (sim->tokens, token, next) {
        if (token->family == family && token->generation >= generation)
            sim_token_drop(sim, token);
    }
}

/*
 * A refresh token is good for one use. Who lost the answer may ask again, as long as nothing of it was used; after that
 * a second use shows that somebody has a copy, and ends the whole sign-in.
 */
static void sign_in_by_refresh(sim_call *call, const char *form, const char *resource)
{
    nf_sim *sim = call->sim;
    char *text = sim_form_value(form, "refresh_token"), *scope = sim_form_value(form, "scope");
    sim_token *token = text ? find_token(sim, text, true) : NULL;
    if (!token) {
        sim_refuse(call, "invalid_grant", 70008, "The refresh token is unknown, used or expired.");
    } else if (successor_used(sim, token)) {
        sim->identity.reuses++;
        drop_family(sim, token->family, 0);
        sim_refuse(call, "invalid_grant", 50173,
                   "The refresh token was used before; the sign-in is revoked.");
    } else {
        const sim_user *user = token->user;
        unsigned family = token->family, generation = token->generation + 1;
        token->used = true;
        sim->identity.refreshes++;
        drop_family(sim, family, generation);
        sim_issue(call, user, family, generation, resource,
                  scope || is_v1(call) ? scope : "openid offline_access");
    }
    free(text);
    free(scope);
}

void sim_sign_in(sim_call *call)
{
    size_t len;
    const char *form = nf_http_body(call->x, &len);
    const char *type = nf_http_header(call->x, "content-type");
    bool is_form = type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
    char *grant = is_form ? sim_form_value(form, "grant_type") : NULL,
         *resource = sim_form_value(form, "resource");
    if (!grant)
        sim_refuse(call, "invalid_request", 900144,
                   "The request body must be a form with 'grant_type'.");
    else if (strcmp(grant, "password") == 0)
        sign_in_by_password(call, form, resource);
    else if (strcmp(grant, "refresh_token") == 0)
        sign_in_by_refresh(call, form, resource);
    else if (strcmp(grant, "authorization_code") == 0)
        sim_sign_in_by_code(call, form);
    else if (strcmp(grant, "urn:ietf:params:oauth:grant-type:device_code") == 0)
        sim_sign_in_by_device(call, form);
    else
        sim_refuse(call, "unsupported_grant_type", 70003,
                   "Served are password, refresh_token, authorization_code and device_code.");
    free(grant);
    free(resource);
}
