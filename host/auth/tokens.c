/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.c: what an answer with tokens holds; see oauth.h. */
#include "auth/oauth.h"
#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_TOKEN = 32 * 1024, LONGEST_CLAIM = 256, MOST_LIFE_S = 24 * 3600 };

/* ---- claims ---- */

/* A claim that is a short, printable text. Owned by the caller, or NULL. */
static char *claim(const json_t *json, const char *name)
{
    const char *text = nf_json_string(json, name);
    if (!text || !*text || strlen(text) > LONGEST_CLAIM)
        return NULL;
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            return NULL;
    }
    return nf_strdup(text);
}

nf_claims nf_claims_read(const char *token)
{
    static const char *const names[] = {"upn", "preferred_username", "unique_name", "email"};
    nf_claims claims = {0};
    const char *dot = token ? strchr(token, '.') : NULL;
    size_t len = dot ? strcspn(dot + 1, ".") : 0;
    if (!len || dot[1 + len] != '.' || len > LONGEST_TOKEN)
        return claims;
    char *text = nf_alloc(len);
    long n = nf_base64url_decode(dot + 1, len, text);
    nf_error ignored = {0};
    json_t *json = n > 0 ? nf_json_parse(text, (size_t)n, &ignored) : NULL;
    for (size_t i = 0; i < NF_COUNT(names) && !claims.upn; i++)
        claims.upn = claim(json, names[i]);
    claims.tid = claim(json, "tid");
    claims.oid = claim(json, "oid");
    json_decref(json);
    free(text);
    return claims;
}

void nf_claims_free(nf_claims *claims)
{
    free(claims->upn);
    free(claims->tid);
    free(claims->oid);
    *claims = (nf_claims){0};
}

/* The access token may be opaque; then the id token says who it is. */
static nf_claims claims_of(const json_t *answer)
{
    nf_claims claims = nf_claims_read(nf_json_string(answer, "access_token"));
    nf_claims more = nf_claims_read(nf_json_string(answer, "id_token"));
    char **slots[][2] = {
        {&claims.upn, &more.upn}, {&claims.tid, &more.tid}, {&claims.oid, &more.oid}};
    for (size_t i = 0; i < NF_COUNT(slots); i++) {
        if (*slots[i][0])
            continue;
        *slots[i][0] = *slots[i][1];
        *slots[i][1] = NULL;
    }
    nf_claims_free(&more);
    return claims;
}

/* ---- tokens ---- */

void nf_tokens_free(nf_tokens *tokens)
{
    nf_secret_free(tokens->access);
    nf_secret_free(tokens->refresh);
    nf_claims_free(&tokens->claims);
    *tokens = (nf_tokens){0};
}

/* A token goes into a header, so it must be a word of visible characters. */
static bool is_token(const char *text)
{
    size_t n = text ? strlen(text) : 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7F)
            return false;
    }
    return n > 0 && n <= LONGEST_TOKEN;
}

/* Seconds, as a number or as text (version 1 of the endpoint); what is too long is cut. */
static json_int_t seconds(const json_t *answer, const char *name)
{
    const char *text = nf_json_string(answer, name);
    json_int_t value = text ? strtoll(text, NULL, 10) : nf_json_integer(answer, name, 0);
    return NF_MIN(value, MOST_LIFE_S);
}

nf_status nf_claims_check(const nf_oauth *oauth, const nf_claims *claims, nf_error *err)
{
    if (!oauth->directory || (claims->tid && strcasecmp(claims->tid, oauth->directory) == 0))
        return NF_OK;
    return nf_error_set(err, NF_E_DENIED,
                        "%s belongs to the directory %s, but tenant.yaml takes only users of %s "
                        "(directory_tenant)",
                        claims->upn ? claims->upn : "the user",
                        claims->tid ? claims->tid : "(not told)", oauth->directory);
}

nf_status nf_oauth_tokens(const nf_oauth *oauth, const json_t *answer, nf_tokens *tokens,
                          nf_error *err)
{
    const char *access = nf_json_string(answer, "access_token"),
               *refresh = nf_json_string(answer, "refresh_token"),
               *type = nf_json_string(answer, "token_type");
    json_int_t life = seconds(answer, "expires_in");
    *tokens = (nf_tokens){0};
    if (!is_token(access) || (refresh && !is_token(refresh)) || life < 1
        || (type && strcasecmp(type, "Bearer") != 0))
        return nf_error_set(err, NF_E_PROTOCOL,
                            "the identity server's answer has no bearer token with a lifetime");
    tokens->claims = claims_of(answer);
    /* an answer to a refresh need not say it again */
    nf_status status = tokens->claims.tid ? nf_claims_check(oauth, &tokens->claims, err) : NF_OK;
    if (status != NF_OK) {
        nf_tokens_free(tokens);
        return status;
    }
    tokens->access = nf_strdup(access);
    tokens->refresh = nf_strdup(refresh);
    tokens->life_ms = (uint64_t)life * 1000;
    return NF_OK;
}
