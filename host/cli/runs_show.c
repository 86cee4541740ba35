/* SPDX-License-Identifier: Apache-2.0 */
/* runs_show.c: nimflow runs show: one run as an admin reads it, from the top: how it ended, where its time went. */
#include "base/json.h"
#include "base/percent.h"
#include "cli/fetch.h"
#include "cli/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = nf_json_string(object, key);
    return text ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* "1.234 s", "12.3 ms", "2 d 3 h" */
static const char *span(double ms, char out[32])
{
    if (ms >= 86400000)
        snprintf(out, 32, "%lld d %lld h", (long long)(ms / 86400000),
                 (long long)(ms / 3600000) % 24);
    else if (ms >= 60000)
        snprintf(out, 32, "%lld min %lld s", (long long)(ms / 60000), (long long)(ms / 1000) % 60);
    else if (ms >= 1000)
        snprintf(out, 32, "%.3f s", ms / 1000);
    else
        snprintf(out, 32, "%.*f ms", ms < 10 ? 3 : 1, ms);
    return out;
}

static void line(const char *name, const char *text)
{
    if (*text)
        printf("%-10s %s\n", name, text);
}

/* ---- the head ---- */

static void print_error(const json_t *run)
{
    const json_t *error = json_object_get(run, "error");
    const char *where = text_of(error, "where");
    if (json_is_object(error))
        printf("%-10s %s%s%s\n", "error", where, *where ? ": " : "", text_of(error, "message"));
    line("hint", text_of(error, "hint"));
    const json_t *lines = json_object_get(error, "traceback"), *one;
    size_t i;
    json_array_foreach ((json_t *)lines, i, one)
        line("", json_is_string(one) ? json_string_value(one) : "");
}

static void print_open(const json_t *run)
{
    const json_t *held = json_object_get(run, "held"), *now = json_object_get(run, "now");
    line("wakes", text_of(run, "wakes"));
    if (held)
        printf("%-10s since %s at effect %lld: %s\n", "held", text_of(held, "since"),
               (long long)nf_json_integer(held, "effect", 0), text_of(held, "reason"));
    line("now", text_of(now, "state"));
}

static void print_head(const json_t *run)
{
    const json_t *body = json_object_get(run, "event_body");
    bool ended = strcmp(text_of(run, "state"), "ended") == 0;
    printf("%-10s %lld  %s\n", "run", (long long)nf_json_integer(run, "id", 0),
           ended ? text_of(run, "outcome") : text_of(run, "state"));
    printf("%-10s %s  (%s, version %s)\n", "handler", text_of(run, "handler"), text_of(run, "file"),
           text_of(run, "version"));
    line("tenant", text_of(run, "tenant"));
    printf("%-10s %lld  %s  hash %.12s", "event", (long long)nf_json_integer(run, "event", 0),
           text_of(run, "trigger"), text_of(run, "event_hash"));
    if (nf_json_integer(run, "duplicates", 0))
        printf("  and %lld duplicates", (long long)nf_json_integer(run, "duplicates", 0));
    putchar('\n');
    line("task", text_of(body, "taskId"));
    if (nf_json_integer(run, "replay_of", 0))
        printf("%-10s run %lld\n", "replays", (long long)nf_json_integer(run, "replay_of", 0));
    line("received", text_of(run, "received"));
    line("ended", text_of(run, "ended"));
    if (nf_json_integer(run, "attempts", 0) > 1)
        printf("%-10s %lld\n", "attempts", (long long)nf_json_integer(run, "attempts", 0));
    if (*text_of(run, "dismissed"))
        printf("%-10s %s by %s\n", "dismissed", text_of(run, "dismissed"),
               text_of(run, "dismissed_by"));
    print_error(run);
    print_open(run);
    if (json_is_true(json_object_get(run, "detail_gone")))
        line("detail", "is no longer kept (limit history, keep_details)");
}

/* ---- the parts ---- */

