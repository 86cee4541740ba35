/* SPDX-License-Identifier: Apache-2.0 */
/* test_case.c: see test_case.h. */
#include "cli/test_case.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/suggest.h"
#include "cli/answers.h"
#include "cli/compare.h"
#include "cli/test_event.h"

#include <stdlib.h>
#include <string.h>

#define STANDARD_NOW "2026-01-05T08:00:00Z" /* a Monday */
enum { MOST_HANDLERS = 256, MOST_ACTIONS = 1000 };

/* ---- is it a case? ---- */

/* Only these fields, which end with NULL. */
static nf_status only(const json_t *object, const char *what, const char *const *fields,
                      nf_error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)object, name, value) {
        const char *const *field = fields;
        while (*field && strcmp(*field, name) != 0)
            field++;
        if (!*field)
            return nf_suggest_error(err, NF_E_ARG, what, name, fields);
    }
    return NF_OK;
}

static const nf_action *find_action(const nf_test_case *test, const char *name, nf_error *err)
{
    const char *names[MOST_ACTIONS + 1];
    size_t n = 0;
    for (const nf_action *const *a = test->actions; *a && n < MOST_ACTIONS; a++) {
        if (strcmp((*a)->name, name) == 0)
            return *a;
        names[n++] = (*a)->name;
    }
    names[n] = NULL;
    nf_suggest_error(err, NF_E_ARG, "action", name, names);
    return NULL;
}

static const nf_handler *find_handler(const nf_test_case *test, nf_error *err)
{
    const char *name = nf_json_string(test->what, "handler"), *names[MOST_HANDLERS + 1];
    size_t count;
    const nf_handler *handlers = nf_version_handlers(test->version, &count);
    if (!name && count == 1)
        return handlers;
    for (size_t i = 0; i < count; i++) {
        if (name && strcmp(handlers[i].name, name) == 0)
            return &handlers[i];
        names[i] = handlers[i].name;
    }
    names[count] = NULL;
    if (name)
        nf_suggest_error(err, NF_E_ARG, "handler", name, names);
    else
        nf_error_set(err, NF_E_ARG, "%s has %zu handlers; name one: handler = \"%s\"",
                     nf_version_file(test->version), count, names[0]);
    return NULL;
}

static nf_status check_outcome(const char *name, nf_error *err)
{
    const char *names[NF_OUTCOME_COUNT + 1];
    size_t n = 0;
    names[n++] = "filtered";
    for (int i = NF_OUTCOME_NONE + 1; i < NF_OUTCOME_COUNT; i++)
        names[n++] = nf_outcome_name((nf_outcome)i);
    names[n] = NULL;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0)
            return NF_OK;
    }
    return nf_suggest_error(err, NF_E_ARG, "expect.outcome", name, names);
}

static nf_status check_case(const nf_test_case *test, nf_error *err)
{
    static const char *const fields[] = {"name", "handler", "event",  "now",
                                         "seed", "answers", "expect", NULL};
    static const char *const expected[] = {"outcome", "effects", "result",
                                           "error",   "exactly", NULL};
    const json_t *expect = json_object_get(test->what, "expect"),
                 *answers = json_object_get(test->what, "answers");
    if (!json_is_object(test->what))
        return nf_error_set(err, NF_E_ARG, "each case is a table: { name = …, event = …, … }");
    if (!nf_json_string(test->what, "name"))
        return nf_error_set(err, NF_E_ARG, "the case has no name; write name = \"…\"");
    if ((expect && !json_is_object(expect)) || (answers && !json_is_object(answers)))
        return nf_error_set(err, NF_E_ARG, "expect and answers are tables");
    if (only(test->what, "field of a case", fields, err) != NF_OK
        || only(expect, "field of expect", expected, err) != NF_OK)
        return err->status;
    const char *outcome = nf_json_string(expect, "outcome");
    return outcome ? check_outcome(outcome, err) : NF_OK;
}

/* ---- answers ---- */

/* { error = …, now = …, turn = … } or { result = …, … }: an answer with more than its value. */
static bool is_wrapped(const json_t *answer)
{
    static const char *const fields[] = {"result", "error", "args", "now", "number", "turn", NULL};
    return (json_object_get(answer, "result") || json_object_get(answer, "error"))
           && only(answer, "", fields, NULL) == NF_OK;
}

