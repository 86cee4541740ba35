/* SPDX-License-Identifier: Apache-2.0 */
/* rerun.c: see rerun.h. */
#include "cli/rerun.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/answers.h"

#include <stdlib.h>
#include <string.h>

const nf_compare_words nf_rerun_words = {"was", "now", "no longer", "new"};

nf_status nf_rerun_open(nf_rerun *rerun, const nf_cli *cli, nf_error *err)
{
    nf_limits limits = nf_limits_standard();
    *rerun = (nf_rerun){.actions = cli->actions};
    return nf_local_open(&rerun->local, cli, false, &limits, err);
}

void nf_rerun_close(nf_rerun *rerun)
{
    nf_local_close(&rerun->local);
}

static const nf_action *find_action(const nf_rerun *rerun, const char *name)
{
    for (const nf_action *const *a = rerun->actions; name && *a; a++) {
        if (strcmp((*a)->name, name) == 0)
            return *a;
    }
    return NULL;
}

/* A recorded effect as an answer (cli/answers.h). A new reference. */
static json_t *answer_of(const json_t *effect)
{
    json_t *answer = json_object();
    static const char *const same[] = {"args", "result", "error", "now", "turn"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        json_object_set(answer, same[i], json_object_get(effect, same[i]));
    json_object_set(answer, "number", json_object_get(effect, "n"));
    return answer;
}

/* What came back was too much for the history, or nothing came: a sleep moves the clock by itself then. */
static bool is_lost(const json_t *effect)
{
    const char *name = nf_json_string(effect, "action");
    return json_is_true(json_object_get(effect, "cut"))
           || (name && strcmp(name, "flow.sleep") == 0 && !json_object_get(effect, "now"));
}

static nf_answers *answers_of(nf_rerun *rerun, const json_t *record)
{
    nf_answers *answers =
        nf_answers_new(&rerun->local.loop, nf_json_integer(record, "started_ms", 0));
    size_t i;
    const json_t *effect;
    json_array_foreach (json_object_get(json_object_get(record, "detail"), "effects"), i, effect) {
        const nf_action *action = find_action(rerun, nf_json_string(effect, "action"));
        if (!action || is_lost(effect))
            continue;
        json_t *answer = answer_of(effect);
        nf_answers_add(answers, action, answer);
        json_decref(answer);
    }
    return answers;
}

/* ---- what came out ---- */

struct verdict {
    const json_t *record;
    json_t *answer;
};

static bool is_good(const char *outcome)
{
    return strcmp(outcome, nf_outcome_name(NF_OUTCOME_DONE)) == 0
           || strcmp(outcome, nf_outcome_name(NF_OUTCOME_SKIPPED)) == 0;
}

/* Older runs were recorded without arguments: then those of now say nothing. */
static void forget_arguments(const json_t *before, json_t *effects)
{
    size_t i;
    json_t *effect;
    json_array_foreach ((json_t *)before, i, effect) {
        if (json_object_get(effect, "args"))
            return;
    }
    json_array_foreach (effects, i, effect)
        json_object_del(effect, "args");
}

static void on_ended(void *ctx, const nf_run_report *report)
{
    struct verdict *v = ctx;
    if (!report)
        return;
    const json_t *before = json_object_get(json_object_get(v->record, "detail"), "effects");
    const char *was = nf_json_string(v->record, "outcome"),
               *outcome = nf_outcome_name(report->outcome);
    char *text = nf_format("[%.*s]", (int)report->effects_len, report->effects);
    json_t *effects = json_loads(text, JSON_ALLOW_NUL, NULL), *differences = json_array(),
           *a = json_string(was), *b = json_string(outcome);
    forget_arguments(before, effects);
    nf_compare_effects(before, effects, true, differences);
    nf_compare_values("outcome", a, b, true, differences);
    v->answer =
        json_pack("{s:O, s:O, s:O, s:O, s:o, s:b}", "run", json_object_get(v->record, "id"),
                  "handler", json_object_get(v->record, "handler"), "was", a, "outcome", b,
                  "differences", differences, "newly_failing", is_good(was) && !is_good(outcome));
    if (report->error_len)
        json_object_set_new(v->answer, "error",
                            json_loadb(report->error, report->error_len, JSON_ALLOW_NUL, NULL));
    json_decref(a);
    json_decref(b);
    json_decref(effects);
    free(text);
}

static void count(nf_rerun *rerun, const struct verdict *v)
{
    const json_t *differences = json_object_get(v->answer, "differences");
    const char *was = nf_json_string(v->answer, "was"), *now = nf_json_string(v->answer, "outcome");
    rerun->runs++;
    if (json_array_size(differences) == 0)
        rerun->same++;
    else if (strcmp(was, now) != 0)
        rerun->outcomes++;
    else
        rerun->effects++;
    rerun->newly_failing += json_is_true(json_object_get(v->answer, "newly_failing"));
}

json_t *nf_rerun_one(nf_rerun *rerun, const nf_handler *handler, const json_t *record)
{
    const json_t *event = json_object_get(record, "event");
    struct verdict v = {.record = record};
    char received[NF_TIME_TEXT];
    if (!json_is_string(event) || !json_object_get(json_object_get(record, "detail"), "effects")) {
        rerun->trimmed++;
        return json_pack("{s:O, s:b}", "run", json_object_get(record, "id"), "trimmed", 1);
    }
    nf_answers *answers = answers_of(rerun, record);
    rerun->local.env.stand_in = nf_answers_stand_in(answers);
    nf_local_forget(&rerun->local);
    nf_local_run(&rerun->local,
                 &(nf_run_spec){
                     .id = nf_json_integer(record, "id", 1),
                     .handler = handler,
                     .event = json_string_value(event),
                     .len = json_string_length(event),
                 },
                 on_ended, &v);
    rerun->local.env.stand_in = NULL;
    nf_answers_free(answers);
    nf_clock_text(nf_json_integer(record, "received_ms", 0), received);
    json_object_set_new(v.answer, "received", json_string(received));
    count(rerun, &v);
    return v.answer;
}

/* ---- for people ---- */

void nf_rerun_text(const json_t *verdict, bool all, nf_strbuf *out)
{
    const json_t *differences = json_object_get(verdict, "differences"),
                 *error = json_object_get(verdict, "error");
    long long run = (long long)nf_json_integer(verdict, "run", 0);
    const char *message = nf_json_string(error, "message"), *where = nf_json_string(error, "where");
    if (json_is_true(json_object_get(verdict, "trimmed"))) {
        nf_strbuf_addf(out, "run %lld: its event or its effects were trimmed from the history\n",
                       run);
        return;
    }
    if (json_array_size(differences) == 0) {
        if (all)
            nf_strbuf_addf(out, "run %lld: %s: the same\n", run,
                           nf_json_string(verdict, "outcome"));
        return;
    }
    nf_strbuf_addf(out, "run %lld: '%s', %s\n", run, nf_json_string(verdict, "handler"),
                   nf_json_string(verdict, "received"));
    nf_compare_text(differences, &nf_rerun_words, "  ", out);
    if (message)
        nf_strbuf_addf(out, "  %s%s%s\n", where ? where : "", where ? ": " : "", message);
}

char *nf_rerun_summary(const nf_rerun *r)
{
    nf_strbuf out = nf_strbuf_new(1000);
    nf_strbuf_addf(&out, "%u runs: %u the same, %u with other effects, %u with another outcome",
                   r->runs, r->same, r->effects, r->outcomes);
    if (r->newly_failing)
        nf_strbuf_addf(&out, " (%u of them fail and did not before)", r->newly_failing);
    if (r->trimmed)
        nf_strbuf_addf(&out, "; %u cannot be done again: trimmed from the history", r->trimmed);
    return nf_strbuf_take(&out);
}
