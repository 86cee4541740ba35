/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.c: the identity server's grants: device codes (RFC 8628) and authorization codes with PKCE (RFC 7636), as
 * Entra ID's endpoints answer them, and the control of it under /sim/identity.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { MOST_GRANTS = 200 };

void sim_grant_drop(nf_sim *sim, sim_grant *grant)
{
    DL_DELETE(sim->grants, grant);
    free(grant->client);
    free(grant->scope);
    free(grant->redirect);
    free(grant->challenge);
    free(grant);
}

sim_grant *sim_grant_new(sim_call *call, const char *form, unsigned life_s)
{
    nf_sim *sim = call->sim;
    sim_grant *grant = nf_alloc(sizeof *grant), *other;
    int count;
    DL_COUNT(sim->grants, other, count);
    if (count >= MOST_GRANTS)
        sim_grant_drop(sim, sim->grants);
    nf_secret_new(grant->code);
    grant->client = sim_form_value(form, "client_id");
    grant->scope = sim_form_value(form, "scope");
    grant->redirect = sim_form_value(form, "redirect_uri");
    grant->challenge = sim_form_value(form, "code_challenge");
    grant->expires_ns = nf_clock_ns() + (uint64_t)life_s * 1000000000;
    DL_APPEND(sim->grants, grant);
    return grant;
}

static sim_grant *find_grant(nf_sim *sim, const char *code, bool device)
{
    sim_grant *grant, *found = NULL;
    DL_FOREACH (sim->grants, grant) {
        if ((grant->user_code[0] != '\0') == device
            && nf_secret_equal(grant->code, strlen(grant->code), code, strlen(code)))
            found = grant;
    }
    return found;
}

sim_grant *sim_grant_of_user_code(nf_sim *sim, const char *user_code)
{
    sim_grant *grant;
    DL_FOREACH (sim->grants, grant) {
        if (grant->user_code[0] && strcasecmp(grant->user_code, user_code) == 0
            && grant->expires_ns > nf_clock_ns())
            return grant;
    }
    return NULL;
}

/* Is it the client's that asks? */
static bool same_client(const sim_grant *grant, const char *form)
{
    char *client = sim_form_value(form, "client_id");
    bool same = client && grant->client && strcmp(client, grant->client) == 0;
    free(client);
    return same;
}

static void buy_tokens(sim_call *call, sim_grant *grant)
{
    sim_issue(call, grant->user, 0, 0, grant->client, grant->scope);
    sim_grant_drop(call->sim, grant);
}

/* ---- device codes ---- */

void sim_device_code(sim_call *call)
{
    static const char letters[] = "BCDFGHJKLMNPQRSTVWXZ";
    size_t len;
    const char *form = nf_http_body(call->x, &len);
    char *client = sim_form_value(form, "client_id");
    uint8_t random[9];
    if (!client || !*client) {
        sim_refuse(call, "invalid_request", 900144, "The request body must contain 'client_id'.");
        free(client);
        return;
    }
    free(client);
    sim_grant *grant = sim_grant_new(call, form, call->sim->identity.code_s);
    nf_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        grant->user_code[i] = letters[random[i] % (sizeof letters - 1)];
    char *page = nf_format("%s/%s/oauth2/deviceauth", call->sim->url, call->param);
    char *message = nf_format("To sign in, open %s and enter the code %s.", page, grant->user_code);
    call->json =
        json_pack("{ss ss ss si si ss}", "device_code", grant->code, "user_code", grant->user_code,
                  "verification_uri", page, "expires_in", (int)call->sim->identity.code_s,
                  "interval", (int)call->sim->identity.interval_s, "message", message);
    free(page);
    free(message);
}

static bool too_soon(const nf_sim *sim, sim_grant *grant)
{
    uint64_t now = nf_clock_ns(), before = grant->polled_ns;
    grant->polled_ns = now;
    /* a clock of the client that is a little fast is no crime */
    return before && now - before < (uint64_t)sim->identity.interval_s * 900000000;
}

