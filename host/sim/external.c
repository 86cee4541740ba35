/* SPDX-License-Identifier: Apache-2.0 */
/* external.c: external tasks added and removed by the API. One in progress is a task like any other. */
#include "base/json.h"
#include "sim/internal.h"

#include <string.h>

static const char EXTERNAL[] = "ExternalTask";

static bool is_external(const sim_task *task)
{
    return strcmp(nf_json_string(task->data, "modality"), EXTERNAL) == 0;
}

static unsigned under_way(const nf_sim *sim, const sim_unit *tenant)
{
    unsigned count = 0;
    for (const sim_task *t = sim->tasks; t; t = t->hh.next)
        count += !t->ended && is_external(t) && sim_tenant(t->service->unit) == tenant;
    return count;
}

/* NULL: the answer is set. */
static const sim_service *service_of(sim_call *call, const json_t *body)
{
    const sim_service *s = sim_find_service(&call->sim->world, nf_json_string(body, "serviceUpn"));
    const char *priority = nf_json_string(body, "distributionPriority");
    if (!s || sim_tenant(s->unit) != sim_tenant(call->user->unit))
        sim_fail(call, 400, "serviceUpn: this cluster has no such service");
    else if (!sim_allowed(call, SIM_USE_TASKS, s))
        ;
    else if (s->licence != SIM_CC || (s->modalities && !sim_lists(s->modalities, EXTERNAL, false)))
        sim_fail(call, 400,
                 "serviceUpn: the service needs the Contact Center licence and the modality");
    else if (priority && !sim_is_value(call->sim->world.priorities, priority))
        sim_fail(call, 400, "distributionPriority: '%s' is not in the list that this cluster gives",
                 priority);
    else if (under_way(call->sim, sim_tenant(s->unit)) >= call->sim->world.external_limit)
        sim_fail(
            call, 403,
            "%u external tasks are under way, the most of this tenant; wait until some have ended",
            call->sim->world.external_limit);
    else
        return s;
    return NULL;
}

static const char *priority_value(const sim_call *call, const json_t *body)
{
    const char *text = nf_json_string(body, "distributionPriority");
    for (const sim_value *v = call->sim->world.priorities; text && v->value; v++)
        if (strcmp(v->value, text) == 0)
            return v->value;
    return "Normal";
}

static json_t *result_json(const sim_task *task)
{
    static const char *const members[] = {"modality",           "created",
                                          "isAnonymous",        "serviceId",
                                          "serviceName",        "serviceDescription",
                                          "serviceDisplayName", "serviceUPN",
                                          "serviceTelNumber",   NULL};
    json_t *result = json_pack("{ss ss}", "id", task->id, "type", EXTERNAL);
    for (const char *const *name = members; *name; name++)
        if (json_object_get(task->data, *name))
            json_object_set(result, *name, json_object_get(task->data, *name));
    json_object_set(result, "preferredUsers", json_object_get(task->information, "preferredUsers"));
    return result;
}

void sim_add_external_task(sim_call *call)
{
    json_t *body = sim_body_of(call, sim_external_task, false, false);
    const sim_service *s = body ? service_of(call, body) : NULL;
    const char *identifier = nf_json_string(body, "customerIdentifier");
    if (s && !sim_task_room(call->sim))
        sim_fail(call, 403, "%u tasks are under way; wait until some have ended",
                 call->sim->max_tasks);
    else if (s) {
        identifier = identifier && *identifier ? identifier : NULL;
        sim_task *task = sim_task_make(call->sim, s, EXTERNAL, "None", NULL, identifier, body);
        task->priority = priority_value(call, body);
        call->json = result_json(task);
        sim_task_start(task);
    }
    json_decref(body);
}

void sim_remove_external_task(sim_call *call)
{
    sim_task *task = sim_task_find(call->sim, call->param);
    bool known = task && !task->ended && is_external(task)
                 && sim_tenant(task->service->unit) == sim_tenant(call->user->unit);
    if (!known)
        sim_fail(call, 404, "no external task under way has this id");
    else if (sim_allowed(call, SIM_USE_TASKS, task->service))
        sim_task_end(task, task->user ? "Abandoned" : "Cancelled");
}
