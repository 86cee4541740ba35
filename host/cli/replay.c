/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c: nimflow replay: runs done again by a running host, on paper first, or one as a test. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/percent.h"
#include "cli/export.h"
#include "cli/recorded.h"
#include "cli/rerun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STANDARD_RATE = 10, MOST_RATE = 1000, MOST_VERSIONS = 256 };

/* A flow version of the host, loaded here. */
struct loaded {
    char *key;
    nf_version *version;
};

struct replay {
    const nf_given *given;
    const nf_cli *cli;
    bool json, original;
    double rate; /* per second */
    json_t *ids; /* oldest first */
    nf_rerun rerun;
    struct loaded loaded[MOST_VERSIONS];
    size_t loaded_count;
    unsigned failures;
};

/* ---- which runs ---- */

static json_t *brief_runs(const struct replay *r, nf_recorded *recorded, int *status)
{
    nf_error err = {0};
    const char *flow = nf_given_value(r->given, "flow", NULL);
    size_t n = flow ? strlen(flow) : 0;
    bool lua = n > 4 && strcmp(flow + n - 4, ".lua") == 0;
    char *file =
        flow ? nf_format("%s%s%s", strchr(flow, '/') ? "" : "flows/", flow, lua ? "" : ".lua")
             : NULL;
    recorded->file = file;
    recorded->undone = true;
    json_t *runs = nf_recorded_page(recorded, true, 0, recorded->most, &err);
    recorded->file = NULL;
    free(file);
    if (!runs)
        *status = err.status == NF_OK ? NF_EXIT_CONFIG : nf_exit_for(&err);
    return runs;
}

/* What is about to be done again, in one line. */
static void preview(const json_t *runs)
{
    char first[NF_TIME_TEXT], last[NF_TIME_TEXT];
    size_t n = json_array_size(runs), i;
    json_t *counts = json_object(), *run, *number;
    const char *outcome;
    json_array_foreach ((json_t *)runs, i, run) {
        outcome = nf_json_string(run, "outcome");
        json_object_set_new(counts, outcome, json_integer(nf_json_integer(counts, outcome, 0) + 1));
    }
    fprintf(stderr, "%zu runs match:", n);
    json_object_foreach (counts, outcome, number)
        fprintf(stderr, " %lld %s,", (long long)json_integer_value(number), outcome);
    nf_clock_text(nf_json_integer(json_array_get(runs, n - 1), "received_ms", 0), first);
    nf_clock_text(nf_json_integer(json_array_get(runs, 0), "received_ms", 0), last);
    fprintf(stderr, " received from %s to %s\n", first, last);
    json_decref(counts);
}

static int choose(struct replay *r)
{
    static const char *const filters[] = {"tenant", "handler", "outcome", "since", "flow", "limit"};
    nf_recorded recorded;
    int status = nf_recorded_read(&recorded, r->given, "replay", NF_RECORDED_MOST);
    bool any = false;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        any = any || nf_given_has(r->given, filters[i]);
    if (status != NF_EXIT_OK)
        return status;
    if (r->given->arg_count > 0 && any)
        return nf_usage_error("replay",
                              "name runs, or say which with --since and the like, not both");
    if (r->given->arg_count == 0 && !any)
        return nf_usage_error("replay",
                              "which run? write its number, or --since, --flow, --outcome …");
    for (size_t i = 0; i < r->given->arg_count; i++)
        json_array_append_new(r->ids, json_string(r->given->args[i]));
    if (!any)
        return NF_EXIT_OK;
    json_t *runs = brief_runs(r, &recorded, &status);
    for (size_t i = json_array_size(runs); i-- > 0;) {
        char *id = nf_format("%lld", (long long)nf_json_integer(json_array_get(runs, i), "id", 0));
        json_array_append_new(r->ids, json_string(id));
        free(id);
    }
    if (json_array_size(runs) > 0)
        preview(runs);
    else if (runs)
        fprintf(stderr, "no run matches\n");
    json_decref(runs);
    return status;
}

static bool agreed(const struct replay *r, int *status)
{
    size_t n = json_array_size(r->ids);
    char answer[16] = "";
    if (n <= 1 || nf_given_has(r->given, "yes"))
        return true;
    if (!isatty(STDIN_FILENO)) {
        *status =
            nf_usage_error("replay", "%zu runs would be done again; add --yes if they shall", n);
        return false;
    }
    fprintf(stderr, "Do these %zu runs again? [y/N] ", n);
    if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return true;
    *status = NF_EXIT_FLOW;
    return false;
}

/* ---- really ---- */

static void pause_for(double seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds};
    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    nanosleep(&t, NULL);
}