void sim_sign_in_by_device(sim_call *call, const char *form)
{
    nf_sim *sim = call->sim;
    char *code = sim_form_value(form, "device_code");
    sim_grant *grant = code ? find_grant(sim, code, true) : NULL;
    sim->identity.polls++;
    if (!grant || !same_client(grant, form))
        sim_refuse(call, "bad_verification_code", 7000220, "The device code is unknown.");
    else if (grant->expires_ns <= nf_clock_ns())
        sim_refuse(call, "expired_token", 70020, "The code has expired.");
    else if (grant->denied)
        sim_refuse(call, "authorization_declined", 70019, "The user declined.");
    else if (grant->user)
        buy_tokens(call, grant);
    else if (too_soon(sim, grant))
        sim_refuse(call, "slow_down", 70018, "Polled more often than the interval allows.");
    else
        sim_refuse(call, "authorization_pending", 70016, "The user has not signed in yet.");
    free(code);
}

/* ---- authorization codes ---- */

static bool proves(const sim_grant *grant, const char *form)
{
    char *verifier = sim_form_value(form, "code_verifier"), hashed[NF_SECRET_TEXT] = "";
    uint8_t hash[NF_SHA256_SIZE];
    if (verifier) {
        nf_sha256(verifier, strlen(verifier), hash);
        nf_base64url(hash, sizeof hash, hashed);
    }
    bool same = grant->challenge ? strcmp(hashed, grant->challenge) == 0 : !verifier;
    free(verifier);
    return same;
}

static bool same_redirect(const sim_grant *grant, const char *form)
{
    char *redirect = sim_form_value(form, "redirect_uri");
    bool same = redirect && grant->redirect && strcmp(redirect, grant->redirect) == 0;
    free(redirect);
    return same;
}

void sim_sign_in_by_code(sim_call *call, const char *form)
{
    char *code = sim_form_value(form, "code");
    sim_grant *grant = code ? find_grant(call->sim, code, false) : NULL;
    if (!grant || grant->expires_ns <= nf_clock_ns() || !same_client(grant, form))
        sim_refuse(call, "invalid_grant", 54005, "The code is unknown, used or expired.");
    else if (!same_redirect(grant, form))
        sim_refuse(call, "invalid_grant", 50011, "The redirect URI is another one.");
    else if (!proves(grant, form))
        sim_refuse(call, "invalid_grant", 50148, "The code_verifier does not match.");
    else
        buy_tokens(call, grant);
    free(code);
}

/* ---- control ---- */

void sim_identity_state(sim_call *call)
{
    const nf_sim *sim = call->sim;
    call->json = json_pack("{ss ss si si si si}", "tid", sim->identity.tid, "authority", sim->url,
                           "families", (int)sim->identity.families, "refreshes",
                           (int)sim->identity.refreshes, "reuses", (int)sim->identity.reuses,
                           "polls", (int)sim->identity.polls);
}

/* Take tokens of a user away: all, or only those that open something. */
static void revoke_user(nf_sim *sim, const char *upn, bool refresh)
{
    sim_token *token, *next;
    DL_FOREACH_SAFE (sim->tokens, token, next) {
        if (token->family && strcasecmp(token->user->upn, upn) == 0 && (refresh || !token->refresh))
            sim_token_drop(sim, token);
    }
}

void sim_identity_set(sim_call *call)
{
    static const sim_field fields[] = {
        {"revoke", .kind = SIM_TEXT},
        {"revokeAccess", .kind = SIM_TEXT},
        {"interval", .kind = SIM_INTEGER, .least = 1, .most = 60},
        {"codeLife", .kind = SIM_INTEGER, .least = 1, .most = 3600},
        {"tokenMs", .kind = SIM_INTEGER, .least = 100, .most = 86400000},
        {0},
    };
    nf_sim *sim = call->sim;
    json_t *body = sim_body_of(call, fields, true, false);
    if (body) {
        const char *all = nf_json_string(body, "revoke"),
                   *access = nf_json_string(body, "revokeAccess");
        if (all)
            revoke_user(sim, all, true);
        if (access)
            revoke_user(sim, access, false);
        sim->identity.interval_s =
            (unsigned)nf_json_integer(body, "interval", sim->identity.interval_s);
        sim->identity.code_s = (unsigned)nf_json_integer(body, "codeLife", sim->identity.code_s);
        sim->token_ms = (uint64_t)nf_json_integer(body, "tokenMs", (json_int_t)sim->token_ms);
        sim_identity_state(call);
    }
    json_decref(body);
}
