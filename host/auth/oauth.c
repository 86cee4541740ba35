/* SPDX-License-Identifier: Apache-2.0 */
/* oauth.c: see oauth.h. */
#include "auth/oauth.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/percent.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_MS = 20000,
    MOST_ANSWER = 256 * 1024,
    LONGEST_FORM = 256 * 1024,
    LONGEST_TEXT = 300, /* of an error's description */
};

struct nf_oauth_request {
    const nf_oauth *oauth;
    nf_http_request *http;
    nf_timer *timer; /* of one that could not be sent */
    nf_strbuf form;  /* kept to see whether an answer repeats a secret of it */
    nf_error error;
    nf_oauth_done *done;
    void *ctx;
};

nf_status nf_oauth_check(const nf_oauth *oauth, nf_error *err)
{
    if (oauth->client_id)
        return NF_OK;
    return nf_error_set(err, NF_E_CONFIG,
                        "sign-in is not set up: tenant.yaml needs 'client_id', the id of your app "
                        "registration in Entra ID (docs/CONNECTIONS.md says how to make one)");
}

char *nf_oauth_address(const nf_oauth *oauth, const char *endpoint)
{
    return nf_format("%s/oauth2/v2.0/%s", oauth->authority, endpoint);
}

/* ---- errors ---- */

/* error codes of RFC 6749, RFC 8628 and Entra ID */
static const struct {
    const char *code;
    nf_oauth_outcome outcome;
    const char *meaning;
} codes[] = {
    {"authorization_pending", NF_OAUTH_PENDING, "the code has not been entered yet"},
    {"slow_down", NF_OAUTH_SLOW_DOWN, "asked too often"},
    {"expired_token", NF_OAUTH_OVER, "the code was not entered in time"},
    {"code_expired", NF_OAUTH_OVER, "the code was not entered in time"},
    {"bad_verification_code", NF_OAUTH_OVER, "the code is not known there"},
    {"access_denied", NF_OAUTH_OVER, "the sign-in was declined"},
    {"authorization_declined", NF_OAUTH_OVER, "the sign-in was declined"},
    {"invalid_grant", NF_OAUTH_OVER, "the sign-in has expired or was revoked"},
    {"interaction_required", NF_OAUTH_OVER, "the user must sign in again"},
    {"login_required", NF_OAUTH_OVER, "the user must sign in again"},
    {"consent_required", NF_OAUTH_OVER, "the user or an admin must consent"},
    {"temporarily_unavailable", NF_OAUTH_UNAVAILABLE, "the identity server is busy"},
    {"server_error", NF_OAUTH_UNAVAILABLE, "the identity server failed"},
};

/* Does `text` repeat a secret of the form? */
static bool repeats_secret(const nf_oauth_request *r, const char *text)
{
    static const char *const secrets[] = {
        "refresh_token=", "device_code=", "code=", "code_verifier=", "client_secret="};
    bool found = false;
    char *form = nf_strdup(nf_strbuf_text(&r->form)), *rest = NULL;
    for (char *field = strtok_r(form, "&", &rest); field; field = strtok_r(NULL, "&", &rest)) {
        for (size_t i = 0; i < NF_COUNT(secrets); i++) {
            size_t n = strlen(secrets[i]);
            if (strncmp(field, secrets[i], n) == 0 && nf_percent_decode(field + n) > 0)
                found = found || strstr(text, field + n);
        }
    }
    nf_secret_free(form);
    return found;
}

/* Entra's description, first line only, for people; "" when there is none that can be shown. */
static void describe(const nf_oauth_request *r, const json_t *json, char out[LONGEST_TEXT + 3])
{
    const char *text = nf_json_string(json, "error_description");
    size_t n = 0;
    out[0] = '\0';
    if (!text || repeats_secret(r, text))
        return;
    memcpy(out, ": ", 2);
    for (; text[n] && n < LONGEST_TEXT && (unsigned char)text[n] >= ' '; n++)
        out[n + 2] = text[n];
    out[n + 2] = '\0';
}

