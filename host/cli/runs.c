/* SPDX-License-Identifier: Apache-2.0 */
/* runs.c: nimflow runs: what the runs of a running host did, asked over its admin socket. */
#include "cli/runs.h"

#include "base/json.h"
#include "base/percent.h"
#include "cli/export.h"
#include "cli/fetch.h"

#include <stdio.h>
#include <string.h>

void nf_runs_parameter(nf_strbuf *path, const char *name, const char *value)
{
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

/* How it ended, or what it does: "sleeping", "held", "running". */
static const char *how(const json_t *run)
{
    const char *state = text_of(run, "state");
    return strcmp(state, "sleeping") == 0 || strcmp(state, "held") == 0 ? state
                                                                        : text_of(run, "outcome");
}

void nf_runs_print_row(const json_t *run)
{
    const json_t *error = json_object_get(run, "error");
    const char *message = nf_json_string(error, "message"), *where = nf_json_string(error, "where"),
               *wakes = nf_json_string(run, "wakes");
    if (!message)
        message = nf_json_string(run, "reason");
    printf("%-10lld %-24s %-12s %-28.28s ", (long long)nf_json_integer(run, "id", 0),
           text_of(run, "received"), how(run), text_of(run, "handler"));
    if (nf_json_integer(run, "replay_of", 0))
        printf("(does %lld again) ", (long long)nf_json_integer(run, "replay_of", 0));
    if (wakes)
        printf("until %s\n", wakes);
    else
        printf("%s%s%s\n", where ? where : "", where && *where ? ": " : "", message ? message : "");
}

static void print_list(const json_t *answer)
{
    size_t i;
    const json_t *run;
    const char *to = nf_json_string(answer, "looked_back_to");
    long long before = (long long)nf_json_integer(answer, "before", 0);
    printf("%-10s %-24s %-12s %-28s %s\n", "RUN", "RECEIVED", "OUTCOME", "HANDLER",
           "ERROR OR REASON");
    json_array_foreach (json_object_get(answer, "runs"), i, run)
        nf_runs_print_row(run);
    if (before)
        fprintf(stderr, "looked back to %s; more with --before %lld\n", to ? to : "there", before);
}

static void print_flows(const json_t *answer)
{
    size_t i, k;
    const json_t *flow, *outcome;
    printf("%8s  %-12s %-28s %-28s %-24s %-10s %s\n", "DEAD", "TENANT", "HANDLER", "FILE", "OLDEST",
           "NEWEST", "HOW");
    json_array_foreach (json_object_get(answer, "flows"), i, flow) {
        printf("%8lld  %-12s %-28.28s %-28s %-24s %-10lld",
               (long long)nf_json_integer(flow, "count", 0), text_of(flow, "tenant"),
               text_of(flow, "handler"), text_of(flow, "file"), text_of(flow, "oldest_ended"),
               (long long)nf_json_integer(flow, "newest", 0));
        json_array_foreach (json_object_get(flow, "outcomes"), k, outcome)
            printf("%s%s", k ? "," : " ", json_string_value(outcome));
        putchar('\n');
    }
    if (json_is_false(json_object_get(answer, "complete")))
        fprintf(
            stderr,
            "there are more than can be counted at once; look at a shorter time with --since\n");
}

static int list(const nf_given *given)
{
    static const char *const values[] = {"tenant", "handler", "flow",   "outcome",
                                         "since",  "until",   "before", "limit"};
    static const char *const switches[] = {"open", "dead", "by-flow"};
    nf_error err = {0};
    int status;
    nf_strbuf path = nf_strbuf_new(8192);
    nf_strbuf_puts(&path, "/v1/runs");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        nf_runs_parameter(&path, values[i], nf_given_value(given, values[i], NULL));
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        nf_runs_parameter(&path, i == 2 ? "by_flow" : switches[i],
                          nf_given_has(given, switches[i]) ? "1" : NULL);
    json_t *answer = nf_ask_host(given, "GET", path.bytes, NULL, &err, &status);
    if (answer && nf_given_has(given, "json"))
        nf_print_json(answer, true);
    else if (answer && json_object_get(answer, "flows"))
        print_flows(answer);
    else if (answer)
        print_list(answer);
    json_decref(answer);
    nf_strbuf_release(&path);
    return status;
}

static int run(const nf_cli *cli, const nf_given *given)
{
    const char *verb = given->arg_count > 0 ? given->args[0] : "list";
    if (strcmp(verb, "show") == 0 && given->arg_count == 2)
        return nf_runs_show(given, given->args[1]);
    if (strcmp(verb, "list") == 0 && given->arg_count <= 1)
        return list(given);
    if (strcmp(verb, "tail") == 0 && given->arg_count == 1)
        return nf_runs_tail(given);
    if (strcmp(verb, "export") == 0 && given->arg_count == 2)
        return nf_export_run(cli, given, given->args[1]);
    if (strcmp(verb, "start") == 0 && given->arg_count == 2)
        return nf_runs_start(given);
    if (strcmp(verb, "cancel") == 0)
        return nf_runs_cancel(given);
    if (strcmp(verb, "release") == 0)
        return nf_runs_release(given);
    if (strcmp(verb, "dismiss") == 0)
        return nf_runs_dismiss(given);
    return nf_usage_error("runs",
                          "write 'runs list', 'runs show ID', 'runs tail', 'runs export ID', "
                          "'runs start HANDLER', "
                          "'runs cancel ID...', 'runs release ID' or 'runs dismiss ID...'");
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    {"tenant", "NAME", "only runs of this tenant; with start: the tenant", false},
    {"flow", "NAME", "only runs of this flow file or handler", false},
    {"handler", "NAME", "only runs of this handler", false},
    {"outcome", "OUTCOME",
     "only runs that ended so: done, skipped, failed, over-cpu, …; running: not ended", false},
    {"open", NULL, "only runs without an end: running, waiting, sleeping, held", false},
    {"dead", NULL, "only dead letters: failed, over a budget or lost, and not dismissed", false},
    {"by-flow", NULL, "with --dead: how many of each handler, since when", false},
    {"since", "TIME",
     "only of events received since: 30min, 24h, 7d ago, or 2026-11-25T08:15 (UTC)", false},
    {"until", "TIME", "only of events received before", false},
    {"before", "ID", "only runs older than this one", false},
    {"limit", "N", "at most so many, newest first; default: 50", false},
    {"event", "FILE",
     "with start: the event, or the input of flow.manual, as JSON; -: standard input", false},
    {"done", NULL, "with release: the effect that is in doubt has taken place", false},
    {"repeat", NULL, "with release: it has not; do it again", false},
    {"result", "JSON", "with release --done: what the action gives the flow; default: nil", false},
    {"all", NULL, "with dismiss: every dead letter (of the tenant, with --tenant)", false},
    {"json", NULL, "as JSON", false},
    {0},
};

const nf_command nf_command_runs = {
    "runs",
    "[list] [OPTION]... | show ID | tail | export ID | start HANDLER | cancel ID... | release ID | dismiss ID...",
    "The runs of a running host: list them, show one, follow their ends, start, cancel, release one.",
    "list     the newest runs; with --dead those that failed, until somebody dismisses them\n"
    "show     one run: event, how its time was spent, effects, budgets, log\n"
    "tail     a line for each run as it ends, until Ctrl-C; takes --tenant, --flow, --outcome\n"
    "export   a run as a case for 'nimflow test': nimflow runs export 42 > flows/NAME.test.lua\n"
    "start    run a handler now, with --event\n"
    "cancel   end runs, whatever they do or wait for\n"
    "release  let a held run go on: --done [--result JSON] or --repeat\n"
    "dismiss  dead letters were seen: by ID, --flow or --all; they stay in the history",
    options,
    run,
};
