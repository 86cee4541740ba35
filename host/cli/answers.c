/* SPDX-License-Identifier: Apache-2.0 */
/* answers.c: see answers.h. */
#include "cli/answers.h"

#include "act/args.h"
#include "base/alloc.h"
#include "base/json.h"
#include "cli/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { SILENT_MS = 200 };

/* One answer: given to nobody yet, kept back for a call, or gone. */
typedef struct answer {
    const nf_action *action;
    json_t *what, *args; /* args: as the host sends them; NULL: any */
    json_int_t number, turn;
    bool exact; /* only for equal arguments */
    bool used, ended;
    nf_call *call; /* that waits for its turn */
    struct answer *prev, *next;
} answer;

struct nf_answers {
    nf_stand_in stand_in;
    int64_t now_ms;
    answer *list;
    nf_timer *silence;
};

nf_status nf_status_of_kind(const char *kind)
{
    for (int i = 1; kind && i < NF_STATUS_COUNT; i++) {
        if (strcmp(nf_status_kind((nf_status)-i), kind) == 0)
            return (nf_status)-i;
    }
    return NF_OK;
}

/* ---- giving ---- */

static void give(nf_answers *answers, answer *a)
{
    nf_call *call = a->call;
    const json_t *error = json_object_get(a->what, "error"),
                 *result = json_object_get(a->what, "result");
    json_int_t now = nf_json_integer(a->what, "now", 0);
    a->call = NULL;
    a->ended = true;
    if (now > answers->now_ms)
        answers->now_ms = now;
    if (error) {
        nf_error err = {.http_status = (int)nf_json_integer(error, "status", 0)};
        const char *message = nf_json_string(error, "message");
        nf_status status = nf_status_of_kind(nf_json_string(error, "kind"));
        const char *hint = nf_json_string(error, "hint");
        snprintf(err.hint, sizeof err.hint, "%s", hint ? hint : "");
        nf_error_set(&err, status != NF_OK ? status : NF_E_SERVER, "%s",
                     message ? message : "it failed, as the test wants it");
        nf_stand_in_end(call, &err, NULL);
        return;
    }
    char *text = result && !json_is_null(result) ? nf_json_text(result) : NULL;
    nf_stand_in_end(call, NULL, text);
    free(text);
}

/* Must `a` wait: for one that was asked for later but came earlier, or for one that waits itself and came earlier? */
static bool early(const nf_answers *answers, const answer *a)
{
    const answer *other;
    DL_FOREACH (answers->list, other) {
        if (other != a && !other->ended && other->turn < a->turn
            && (other->call || (!other->used && other->number > a->number)))
            return true;
    }
    return false;
}

static void give_due(nf_answers *answers)
{
    bool again = true;
    while (again) {
        answer *a;
        again = false;
        DL_FOREACH (answers->list, a) {
            if (a->call && !early(answers, a)) {
                give(answers, a);
                again = true;
            }
        }
    }
}

/* The run asks for nothing more: what others waited for does not come. */
static void on_silence(void *ctx)
{
    nf_answers *answers = ctx;
    answer *a, *first = NULL;
    DL_FOREACH (answers->list, a) {
        if (a->call && (!first || a->turn < first->turn))
            first = a;
    }
    if (!first)
        return;
    DL_FOREACH (answers->list, a) {
        if (!a->used && a->turn < first->turn)
            a->used = a->ended = true;
    }
    give_due(answers);
}

/* ---- finding ---- */

static bool only_exact(const nf_action *action)
{
    static const char *const names[] = {"flow.sleep", "lists.find", "kv.get", "kv.set",
                                        "kv.remove"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(action->name, names[i]) == 0)
            return true;
    }
    return false;
}

/* The first answer to this action that fits; with arguments or in order, unused or (of a look-up) used before. */
static answer *find(const nf_answers *answers, const nf_action *action, const json_t *args,
                    bool used)
{
    answer *a;
    DL_FOREACH (answers->list, a) {
        if (a->action == action && a->used == used && !a->call
            && (args ? a->args && json_equal(a->args, args) : !used && !a->exact))
            return a;
    }
    return NULL;
}

static answer *find_unbound(const nf_answers *answers, const nf_action *action)
{
    answer *a;
    DL_FOREACH (answers->list, a) {
        if (a->action == action && !a->used && !a->args)
            return a;
    }
    return NULL;
}

/* A look-up made once more gets what it got: an answer of its own, since each is given once. */
static answer *again(nf_answers *answers, const answer *before)
{
    nf_answers_add(answers, before->action, before->what);
    answer *a = answers->list->prev;
    a->number = a->turn = 0;
    return a;
}

static bool take(void *ctx, nf_call *call, const nf_action *action, const json_t *args)
{
    nf_answers *answers = ctx;
    answer *a = find(answers, action, args, false), *before = NULL;
    if (!a && action->class == NF_READ)
        before = find(answers, action, args, true);
    if (before)
        a = again(answers, before);
    if (!a)
        a = only_exact(action) ? find_unbound(answers, action) : find(answers, action, NULL, false);
    if (!a)
        return false;
    a->used = true;
    a->call = call;
    give_due(answers);
    nf_timer_start(answers->silence, SILENT_MS, 0);
    return true;
}

static void forget(void *ctx, nf_call *call)
{
    const nf_answers *answers = ctx;
    answer *a;
    DL_FOREACH (answers->list, a) {
        if (a->call == call)
            a->call = NULL;
    }
}

static void slept(void *ctx, uint64_t ms)
{
    ((nf_answers *)ctx)->now_ms += (int64_t)ms;
}

static int64_t now_ms(void *ctx)
{
    return ((const nf_answers *)ctx)->now_ms;
}

/* ---- life ---- */

nf_answers *nf_answers_new(nf_loop *loop, int64_t now)
{
    nf_answers *answers = nf_alloc(sizeof *answers);
    answers->stand_in = (nf_stand_in){answers, take, forget, slept, now_ms};
    answers->now_ms = now;
    answers->silence = nf_timer_new(loop, on_silence, answers);
    return answers;
}

void nf_answers_free(nf_answers *answers)
{
    answer *a, *next;
    if (!answers)
        return;
    DL_FOREACH_SAFE (answers->list, a, next) {
        json_decref(a->what);
        json_decref(a->args);
        free(a);
    }
    nf_timer_close(answers->silence);
    free(answers);
}

/* It was refused here, before it reached the world: another effect is not refused in its place. */
static bool was_refused(const json_t *what)
{
    const json_t *error = json_object_get(what, "error");
    const char *kind = nf_json_string(error, "kind");
    return kind && !json_object_get(error, "status")
           && (strcmp(kind, nf_status_kind(NF_E_ARG)) == 0
               || strcmp(kind, nf_status_kind(NF_E_DENIED)) == 0);
}

void nf_answers_add(nf_answers *answers, const nf_action *action, json_t *what)
{
    answer *a = nf_alloc(sizeof *a);
    json_t *args = json_object_get(what, "args");
    a->action = action;
    a->what = json_incref(what);
    a->exact = args && was_refused(what);
    a->args = args ? nf_args_check(action->name, action->params, args, NULL) : NULL;
    if (args && !a->args)
        a->args = json_null(); /* they fit nothing, but the answer has its place in the order */
    json_object_del(a->args, "confirm");
    a->number = nf_json_integer(what, "number", 0);
    a->turn = nf_json_integer(what, "turn", 0);
    DL_APPEND(answers->list, a);
}

const nf_stand_in *nf_answers_stand_in(nf_answers *answers)
{
    return &answers->stand_in;
}