static void read_refusal(const nf_oauth_request *r, const nf_http_result *result,
                         const json_t *json, nf_oauth_answer *answer)
{
    const char *code = nf_json_string(json, "error"), *meaning = NULL;
    char text[LONGEST_TEXT + 3];
    bool busy = result->status >= 500 || result->status == 429;
    answer->outcome = busy ? NF_OAUTH_UNAVAILABLE : NF_OAUTH_REFUSED;
    for (size_t i = 0; code && i < NF_COUNT(codes); i++) {
        if (strcmp(codes[i].code, code) == 0) {
            answer->outcome = codes[i].outcome;
            meaning = codes[i].meaning;
        }
    }
    if (busy)
        answer->outcome = NF_OAUTH_UNAVAILABLE;
    describe(r, json, text);
    bool plain = code && strlen(code) < 64 && !code[strspn(code, "abcdefghijklmnopqrstuvwxyz_")];
    nf_error_set(&answer->error, busy ? NF_E_SERVER : NF_E_SIGN_IN,
                 "the identity server answered %d (%s)%s%s%s", result->status,
                 plain ? code : "no error code", meaning ? ": " : "", meaning ? meaning : "", text);
    answer->error.http_status = result->status;
    answer->error.retry_after_ms = result->retry_after_ms;
}

static void free_request(nf_oauth_request *r)
{
    nf_timer_close(r->timer);
    if (r->form.bytes)
        nf_secret_wipe(r->form.bytes, r->form.len);
    nf_strbuf_release(&r->form);
    free(r);
}

static void on_answer(void *ctx, const nf_http_result *result)
{
    nf_oauth_request *r = ctx;
    nf_oauth_answer answer = {.outcome = NF_OAUTH_OK};
    nf_error parse = {0};
    json_t *json = result->error.status == NF_OK && result->len
                       ? nf_json_parse(result->body, result->len, &parse)
                       : NULL;
    if (result->error.status != NF_OK) {
        answer.outcome = NF_OAUTH_UNAVAILABLE;
        answer.error = result->error;
        nf_error_prefix(&answer.error, "the identity server");
    } else if (result->status != 200) {
        read_refusal(r, result, json, &answer);
    } else if (!json_is_object(json)) {
        answer.outcome = NF_OAUTH_UNAVAILABLE;
        nf_error_set(&answer.error, NF_E_PROTOCOL,
                     "the identity server's answer is no JSON object; is 'authority' right?");
    }
    answer.json = json;
    r->http = NULL;
    r->done(r->ctx, &answer);
    json_decref(json);
    free_request(r);
}

/* ---- requests ---- */

static void add_field(nf_strbuf *form, const char *name, const char *value)
{
    if (!value)
        return;
    nf_strbuf_addf(form, "%s%s=", form->len ? "&" : "", name);
    nf_percent_encode(form, value);
}

static nf_status add_secret(const nf_oauth *oauth, nf_strbuf *form, nf_error *err)
{
    char *secret = NULL;
    if (!oauth->secret_file)
        return NF_OK;
    nf_status status = nf_secret_read(oauth->secret_file, &secret, err);
    if (status == NF_OK)
        add_field(form, "client_secret", secret);
    nf_secret_free(secret);
    return status;
}

static void on_unsent(void *ctx)
{
    nf_oauth_request *r = ctx;
    nf_oauth_answer answer = {.outcome = NF_OAUTH_REFUSED, .error = r->error};
    r->done(r->ctx, &answer);
    free_request(r);
}

nf_oauth_request *nf_oauth_post(const nf_oauth *oauth, const char *endpoint,
                                const char *const *fields, nf_oauth_done *done, void *ctx)
{
    nf_oauth_request *r = nf_alloc(sizeof *r);
    r->oauth = oauth;
    r->done = done;
    r->ctx = ctx;
    r->form = nf_strbuf_new(LONGEST_FORM);
    nf_strbuf_reserve(&r->form,
                      LONGEST_FORM / 4); /* so that it does not move, leaving copies behind */
    add_field(&r->form, "client_id", oauth->client_id);
    nf_status status = add_secret(oauth, &r->form, &r->error);
    for (; *fields; fields += 2)
        add_field(&r->form, fields[0], fields[1]);
    if (status != NF_OK) { /* told from the loop, as every end */
        r->timer = nf_timer_new(oauth->loop, on_unsent, r);
        nf_timer_start(r->timer, 0, 0);
        return r;
    }
    char *url = nf_oauth_address(oauth, endpoint);
    r->http = nf_http_request_start(oauth->client,
                                    &(nf_http_spec){
                                        .method = "POST",
                                        .url = url,
                                        .content_type = "application/x-www-form-urlencoded",
                                        .body = nf_strbuf_text(&r->form),
                                        .len = r->form.len,
                                        .timeout_ms = TIMEOUT_MS,
                                        .max_body = MOST_ANSWER,
                                        .secret = true,
                                    },
                                    on_answer, r);
    free(url);
    return r;
}

void nf_oauth_cancel(nf_oauth_request *r)
{
    if (r->http)
        nf_http_request_cancel(r->http);
    free_request(r);
}
