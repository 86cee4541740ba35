/* SPDX-License-Identifier: Apache-2.0 */
/* runs.c: nimflow runs: what the runs of a running host did, asked over its admin socket. */
#include "base/json.h"
#include "base/percent.h"
#include "cli/command.h"
#include "cli/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    printf("%-10lld %-24s %-13s %-32.32s %s%s%s\n", (long long)nf_json_integer(run, "id", 0),
           text_of(run, "received"), text_of(run, "outcome"), text_of(run, "handler"),
           where ? where : "", where && *where ? ": " : "", message ? message : "");
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

static int run(const nf_cli *cli, const nf_given *given)
{
    const char *verb = given->arg_count > 0 ? given->args[0] : "list";
    nf_strbuf path = nf_strbuf_new(8192);
    int status;
    (void)cli;
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
    } else {
        status = nf_usage_error("runs", "write 'runs list' or 'runs show ID'");
    }
    nf_strbuf_release(&path);
    return status;
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    {"tenant", "NAME", "only runs of this tenant", false},
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
    "[list] [OPTION]... | show ID",
    "List the runs of a running host, or show one with its event, effects, budgets and log.",
    NULL,
    options,
    run,
};
