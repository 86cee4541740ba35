/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assistant.c: data of the virtual task assistant: set by hand or, for services that have one, made up as a call goes on.
 *
 * No public page prints the names of the data types or the trigger's payload; these are the simulator's.
 */
#include "base/json.h"
#include "sim/internal.h"

#include <string.h>

void sim_assistant_set(sim_task *task, const char *type, json_t *data)
{
    if (!task->assistant)
        task->assistant = json_object();
    json_object_set_new(task->assistant, type, data);
    sim_event *event = sim_note(&task->log, "(assistant)", type);
    json_t *body = json_pack("{ss ss ss ss ss}", "serviceSessionId", task->service_session,
                             "userSessionId", task->user_session, "dataType", type, "taskId",
                             task->id, "serviceUPN", task->service->upn);
    const sim_notice notice = {SIM_ON_ASSISTANT, task->service, type, NULL, NULL, body, NULL};
    sim_deliver(&task->log, event, &notice);
    json_decref(body);
}

void sim_assistant_listen(sim_task *task, bool ended)
{
    bool speech = strcmp(nf_json_string(task->data, "modality"), "Audio") == 0;
    if (!task->service->assistant || !speech || !task->user)
        return;
    if (!ended)
        sim_assistant_set(task, "Transcription",
                          json_pack("{s[{ssss}{ssss}]}", "entries", "speaker", "User", "text",
                                    "Welcome, how can I help you?", "speaker", "Customer", "text",
                                    "Where is my order?"));
    else
        sim_assistant_set(task, "Summarization",
                          json_pack("{ss ss ss ss ss}", "Title", "Question about an order", "Issue",
                                    "The customer does not know where an order is.", "Resolution",
                                    "The delivery date was given.", "Recap",
                                    "A customer asked where an order is and was told the date.",
                                    "Narrative", "The customer called about an order."));
}

static sim_task *by_session(const nf_sim *sim, const char *id)
{
    for (sim_task *t = sim->tasks; t; t = t->hh.next)
        if (strcmp(t->service_session, id) == 0)
            return t;
    return NULL;
}

void sim_get_assistant_data(sim_call *call)
{
    sim_task *task = by_session(call->sim, call->params[0]);
    char *session = sim_query(call, "userSessionId");
    json_t *data = task ? json_object_get(task->assistant, call->params[1]) : NULL;
    bool same = task && sim_tenant(task->service->unit) == sim_tenant(call->user->unit)
                && (!session || strcmp(session, task->user_session) == 0);
    if (!same)
        sim_fail(call, 404, "no such session");
    else if (!sim_allowed(call, SIM_USE_TASKS, task->service))
        ;
    else if (!data)
        sim_fail(call, 404, "the session has no data of the type '%.60s'", call->params[1]);
    else
        call->json = json_incref(data);
    free(session);
}

/* POST /sim/tasks/{taskId}/assistant */
void sim_control_assistant(sim_call *call)
{
    static const sim_field fields[] = {{"dataType", .kind = SIM_TEXT, .required = true, .most = 64},
                                       {"data", .kind = SIM_ANY, .required = true},
                                       {0}};
    sim_task *task = sim_task_find(call->sim, call->param);
    json_t *body = sim_body_of(call, fields, true, false);
    if (body && task)
        sim_assistant_set(task, nf_json_string(body, "dataType"),
                          json_incref(json_object_get(body, "data")));
    else if (body)
        sim_fail(call, 404, "no task has this id");
    json_decref(body);
}