static void print_times(const json_t *run)
{
    static const struct {
        const char *key, *text;
    } parts[] = {{"queued_ms", "queued"},
                 {"cpu_ms", "CPU"},
                 {"effects_ms", "effects"},
                 {"asleep_ms", "asleep"},
                 {"other_ms", "other"}};
    const json_t *times = json_object_get(run, "times");
    double total = number_of(times, "total_ms");
    char text[32];
    if (!times)
        return;
    printf("\n%-10s %12s\n", "TIME", span(total, text));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double ms = number_of(times, parts[i].key);
        int percent = total > 0 ? (int)(100 * ms / total + 0.5) : 0;
        if (ms > 0 || i < 3)
            printf("  %-8s %12s %4d %%  %.*s\n", parts[i].text, span(ms, text), percent,
                   percent > 100 ? 25 : percent / 4, "#########################");
    }
}

static void print_ended_effect(const json_t *effect)
{
    bool ok = json_is_true(json_object_get(effect, "ok"));
    printf("%4lld %11.3f %11.3f  %-24s %-12s %s\n", (long long)nf_json_integer(effect, "n", 0),
           number_of(effect, "at_ms"), number_of(effect, "took_ms"), text_of(effect, "action"),
           ok ? "ok" : text_of(effect, "kind"), text_of(effect, "where"));
    if (!ok)
        printf("%28s  %s\n", "", text_of(effect, "message"));
}

static void print_effects(const json_t *run)
{
    const json_t *effects = json_object_get(run, "effects"),
                 *now = json_object_get(json_object_get(run, "now"), "effects"), *effect;
    size_t i;
    if (json_array_size(effects) + json_array_size(now) == 0)
        return;
    printf("\n%4s %11s %11s  %-24s %-12s %s\n", "#", "AT ms", "TOOK ms", "EFFECT", "RESULT",
           "WHERE");
    json_array_foreach ((json_t *)effects, i, effect) {
        if (json_object_get(effect, "took_ms"))
            print_ended_effect(effect);
        else
            printf("%4lld %23s  %-24s %-12s %s\n", (long long)nf_json_integer(effect, "n", 0), "",
                   text_of(effect, "action"), text_of(effect, "state"), text_of(effect, "at"));
    }
    json_array_foreach ((json_t *)now, i, effect)
        printf("%4lld %11s %11.3f  %-24s %-12s %s %s\n", (long long)nf_json_integer(effect, "n", 0),
               "", number_of(effect, "for_ms"), text_of(effect, "action"), "under way",
               text_of(effect, "where"), text_of(effect, "waits"));
}

static void print_budgets(const json_t *run)
{
    json_t *usage = json_object_get(run, "usage"), *row;
    const char *name;
    if (!usage)
        return;
    printf("\n%-14s %14s %14s %14s\n", "BUDGET", "USED", "PEAK", "LIMIT");
    json_object_foreach (usage, name, row) {
        long long used = (long long)nf_json_integer(row, "used", 0),
                  peak = (long long)nf_json_integer(row, "peak", 0),
                  limit = (long long)nf_json_integer(row, "limit", 0);
        if (used || peak)
            printf("%-14s %14lld %14lld %14lld\n", name, used, peak, limit);
    }
}

static void print_log(const json_t *run)
{
    const json_t *log = json_object_get(run, "log"), *one;
    size_t i;
    if (json_array_size(log))
        printf("\nLOG\n");
    json_array_foreach ((json_t *)log, i, one)
        printf("  %-6s %s\n", text_of(one, "level"), text_of(one, "text"));
}

static void print_value(const char *title, const json_t *value)
{
    char *text =
        value && !json_is_null(value) ? json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY) : NULL;
    if (text)
        printf("\n%s\n%s\n", title, text);
    free(text);
}

int nf_runs_show(const nf_given *given, const char *id)
{
    nf_error err = {0};
    int status;
    nf_strbuf path = nf_strbuf_new(8192);
    nf_strbuf_puts(&path, "/v1/runs/");
    nf_percent_encode(&path, id);
    json_t *run = nf_ask_host(given, "GET", path.bytes, NULL, &err, &status);
    if (run && nf_given_has(given, "json")) {
        nf_print_json(run, true);
    } else if (run) {
        print_head(run);
        print_times(run);
        print_effects(run);
        print_budgets(run);
        print_log(run);
        print_value("RESULT", json_object_get(run, "result"));
        print_value("EVENT", json_object_get(run, "event_body"));
    }
    json_decref(run);
    nf_strbuf_release(&path);
    return status;
}
