/* SPDX-License-Identifier: Apache-2.0 */
/* runs.c: nimflow runs: what the runs of a running host did, asked over its admin socket. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/percent.h"
#include "cli/command.h"
#include "cli/export.h"
#include "cli/fetch.h"
#include "tenant/flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_EVENT = 1 << 20 };

static void add_parameter(nf_strbuf *path, const nf_given *given, const char *name)
{
    const char *value = nf_given_value(given, name, NULL);
    if (!value)
        return;
    nf_strbuf_addf(path, "%c%s=", strchr(path->bytes, '?') ? '&' : '?', name);
    nf_percent_encode(path, value);
}

static const char *text_of(const json_t *run, const char *key)
{
    const char *text = nf_json_string(run, key);
    return text ? text : "";
}

static void print_row(const json_t *run)
{
    const json_t *error = json_object_get(run, "error");
    const char *message = nf_json_string(error, "message"), *where = nf_json_string(error, "where");
    if (!message)
        message = nf_json_string(run, "reason");
    json_int_t again = nf_json_integer(run, "replay_of", 0);
    char *does = again ? nf_format("(does %lld again) ", (long long)again) : NULL;
    printf("%-10lld %-24s %-13s %-32.32s %s%s%s%s\n", (long long)nf_json_integer(run, "id", 0),
           text_of(run, "received"), text_of(run, "outcome"), text_of(run, "handler"),
           does ? does : "", where ? where : "", where && *where ? ": " : "",
           message ? message : "");
    free(does);
}

static void print_list(const json_t *answer)
{
    size_t i;
    const json_t *run;
    printf("%-10s %-24s %-13s %-32s %s\n", "RUN", "RECEIVED", "OUTCOME", "HANDLER",
           "ERROR OR REASON");
    json_array_foreach (json_object_get(answer, "runs"), i, run)
        print_row(run);
}

static int show(const nf_given *given, const char *path)
{
    nf_error err = {0};
    int status;
    json_t *answer = nf_ask_host(given, "GET", path, NULL, &err, &status);
    if (answer && !nf_given_has(given, "json") && json_object_get(answer, "runs"))
        print_list(answer);
    else if (answer)
        nf_print_json(answer, nf_given_has(given, "json"));
    json_decref(answer);
    return status;
}

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

static int start(const nf_given *given)
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

static int run(const nf_cli *cli, const nf_given *given)
{
    const char *verb = given->arg_count > 0 ? given->args[0] : "list";
    nf_strbuf path = nf_strbuf_new(8192);
    int status;
    if (strcmp(verb, "show") == 0 && given->arg_count == 2) {
        nf_strbuf_puts(&path, "/v1/runs/");
        nf_percent_encode(&path, given->args[1]);
        status = show(given, path.bytes);
    } else if (strcmp(verb, "list") == 0 && given->arg_count <= 1) {
        static const char *const names[] = {"tenant", "handler", "outcome", "before", "limit"};
        nf_strbuf_puts(&path, "/v1/runs");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            add_parameter(&path, given, names[i]);
        status = show(given, path.bytes);
    } else if (strcmp(verb, "export") == 0 && given->arg_count == 2) {
        status = nf_export_run(cli, given, given->args[1]);
    } else if (strcmp(verb, "start") == 0 && given->arg_count == 2) {
        status = start(given);
    } else {
        status = nf_usage_error(
            "runs", "write 'runs list', 'runs show ID', 'runs export ID' or 'runs start HANDLER'");
    }
    nf_strbuf_release(&path);
    return status;
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    {"tenant", "NAME", "only runs of this tenant; with start: the tenant", false},
    {"event", "FILE",
     "with start: the event, or the input of flow.manual, as JSON; -: standard input", false},
    {"handler", "NAME", "only runs of this handler", false},
    {"outcome", "OUTCOME",
     "only runs that ended so: done, skipped, failed, over-cpu, …; running: not ended", false},
    {"before", "ID", "only runs older than this one", false},
    {"limit", "N", "at most so many, newest first; default: 50", false},
    {"json", NULL, "as JSON", false},
    {0},
};

const nf_command nf_command_runs = {
    "runs",
    "[list] [OPTION]... | show ID | export ID | start HANDLER [--event FILE]",
    "List the runs of a running host, show one with its event, effects, budgets and log, or start one.",
    "'export' prints a run as a case for 'nimflow test': nimflow runs export 42 > flows/NAME.test.lua",
    options,
    run,
};
