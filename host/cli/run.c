/* SPDX-License-Identifier: Apache-2.0 */
/* run.c: nimflow run: handlers for one event, without a host, in exactly the sandbox and limits of a real run. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"
#include "cli/local.h"
#include "tenant/flows.h"
#include "tenant/listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_EVENT = 1 << 20 };

struct job {
    nf_local local;
    bool json, script, dry_run;
    const nf_action *const *actions;
    nf_limits limits;
    char *event;
    size_t event_len;
    const char *lists, *country;
    int64_t next_id;
    unsigned runs, failures;
    /* of the file and handler at work */
    const char *file, *handler;
};

static void put_string(nf_strbuf *out, const char *name, const char *text)
{
    nf_strbuf_addf(out, "\"%s\":", name);
    if (text)
        nf_strbuf_add_json(out, text, strlen(text));
    else
        nf_strbuf_puts(out, "null");
}

/* ---- for machines ---- */

static void print_machine(const struct job *job, const char *outcome, const char *rest)
{
    nf_strbuf line = nf_strbuf_new((size_t)64 << 20);
    nf_strbuf_puts(&line, "{");
    put_string(&line, "file", job->file);
    nf_strbuf_puts(&line, ",");
    put_string(&line, "handler", job->handler);
    nf_strbuf_puts(&line, ",");
    put_string(&line, "outcome", outcome);
    nf_strbuf_addf(&line, ",%s", rest + 1); /* the members of the report, without its brace */
    puts(line.bytes);
    nf_strbuf_release(&line);
}

/* ---- for people ---- */

static void print_log(const char *log, size_t len)
{
    json_t *lines = len ? json_loadb(log, len, JSON_ALLOW_NUL, NULL) : NULL, *line;
    size_t i;
    json_array_foreach (lines, i, line) {
        const char *level = nf_json_string(line, "level"), *text = nf_json_string(line, "text");
        bool plain = level && strcmp(level, "print") == 0;
        printf("  %s%s%s\n", plain || !level ? "" : level, plain ? "" : ": ", text ? text : "");
    }
    json_decref(lines);
}

static void print_error(const json_t *error, const char *file)
{
    const char *message = nf_json_string(error, "message"), *where = nf_json_string(error, "where");
    nf_strbuf lines = nf_strbuf_new(1 << 16);
    printf("  %s%s%s\n", where ? where : "", where && *where ? ": " : "", message ? message : "");
    nf_local_excerpt(file, nf_local_line(where), &lines);
    fputs(nf_strbuf_text(&lines), stdout);
    nf_strbuf_release(&lines);
}

/* Was it only shown? Look-ups and sleeps are done in a dry run too. */
static bool only_shown(const struct job *job, const char *name)
{
    for (const nf_action *const *a = job->actions; job->dry_run && name && *a; a++) {
        if (strcmp((*a)->name, name) == 0)
            return (*a)->class != NF_READ;
    }
    return false;
}

static void print_effects(const struct job *job, const nf_run_report *report)
{
    char *text = nf_format("[%.*s]", (int)report->effects_len, report->effects);
    json_t *effects = json_loads(text, JSON_ALLOW_NUL, NULL), *effect;
    size_t i;
    json_array_foreach (effects, i, effect) {
        char *args = nf_json_text(json_object_get(effect, "args") ? json_object_get(effect, "args")
                                                                  : json_null());
        const char *message = nf_json_string(effect, "message"),
                   *name = nf_json_string(effect, "action");
        printf("  %s%s %s%s%s\n", only_shown(job, name) ? "(dry run) " : "", name ? name : "", args,
               message ? " -> " : "", message ? message : "");
        free(args);
    }
    json_decref(effects);
    free(text);
}

