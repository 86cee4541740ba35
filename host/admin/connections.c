/* SPDX-License-Identifier: Apache-2.0 */
/* connections.c: see connections.h. */
#include "admin/connections.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/percent.h"
#include "base/secret.h"
#include "tenant/connect.h"
#include "tenant/sign_ins.h"

#include <stdlib.h>
#include <string.h>

/* ---- connections ---- */

static void list(const nf_tenant *t, nf_http_exchange *x)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < t->connection_count; i++) {
        if (!t->connections[i]->gone)
            json_array_append_new(rows, nf_connection_status(t->connections[i]));
    }
    nf_http_answer_json(x, 200,
                        json_pack("{s:s, s:s, s:o}", "tenant", t->config->name, "cluster",
                                  t->config->cluster, "connections", rows));
}

static void on_shown(void *ctx, const nf_connecting *connecting)
{
    nf_http_answer_json(ctx, 202, nf_connect_json(connecting));
}

static void start(nf_tenant *t, nf_http_exchange *x)
{
    nf_error err = {0};
    size_t len;
    const char *body = nf_http_body(x, &len);
    json_t *asked = nf_json_parse(body, len, &err);
    const char *how = nf_json_string(asked, "how");
    nf_connect_options options = {
        .name = nf_json_string(asked, "name"),
        .browser = how && strcmp(how, "browser") == 0,
        .redirect = nf_json_string(asked, "redirect"),
    };
    if (asked && how && !options.browser && strcmp(how, "device") != 0)
        nf_error_set(&err, NF_E_ARG, "how: \"device\" or \"browser\" is expected");
    if (err.status == NF_OK)
        nf_connect_start(t, &options, on_shown, x, &err);
    json_decref(asked);
    if (err.status != NF_OK)
        nf_http_answer_error(x, 400, "%s", err.text);
}

static void on_removed(void *ctx, const nf_error *err)
{
    if (err)
        nf_http_answer_error(ctx, 500, "%s", err->text);
    else
        nf_http_answer_json(ctx, 200, json_pack("{s:b}", "removed", 1));
}

static void drop(nf_tenant *t, nf_http_exchange *x, const char *encoded)
{
    nf_error err = {0};
    char *name = nf_strdup(encoded);
    nf_percent_decode(name);
    nf_connection *c = nf_tenant_connection(t, name, &err);
    free(name);
    if (!c)
        nf_http_answer_error(x, 404, "%s", err.text);
    else if (nf_connection_remove(c, on_removed, x, &err) != NF_OK)
        nf_http_answer_error(x, 400, "%s", err.text);
}

void nf_admin_connections(nf_tenant *t, nf_http_exchange *x, const char *rest)
{
    const char *method = nf_http_method(x);
    if (!*rest && strcmp(method, "GET") == 0)
        list(t, x);
    else if (!*rest && strcmp(method, "POST") == 0)
        start(t, x);
    else if (*rest == '/' && rest[1] && strcmp(method, "DELETE") == 0)
        drop(t, x, rest + 1);
    else
        nf_http_answer_error(x, 405, "GET or POST of connections, or DELETE of one of them");
}

/* ---- people who are signing in ---- */

void nf_admin_sign_in(nf_tenant *t, nf_http_exchange *x, const char *id)
{
    nf_connecting *connecting = nf_connect_find(t, id);
    nf_error err = {0};
    size_t len;
    const char *body = nf_http_body(x, &len);
    if (!connecting) {
        nf_http_answer_error(x, 404, "nobody is signing in under this id");
        return;
    }
    if (strcmp(nf_http_method(x), "POST") == 0) {
        json_t *asked = nf_json_parse(body, len, &err);
        const char *key = nf_json_string(asked, "state");
        if (asked && key && nf_connect_by_state(t, key) == connecting)
            nf_connect_come_back(connecting, nf_json_string(asked, "code"),
                                 nf_json_string(asked, "error"),
                                 nf_json_string(asked, "error_description"));
        else
            nf_error_set(&err, NF_E_ARG, "the state is not that of this sign-in");
        json_decref(asked);
    }
    if (err.status != NF_OK)
        nf_http_answer_error(x, 400, "%s", err.text);
    else
        nf_http_answer_json(x, 200, nf_connect_json(connecting));
}

/* ---- the browser comes back ---- */

static void answer_page(nf_http_exchange *x, int status, const char *title, const char *text)
{
    char *page =
        nf_format("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>%s</title>"
                  "<body><h1>%s</h1><p>%s</p></body></html>\n",
                  title, title, text);
    nf_http_answer(x, status, "text/html; charset=utf-8",
                   "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
                   "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                   "X-Content-Type-Options: nosniff\r\n",
                   page, strlen(page));
    free(page);
}

bool nf_admin_come_back(const nf_admin *admin, nf_http_exchange *x)
{
    nf_connecting *found = NULL;
    if (strcmp(nf_http_path(x), NF_SIGN_IN_PATH) != 0 || strcmp(nf_http_method(x), "GET") != 0)
        return false;
    const char *query = nf_http_query(x);
    char *key = nf_admin_parameter(query, "state"), *code = nf_admin_parameter(query, "code"),
         *error = nf_admin_parameter(query, "error"),
         *description = nf_admin_parameter(query, "error_description");
    for (size_t i = 0; i < admin->tenant_count && key; i++) {
        nf_connecting *connecting = nf_connect_by_state(admin->tenants[i], key);
        found = connecting ? connecting : found;
    }
    if (!found) {
        answer_page(x, 404, "Unknown sign-in",
                    "Nobody waits for this sign-in any more. Start it again.");
    } else {
        nf_connect_come_back(found, code, error, description);
        answer_page(x, 200, code ? "Thank you" : "No sign-in",
                    code ? "You can close this page; the result is shown where you started."
                         : "The identity server reported an error; it is shown where you started.");
    }
    nf_secret_free(key);
    nf_secret_free(code);
    free(error);
    free(description);
    return true;
}
