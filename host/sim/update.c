/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.c: "Update task", and how an update is put into a task.
 *
 * Only what was sent changes: fields of the customer one by one, parameters by name, the other lists as a whole. Fields
 * that the description does not know are allowed by it and do nothing.
 */
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- merging ---- */

/* Set a member if it differs; notes its name. */
static void merge_member(json_t *into, const json_t *update, const char *name, const char *shown,
                         json_t *changed)
{
    json_t *value = json_object_get(update, name);
    if (!value || json_equal(value, json_object_get(into, name)))
        return;
    json_object_set(into, name, value);
    json_array_append_new(changed, json_string(shown));
}

static void merge_customer(json_t *into, const json_t *update, json_t *changed)
{
    for (const sim_field *f = sim_customer; f->name; f++)
        merge_member(into, update, f->name, f->name, changed);
}

static json_t *find_by_name(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item)
        if (strcmp(nf_json_string(item, "name"), name) == 0)
            return item;
    return NULL;
}

static void merge_parameters(json_t *into, const json_t *update, json_t *parameters,
                             json_t *changed)
{
    size_t i;
    json_t *item;
    json_array_foreach (update, i, item) {
        const char *name = nf_json_string(item, "name"), *value = nf_json_string(item, "value");
        json_t *old = find_by_name(into, name);
        const char *before = nf_json_string(old, "value");
        value = value ? value : "";
        if (before && strcmp(before, value) == 0)
            continue;
        if (old)
            json_object_set_new(old, "value", json_string(value));
        else
            json_array_append_new(into, json_pack("{ssss}", "name", name, "value", value));
        json_array_append_new(parameters, json_string(name));
        json_array_append_new(changed, json_string(name));
    }
}

bool sim_information_merge(sim_task *task, const json_t *update, json_t *parameters,
                           json_t *changed)
{
    merge_customer(json_object_get(task->information, "customer"),
                   json_object_get(update, "customer"), changed);
    merge_parameters(json_object_get(task->information, "customContextParameters"),
                     json_object_get(update, "customContextParameters"), parameters, changed);
    merge_member(task->information, update, "preferredUsers", "preferredUsers", changed);
    return json_array_size(changed) > 0;
}

/* ---- events of parameters ---- */

/* Tell about each parameter that changed; the last one stays in the task's data. */
static void raise_parameter_events(sim_task *task, const json_t *names)
{
    size_t i;
    json_t *name;
    const json_t *all = json_object_get(task->information, "customContextParameters");
    json_array_foreach (names, i, name) {
        const json_t *parameter = find_by_name(all, json_string_value(name));
        json_object_set(task->data, "updatedParameterName", name);
        json_object_set(task->data, "updatedParameterValue", json_object_get(parameter, "value"));
        sim_task_raise(task, "ParameterUpdated", json_string_value(name));
    }
}

static void note_context(sim_task *task)
{
    if (task->context_ms < 0 && task->accept_sent_ns) {
        uint64_t hundredths = (nf_clock_ns() - task->accept_sent_ns) / 10000;
        task->context_ms = (double)hundredths / 100;
    }
}

void sim_task_update(sim_task *task, const json_t *update, const char *what)
{
    json_t *parameters = json_array(), *changed = json_array();
    if (sim_information_merge(task, update, parameters, changed)) {
        char *fields = nf_json_text(changed);
        sim_note(&task->log, what, fields);
        free(fields);
        raise_parameter_events(task, parameters);
    }
    sim_changed(task->sim);
    json_decref(parameters);
    json_decref(changed);
}

/* ---- the operation ---- */

static bool is_too_much(const sim_task *task, const json_t *update)
{
    return json_array_size(json_object_get(task->information, "customContextParameters"))
               + json_array_size(json_object_get(update, "customContextParameters"))
           > SIM_MAX_PARAMETERS;
}

/* The sessions that the newer description lets a caller name must be those of the task. */
static bool is_session(sim_call *call, const sim_task *task)
{
    char *service = sim_query(call, "serviceSessionId"), *user = sim_query(call, "userSessionId");
    bool right = (!service || strcmp(service, task->service_session) == 0)
                 && (!user || strcmp(user, task->user_session) == 0);
    if (!right)
        sim_fail(call, 404, "the task has no such session");
    free(service);
    free(user);
    return right;
}

static void put(sim_call *call, sim_task *task, const json_t *update)
{
    double before = task->context_ms;
    task->updates++;
    if (before < 0) {
        json_t *was = json_deep_copy(task->information);
        sim_task_update(task, update, "(updated)");
        if (!json_equal(was, task->information))
            note_context(task);
        json_decref(was);
    } else {
        sim_task_update(task, update, "(updated)");
    }
    call->status = 200;
}

void sim_update_task(sim_call *call)
{
    json_t *body = sim_body_of(call, sim_information, false, true);
    sim_task *task = sim_task_find(call->sim, call->param);
    bool same = task && sim_tenant(task->service->unit) == sim_tenant(call->user->unit);
    if (!body)
        return;
    if (!same)
        sim_fail(call, 404, "no task has this id");
    else if (!sim_allowed(call, SIM_USE_TASKS, task->service) || !is_session(call, task))
        ;
    else if (task->ended)
        sim_fail(call, 404, "the task has ended");
    else if (is_too_much(task, body))
        sim_fail(call, 400, "a task of this simulator keeps at most %d parameters",
                 SIM_MAX_PARAMETERS);
    else
        put(call, task, body);
    json_decref(body);
}
