/* SPDX-License-Identifier: Apache-2.0 */
/* because.c: see because.h. Each function adds the sentences of one state. */
#include "admin/because.h"

#include "base/caps.h"
#include "base/json.h"
#include "pipeline.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_SENTENCE = 4096 };

static void say(json_t *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(json_t *why, const char *format, ...)
{
    char text[LONGEST_SENTENCE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_t *sentence = json_string(text);
    if (!sentence) /* cut inside a character */
        sentence = json_stringn_nocheck(text, strlen(text));
    json_array_append_new(why, sentence);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = nf_json_string(object, key);
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
    return (long long)nf_json_integer(object, key, 0);
}

/* ---- runs without an end ---- */

static void say_cap(json_t *why, const nf_tenant *t, const char *name)
{
    for (int i = 0; t && i < NF_CAP_COUNT; i++) {
        if (strcmp(nf_cap_name((nf_cap)i), name) == 0)
            say(why,
                "it could start, but its tenant has reached %s: %llu, %s; 'nimflow limits %s' shows what is "
                "used and changes it",
                name, (unsigned long long)t->allowed.tenant.of[i],
                nf_setter_text((nf_setter)t->allowed.tenant.set_by[i]), t->config->name);
    }
}

static void say_effects(json_t *why, const json_t *now)
{
    size_t i;
    const json_t *effect;
    json_array_foreach (json_object_get(now, "effects"), i, effect) {
        const char *waits = text_of(effect, "waits");
        say(why, "it waits for effect %lld, %s at %s, since %.1f s%s%s", number_of(effect, "n"),
            text_of(effect, "action"), text_of(effect, "where"),
            (double)number_of(effect, "for_ms") / 1000, *waits ? ": " : "", waits);
    }
}

static void say_now(json_t *why, const nf_tenant *t, const json_t *now)
{
    const char *state = text_of(now, "state"), *cap = text_of(now, "cap");
    if (strcmp(state, "lane") == 0)
        say(why,
            "it waits behind run %lld: a handler does the events of one key (%s) one after the other; %lld "
            "%s before it, the first is run %lld",
            number_of(now, "behind"), text_of(now, "lane"), number_of(now, "ahead"),
            number_of(now, "ahead") == 1 ? "is" : "are", number_of(now, "first"));
    else if (strcmp(state, "gate") == 0)
        say(why,
            "it waits until fewer than %lld runs are there: the limit is %s; it is number %lld in line",
            number_of(now, "inside"), text_of(now, "limit"), number_of(now, "place"));
    else if (strcmp(state, "gathering") == 0)
        say(why, "it waits until all runs from before the restart have come back");
    else if (strcmp(state, "ready") == 0 && *cap)
        say_cap(why, t, cap);
    else if (strcmp(state, "ready") == 0)
        say(why, "it waits for a worker process%s; %lld in line",
            json_is_true(json_object_get(now, "alone"))
                ? " of its own, because one died while it worked on this run"
                : "",
            number_of(now, "place"));
    else if (strcmp(state, "loading") == 0)
        say(why, "its worker is loading the flow");
    else if (strcmp(state, "paused") == 0)
        say_cap(why, t, nf_cap_name(NF_CAP_CPU_PER_MINUTE));
    else if (strcmp(state, "running") == 0)
        say(why, "it is on a worker, since %.1f s, and waits for nothing but the processor",
            (double)number_of(now, "for_ms") / 1000);
    say_effects(why, now);
}

static void say_open(json_t *why, const nf_admin *admin, const json_t *run)
{
    const char *state = text_of(run, "state");
    const json_t *now = json_object_get(run, "now"), *held = json_object_get(run, "held");
    long long id = number_of(run, "id");
    if (strcmp(state, "sleeping") == 0)
        say(why, "it sleeps (flow.sleep) until %s; it needs no memory and outlives a restart",
            text_of(run, "wakes"));
    else if (strcmp(state, "held") == 0) {
        say(why, "it is held for a person since %s: %s", text_of(held, "since"),
            text_of(held, "reason"));
        say(why,
            "look whether effect %lld has taken place; then 'nimflow runs release %lld --done', or 'nimflow runs "
            "release %lld --repeat'; 'nimflow runs cancel %lld' ends it",
            number_of(held, "effect"), id, id, id);
    } else if (now)
        say_now(why, nf_pipeline_tenant(admin->pipeline, nf_json_string(run, "tenant")), now);
    else
        say(why, "it has not started yet, or ends just now; ask again");
}

/* ---- runs that ended ---- */

static void say_limit(json_t *why, const json_t *run, const char *outcome)
{
    static const char *const limits[][2] = {
        {"over-cpu", "cpu"}, {"over-time", "wall"}, {"over-memory", "memory"}};
    const char *name = NULL;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (strcmp(limits[i][0], outcome) == 0)
            name = limits[i][1];
    }
    if (name)
        say(why, "more is allowed with 'nimflow limits %s set %s=…', or in the flow's limits",
            text_of(run, "tenant"), name);
    else
        say(why, "'nimflow limits %s' shows what is allowed and who set it",
            text_of(run, "tenant"));
}

static void say_denied(json_t *why, const json_t *run)
{
    size_t i;
    const json_t *effect;
    json_array_foreach (json_object_get(run, "effects"), i, effect) {
        if (strcmp(text_of(effect, "kind"), "denied") == 0)
            say(why, "effect %lld, %s at %s, was denied: %s", number_of(effect, "n"),
                text_of(effect, "action"), text_of(effect, "where"), text_of(effect, "message"));
    }
}

static void say_error(json_t *why, const json_t *run, const char *what)
{
    const json_t *error = json_object_get(run, "error");
    const char *where = text_of(error, "where"), *message = text_of(error, "message");
    if (json_is_true(json_object_get(run, "detail_gone")))
        say(why, "it ended %s; its details are not kept any more", text_of(run, "outcome"));
    else
        say(why, "it ended %s: %s%s%s%s", text_of(run, "outcome"), what, where, *where ? ": " : "",
            message);
}

static void say_ended(json_t *why, const json_t *run)
{
    const char *outcome = text_of(run, "outcome"), *reason = text_of(run, "reason");
    const json_t *times = json_object_get(run, "times");
    bool dead = strcmp(outcome, "done") != 0 && strcmp(outcome, "skipped") != 0
                && strcmp(outcome, "cancelled") != 0;
    if (strcmp(outcome, "done") == 0)
        say(why, "it ended well, %.3f s after its event came",
            json_number_value(json_object_get(times, "total_ms")) / 1000);
    else if (strcmp(outcome, "skipped") == 0)
        say(why, "the flow skipped it%s%s", *reason ? ": " : "", reason);
    else if (strcmp(outcome, "failed") == 0)
        say_error(why, run, "an error that the flow did not catch, at ");
    else
        say_error(why, run, "");
    say_denied(why, run);
    if (strncmp(outcome, "over-", 5) == 0)
        say_limit(why, run, outcome);
    if (dead && *text_of(run, "dismissed"))
        say(why, "%s dismissed it at %s", text_of(run, "dismissed_by"), text_of(run, "dismissed"));
    else if (dead)
        say(why, "it counts as a dead letter until 'nimflow runs dismiss %lld'",
            number_of(run, "id"));
}

json_t *nf_because_run(const nf_admin *admin, const json_t *run)
{
    json_t *why = json_array();
    say(why, "run %lld of '%s' (%s), for event %lld received %s", number_of(run, "id"),
        text_of(run, "handler"), text_of(run, "file"), number_of(run, "event"),
        text_of(run, "received"));
    if (number_of(run, "replay_of"))
        say(why, "it does run %lld again", number_of(run, "replay_of"));
    if (strcmp(text_of(run, "state"), "ended") == 0)
        say_ended(why, run);
    else
        say_open(why, admin, run);
    return why;
}

/* ---- events ---- */

static void say_runs(json_t *why, const json_t *event)
{
    size_t i;
    const json_t *run;
    json_array_foreach (json_object_get(event, "runs"), i, run) {
        const json_t *error = json_object_get(run, "error");
        const char *message = text_of(error, "message"), *state = text_of(run, "state");
        bool ended = strcmp(state, "ended") == 0;
        say(why, "%s run %lld of '%s': %s%s%s",
            number_of(run, "replay_of") ? "again as" : "it became", number_of(run, "id"),
            text_of(run, "handler"), ended ? text_of(run, "outcome") : state, *message ? ": " : "",
            message);
    }
}

json_t *nf_because_event(const json_t *found)
{
    json_t *why = json_array();
    size_t i;
    const json_t *event;
    json_array_foreach (json_object_get(found, "events"), i, event) {
        say(why, "event %lld (%s) was received %s, hash %.12s", number_of(event, "id"),
            text_of(event, "trigger"), text_of(event, "received"), text_of(event, "hash"));
        say_runs(why, event);
        if (number_of(event, "duplicates"))
            say(why, "the same came %lld more times within a minute; those were not run",
                number_of(event, "duplicates"));
    }
    json_array_foreach (json_object_get(found, "fates"), i, event) {
        const char *task = text_of(event, "task"), *handler = text_of(event, "handler");
        say(why, "event %lld%s%s%s, received %s, was %s%s%s%s: %s", number_of(event, "event"),
            *task ? " (task " : "", task, *task ? ")" : "", text_of(event, "at"),
            strcmp(text_of(event, "fate"), "duplicate") == 0 ? "a duplicate"
                                                             : text_of(event, "fate"),
            *handler ? " to '" : "", handler, *handler ? "'" : "", text_of(event, "why"));
        if (number_of(event, "first"))
            say(why, "the first one is event %lld", number_of(event, "first"));
    }
    return why;
}
