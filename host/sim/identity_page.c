/* SPDX-License-Identifier: Apache-2.0 */
/* identity_page.c: the pages on which a person signs in: a button per user, one to decline. */
#include "base/alloc.h"
#include "base/percent.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>

enum { CODE_S = 60, MOST_PAGE = 256 * 1024 };

static void add_html(nf_strbuf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            nf_strbuf_addf(out, "&#%d;", *text);
        else
            nf_strbuf_add(out, text, 1);
    }
}

static void answer_page(sim_call *call, int status, nf_strbuf *body)
{
    nf_strbuf page = nf_strbuf_new(MOST_PAGE);
    nf_strbuf_puts(
        &page, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Simulated sign-in"
               "</title><body style=\"font-family:sans-serif;max-width:30em;margin:3em auto\">");
    nf_strbuf_puts(&page, nf_strbuf_text(body));
    nf_strbuf_puts(&page, "</body></html>\n");
    nf_http_answer(
        call->x, status, "text/html; charset=utf-8",
        "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: "
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n",
        page.bytes, page.len);
    call->taken = true;
    nf_strbuf_release(&page);
    nf_strbuf_release(body);
}

static void answer_text(sim_call *call, int status, const char *title, const char *text)
{
    nf_strbuf body = nf_strbuf_new(MOST_PAGE);
    nf_strbuf_addf(&body, "<h1>%s</h1><p id=\"text\">%s</p>", title, text);
    answer_page(call, status, &body);
}

static void add_users(const nf_sim *sim, nf_strbuf *body)
{
    for (const sim_user *u = sim->world.users; u->upn; u++) {
        nf_strbuf_puts(body, "<p><button name=\"upn\" value=\"");
        add_html(body, u->upn);
        nf_strbuf_puts(body, "\">");
        add_html(body, u->name);
        nf_strbuf_puts(body, " (");
        add_html(body, u->upn);
        nf_strbuf_puts(body, ")</button></p>");
    }
    nf_strbuf_puts(body,
                   "<p><button name=\"upn\" value=\"\" id=\"decline\">Decline</button></p></form>");
}

/* ---- authorization code ---- */

/* The address that a wrong request must not be sent back to. */
static bool can_come_back(const char *redirect)
{
    return redirect
           && (strncmp(redirect, "http://", 7) == 0 || strncmp(redirect, "https://", 8) == 0)
           && strlen(redirect) < 2048 && !strpbrk(redirect, "\r\n \"<>");
}

void sim_authorize_page(sim_call *call)
{
    static const char *const fields[] = {"client_id", "redirect_uri",   "scope",
                                         "state",     "code_challenge", "code_challenge_method",
                                         NULL};
    const char *query = nf_http_query(call->x);
    char *client = sim_form_value(query, "client_id"),
         *redirect = sim_form_value(query, "redirect_uri"),
         *type = sim_form_value(query, "response_type"),
         *method = sim_form_value(query, "code_challenge_method");
    if (!client || !*client || !can_come_back(redirect) || !type || strcmp(type, "code") != 0
        || (method && strcmp(method, "S256") != 0)) {
        answer_text(
            call, 400, "Wrong request",
            "AADSTS900144: client_id, redirect_uri, response_type=code and, with a challenge, "
            "code_challenge_method=S256 are needed.");
    } else {
        nf_strbuf body = nf_strbuf_new(MOST_PAGE);
        nf_strbuf_puts(&body, "<h1>Pick an account</h1><form method=\"post\">");
        for (const char *const *name = fields; *name; name++) {
            char *value = sim_form_value(query, *name);
            if (value) {
                nf_strbuf_addf(&body, "<input type=\"hidden\" name=\"%s\" value=\"", *name);
                add_html(&body, value);
                nf_strbuf_puts(&body, "\">");
            }
            free(value);
        }
        add_users(call->sim, &body);
        answer_page(call, 200, &body);
    }
    free(client);
    free(redirect);
    free(type);
    free(method);
}

static void go_back(sim_call *call, const char *redirect, const char *name, const char *value,
                    const char *state)
{
    nf_strbuf to = nf_strbuf_new(8192);
    nf_strbuf_addf(&to, "Location: %s%s%s=", redirect, strchr(redirect, '?') ? "&" : "?", name);
    nf_percent_encode(&to, value);
    if (state) {
        nf_strbuf_puts(&to, "&state=");
        nf_percent_encode(&to, state);
    }
    nf_strbuf_puts(&to, "\r\nCache-Control: no-store\r\n");
    nf_http_answer(call->x, 302, NULL, nf_strbuf_text(&to), "", 0);
    call->taken = true;
    nf_strbuf_release(&to);
}

void sim_authorize(sim_call *call)
{
    size_t len;
    const char *form = nf_http_body(call->x, &len);
    char *upn = sim_form_value(form, "upn"), *redirect = sim_form_value(form, "redirect_uri"),
         *state = sim_form_value(form, "state");
    const sim_user *user = sim_find_user(&call->sim->world, upn ? upn : "");
    if (!can_come_back(redirect)) {
        answer_text(call, 400, "Wrong request", "There is no address to come back to.");
    } else if (!user) {
        go_back(call, redirect, "error", "access_denied", state);
    } else {
        sim_grant *grant = sim_grant_new(call, form, CODE_S);
        grant->user = user;
        go_back(call, redirect, "code", grant->code, state);
    }
    free(upn);
    free(redirect);
    free(state);
}

/* ---- device code ---- */

void sim_device_page(sim_call *call)
{
    nf_strbuf body = nf_strbuf_new(MOST_PAGE);
    nf_strbuf_puts(&body,
                   "<h1>Enter the code</h1><form method=\"post\"><p><input name=\"code\" autofocus "
                   "autocomplete=\"off\"></p>");
    add_users(call->sim, &body);
    answer_page(call, 200, &body);
}

void sim_device_answer(sim_call *call)
{
    size_t len;
    const char *form = nf_http_body(call->x, &len);
    char *code = sim_form_value(form, "code"), *upn = sim_form_value(form, "upn");
    sim_grant *grant = code ? sim_grant_of_user_code(call->sim, code) : NULL;
    const sim_user *user = sim_find_user(&call->sim->world, upn ? upn : "");
    if (!grant || grant->user || grant->denied) {
        answer_text(call, 400, "Unknown code", "The code is unknown, used or expired.");
    } else {
        grant->user = user;
        grant->denied = !user;
        answer_text(call, 200, user ? "You have signed in" : "Declined",
                    "You can close this page.");
    }
    free(code);
    free(upn);
}