static void print_people(const struct job *job, const nf_run_report *report)
{
    const nf_usage_row *cpu = &report->usage.of[NF_BUDGET_CPU],
                       *memory = &report->usage.of[NF_BUDGET_MEMORY];
    printf("%s: %s: %s (cpu %llu of %llu ms, memory %llu of %llu KiB)\n", job->file, job->handler,
           nf_outcome_name(report->outcome), (unsigned long long)cpu->used,
           (unsigned long long)cpu->limit, (unsigned long long)memory->peak >> 10,
           (unsigned long long)memory->limit >> 10);
    print_log(report->log, report->log_len);
    print_effects(job, report);
    if (report->result_len)
        printf("  result: %.*s\n", (int)report->result_len, report->result);
    json_t *error = report->error_len
                        ? json_loadb(report->error, report->error_len, JSON_ALLOW_NUL, NULL)
                        : NULL;
    if (error)
        print_error(error, job->file);
    json_decref(error);
}

/* ---- runs ---- */

static void on_ended(void *ctx, const nf_run_report *report)
{
    struct job *job = ctx;
    size_t len;
    if (!report)
        return;
    job->runs++;
    if (report->outcome != NF_OUTCOME_DONE && report->outcome != NF_OUTCOME_SKIPPED)
        job->failures++;
    if (job->json) {
        char *text = nf_run_report_json(report, &len);
        print_machine(job, nf_outcome_name(report->outcome), text);
        free(text);
    } else {
        print_people(job, report);
    }
    fflush(stdout);
}

static void run_handler(struct job *job, const nf_handler *handler)
{
    nf_run_spec spec = {
        .id = ++job->next_id, .handler = handler, .event = job->event, .len = job->event_len};
    job->handler = handler->name;
    nf_local_run(&job->local, &spec, on_ended, job);
}

/* Without an event every handler runs; with one, those that it fits. */
static void run_handlers(struct job *job, const nf_version *version)
{
    size_t count, fitting = 0;
    const nf_handler *handlers = nf_version_handlers(version, &count);
    for (size_t i = 0; i < count; i++) {
        nf_event *event = NULL;
        bool fits = true;
        if (handlers[i].trigger && job->event_len
            && nf_event_read(handlers[i].trigger, job->event, job->event_len, &event, NULL)
                   == NF_OK)
            fits = nf_handler_fits(&handlers[i], event);
        nf_event_unref(event);
        if (fits) {
            fitting++;
            run_handler(job, &handlers[i]);
        }
    }
    if (fitting == 0)
        fprintf(stderr, "%s: no handler wants this event\n", job->file);
}

static void report_load_error(struct job *job, const nf_error *err)
{
    job->failures++;
    if (!job->json) {
        nf_strbuf lines = nf_strbuf_new(1 << 16);
        const char *colon = strchr(err->text, ':');
        nf_local_excerpt(job->file, colon ? atoi(colon + 1) : 0, &lines);
        fprintf(stderr, "%s\n%s", err->text, nf_strbuf_text(&lines));
        nf_strbuf_release(&lines);
        return;
    }
    /* "FILE:LINE: message" */
    size_t file_len = strlen(job->file);
    const char *after = strncmp(err->text, job->file, file_len) == 0 ? err->text + file_len : "";
    int line = after[0] == ':' ? atoi(after + 1) : 0;
    const char *message = line ? strstr(after + 1, ": ") : after[0] == ':' ? after : NULL;
    char *where = line ? nf_format("%s:%d", job->file, line) : nf_strdup(job->file);
    nf_strbuf rest = nf_strbuf_new(1 << 16);
    nf_usage usage = {0};
    for (int i = 0; i < NF_BUDGET_COUNT; i++)
        usage.of[i].limit = job->limits.of[i];
    nf_strbuf_puts(&rest, "{\"result\":null,\"error\":{");
    put_string(&rest, "message", message ? message + 2 : err->text);
    nf_strbuf_puts(&rest, ",");
    put_string(&rest, "where", where);
    nf_strbuf_puts(&rest, "},\"usage\":");
    nf_usage_json(&usage, &rest);
    nf_strbuf_puts(&rest, ",\"effects\":[],\"log\":[]}");
    print_machine(job, nf_outcome_name(NF_OUTCOME_FAILED), rest.bytes);
    nf_strbuf_release(&rest);
    free(where);
}

