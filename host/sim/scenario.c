/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scenario.c: a described day, from its file: steps, each at a time and with one action.
 *
 * What a step does is what the control interface offers, in the same words. Everything that can be checked before the
 * day begins is checked here, and told with its line.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"
#include "sim/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static const sim_field user_step[] = {{"upn", .kind = SIM_TEXT, .required = true},
                                      {"role", .kind = SIM_TEXT},
                                      {"unit", .kind = SIM_TEXT},
                                      {"owns", .kind = SIM_TEXTS},
                                      {"onDuty", .kind = SIM_BOOLEAN},
                                      {0}};
static const sim_field input_step[] = {{"name", .kind = SIM_TEXT, .required = true, .most = 64},
                                       {"value", .kind = SIM_TEXT, .required = true},
                                       {0}};
static const sim_field entry_step[] = {
    {"serviceUpn", .kind = SIM_TEXT, .required = true},
    {"destination", .kind = SIM_TEXT, .required = true},
    {"dueAfter", .kind = SIM_DURATION},
    {"ReferenceId", .kind = SIM_TEXT},
    {"maxAttempts", .kind = SIM_INTEGER, .least = 1, .most = 10},
    {"attemptTimeoutInSeconds", .kind = SIM_INTEGER, .least = 30, .most = 86400},
    {"maxQueueTimeInSeconds", .kind = SIM_INTEGER, .least = 5, .most = 3600},
    {"ronaTimeoutInSeconds", .kind = SIM_INTEGER, .least = 5, .most = 30},
    {"distributionPriority", .kind = SIM_TEXT},
    {"customer", .kind = SIM_OBJECT, .of = sim_customer},
    {0}};

#define ON_TASK                                                                                    \
    {"ring", .kind = SIM_TEXT}, {"accept", .kind = SIM_TEXT}, {"decline", .kind = SIM_BOOLEAN},    \
        {"transfer", .kind = SIM_TEXT}, {"hangup", .kind = SIM_TEXT},                              \
    {                                                                                              \
        "input", .kind = SIM_OBJECT, .of = input_step                                              \
    }

static const sim_field then_fields[] = {
    {"after", .kind = SIM_DURATION, .required = true}, ON_TASK, {0}};
static const sim_field step_fields[] = {{"at", .kind = SIM_DURATION, .required = true},
                                        {"call", .kind = SIM_OBJECT, .of = sim_call_fields},
                                        {"name", .kind = SIM_TEXT},
                                        {"then", .kind = SIM_OBJECTS, .of = then_fields},
                                        {"task", .kind = SIM_TEXT},
                                        ON_TASK,
                                        {"entry", .kind = SIM_OBJECT, .of = entry_step},
                                        {"user", .kind = SIM_OBJECT, .of = user_step},
                                        {"fault", .kind = SIM_OBJECT, .of = sim_fault_fields},
                                        {"clearFaults", .kind = SIM_BOOLEAN},
                                        {0}};
static const sim_field scenario_fields[] = {
    {"name", .kind = SIM_TEXT},
    {"speed", .kind = SIM_INTEGER, .least = 1, .most = 1000},
    {"afterSubscriptions", .kind = SIM_INTEGER, .least = 0, .most = SIM_MAX_SUBSCRIPTIONS},
    {"endAt", .kind = SIM_DURATION},
    {"steps", .kind = SIM_OBJECTS, .required = true, .of = step_fields},
    {0}};

/* what a step can do; the first six are done to a task */
static const char *const verbs[] = {"ring", "accept", "decline", "transfer", "hangup",     "input",
                                    "call", "entry",  "user",    "fault",    "clearFaults"};
enum { TASK_VERBS = 6 };

typedef struct scenario_reader {
    sim_scenario *scenario;
    nf_strbuf *errors;
} scenario_reader;

