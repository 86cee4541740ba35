/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.c: bearer tokens, and a sign-in that answers as Entra ID's token endpoint does.
 *
 * A token is compared with every known one in constant time, so that the time tells nothing about
 * any of them.
 */
#include "base/alloc.h"
#include "base/clock.h"
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
    const sim_token *token =
        has_bearer ? find_token(call->sim, header + 7 + strspn(header + 7, " "), false) : NULL;
    if (token)
        return token->user;
    sim_fail(call, 401,
             has_bearer ? "the bearer token is unknown or has expired" : "no bearer token");
    snprintf(call->header, sizeof call->header, "WWW-Authenticate: Bearer realm=\"nimbus\"%s\r\n",
             has_bearer ? ", error=\"invalid_token\"" : "");
    return NULL;
}

/* ---- sign-in ---- */

static void refuse(sim_call *call, const char *error, int code, const char *text)
{
    char description[256];
    snprintf(description, sizeof description, "AADSTS%d: %s", code, text);
    call->status = 400;
    call->json = json_pack("{ss ss s[i]}", "error", error, "error_description", description,
                           "error_codes", code);
}

/* The decoded value of a form field, owned by the caller; NULL if absent or broken. */
static char *form_value(const char *form, const char *name)
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

static const sim_user *find_user(const nf_sim *sim, const char *upn)
{
    for (const sim_user *u = sim->users; upn && u->upn; u++)
        if (strcasecmp(u->upn, upn) == 0)
            return u;
    return NULL;
}

static void issue(sim_call *call, const sim_user *user, const char *resource)
{
    nf_sim *sim = call->sim;
    char access[NF_SECRET_TEXT], refresh[NF_SECRET_TEXT], seconds[24], until[24];
    long long life = (long long)((sim->token_ms + 999) / 1000);
    tidy_tokens(sim);
    sim_token_add(sim, nf_secret_new(access), user, sim->token_ms, false);
    sim_token_add(sim, nf_secret_new(refresh), user, (uint64_t)90 * 24 * 3600 * 1000, true);
    snprintf(seconds, sizeof seconds, "%lld", life);
    snprintf(until, sizeof until, "%lld", (long long)(nf_clock_wall_ms() / 1000) + life);
    /* numbers are strings in this version of the endpoint */
    call->json =
        json_pack("{ss ss ss ss ss ss* ss ss}", "token_type", "Bearer", "scope", "User.Read",
                  "expires_in", seconds, "ext_expires_in", seconds, "expires_on", until, "resource",
                  resource, "access_token", access, "refresh_token", refresh);
    nf_secret_wipe(access, sizeof access);
    nf_secret_wipe(refresh, sizeof refresh);
}

static void sign_in_by_password(sim_call *call, const char *form, const char *resource)
{
    char *upn = form_value(form, "username"), *password = form_value(form, "password");
    const sim_user *user = find_user(call->sim, upn);
    const char *right = user ? user->password : "";
    bool same = password && nf_secret_equal(right, strlen(right), password, strlen(password));
    if (!upn || !password)
        refuse(call, "invalid_request", 900144,
               "The request body must contain 'username' and 'password'.");
    else if (!user)
        refuse(call, "invalid_grant", 50034, "The user account does not exist in this directory.");
    else if (!same)
        refuse(call, "invalid_grant", 50126, "Invalid username or password.");
    else
        issue(call, user, resource);
    free(upn);
    free(password);
}

static void sign_in_by_refresh(sim_call *call, const char *form, const char *resource)
{
    char *text = form_value(form, "refresh_token");
    sim_token *token = text ? find_token(call->sim, text, true) : NULL;
    if (token) {
        const sim_user *user = token->user;
        sim_token_drop(call->sim, token); /* each is good for one use */
        issue(call, user, resource);
    } else {
        refuse(call, "invalid_grant", 70008, "The refresh token is unknown, used or expired.");
    }
    free(text);
}

void sim_sign_in(sim_call *call)
{
    size_t len;
    const char *form = nf_http_body(call->x, &len);
    const char *type = nf_http_header(call->x, "content-type");
    bool is_form = type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
    char *grant = is_form ? form_value(form, "grant_type") : NULL,
         *resource = form_value(form, "resource");
    if (!grant)
        refuse(call, "invalid_request", 900144,
               "The request body must be a form with 'grant_type'.");
    else if (strcmp(grant, "password") == 0)
        sign_in_by_password(call, form, resource);
    else if (strcmp(grant, "refresh_token") == 0)
        sign_in_by_refresh(call, form, resource);
    else
        refuse(call, "unsupported_grant_type", 70003,
               "Only 'password' and 'refresh_token' are served here.");
    free(grant);
    free(resource);
}