static nf_status read_time(const json_t *value, int64_t *ms, nf_error *err)
{
    if (json_is_number(value)) {
        *ms = (int64_t)(json_number_value(value) * 1000);
        return NF_OK;
    }
    if (json_is_string(value) && nf_clock_parse(json_string_value(value), ms))
        return NF_OK;
    return nf_error_set(err, NF_E_ARG,
                        "now: a text like \"" STANDARD_NOW "\" or seconds since 1970 are expected");
}

static nf_status add_answer(nf_answers *answers, const nf_action *action, json_t *given,
                            nf_error *err)
{
    json_t *answer = is_wrapped(given) ? json_copy(given) : json_pack("{s:O}", "result", given);
    json_t *result = json_object_get(answer, "result"), *now = json_object_get(answer, "now");
    const char *kind = nf_json_string(json_object_get(answer, "error"), "kind");
    int64_t ms = 0;
    if (action->keep_s && result) /* behind what Nimbus says stands how old it is */
        json_object_set_new(answer, "result", json_pack("[O, i]", result, 0));
    if (now && read_time(now, &ms, err) == NF_OK)
        json_object_set_new(answer, "now", json_integer(ms));
    if (kind && nf_status_of_kind(kind) == NF_OK)
        nf_error_set(err, NF_E_ARG, "there is no error of kind '%s'; see docs/FLOWS.md", kind);
    if (err->status == NF_OK)
        nf_answers_add(answers, action, answer);
    json_decref(answer);
    return err->status;
}

static nf_answers *read_answers(nf_local *local, const nf_test_case *test, nf_error *err)
{
    json_t *now = json_object_get(test->what, "now"), *list, *given;
    const char *name;
    size_t i;
    int64_t ms = 0;
    if (now)
        read_time(now, &ms, err);
    else
        nf_clock_parse(STANDARD_NOW, &ms);
    nf_answers *answers = nf_answers_new(&local->loop, ms);
    json_object_foreach (json_object_get(test->what, "answers"), name, list) {
        const nf_action *action = find_action(test, name, err);
        if (!action)
            break;
        if (!json_is_array(list) && json_object_size(list) > 0)
            nf_error_set(err, NF_E_ARG, "a list of answers is expected: { { … }, … }");
        json_array_foreach (list, i, given)
            add_answer(answers, action, given, err);
        nf_error_prefix(err, "answers[\"%s\"]", name);
    }
    if (err->status == NF_OK)
        return answers;
    nf_answers_free(answers);
    return NULL;
}

/* ---- what is expected ---- */

/* As objects with action and args. A new reference, NULL with `err` set. */
static json_t *read_effects(const nf_test_case *test, const json_t *given, nf_error *err)
{
    json_t *effects = json_array(), *one;
    size_t i;
    json_array_foreach ((json_t *)given, i, one) {
        const json_t *name = json_is_string(one) ? one : json_array_get(one, 0),
                     *args = json_array_get(one, 1);
        if (!json_is_string(name) || (args && !json_is_object(args)) || json_array_size(one) > 2)
            nf_error_set(
                err, NF_E_ARG,
                "expect.effects: { \"nimbus.tasks.update\", { taskId = …, … } } is expected");
        else if (!find_action(test, json_string_value(name), err))
            nf_error_prefix(err, "expect.effects");
        else
            json_array_append_new(effects,
                                  json_pack("{s:s, s:o}", "action", json_string_value(name), "args",
                                            args ? json_incref((json_t *)args) : json_object()));
    }
    if (given && !json_is_array(given) && json_object_size(given) > 0)
        nf_error_set(err, NF_E_ARG, "expect.effects is a list: { { \"…\", { … } }, … }");
    if (err->status == NF_OK)
        return effects;
    json_decref(effects);
    return NULL;
}

static bool names(const json_t *effects, const char *action)
{
    size_t i;
    const json_t *effect;
    json_array_foreach (effects, i, effect) {
        if (strcmp(nf_json_string(effect, "action"), action) == 0)
            return true;
    }
    return false;
}

/* What changed something, and what the test names: look-ups, sleeps and the like are not compared unasked. */
static json_t *worth_comparing(const nf_test_case *test, const json_t *expected, const json_t *all)
{
    json_t *some = json_array(), *effect;
    size_t i;
    json_array_foreach ((json_t *)all, i, effect) {
        const char *name = nf_json_string(effect, "action");
        const nf_action *action = find_action(test, name, NULL);
        if ((action && action->class != NF_READ) || names(expected, name))
            json_array_append(some, effect);
    }
    return some;
}

static bool is_good(const char *outcome)
{
    return strcmp(outcome, nf_outcome_name(NF_OUTCOME_DONE)) == 0
           || strcmp(outcome, nf_outcome_name(NF_OUTCOME_SKIPPED)) == 0;
}

