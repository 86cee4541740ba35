/* SPDX-License-Identifier: Apache-2.0 */
/* connect.c: nimflow connect: somebody signs in for a tenant of a running host; which connections it has. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/percent.h"
#include "cli/command.h"
#include "cli/fetch.h"
#include "net/http_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 500, LOOPBACK_MS = 600000 };

/* "/v1/tenants/NAME" and what follows; owned by the caller. */
static char *path_of(const char *tenant, const char *part, const char *last)
{
    nf_strbuf path = nf_strbuf_new(8192);
    nf_strbuf_puts(&path, "/v1/tenants/");
    nf_percent_encode(&path, tenant);
    nf_strbuf_addf(&path, "/%s%s", part, last ? "/" : "");
    if (last)
        nf_percent_encode(&path, last);
    return nf_strbuf_take(&path);
}

static json_t *ask(const nf_given *given, const char *method, char *path, const json_t *body,
                   int *status)
{
    nf_error err = {0};
    json_t *answer = nf_ask_host(given, method, path, body, &err, status);
    free(path);
    return answer;
}

/* ---- the browser comes back to this program ---- */

struct loopback {
    nf_loop loop;
    nf_http_server *server;
    nf_timer *end;
    json_t *brought; /* the fields of the query */
};

static void on_end(void *ctx)
{
    struct loopback *l = ctx;
    nf_loop_stop(&l->loop);
}

/* The fields that matter, decoded. */
static json_t *fields_of(const char *query)
{
    static const char *const names[] = {"state", "code", "error", "error_description", NULL};
    json_t *fields = json_object();
    for (const char *p = query; *p;) {
        size_t len = strcspn(p, "&"), n = strcspn(p, "=&");
        char *name = nf_memdup(p, n),
             *value = n < len ? nf_memdup(p + n + 1, len - n - 1) : nf_strdup("");
        for (const char *const *known = names; *known; known++) {
            if (strcmp(*known, name) == 0 && nf_percent_decode(value) >= 0)
                json_object_set_new(fields, name, json_string(value));
        }
        free(name);
        free(value);
        p += len + (p[len] == '&');
    }
    return fields;
}

static void on_request(nf_http_exchange *x, void *ctx)
{
    static const char page[] =
        "<!doctype html><title>nimflow</title><p>You can close this page; the result is "
        "shown where you started.\n";
    struct loopback *l = ctx;
    json_t *fields = fields_of(nf_http_query(x));
    if (l->brought || !json_object_get(fields, "state")) { /* a browser asks for an icon, too */
        json_decref(fields);
        nf_http_answer_error(x, 404, "nothing is here");
        return;
    }
    l->brought = fields;
    nf_http_answer(x, 200, "text/html; charset=utf-8",
                   "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
                   "Content-Security-Policy: default-src 'none'\r\n",
                   page, sizeof page - 1);
    nf_timer_start(l->end, 200, 0); /* the answer has to get out */
}

static nf_status open_loopback(struct loopback *l, nf_error *err)
{
    nf_status status = nf_loop_open(&l->loop, err);
    if (status != NF_OK)
        return status;
    l->end = nf_timer_new(&l->loop, on_end, l);
    return nf_http_server_open(&l->loop, "127.0.0.1:0", NULL, on_request, l, &l->server, err);
}

static void close_loopback(struct loopback *l)
{
    if (l->server)
        nf_http_server_close(l->server);
    nf_timer_close(l->end);
    nf_loop_close(&l->loop);
    json_decref(l->brought);
}

/* ---- signing in ---- */

static void print_waiting(const nf_given *given, const json_t *answer)
{
    const char *address = nf_json_string(answer, "address"),
               *code = nf_json_string(answer, "user_code");
    if (nf_given_has(given, "json"))
        nf_print_json(answer, true);
    else if (code)
        printf(
            "Open %s\nand enter the code %s\nwithin %lld minutes. Sign in as the Nimbus user that the "
            "flows shall act for.\n",
            address, code, (long long)json_integer_value(json_object_get(answer, "left_s")) / 60);
    else
        printf(
            "Open this address and sign in as the Nimbus user that the flows shall act for:\n%s\n",
            address);
    fflush(stdout);
}

static int print_end(const nf_given *given, const json_t *answer)
{
    const char *upn = nf_json_string(answer, "upn"), *error = nf_json_string(answer, "error");
    bool done = strcmp(nf_json_string(answer, "state"), "done") == 0;
    if (nf_given_has(given, "json"))
        nf_print_json(answer, true);
    else if (done)
        printf("Signed in as %s, and Nimbus confirms it. Connection %s of %s works with it now;\n"
               "this user's role and organization unit decide what the flows can reach.\n",
               upn ? upn : "(a user whose name was not told)", nf_json_string(answer, "connection"),
               nf_json_string(answer, "tenant"));
    else
        fprintf(stderr, "nimflow: %s\n", error ? error : "nobody signed in");
    return done ? NF_EXIT_OK : NF_EXIT_CONNECTION;
}

/* Ask until it has ended. Steals `answer`. */
static int wait_for_end(const nf_given *given, const char *tenant, json_t *answer)
{
    const struct timespec pause = {0, POLL_MS * 1000000L};
    int status = NF_EXIT_OK;
    while (answer) {
        const char *state = nf_json_string(answer, "state");
        if (strcmp(state, "done") == 0 || strcmp(state, "failed") == 0) {
            status = print_end(given, answer);
            break;
        }
        nanosleep(&pause, NULL);
        char *path = path_of(tenant, "sign-ins", nf_json_string(answer, "id"));
        json_decref(answer);
        answer = ask(given, "GET", path, NULL, &status);
    }
    json_decref(answer);
    return status;
}