static void run_file(struct job *job, const char *file)
{
    nf_error err = {0};
    job->file = file;
    job->handler = NULL;
    nf_local_use_lists(&job->local, job->lists, file, job->country);
    nf_version *version = nf_local_load(&job->local, file, job->script, &err);
    if (version)
        run_handlers(job, version);
    else
        report_load_error(job, &err);
    nf_version_unref(version);
}

/* ---- the command ---- */

static bool read_limits(struct job *job, const nf_given *given, nf_error *err)
{
    nf_limits ceiling = nf_limits_ceiling();
    size_t count;
    const char *const *values = nf_given_values(given, "limit", &count);
    job->limits = nf_limits_standard();
    for (size_t i = 0; i < count && err->status == NF_OK; i++) {
        const char *equals = strchr(values[i], '=');
        char *name = equals ? nf_memdup(values[i], (size_t)(equals - values[i])) : NULL;
        if (name)
            nf_limits_set(&job->limits, &ceiling, NF_SETTER_COMMAND, name, equals + 1, err);
        else
            nf_error_set(err, NF_E_ARG, "--limit %s: write NAME=VALUE, for example cpu=100ms",
                         values[i]);
        free(name);
    }
    return err->status == NF_OK;
}

static bool read_event(struct job *job, const char *path, nf_error *err)
{
    if (!path)
        return true;
    if (nf_file_read(path, LARGEST_EVENT, &job->event, &job->event_len, err) != NF_OK)
        return false;
    json_t *event = nf_json_parse(job->event, job->event_len, err);
    if (event && !json_is_object(event))
        nf_error_set(err, NF_E_PARSE, "a JSON object is expected");
    json_decref(event);
    nf_error_prefix(err, "%s", path);
    return err->status == NF_OK;
}

static int run(const nf_cli *cli, const nf_given *given)
{
    struct job job = {
        .json = nf_given_has(given, "json"),
        .script = nf_given_has(given, "script"),
        .dry_run = nf_given_has(given, "dry-run"),
        .actions = cli->actions,
        .lists = nf_given_value(given, "lists", NULL),
        .country = nf_given_value(given, "country", "CH"),
    };
    nf_error err = {0};
    if (given->arg_count == 0)
        return nf_usage_error("run", "which flow? write its file name");
    if (!read_limits(&job, given, &err))
        return nf_usage_error("run", "%s", err.text);
    if (!read_event(&job, nf_given_value(given, "event", NULL), &err)
        || nf_local_open(&job.local, cli, job.dry_run, &job.limits, &err) != NF_OK) {
        free(job.event);
        return nf_exit_for(&err);
    }
    for (size_t i = 0; i < given->arg_count; i++)
        run_file(&job, given->args[i]);
    nf_local_close(&job.local);
    free(job.event);
    return job.failures ? NF_EXIT_FLOW : NF_EXIT_OK;
}

static const nf_option options[] = {
    {"event", "FILE", "the event as JSON; only handlers whose filters it fits are run", false},
    {"script", NULL,
     "each file is itself the handler: it declares no trigger, its return value is the result",
     false},
    {"limit", "NAME=VALUE", "a budget: cpu=100ms, wall=2s, memory=40MiB, effects=10, log=4KiB, …",
     true},
    {"dry-run", NULL, "show effects on Nimbus instead of refusing them", false},
    {"lists", "DIR",
     "folder of the lists; default: beside the flow, or ../lists for a folder flows/", false},
    {"country", "CC", "country of telephone numbers without one; default: CH", false},
    {"json", NULL, "one JSON object per run and line", false},
    {0},
};

const nf_command nf_command_run = {
    "run",
    "[OPTION]... FLOW...",
    "Run the handlers of flows for one event, without a host.",
    "Effects on Nimbus are errors, or shown with --dry-run; flow.sleep, log, print, json and lists work. All waiting\n"
    "counts as wall time. Several files run one after the other in the same worker.",
    options,
    run,
};
