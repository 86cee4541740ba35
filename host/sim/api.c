/* SPDX-License-Identifier: Apache-2.0 */
/* api.c: the published operations, each as its description says (docs/nimbus-api.json). */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_test_connection(sim_call *call)
{
    call->status = 200;
}

/* ---- look-up lists ---- */

void sim_list_services(sim_call *call)
{
    call->json = json_array();
    for (const sim_service *s = call->sim->services; s->upn; s++)
        json_array_append_new(call->json, json_string(s->upn));
}

void sim_list_users(sim_call *call)
{
    call->json = json_array();
    for (const sim_user *u = call->sim->users; u->upn; u++)
        json_array_append_new(call->json, json_string(u->upn));
}

static json_t *value_list(const sim_value *values)
{
    json_t *list = json_array();
    for (; values->value; values++)
        json_array_append_new(list,
                              json_pack("{ssss}", "name", values->name, "value", values->value));
    return list;
}

void sim_list_events(sim_call *call)
{
    call->json = value_list(call->sim->events);
}

void sim_list_modalities(sim_call *call)
{
    call->json = value_list(call->sim->modalities);
}

void sim_list_directions(sim_call *call)
{
    call->json = value_list(call->sim->directions);
}

/* ---- subscriptions ---- */

static bool is_known(const sim_value *values, const char *text)
{
    for (; values->value; values++)
        if (strcmp(values->value, text) == 0)
            return true;
    return false;
}

static bool is_service(const nf_sim *sim, const char *upn)
{
    for (const sim_service *s = sim->services; s->upn; s++)
        if (strcasecmp(s->upn, upn) == 0)
            return true;
    return false;
}

/* A list of strings of the registration; `values` NULL: services. False: the answer is set. */
static bool check_list(sim_call *call, const json_t *config, const char *name, size_t least,
                       const sim_value *values)
{
    const json_t *list = json_object_get(config, name);
    size_t i;
    json_t *item;
    if (!list && !least)
        return true;
    if (!json_is_array(list) || json_array_size(list) < least) {
        sim_fail(call, 400, "config.%s must be a list of strings%s", name,
                 least ? " with at least one entry" : "");
        return false;
    }
    json_array_foreach (list, i, item) {
        const char *text = json_string_value(item);
        if (!text)
            sim_fail(call, 400, "config.%s[%zu] must be a string", name, i);
        else if (values ? !is_known(values, text) : !is_service(call->sim, text))
            sim_fail(call, 400, "config.%s: '%s' is not in the list that this cluster gives", name,
                     text);
        else
            continue;
        return false;
    }
    return true;
}

static bool check_registration(sim_call *call, const json_t *body)
{
    static const char *const outer[] = {"config", NULL};
    const nf_sim *sim = call->sim;
    if (!sim_only(call, body, "the body", outer))
        return false;
    const json_t *config = json_object_get(body, "config");
    const char *url = nf_json_string(config, "url");
    if (!json_is_object(config))
        sim_fail(call, 400, "config must be an object");
    else if (!url || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
             || strlen(url) > 2048)
        sim_fail(call, 400, "config.url must be an http or https address");
    else
        return check_list(call, config, "services", 1, NULL)
               && check_list(call, config, "taskEvents", 1, sim->events)
               && check_list(call, config, "modalities", 0, sim->modalities)
               && check_list(call, config, "directions", 0, sim->directions);
    return false;
}

static sim_subscription *new_subscription(sim_call *call, const json_t *config)
{
    sim_subscription *s = nf_alloc(sizeof *s);
    nf_uuid_new(s->id);
    s->user = call->user;
    s->url = nf_strdup(nf_json_string(config, "url"));
    s->services = json_incref(json_object_get(config, "services"));
    s->events = json_incref(json_object_get(config, "taskEvents"));
    s->modalities = json_incref(json_object_get(config, "modalities"));
    s->directions = json_incref(json_object_get(config, "directions"));
    s->created_ms = nf_clock_wall_ms();
    HASH_ADD_STR(call->sim->subscriptions, id, s);
    sim_changed(call->sim);
    return s;
}

void sim_subscription_free(nf_sim *sim, sim_subscription *s)
{
    HASH_DEL(sim->subscriptions, s);
    json_decref(s->services);
    json_decref(s->events);
    json_decref(s->modalities);
    json_decref(s->directions);
    free(s->url);
    free(s);
}

void sim_subscribe(sim_call *call)
{
    json_t *body = sim_body(call, false);
    if (body && HASH_COUNT(call->sim->subscriptions) >= SIM_MAX_SUBSCRIPTIONS)
        sim_fail(call, 500, "this simulator keeps at most %d subscriptions", SIM_MAX_SUBSCRIPTIONS);
    else if (body && check_registration(call, body)) {
        const sim_subscription *s = new_subscription(call, json_object_get(body, "config"));
        const char *host = nf_http_header(call->x, "host");
        call->status = 201;
        snprintf(call->header, sizeof call->header, "Location: %s%.200s/v1/triggers/tasks/%s\r\n",
                 host ? "http://" : "", host ? host : "", s->id);
    }
    json_decref(body);
}

void sim_unsubscribe(sim_call *call)
{
    sim_subscription *s;
    HASH_FIND_STR(call->sim->subscriptions, call->param, s);
    if (!s) {
        sim_fail(call, 404, "no trigger has this id");
    } else if (s->user != call->user) {
        sim_fail(call, 403, "the trigger belongs to another user");
    } else {
        sim_subscription_free(call->sim, s);
        sim_changed(call->sim);
        call->status = 204;
    }
}

/* ---- tasks ---- */

/* Tell about each parameter that changed; the last one stays in the task's data. */
static void raise_parameter_events(sim_task *task, const json_t *names)
{
    size_t i, k;
    json_t *name, *parameter;
    json_array_foreach (names, i, name) {
        json_array_foreach (json_object_get(task->information, "customContextParameters"), k,
                            parameter) {
            if (strcmp(nf_json_string(parameter, "name"), json_string_value(name)) != 0)
                continue;
            json_object_set(task->data, "updatedParameterName", name);
            json_object_set(task->data, "updatedParameterValue",
                            json_object_get(parameter, "value"));
        }
        if (is_known(task->sim->events, "ParameterUpdated"))
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

static void apply_update(sim_task *task, const json_t *update)
{
    json_t *parameters = json_array(), *changed = json_array();
    task->updates++;
    if (sim_information_merge(task, update, parameters, changed)) {
        char *fields = nf_json_text(changed);
        note_context(task);
        sim_task_note(task, "(updated)", fields);
        free(fields);
        raise_parameter_events(task, parameters);
    }
    sim_changed(task->sim);
    json_decref(parameters);
    json_decref(changed);
}

static bool is_too_much(const sim_task *task, const json_t *update)
{
    return json_array_size(json_object_get(task->information, "customContextParameters"))
               + json_array_size(json_object_get(update, "customContextParameters"))
           > SIM_MAX_PARAMETERS;
}

void sim_update_task(sim_call *call)
{
    char why[256];
    json_t *body = sim_body(call, true);
    sim_task *task = sim_task_find(call->sim, call->param);
    if (!body)
        return;
    if (!task || task->ended)
        sim_fail(call, 404, task ? "the task has ended" : "no task has this id");
    else if (!sim_information_check(body, why, sizeof why))
        sim_fail(call, 400, "%s", why);
    else if (is_too_much(task, body))
        sim_fail(call, 400, "a task of this simulator keeps at most %d parameters",
                 SIM_MAX_PARAMETERS);
    else
        apply_update(task, body);
    json_decref(body);
}