NF_PRINTF(3, 4)
static void problem(const scenario_reader *r, const json_t *at, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    nf_yaml_error(r->errors, r->scenario->path, (int)nf_json_integer(at, "$line", 1), 1, "%s",
                  text);
}

/* A copy without the line numbers, as the control interface takes it. */
static json_t *plain(const json_t *value)
{
    json_t *copy = json_deep_copy(value), *item;
    const char *key;
    size_t i;
    void *next;
    if (json_is_object(copy)) {
        json_object_del(copy, "$line");
        json_object_foreach_safe(copy, next, key, item) json_object_set_new(copy, key, plain(item));
    }
    json_array_foreach (copy, i, item)
        json_array_set_new(copy, i, plain(item));
    return copy;
}

/* ---- checks before the day ---- */

static void check_user(const scenario_reader *r, const json_t *at, const char *upn)
{
    if (upn && !sim_find_user(&r->scenario->sim->world, upn))
        problem(r, at, "no user of this world has the UPN '%s'", upn);
}

static void check_text(const scenario_reader *r, const json_t *at, const char *verb,
                       const char *text)
{
    const sim_world *w = &r->scenario->sim->world;
    bool agent = strcmp(verb, "ring") == 0 || strcmp(verb, "accept") == 0;
    if (agent && strcmp(text, "anybody") != 0)
        check_user(r, at, text);
    else if (strcmp(verb, "transfer") == 0 && !sim_find_service(w, text) && !sim_find_user(w, text))
        problem(r, at, "transfer: no service and no user of this world is called '%s'", text);
    else if (strcmp(verb, "hangup") == 0 && strcmp(text, "customer") != 0
             && strcmp(text, "user") != 0)
        problem(r, at, "hangup: write customer or user, not '%s'", text);
}

static void check_object(const scenario_reader *r, const json_t *at, const char *verb,
                         const json_t *body)
{
    sim_call call = {.sim = r->scenario->sim};
    sim_fault fault = {0};
    const char *service =
        nf_json_string(body, strcmp(verb, "entry") == 0 ? "serviceUpn" : "service");
    if (strcmp(verb, "user") == 0)
        check_user(r, at, nf_json_string(body, "upn"));
    if (strcmp(verb, "fault") == 0 && !sim_fault_read(&call, body, &fault))
        problem(r, at, "fault: %s", nf_json_string(call.json, "error"));
    if (service && !sim_find_service(&r->scenario->sim->world, service))
        problem(r, at, "no service of this world is called '%s'", service);
    json_decref(call.json);
}

/* ---- steps ---- */

static int by_time(const sim_action *a, const sim_action *b)
{
    return (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms);
}

static void add_action(const scenario_reader *r, const json_t *step, int64_t at_ms,
                       const char *verb, const char *name)
{
    const json_t *value = json_object_get(step, verb);
    if (json_is_string(value))
        check_text(r, step, verb, json_string_value(value));
    sim_action *action = nf_alloc(sizeof *action);
    action->at_ms = at_ms;
    action->line = (int)nf_json_integer(step, "$line", 1);
    action->verb = verb;
    action->name = nf_strdup(name);
    action->body = plain(value);
    if (json_is_object(value))
        check_object(r, step, verb, action->body);
    DL_APPEND(r->scenario->actions, action);
}

/* The one verb of a step, among the first `count`; NULL is told. */
static const char *find_verb(const scenario_reader *r, const json_t *step, size_t first,
                             size_t count)
{
    const char *found = NULL;
    for (size_t i = first; i < count; i++) {
        if (!json_object_get(step, verbs[i]))
            continue;
        if (found)
            problem(r, step, "a step does one thing: '%s' or '%s'", found, verbs[i]);
        found = verbs[i];
    }
    if (!found)
        problem(r, step,
                "what happens? name one of ring, accept, decline, transfer, hangup, input%s",
                count > TASK_VERBS ? ", call, entry, user, fault, clearFaults" : "");
    return found;
}