static json_t *start(const nf_given *given, const char *tenant, const char *redirect, int *status)
{
    bool browser = redirect || nf_given_has(given, "browser");
    json_t *body = json_pack("{s:s, s:s?, s:s*}", "how", browser ? "browser" : "device", "name",
                             nf_given_value(given, "name", NULL), "redirect", redirect);
    json_t *answer = ask(given, "POST", path_of(tenant, "connections", NULL), body, status);
    json_decref(body);
    if (answer && strcmp(nf_json_string(answer, "state"), "waiting") == 0)
        print_waiting(given, answer);
    return answer;
}

static int sign_in_by_loopback(const nf_given *given, const char *tenant)
{
    struct loopback l = {0};
    nf_error err = {0};
    int status = NF_EXIT_OK;
    if (open_loopback(&l, &err) != NF_OK)
        return nf_exit_for(&err);
    char *redirect = nf_format("http://localhost:%d/", nf_http_server_port(l.server));
    json_t *answer = start(given, tenant, redirect, &status);
    free(redirect);
    if (answer) {
        nf_timer_start(l.end, LOOPBACK_MS, 0);
        nf_loop_run(&l.loop);
    }
    if (answer && l.brought) {
        char *path = path_of(tenant, "sign-ins", nf_json_string(answer, "id"));
        json_decref(answer);
        answer = ask(given, "POST", path, l.brought, &status);
    }
    close_loopback(&l);
    return answer ? wait_for_end(given, tenant, answer) : status;
}

static int sign_in(const nf_given *given, const char *tenant)
{
    int status = NF_EXIT_OK;
    if (nf_given_has(given, "loopback"))
        return sign_in_by_loopback(given, tenant);
    json_t *answer = start(given, tenant, NULL, &status);
    return answer ? wait_for_end(given, tenant, answer) : status;
}

/* ---- list and remove ---- */

static const char *test_text(const json_t *row, char out[64])
{
    const json_t *test = json_object_get(row, "test");
    if (!json_is_object(test))
        return "-";
    snprintf(out, 64, "%lld, %lld s ago", (long long)nf_json_integer(test, "status", 0),
             (long long)nf_json_integer(test, "age_s", 0));
    return out;
}

static int list(const nf_given *given, const char *tenant)
{
    int status;
    size_t i;
    const json_t *row;
    char text[64];
    json_t *answer = ask(given, "GET", path_of(tenant, "connections", NULL), NULL, &status);
    if (answer && nf_given_has(given, "json")) {
        nf_print_json(answer, true);
    } else if (answer) {
        printf("%-16s %-32s %-6s %-18s %s\n", "CONNECTION", "USER", "READY", "TEST", "TROUBLE");
        json_array_foreach (json_object_get(answer, "connections"), i, row) {
            const char *upn = nf_json_string(row, "upn"), *trouble = nf_json_string(row, "trouble");
            printf("%-16s %-32s %-6s %-18s %s\n", nf_json_string(row, "name"), upn ? upn : "-",
                   json_is_true(json_object_get(row, "ready")) ? "yes" : "no", test_text(row, text),
                   trouble ? trouble : "");
        }
    }
    json_decref(answer);
    return status;
}

static int drop(const nf_given *given, const char *tenant, const char *name)
{
    int status;
    json_t *answer = ask(given, "DELETE", path_of(tenant, "connections", name), NULL, &status);
    if (answer && nf_given_has(given, "json"))
        nf_print_json(answer, true);
    else if (answer)
        printf("Connection %s of %s is signed out; its subscriptions are being deleted.\n", name,
               tenant);
    json_decref(answer);
    return status;
}

static int run(const nf_cli *cli, const nf_given *given)
{
    const char *verb = given->arg_count ? given->args[0] : "";
    bool remove = strcmp(verb, "remove") == 0;
    int ways = nf_given_has(given, "device") + nf_given_has(given, "browser")
               + nf_given_has(given, "loopback");
    (void)cli;
    if (ways > 1)
        return nf_usage_error("connect", "--device, --browser and --loopback exclude each other");
    if (given->arg_count != (remove ? 3 : 2))
        return nf_usage_error("connect", "write 'connect nimbus TENANT', 'connect list TENANT' or "
                                         "'connect remove TENANT NAME'");
    if (strcmp(verb, "nimbus") == 0)
        return sign_in(given, given->args[1]);
    if (strcmp(verb, "list") == 0)
        return list(given, given->args[1]);
    if (remove)
        return drop(given, given->args[1], given->args[2]);
    return nf_usage_error("connect", "unknown '%s'; known: nimbus, list, remove", verb);
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    {"name", "NAME", "of the connection, as flows name it; default: nimbus", false},
    {"device", NULL, "sign in on any machine with a code (the default)", false},
    {"browser", NULL, "sign in in a browser that reaches the host's public address", false},
    {"loopback", NULL, "sign in in a browser on this machine", false},
    {"json", NULL, "as JSON, a line for each step", false},
    {0},
};

const nf_command nf_command_connect = {
    "connect",
    "nimbus TENANT [OPTION]... | list TENANT | remove TENANT NAME",
    "Sign in to Nimbus for a tenant of a running host; list its connections; sign out.",
    "Under the name of a connection that there is already, the new user takes over: flows stay as they are, and\n"
    "subscriptions move. See docs/CONNECTIONS.md.",
    options,
    run,
};
