/* SPDX-License-Identifier: Apache-2.0 */
/* state.c: tasks as the page shows them, as JSON. */
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

static json_t *time_text(int64_t wall_ms)
{
    char when[NF_TIME_TEXT];
    return json_string(nf_clock_text(wall_ms, when));
}

/* ---- tasks ---- */

/* The words of the live states in Nimbus. */
static const char *state_name(const sim_task *task)
{
    if (task->ended)
        return "Terminated";
    if (task->dialing)
        return "Dialing Out";
    if (task->step >= NF_SIM_USER_ACCEPTED)
        return "Connected";
    if (task->step == NF_SIM_RINGING)
        return task->transferred ? "Transferring" : "Ringing";
    return task->step >= NF_SIM_QUEUED ? "In Queue" : "In IVR";
}

/* How it ended for the agent, as My Sessions says it. */
static const char *result_name(const sim_task *task)
{
    if (!task->ended)
        return NULL;
    return task->user ? "Accepted" : "Cancelled";
}

static json_t *delivery_json(const sim_delivery *d)
{
    static const char *const states[] = {"waiting", "delivered", "failed", "dropped"};
    json_t *json =
        json_pack("{ss ss si sI}", "subscription", d->subscription, "state", states[d->state],
                  "attempts", (int)d->attempts, "ms", (json_int_t)d->took_ms);
    if (d->status)
        json_object_set_new(json, "status", json_integer(d->status));
    if (d->why[0])
        json_object_set_new(json, "error", json_string(d->why));
    return json;
}

static json_t *event_json(const sim_subject *subject, const sim_event *event)
{
    const sim_delivery *d;
    json_t *deliveries = json_array();
    DL_FOREACH (event->deliveries, d)
        json_array_append_new(deliveries, delivery_json(d));
    json_t *json =
        json_pack("{ss so sI so}", "event", event->event, "at", time_text(event->at_ms), "offsetMs",
                  (json_int_t)(event->at_ms - subject->created_ms), "deliveries", deliveries);
    if (event->detail)
        json_object_set_new(json, "detail", json_string(event->detail));
    return json;
}

json_t *sim_history_json(const sim_subject *subject)
{
    const sim_event *event;
    json_t *list = json_array();
    DL_FOREACH (subject->history, event)
        json_array_append_new(list, event_json(subject, event));
    return list;
}

static void set_text(json_t *into, const char *name, const char *text)
{
    if (text)
        json_object_set_new(into, name, json_string(text));
}

static void copy_member(json_t *into, const json_t *from, const char *name)
{
    json_t *value = json_object_get(from, name);
    if (value)
        json_object_set(into, name, value);
}

json_t *sim_task_json(const sim_task *task)
{
    static const char *const members[] = {"direction",
                                          "modality",
                                          "created",
                                          "terminated",
                                          "callerTelNumber",
                                          "callerUPN",
                                          "destinationTelNumber",
                                          "destinationUPN",
                                          "isAnonymous",
                                          "customerIdentifier",
                                          "initialMessage",
                                          "emailSubject",
                                          "serviceUPN",
                                          "serviceDisplayName",
                                          "LastConnectedUserUPN",
                                          NULL};
    json_t *json = json_pack("{ss ss ss ss ss}", "taskId", task->id, "state", state_name(task),
                             "priority", task->priority, "serviceSessionId", task->service_session,
                             "userSessionId", task->user_session);
    for (const char *const *name = members; *name; name++)
        copy_member(json, task->data, *name);
    set_text(json, "result", result_name(task));
    set_text(json, "outcome", task->outcome);
    set_text(json, "ringing", task->ringing ? task->ringing->upn : NULL);
    set_text(json, "user", task->user ? task->user->upn : NULL);
    set_text(json, "schedulerEntryId", task->entry[0] ? task->entry : NULL);
    json_object_set(json, "customer", json_object_get(task->information, "customer"));
    json_object_set(json, "customContextParameters",
                    json_object_get(task->information, "customContextParameters"));
    json_object_set(json, "preferredUsers", json_object_get(task->information, "preferredUsers"));
    if (task->sessions)
        json_object_set(json, "userSessions", task->sessions);
    if (task->assistant)
        json_object_set(json, "assistant", task->assistant);
    json_object_set_new(json, "contextLost", json_boolean(task->lost_context));
    json_object_set_new(
        json, "canAccept",
        json_boolean(task->step >= NF_SIM_SYSTEM_ACCEPTED && task->step < NF_SIM_USER_ACCEPTED));
    json_object_set_new(json, "updates", json_integer(task->updates));
    json_object_set_new(json, "contextMs",
                        task->context_ms < 0 ? json_null() : json_real(task->context_ms));
    json_object_set_new(json, "history", sim_history_json(&task->log));
    return json;
}

static json_t *tasks_json(const nf_sim *sim, unsigned limit)
{
    const sim_task *task;
    json_t *list = json_array();
    const UT_hash_table *table = sim->tasks ? sim->tasks->hh.tbl : NULL;
    /* the hash links its elements in the order in which they came; from the tail they are newest
     * first */
    for (task = table ? ELMT_FROM_HH(table, table->tail) : NULL; task && limit;
         task = task->hh.prev, limit--)
        json_array_append_new(list, sim_task_json(task));
    return list;
}

json_t *sim_state_json(nf_sim *sim, unsigned limit)
{
    json_t *state = json_pack("{sI so so}", "version", (json_int_t)sim->version + 1, "now",
                              time_text(nf_clock_wall_ms()), "tasks", tasks_json(sim, limit));
    sim_state_parts(sim, state);
    return state;
}