static void compare_outcome(const char *expected, const char *got, json_t *differences)
{
    json_t *a = json_string(expected       ? expected
                            : is_good(got) ? got
                                           : "done"),
           *b = json_string(got);
    nf_compare_values("outcome", a, b, true, differences);
    json_decref(a);
    json_decref(b);
}

/* A text must be part of the message; a table is compared field by field. */
static void compare_error(const json_t *expected, const json_t *got, json_t *differences)
{
    const json_t *message = json_object_get(got, "message");
    const char *part = json_string_value(expected), *text = json_string_value(message);
    if (!part)
        nf_compare_values("error", expected, got, false, differences);
    else if (!text || !strstr(text, part))
        nf_compare_values("error", expected, message, true, differences);
}

static json_t *parse(const char *text, size_t len, json_t *otherwise)
{
    json_t *value = len ? json_loadb(text, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL) : NULL;
    if (!value)
        return otherwise;
    json_decref(otherwise);
    return value;
}

struct verdict {
    const nf_test_case *test;
    const json_t *expect, *effects; /* effects: NULL: not compared */
    json_t *answer;
};

static void on_ended(void *ctx, const nf_run_report *report)
{
    struct verdict *v = ctx;
    if (!report)
        return;
    bool exactly = json_is_true(json_object_get(v->expect, "exactly"));
    json_t *differences = json_array(),
           *result = parse(report->result, report->result_len, json_null()),
           *error = parse(report->error, report->error_len, json_null());
    const char *outcome = nf_outcome_name(report->outcome);
    compare_outcome(nf_json_string(v->expect, "outcome"), outcome, differences);
    if (json_object_get(v->expect, "result"))
        nf_compare_values("result", json_object_get(v->expect, "result"), result, exactly,
                          differences);
    if (json_object_get(v->expect, "error"))
        compare_error(json_object_get(v->expect, "error"), error, differences);
    if (v->effects) {
        char *text = nf_format("[%.*s]", (int)report->effects_len, report->effects);
        json_t *all = parse(text, strlen(text), json_array()),
               *some = worth_comparing(v->test, v->effects, all);
        nf_compare_effects(v->effects, some, exactly, differences);
        json_decref(some);
        json_decref(all);
        free(text);
    }
    v->answer = json_pack("{s:s, s:o, s:o, s:o}", "outcome", outcome, "differences", differences,
                          "error", error, "log", parse(report->log, report->log_len, json_array()));
    json_decref(result);
}

static json_t *filtered(const struct verdict *v, const char *which)
{
    json_t *differences = json_array();
    compare_outcome(nf_json_string(v->expect, "outcome"), "filtered", differences);
    char *why = nf_format("the event does not fit the handler's filters: %s", which);
    json_t *answer = json_pack("{s:s, s:o, s:{s:s}, s:[]}", "outcome", "filtered", "differences",
                               differences, "error", "message", why, "log");
    free(why);
    return answer;
}

static void run_case(nf_local *local, const nf_handler *handler, const json_t *event,
                     nf_answers *answers, struct verdict *v)
{
    char *text = nf_json_text(event);
    nf_run_spec spec = {
        .id = nf_json_integer(v->test->what, "seed", 1),
        .handler = handler,
        .event = text,
        .len = strlen(text),
    };
    local->env.stand_in = nf_answers_stand_in(answers);
    nf_local_forget(local);
    nf_local_run(local, &spec, on_ended, v);
    local->env.stand_in = NULL;
    free(text);
}

json_t *nf_test_case_run(nf_local *local, const nf_test_case *test, nf_error *err)
{
    struct verdict v = {.test = test, .expect = json_object_get(test->what, "expect")};
    if (check_case(test, err) != NF_OK)
        return NULL;
    const nf_handler *handler = find_handler(test, err);
    const json_t *given = json_object_get(v.expect, "effects");
    json_t *event = handler ? nf_test_event(test, handler, err) : NULL;
    json_t *effects = event ? read_effects(test, given, err) : NULL;
    nf_answers *answers = effects ? read_answers(local, test, err) : NULL;
    char *which = answers ? nf_test_event_misfit(handler, event) : NULL;
    v.effects = given ? effects : NULL;
    if (which)
        v.answer = filtered(&v, which);
    else if (answers)
        run_case(local, handler, event, answers, &v);
    free(which);
    nf_answers_free(answers);
    json_decref(effects);
    json_decref(event);
    return v.answer;
}
