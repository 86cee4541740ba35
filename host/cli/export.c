/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.c: see export.h. Everything that the run saw becomes part of the case: its event, the time, the seed of its
 * random numbers, what each effect got; and everything it did is expected.
 */
#include "cli/export.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/lua_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TEXT = 64 << 20 };

struct export
{
    const nf_cli *cli;
    const json_t *record, *effects;
    int64_t clock_ms; /* where the clock of the test stands */
    bool crossed;     /* answers came in another order than they were asked for */
    bool args;        /* arguments were recorded */
    bool cut;         /* some result was too much for the history */
};

static const nf_action *find_action(const struct export *e, const char *name)
{
    for (const nf_action *const *a = e->cli->actions; name && *a; a++) {
        if (strcmp((*a)->name, name) == 0)
            return *a;
    }
    return NULL;
}

static bool failed(const json_t *effect)
{
    return json_is_false(json_object_get(effect, "ok"));
}

/* It may have been refused before it reached the world: then the test must not refuse another one in its place. */
static bool was_refused(const json_t *effect)
{
    const char *kind = nf_json_string(effect, "kind");
    return failed(effect) && kind && !json_object_get(json_object_get(effect, "error"), "status")
           && (strcmp(kind, nf_status_kind(NF_E_ARG)) == 0
               || strcmp(kind, nf_status_kind(NF_E_DENIED)) == 0);
}

static json_t *error_of(const json_t *effect)
{
    const json_t *error = json_object_get(effect, "error");
    const char *hint = nf_json_string(error, "hint");
    if (error)
        return json_pack("{s:O*, s:O*, s:O*, s:s*}", "kind", json_object_get(error, "kind"),
                         "message", json_object_get(error, "message"), "status",
                         json_object_get(error, "status"), "hint", hint && *hint ? hint : NULL);
    return json_pack("{s:s?, s:s?, s:O*}", "kind", nf_json_string(effect, "kind"), "message",
                     nf_json_string(effect, "message"), "status",
                     json_object_get(effect, "status"));
}

/* What an answer is in a test: the result, or a table around it when there is more to say. A new reference. */
static json_t *answer_of(struct export *e, const json_t *effect, const nf_action *action)
{
    json_t *result = json_object_get(effect, "result");
    int64_t now = nf_json_integer(effect, "now", 0);
    bool later = now / 1000 != e->clock_ms / 1000 && now > e->clock_ms;
    if (action->keep_s && json_array_size(result) == 2)
        result = json_array_get(result, 0);
    if (!result)
        result = json_null();
    bool odd = json_object_get(result, "result") || json_object_get(result, "error");
    if (!failed(effect) && !later && !e->crossed && !odd)
        return json_incref(result);
    json_t *answer = failed(effect) ? json_pack("{s:o}", "error", error_of(effect))
                                    : json_pack("{s:O}", "result", result);
    if (was_refused(effect))
        json_object_set(answer, "args", json_object_get(effect, "args"));
    if (later) {
        char text[NF_TIME_TEXT];
        json_object_set_new(answer, "now", json_string(nf_clock_text(now, text)));
        e->clock_ms = now;
    }
    if (e->crossed) {
        json_object_set(answer, "number", json_object_get(effect, "n"));
        json_object_set(answer, "turn", json_object_get(effect, "turn"));
    }
    return answer;
}

/* A short sleep moves the clock of a test by itself, but a recorded one tells when it really ended. */
static json_t *answers_of(struct export *e)
{
    json_t *answers = json_object();
    size_t i;
    const json_t *effect;
    json_array_foreach (e->effects, i, effect) {
        const char *name = nf_json_string(effect, "action");
        const nf_action *action = find_action(e, name);
        bool asleep = name && strcmp(name, "flow.sleep") == 0;
        if (!action || (asleep && !json_object_get(effect, "now"))) /* its end was not recorded */
            continue;
        e->cut = e->cut || json_is_true(json_object_get(effect, "cut"));
        if (!json_object_get(answers, name))
            json_object_set_new(answers, name, json_array());
        json_array_append_new(json_object_get(answers, name), answer_of(e, effect, action));
    }
    return answers;
}

static json_t *expected_effects(const struct export *e)
{
    json_t *list = json_array();
    size_t i;
    const json_t *effect;
    json_array_foreach (e->effects, i, effect) {
        json_t *args = json_object_get(effect, "args");
        json_array_append_new(
            list, json_pack("[s, O*]", nf_json_string(effect, "action"), args ? args : NULL));
    }
    return list;
}

static json_t *expectations(const struct export *e)
{
    const json_t *detail = json_object_get(e->record, "detail");
    const char *message = nf_json_string(json_object_get(detail, "error"), "message");
    json_t *expect = json_pack("{s:s, s:o, s:O*, s:s*}", "outcome",
                               nf_json_string(e->record, "outcome"), "effects", expected_effects(e),
                               "result", json_object_get(detail, "result"), "error", message);
    if (json_is_null(json_object_get(expect, "result")))
        json_object_del(expect, "result");
    if (e->args)
        json_object_set_new(expect, "exactly", json_true());
    return expect;
}

