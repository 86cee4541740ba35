/* SPDX-License-Identifier: Apache-2.0 */
/* triggers.c: subscriptions to tasks, scheduler entries and the virtual assistant. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const event_lists[SIM_TRIGGERS] = {"taskEvents", "schedulerEntryEvents",
                                                      "dataTypes"};

/* ---- checking ---- */

/* Are all of the list's texts values of the cluster's list? */
static bool check_values(sim_call *call, const json_t *config, const char *name,
                         const sim_value *values)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(config, name), i, item) {
        if (sim_is_value(values, json_string_value(item)))
            continue;
        sim_fail(call, 400, "config.%s: '%s' is not in the list that this cluster gives", name,
                 json_string_value(item));
        return false;
    }
    return true;
}

/* The service of this UPN, never by its name; NULL: the answer is set. */
static const sim_service *service_of(sim_call *call, const char *upn)
{
    const sim_service *s = sim_find_service(&call->sim->world, upn);
    if (s && strcasecmp(s->upn, upn) == 0 && sim_tenant(s->unit) == sim_tenant(call->user->unit))
        return s;
    sim_fail(call, 400, "config.services: '%s' is not in the list that this cluster gives", upn);
    return NULL;
}

static bool check_services(sim_call *call, const json_t *config, sim_trigger kind)
{
    size_t i;
    json_t *item;
    sim_right right = kind == SIM_ON_ENTRY ? SIM_USE_ENTRIES : SIM_USE_TASKS;
    json_array_foreach (json_object_get(config, "services"), i, item) {
        const sim_service *s = service_of(call, json_string_value(item));
        if (!s || !sim_allowed(call, right, s))
            return false;
    }
    return true;
}

static bool check_config(sim_call *call, const json_t *config, sim_trigger kind)
{
    const sim_world *w = &call->sim->world;
    const char *url = nf_json_string(config, "url");
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        sim_fail(call, 400, "config.url must be an http or https address");
        return false;
    }
    return (kind != SIM_ON_TASK || check_values(call, config, "taskEvents", w->events))
           && check_values(call, config, "schedulerEntryEvents", w->entry_events)
           && check_values(call, config, "modalities", w->modalities)
           && check_values(call, config, "directions", w->directions)
           && check_services(call, config, kind);
}

/* ---- registering ---- */

static sim_subscription *new_subscription(sim_call *call, const json_t *config, sim_trigger kind)
{
    sim_subscription *s = nf_alloc(sizeof *s);
    sim_id(call->sim, s->id);
    s->kind = kind;
    s->user = call->user;
    s->url = nf_strdup(nf_json_string(config, "url"));
    s->services = json_incref(json_object_get(config, "services"));
    s->events = json_incref(json_object_get(config, event_lists[kind]));
    s->modalities = json_incref(json_object_get(config, "modalities"));
    s->directions = json_incref(json_object_get(config, "directions"));
    s->created_ms = nf_clock_wall_ms();
    HASH_ADD_STR(call->sim->subscriptions, id, s);
    sim_changed(call->sim);
    return s;
}

static void subscribe(sim_call *call, sim_trigger kind, const char *path)
{
    const sim_field outer[] = {
        {"config", .kind = SIM_OBJECT, .required = true, .of = sim_config_of[kind]}, {0}};
    const char *key;
    json_t *value, *body = sim_body_of(call, outer, false, false);
    json_object_foreach (body, key, value)
        if (strcmp(key, "config") != 0 && !call->json)
            sim_fail(call, 400, "the body: unknown field '%.60s'; only 'config' is allowed", key);
    if (body && !call->json && HASH_COUNT(call->sim->subscriptions) >= SIM_MAX_SUBSCRIPTIONS)
        sim_fail(call, 500, "this simulator keeps at most %d subscriptions", SIM_MAX_SUBSCRIPTIONS);
    else if (body && !call->json && check_config(call, json_object_get(body, "config"), kind)) {
        const sim_subscription *s = new_subscription(call, json_object_get(body, "config"), kind);
        const char *host = nf_http_header(call->x, "host");
        call->status = 201;
        memcpy(call->made, s->id, sizeof call->made);
        snprintf(call->header, sizeof call->header, "Location: %s%.200s%.100s/%s\r\n",
                 host ? "http://" : "", host ? host : "", path, s->id);
    }
    json_decref(body);
}

void sim_subscribe_tasks(sim_call *call)
{
    subscribe(call, SIM_ON_TASK, "/v1/triggers/tasks");
}

void sim_subscribe_entries(sim_call *call)
{
    subscribe(call, SIM_ON_ENTRY, "/v1/triggers/scheduler-entries");
}

void sim_subscribe_assistant(sim_call *call)
{
    subscribe(call, SIM_ON_ASSISTANT, call->sim->world.assistant_path);
}

/* ---- the end of one ---- */

sim_subscription *sim_subscription_find(nf_sim *sim, const char *id)
{
    sim_subscription *s = NULL;
    if (id)
        HASH_FIND_STR(sim->subscriptions, id, s);
    return s;
}

void sim_subscription_free(nf_sim *sim, sim_subscription *s)
{
    HASH_DEL(sim->subscriptions, s);
    if (s->later) /* it finds nobody and is dropped */
        nf_timer_start(s->later->timer, 0, 0);
    json_decref(s->services);
    json_decref(s->events);
    json_decref(s->modalities);
    json_decref(s->directions);
    free(s->url);
    free(s);
    sim_changed(sim);
}

static void unsubscribe(sim_call *call, sim_trigger kind)
{
    sim_subscription *s = sim_subscription_find(call->sim, call->param);
    if (!s || s->kind != kind) {
        sim_fail(call, 404, "no trigger has this id");
    } else if (s->user != call->user) {
        sim_fail(call, 403, "the trigger belongs to another user");
    } else {
        sim_subscription_free(call->sim, s);
        call->status = 204;
    }
}

void sim_unsubscribe_tasks(sim_call *call)
{
    unsubscribe(call, SIM_ON_TASK);
}

void sim_unsubscribe_entries(sim_call *call)
{
    unsubscribe(call, SIM_ON_ENTRY);
}

void sim_unsubscribe_assistant(sim_call *call)
{
    unsubscribe(call, SIM_ON_ASSISTANT);
}