static void print_started(const struct replay *r, size_t i, const char *id, const json_t *answer,
                          const nf_error *err)
{
    if (r->json) {
        json_t *line =
            json_pack("{s:I, s:O*, s:s*}", "replay_of", (json_int_t)atoll(id), "run",
                      json_object_get(answer, "run"), "error", answer ? NULL : err->text);
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    } else if (answer) {
        printf("%zu of %zu: run %lld does run %s again\n", i + 1, json_array_size(r->ids),
               (long long)nf_json_integer(answer, "run", 0), id);
    } else {
        fprintf(stderr, "%zu of %zu: %s\n", i + 1, json_array_size(r->ids), err->text);
    }
    fflush(stdout);
}

static int really(struct replay *r)
{
    uint64_t began = nf_clock_ns();
    size_t i;
    const json_t *id;
    json_array_foreach (r->ids, i, id) {
        nf_error err = {0};
        double ahead = (double)i / r->rate - (double)(nf_clock_ns() - began) / 1e9;
        if (ahead > 0)
            pause_for(ahead);
        json_t *body = json_pack("{s:I, s:s}", "run", (json_int_t)atoll(json_string_value(id)),
                                 "with", r->original ? "original" : "current");
        json_t *answer = nf_ask_host_quietly(r->given, "POST", "/v1/replay", body, &err);
        json_decref(body);
        if (!answer && (err.status == NF_E_UNREACHABLE || err.status == NF_OK))
            return err.status == NF_OK ? NF_EXIT_CONFIG : nf_exit_for(&err);
        print_started(r, i, json_string_value(id), answer, &err);
        r->failures += answer == NULL;
        json_decref(answer);
    }
    return r->failures ? NF_EXIT_FLOW : NF_EXIT_OK;
}

/* ---- on paper ---- */

/* Where the host has the source that this run would have; owned by the caller. */
static char *source_path(const struct replay *r, const json_t *record)
{
    nf_strbuf path = nf_strbuf_new(8192);
    if (r->original) {
        nf_strbuf_addf(&path, "/v1/source?run=%lld", (long long)nf_json_integer(record, "id", 0));
    } else {
        nf_strbuf_puts(&path, "/v1/source?tenant=");
        nf_percent_encode(&path, nf_json_string(record, "tenant"));
        nf_strbuf_puts(&path, "&handler=");
        nf_percent_encode(&path, nf_json_string(record, "handler"));
    }
    return nf_strbuf_take(&path);
}

static nf_version *load(struct replay *r, const json_t *record, nf_error *err)
{
    char *path = source_path(r, record);
    json_t *answer = nf_ask_host_quietly(r->given, "GET", path, NULL, err);
    const json_t *source = json_object_get(answer, "source");
    const char *file = nf_json_string(answer, "file"), *lists = nf_json_string(answer, "lists"),
               *country = nf_json_string(answer, "country");
    nf_version *version = NULL;
    if (source)
        version = nf_local_load_source(&r->rerun.local, file, json_string_value(source),
                                       json_string_length(source), false, err);
    if (version)
        nf_local_use_lists(&r->rerun.local, lists, file, country);
    json_decref(answer);
    free(path);
    return version;
}

/* The handler that would run, or NULL with `err` set. Versions are kept: many runs have the same. */
static const nf_handler *handler_of(struct replay *r, const json_t *record, nf_error *err)
{
    const char *name = nf_json_string(record, "handler");
    char *key = nf_format("%s\n%s\n%s", nf_json_string(record, "tenant"), name,
                          r->original ? nf_json_string(record, "version") : "");
    nf_version *version = NULL;
    for (size_t i = 0; i < r->loaded_count; i++) {
        if (strcmp(r->loaded[i].key, key) == 0)
            version = r->loaded[i].version;
    }
    if (!version && r->loaded_count == MOST_VERSIONS)
        nf_error_set(err, NF_E_LIMIT, "more than %d flow versions; choose fewer runs",
                     MOST_VERSIONS);
    else if (!version && (version = load(r, record, err)))
        r->loaded[r->loaded_count++] = (struct loaded){nf_strdup(key), version};
    free(key);
    const nf_handler *handler = version ? nf_version_handler(version, name) : NULL;
    if (!handler)
        nf_error_set(err, NF_E_NOT_FOUND, "there is no handler '%s'", name);
    return handler;
}

static void print_verdict(const struct replay *r, const char *id, const json_t *verdict,
                          const nf_error *err)
{
    nf_strbuf text = nf_strbuf_new(1 << 20);
    if (r->json) {
        json_t *line = verdict ? json_incref((json_t *)verdict)
                               : json_pack("{s:I, s:{s:s}}", "run", (json_int_t)atoll(id), "error",
                                           "message", err->text);
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    } else if (verdict) {
        nf_rerun_text(verdict, true, &text);
        fputs(nf_strbuf_text(&text), stdout);
    } else {
        fprintf(stderr, "run %s: %s\n", id, err->text);
    }
    nf_strbuf_release(&text);
}