/* Did any answer come before that to an effect asked for earlier? */
static bool is_crossed(const json_t *effects)
{
    json_int_t last = 0;
    size_t i;
    const json_t *effect;
    json_array_foreach (effects, i, effect) {
        json_int_t turn = nf_json_integer(effect, "turn", 0);
        if (turn && turn < last)
            return true;
        last = turn > last ? turn : last;
    }
    return false;
}

static int by_number(const void *a, const void *b)
{
    json_int_t x = nf_json_integer(*(json_t *const *)a, "n", 0),
               y = nf_json_integer(*(json_t *const *)b, "n", 0);
    return x < y ? -1 : x > y;
}

/* In the order in which they were asked for; a new reference. */
static json_t *in_order(const json_t *effects)
{
    size_t n = json_array_size(effects);
    json_t **list = nf_alloc((n + 1) * sizeof *list), *sorted = json_array();
    for (size_t i = 0; i < n; i++)
        list[i] = json_array_get(effects, i);
    qsort(list, n, sizeof *list, by_number);
    for (size_t i = 0; i < n; i++)
        json_array_append(sorted, list[i]);
    free(list);
    return sorted;
}

static void add_field(nf_strbuf *out, const char *name, const json_t *value, bool nulls)
{
    nf_strbuf_addf(out, "    %s = ", name);
    nf_lua_value(out, value, 4, nulls);
    nf_strbuf_puts(out, ",\n");
}

static void add_case(struct export *e, const json_t *event, nf_strbuf *out)
{
    char now[NF_TIME_TEXT];
    const char *outcome = nf_json_string(e->record, "outcome"),
               *handler = nf_json_string(e->record, "handler");
    long long id = (long long)nf_json_integer(e->record, "id", 0);
    json_t *answers = answers_of(e), *expect = expectations(e);
    nf_clock_text(nf_json_integer(e->record, "started_ms", 0), now);
    nf_strbuf_addf(out, "-- run %lld of %s, made a test by: nimflow runs export %lld\n", id,
                   nf_json_string(e->record, "tenant"), id);
    if (!e->args)
        nf_strbuf_puts(
            out,
            "-- The arguments and results of its effects were not recorded: add what matters.\n");
    if (e->cut)
        nf_strbuf_puts(out, "-- Some result was too much for the history; it is json.null here.\n");
    nf_strbuf_addf(out, "return {\n  {\n    name = \"run %lld: %s\",\n    handler = ", id, outcome);
    nf_lua_string(out, handler, strlen(handler));
    nf_strbuf_addf(out, ",\n    now = \"%s\",\n    seed = %lld,\n", now, id);
    add_field(out, "event", event, false);
    if (json_object_size(answers) > 0)
        add_field(out, "answers", answers, true);
    add_field(out, "expect", expect, false);
    nf_strbuf_puts(out, "  },\n}\n");
    json_decref(answers);
    json_decref(expect);
}

static nf_status export_record(const nf_cli *cli, const json_t *record, nf_strbuf *out,
                               nf_error *err)
{
    const json_t *text = json_object_get(record, "event"), *effect;
    const json_t *effects = json_object_get(json_object_get(record, "detail"), "effects");
    long long id = (long long)nf_json_integer(record, "id", 0);
    size_t i;
    if (!json_is_string(text) || !json_is_array(effects))
        return nf_error_set(
            err, NF_E_NOT_FOUND,
            "run %lld: its event or its effects were trimmed from the history (limit "
            "'history'), or it has not ended",
            id);
    json_t *event = nf_json_parse(json_string_value(text), json_string_length(text), err);
    if (!event)
        return err->status;
    json_t *sorted = in_order(effects);
    struct export e = {
        .cli = cli,
        .record = record,
        .effects = sorted,
        .clock_ms = nf_json_integer(record, "started_ms", 0),
        .crossed = is_crossed(sorted),
        .args = json_array_size(sorted) == 0,
    };
    json_array_foreach (sorted, i, effect)
        e.args = e.args || json_object_get(effect, "args");
    add_case(&e, event, out);
    json_decref(sorted);
    json_decref(event);
    return NF_OK;
}

int nf_export_run(const nf_cli *cli, const nf_given *given, const char *id)
{
    nf_error err = {0};
    nf_strbuf out = nf_strbuf_new(MOST_TEXT);
    json_t *record = nf_recorded_run(given, id, &err);
    if (record && export_record(cli, record, &out, &err) == NF_OK)
        fputs(nf_strbuf_text(&out), stdout);
    nf_strbuf_release(&out);
    json_decref(record);
    return err.status != NF_OK ? nf_exit_for(&err) : record ? NF_EXIT_OK : NF_EXIT_CONFIG;
}
