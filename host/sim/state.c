/* SPDX-License-Identifier: Apache-2.0 */
/* state.c: what the page shows, as JSON. The secret part of a callback's address is never in it. */
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
    if (task->step >= NF_SIM_USER_ACCEPTED)
        return "Connected";
    return task->step >= NF_SIM_QUEUED ? "In Queue" : "In IVR";
}

/* How it ended for the agent, as My Sessions says it. */
static const char *result_name(const sim_task *task)
{
    if (!task->ended)
        return NULL;
    return task->has_user ? "Accepted" : "Cancelled";
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

static json_t *event_json(const sim_task *task, const sim_event *event)
{
    const sim_delivery *d;
    json_t *deliveries = json_array();
    DL_FOREACH (event->deliveries, d)
        json_array_append_new(deliveries, delivery_json(d));
    json_t *json =
        json_pack("{ss so sI so}", "event", event->event, "at", time_text(event->at_ms), "offsetMs",
                  (json_int_t)(event->at_ms - task->created_ms), "deliveries", deliveries);
    if (event->detail)
        json_object_set_new(json, "detail", json_string(event->detail));
    return json;
}

static json_t *history_json(const sim_task *task)
{
    const sim_event *event;
    json_t *list = json_array();
    DL_FOREACH (task->history, event)
        json_array_append_new(list, event_json(task, event));
    return list;
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
    const char *result = result_name(task);
    json_t *json = json_pack("{ss ss}", "taskId", task->id, "state", state_name(task));
    for (const char *const *name = members; *name; name++)
        copy_member(json, task->data, *name);
    if (result)
        json_object_set_new(json, "result", json_string(result));
    json_object_set(json, "customer", json_object_get(task->information, "customer"));
    json_object_set(json, "customContextParameters",
                    json_object_get(task->information, "customContextParameters"));
    json_object_set(json, "preferredUsers", json_object_get(task->information, "preferredUsers"));
    json_object_set_new(
        json, "canAccept",
        json_boolean(task->step >= NF_SIM_SYSTEM_ACCEPTED && task->step < NF_SIM_USER_ACCEPTED));
    json_object_set_new(json, "updates", json_integer(task->updates));
    json_object_set_new(json, "contextMs",
                        task->context_ms < 0 ? json_null() : json_real(task->context_ms));
    json_object_set_new(json, "history", history_json(task));
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

/* ---- lists ---- */

static json_t *services_json(const nf_sim *sim)
{
    json_t *list = json_array();
    for (const sim_service *s = sim->services; s->upn; s++)
        json_array_append_new(list, json_pack("{ss ss ss}", "upn", s->upn, "displayName", s->name,
                                              "telNumber", s->tel_number));
    return list;
}

static json_t *users_json(const nf_sim *sim)
{
    json_t *list = json_array();
    for (const sim_user *u = sim->users; u->upn; u++)
        json_array_append_new(list, json_pack("{ss ss}", "upn", u->upn, "displayName", u->name));
    return list;
}

static json_t *values_json(const sim_value *values)
{
    json_t *list = json_array();
    for (; values->value; values++)
        json_array_append_new(list,
                              json_pack("{ss ss}", "name", values->name, "value", values->value));
    return list;
}

/* "http://127.0.0.1:8080/…": where it goes, not what opens it. */
static json_t *masked_url(const char *url)
{
    char text[256];
    const char *host = strstr(url, "://") + 3;
    size_t len = (size_t)(host - url) + strcspn(host, "/?#");
    const char *at = memchr(host, '@', len - (size_t)(host - url));
    if (at)
        return json_string("(an address with credentials)");
    snprintf(text, sizeof text, "%.*s/\xe2\x80\xa6", (int)(len < 200 ? len : 200), url);
    return json_string(text);
}

static json_t *subscriptions_json(const nf_sim *sim)
{
    const sim_subscription *s;
    json_t *list = json_array();
    for (s = sim->subscriptions; s; s = s->hh.next) {
        json_t *json = json_pack(
            "{ss so ss so sO sO si si}", "id", s->id, "url", masked_url(s->url), "user",
            s->user->upn, "created", time_text(s->created_ms), "services", s->services,
            "taskEvents", s->events, "delivered", (int)s->delivered, "failed", (int)s->failed);
        if (s->modalities)
            json_object_set(json, "modalities", s->modalities);
        if (s->directions)
            json_object_set(json, "directions", s->directions);
        json_array_append_new(list, json);
    }
    return list;
}

static json_t *faults_json(const nf_sim *sim)
{
    const sim_fault *f;
    json_t *list = json_array();
    DL_FOREACH (sim->faults, f)
        json_array_append_new(list, json_pack("{ss ss si sI}", "operation", f->operation, "mode",
                                              sim_fault_mode_name(f->mode), "status", f->status,
                                              "count", f->left));
    return list;
}

json_t *sim_state_json(const nf_sim *sim, unsigned limit)
{
    return json_pack("{sI so so so so so so so so so}", "version", (json_int_t)sim->version + 1,
                     "now", time_text(nf_clock_wall_ms()), "services", services_json(sim), "users",
                     users_json(sim), "events", values_json(sim->events), "modalities",
                     values_json(sim->modalities), "directions", values_json(sim->directions),
                     "subscriptions", subscriptions_json(sim), "faults", faults_json(sim), "tasks",
                     tasks_json(sim, limit));
}
