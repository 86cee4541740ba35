/* SPDX-License-Identifier: Apache-2.0 */
/* runs_do.c: nimflow runs start, cancel, release, dismiss: what a person does with runs. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/percent.h"
#include "cli/fetch.h"
#include "cli/runs.h"
#include "tenant/flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_EVENT = 1 << 20 };

/* ---- start ---- */

/* The event that --event names, a new reference; NULL without one, or with `err` set. */
static json_t *given_event(const nf_given *given, nf_error *err)
{
    const char *path = nf_given_value(given, "event", NULL);
    char *text = NULL;
    size_t len;
    if (!path
        || nf_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, LARGEST_EVENT, &text, &len,
                        err)
               != NF_OK)
        return NULL;
    json_t *event = nf_json_parse(text, len, err);
    if (!event)
        nf_error_prefix(err, "%s", path);
    free(text);
    return event;
}

/* The tenant that --tenant names, or the only one; owned by the caller, NULL with the exit status. */
static char *given_tenant(const nf_given *given, int *status)
{
    nf_error err = {0};
    const char *name = nf_given_value(given, "tenant", NULL);
    if (name)
        return nf_strdup(name);
    json_t *answer = nf_ask_host(given, "GET", "/v1/status", NULL, &err, status);
    const json_t *tenants = json_object_get(answer, "tenants");
    char *found = NULL;
    if (json_array_size(tenants) == 1)
        found = nf_strdup(nf_json_string(json_array_get(tenants, 0), "tenant"));
    else if (answer)
        *status = nf_usage_error("runs", "the host has several tenants; name one with --tenant");
    json_decref(answer);
    return found;
}

int nf_runs_start(const nf_given *given)
{
    nf_error err = {0};
    int status = NF_EXIT_OK;
    json_t *event = given_event(given, &err);
    if (err.status != NF_OK)
        return nf_exit_for(&err);
    char *tenant = given_tenant(given, &status);
    if (!tenant) {
        json_decref(event);
        return status;
    }
    json_t *body = json_pack("{s:s, s:o*}", "handler", given->args[1], "event", event);
    nf_strbuf path = nf_strbuf_new(8192);
    nf_strbuf_puts(&path, "/v1/tenants/");
    nf_percent_encode(&path, tenant);
    nf_strbuf_puts(&path, "/start");
    json_t *answer = nf_ask_host(given, "POST", path.bytes, body, &err, &status);
    if (answer && nf_given_has(given, "json"))
        nf_print_json(answer, true);
    else if (answer)
        printf("run %lld\n", (long long)nf_json_integer(answer, "run", 0));
    json_decref(answer);
    json_decref(body);
    nf_strbuf_release(&path);
    free(tenant);
    return status;
}

/* ---- cancel, release ---- */

/* POST to one run; prints what was asked. The body is stolen. */
static int post_to(const nf_given *given, const char *id, const char *verb, json_t *body,
                   const char *done)
{
    nf_error err = {0};
    int status;
    nf_strbuf path = nf_strbuf_new(8192);
    nf_strbuf_puts(&path, "/v1/runs/");
    nf_percent_encode(&path, id);
    nf_strbuf_addf(&path, "/%s", verb);
    json_t *answer = nf_ask_host(given, "POST", path.bytes, body, &err, &status);
    if (answer && nf_given_has(given, "json"))
        nf_print_json(answer, true);
    else if (answer)
        printf("run %s: %s\n", id, done);
    json_decref(answer);
    json_decref(body);
    nf_strbuf_release(&path);
    return status;
}

int nf_runs_cancel(const nf_given *given)
{
    int worst = NF_EXIT_OK;
    if (given->arg_count < 2)
        return nf_usage_error("runs", "which? write 'runs cancel ID...'");
    for (size_t i = 1; i < given->arg_count; i++) {
        int status = post_to(given, given->args[i], "cancel", NULL, "is being cancelled");
        worst = status ? status : worst;
    }
    return worst;
}

int nf_runs_release(const nf_given *given)
{
    bool done = nf_given_has(given, "done"), repeat = nf_given_has(given, "repeat");
    const char *text = nf_given_value(given, "result", NULL);
    json_error_t wrong;
    json_t *result = text ? json_loads(text, JSON_DECODE_ANY, &wrong) : NULL;
    if (text && !result)
        return nf_usage_error("runs", "--result is no JSON: %s", wrong.text);
    if (given->arg_count != 2 || done == repeat || (repeat && text)) {
        json_decref(result);
        return nf_usage_error("runs",
                              "write 'runs release ID --done [--result JSON]' when the effect has "
                              "taken place, 'runs release ID --repeat' when it has not");
    }
    return post_to(given, given->args[1], "release",
                   json_pack("{s:b, s:o*}", done ? "done" : "repeat", 1, "result", result),
                   done ? "goes on as if the effect had just ended"
                        : "goes on by repeating the effect");
}

/* ---- dismiss ---- */

/* Which ones, as the body of the request; NULL after an error of usage. */
static json_t *which(const nf_given *given)
{
    const char *flow = nf_given_value(given, "flow", NULL),
               *tenant = nf_given_value(given, "tenant", NULL);
    bool all = nf_given_has(given, "all");
    if ((given->arg_count > 1) + (flow != NULL) + all != 1)
        return NULL;
    if (given->arg_count == 1)
        return json_pack("{s:b, s:s*, s:s*}", "all", (int)all, "flow", flow, "tenant", tenant);
    json_t *runs = json_array();
    for (size_t i = 1; i < given->arg_count; i++)
        json_array_append_new(runs, json_integer(strtoll(given->args[i], NULL, 10)));
    return json_pack("{s:o}", "runs", runs);
}

int nf_runs_dismiss(const nf_given *given)
{
    int status = NF_EXIT_OK;
    long long count = 0;
    bool more = true;
    json_t *body = which(given);
    if (!body)
        return nf_usage_error("runs", "write 'runs dismiss ID...', 'runs dismiss --flow NAME' or "
                                      "'runs dismiss --all'");
    while (more) { /* the host takes some thousand at a time */
        nf_error err = {0};
        json_t *answer = nf_ask_host(given, "POST", "/v1/runs/dismiss", body, &err, &status);
        count += nf_json_integer(answer, "dismissed", 0);
        more = json_is_true(json_object_get(answer, "more"));
        json_decref(answer);
    }
    json_decref(body);
    if (status == NF_EXIT_OK)
        printf(nf_given_has(given, "json") ? "{\"dismissed\": %lld}\n" : "%lld dismissed\n", count);
    return status;
}