static void one_on_paper(struct replay *r, const char *id)
{
    nf_error err = {0};
    json_t *record = nf_recorded_run(r->given, id, &err);
    const nf_handler *handler = record ? handler_of(r, record, &err) : NULL;
    json_t *verdict = handler ? nf_rerun_one(&r->rerun, handler, record) : NULL;
    if (json_is_true(json_object_get(verdict, "newly_failing")) || !verdict)
        r->failures++;
    print_verdict(r, id, verdict, &err);
    json_decref(verdict);
    json_decref(record);
}

static int on_paper(struct replay *r)
{
    nf_error err = {0};
    size_t i;
    const json_t *id;
    if (nf_rerun_open(&r->rerun, r->cli, &err) != NF_OK)
        return nf_exit_for(&err);
    json_array_foreach (r->ids, i, id)
        one_on_paper(r, json_string_value(id));
    for (i = 0; i < r->loaded_count; i++) {
        nf_version_unref(r->loaded[i].version);
        free(r->loaded[i].key);
    }
    char *summary = nf_rerun_summary(&r->rerun);
    if (!r->json)
        puts(summary);
    free(summary);
    nf_rerun_close(&r->rerun);
    return r->failures ? NF_EXIT_FLOW : NF_EXIT_OK;
}

/* ---- the command ---- */

static int read_options(struct replay *r)
{
    const char *with = nf_given_value(r->given, "with", "current"),
               *from = nf_given_value(r->given, "from", "start"),
               *rate = nf_given_value(r->given, "rate", NULL);
    char *end = NULL;
    r->original = strcmp(with, "original") == 0;
    if (!r->original && strcmp(with, "current") != 0)
        return nf_usage_error("replay", "--with %s: write current or original", with);
    if (strcmp(from, "start") != 0)
        return nf_usage_error("replay", "--from %s: a run is done again from its start", from);
    r->rate = rate ? strtod(rate, &end) : STANDARD_RATE;
    if (rate
        && (end == rate || (*end && strcmp(end, "/s") != 0) || !(r->rate > 0)
            || r->rate > MOST_RATE))
        return nf_usage_error("replay", "--rate %s: write for example 10/s, at most %d/s", rate,
                              MOST_RATE);
    return NF_EXIT_OK;
}

static int run(const nf_cli *cli, const nf_given *given)
{
    struct replay *r = nf_alloc(sizeof *r);
    r->given = given;
    r->cli = cli;
    r->json = nf_given_has(given, "json");
    r->ids = json_array();
    int status = read_options(r);
    bool test = nf_given_has(given, "as-test");
    if (status == NF_EXIT_OK && test && given->arg_count != 1)
        status = nf_usage_error("replay", "--as-test: name one run");
    else if (status == NF_EXIT_OK && test)
        status = nf_export_run(cli, given, given->args[0]);
    else if (status == NF_EXIT_OK)
        status = choose(r);
    if (!test && status == NF_EXIT_OK && json_array_size(r->ids) > 0) {
        if (nf_given_has(given, "dry-run"))
            status = on_paper(r);
        else if (agreed(r, &status))
            status = really(r);
    }
    json_decref(r->ids);
    free(r);
    return status;
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    NF_RECORDED_OPTIONS,
    {"flow", "FILE", "only runs of this flow: flows/show-caller.lua, or show-caller", false},
    {"with", "VERSION", "current: the handler as it is now (default); original: as it was then",
     false},
    {"from", "WHERE", "start: with the first effect, there is nothing else", false},
    {"dry-run", NULL, "send nothing: show what would be done, against what was done", false},
    {"as-test", NULL, "print the run as a case for 'nimflow test' instead", false},
    {"rate", "N/s", "so many a second; default: 10/s", false},
    {"yes", NULL, "do not ask, however many they are", false},
    {"json", NULL, "one JSON object per run and line", false},
    {0},
};

const nf_command nf_command_replay = {
    "replay",
    "[OPTION]... RUN... | --since DURATION [OPTION]...",
    "Do runs again: each is a new run for the same event, with its effects.",
    "The new runs do everything again: calls, updates, mails. Look at --dry-run first: it runs them here with the\n"
    "results of then, without network. Runs that do others again, and those that were done again with a good end, are\n"
    "done only when they are named. Exit status 1: some could not be started, or (--dry-run) fail and did not before.",
    options,
    run,
};