static void read_call(const scenario_reader *r, const json_t *step, int64_t at_ms)
{
    char own[32];
    size_t i;
    json_t *then;
    const char *name = nf_json_string(step, "name");
    snprintf(own, sizeof own, "line %d", (int)nf_json_integer(step, "$line", 1));
    name = name ? name : own;
    if (json_object_get(r->scenario->names, name))
        problem(r, step, "there are two calls named '%s'", name);
    json_object_set_new(r->scenario->names, name, json_null());
    add_action(r, step, at_ms, "call", name);
    json_array_foreach (json_object_get(step, "then"), i, then) {
        const char *verb = find_verb(r, then, 0, TASK_VERBS);
        if (verb)
            add_action(r, then, at_ms + nf_json_integer(then, "after", 0), verb, name);
    }
}

static void read_step(const scenario_reader *r, const json_t *step)
{
    int64_t at_ms = nf_json_integer(step, "at", 0);
    const char *verb = find_verb(r, step, 0, NF_COUNT(verbs)), *task = nf_json_string(step, "task");
    bool on_task = false;
    for (int i = 0; verb && i < TASK_VERBS; i++)
        on_task = on_task || verb == verbs[i];
    if (!verb)
        return;
    if (strcmp(verb, "call") != 0 && json_object_get(step, "then"))
        problem(r, step, "'then' goes with a call");
    if (on_task && (!task || !json_object_get(r->scenario->names, task)))
        problem(r, step, "'task' must be the name of a call that stands above, not '%s'",
                task ? task : "");
    if (strcmp(verb, "call") == 0)
        read_call(r, step, at_ms);
    else
        add_action(r, step, at_ms, verb, task);
}

static void read_all(const scenario_reader *r, const json_t *file)
{
    sim_scenario *s = r->scenario;
    size_t i;
    json_t *step;
    const char *name = nf_json_string(file, "name");
    s->name = nf_strdup(name ? name : s->path);
    s->speed = (unsigned)nf_json_integer(file, "speed", 0);
    s->wait_for = (unsigned)nf_json_integer(file, "afterSubscriptions", 0);
    json_array_foreach (json_object_get(file, "steps"), i, step)
        read_step(r, step);
    DL_SORT(s->actions, by_time);
    int64_t last = s->actions ? s->actions->prev->at_ms : 0; /* the head's prev is the tail */
    s->end_ms = nf_json_integer(file, "endAt", last + 180 * 1000);
    if (s->end_ms < last)
        problem(r, file, "endAt comes before the last step");
}

nf_status sim_scenario_read(nf_sim *sim, const char *path, sim_scenario **scenario, nf_error *err)
{
    nf_strbuf errors = nf_strbuf_new(65536);
    sim_scenario *s = nf_alloc(sizeof *s);
    s->sim = sim;
    s->path = nf_strdup(path);
    s->names = json_object();
    nf_yaml *tree = nf_yaml_read(path, &errors);
    json_t *file = tree ? sim_check_file(scenario_fields, tree, path, &errors) : NULL;
    const scenario_reader r = {s, &errors};
    if (file && !errors.len)
        read_all(&r, file);
    json_decref(file);
    nf_yaml_free(tree);
    nf_status rc = NF_OK;
    if (errors.len) {
        errors.bytes[errors.len - 1] = '\0'; /* the last line break */
        rc = nf_error_set(err, NF_E_CONFIG, "%s", errors.bytes);
        sim_scenario_free(s);
        s = NULL;
    }
    nf_strbuf_release(&errors);
    *scenario = s;
    return rc;
}

void sim_scenario_free(sim_scenario *s)
{
    sim_action *action, *next;
    if (!s)
        return;
    DL_FOREACH_SAFE (s->actions, action, next) {
        free(action->name);
        json_decref(action->body);
        free(action);
    }
    nf_timer_close(s->timer);
    json_decref(s->names);
    free(s->path);
    free(s->name);
    free(s);
}
