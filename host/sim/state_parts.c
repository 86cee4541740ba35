/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_parts.c: what the page shows beside the tasks. The secret part of a callback's address is never in it.
 */
#include "base/clock.h"
#include "sim/internal.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

static json_t *services_json(const sim_world *world)
{
    json_t *list = json_array();
    for (const sim_service *s = world->services; s->upn; s++)
        json_array_append_new(list, json_pack("{ss ss ss ss sO ss}", "upn", s->upn, "displayName",
                                              s->name, "telNumber", s->tel_number, "unit",
                                              s->unit->name, "owners", s->owners, "licence",
                                              s->licence == SIM_CC   ? "CC"
                                              : s->licence == SIM_ER ? "ER"
                                                                     : "none"));
    return list;
}

static json_t *users_json(const sim_world *world)
{
    json_t *list = json_array();
    for (sim_user *u = world->users; u->upn; u++)
        json_array_append_new(list, json_pack("{ss ss ss ss sb ss}", "upn", u->upn, "displayName",
                                              u->name, "role", sim_role_name(u->role), "unit",
                                              u->unit->name, "onDuty", u->on_duty, "state",
                                              sim_is_free(u) ? "Available"
                                              : u->rona      ? "RONA"
                                                             : "Off Duty"));
    return list;
}

static json_t *units_json(const sim_world *world)
{
    json_t *list = json_array();
    for (const sim_unit *u = world->units; u->name; u++)
        json_array_append_new(list, json_pack("{ss ss*}", "name", u->name, "parent",
                                              u->parent ? u->parent->name : NULL));
    return list;
}

static json_t *roles_json(void)
{
    json_t *list = json_array();
    for (int i = 0; i < SIM_ROLES; i++)
        json_array_append_new(list, json_string(sim_role_name((sim_role)i)));
    return list;
}

static json_t *books_json(const sim_world *world)
{
    json_t *list = json_array();
    for (const sim_book *b = world->books; b->name; b++)
        json_array_append_new(list,
                              json_pack("{ss ss ss si}", "name", b->name, "id", b->id, "unit",
                                        b->unit->name, "contacts", (int)HASH_COUNT(b->contacts)));
    return list;
}

static json_t *entries_json(const nf_sim *sim)
{
    static const char *const states[] = {"Scheduled", "In Progress", "Completed", "Deleted"};
    enum { SHOWN = 200 };
    json_t *list = json_array();
    unsigned left = SHOWN;
    const UT_hash_table *table = sim->entries ? sim->entries->hh.tbl : NULL;
    for (const sim_entry *e = table ? ELMT_FROM_HH(table, table->tail) : NULL; e && left;
         e = e->hh.prev, left--) {
        json_t *json = json_copy(e->data);
        json_object_set_new(json, "state", json_string(states[e->state]));
        json_object_set_new(json, "attempt", json_integer(e->attempt));
        json_object_set_new(json, "taskId", json_string(e->task));
        json_object_set_new(json, "history", sim_history_json(&e->log));
        json_array_append_new(list, json);
    }
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
    static const char *const kinds[SIM_TRIGGERS] = {"tasks", "scheduler-entries",
                                                    "virtual-assistant"};
    static const char *const lists[SIM_TRIGGERS] = {"taskEvents", "schedulerEntryEvents",
                                                    "dataTypes"};
    const sim_subscription *s;
    char when[NF_TIME_TEXT];
    json_t *list = json_array();
    for (s = sim->subscriptions; s; s = s->hh.next) {
        json_t *json =
            json_pack("{ss ss so ss ss sO si si si}", "id", s->id, "trigger", kinds[s->kind], "url",
                      masked_url(s->url), "user", s->user->upn, "created",
                      nf_clock_text(s->created_ms, when), "services", s->services, "delivered",
                      (int)s->delivered, "failed", (int)s->failed, "withheld", (int)s->withheld);
        if (s->events)
            json_object_set(json, lists[s->kind], s->events);
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
        json_array_append_new(list, json_pack("{ss ss si sI si}", "operation", f->operation, "mode",
                                              sim_fault_mode_name(f->mode), "status", f->status,
                                              "count", f->left, "share", (int)f->share));
    return list;
}

void sim_state_parts(nf_sim *sim, json_t *into)
{
    const sim_world *w = &sim->world;
    json_object_set_new(into, "services", services_json(w));
    json_object_set_new(into, "users", users_json(w));
    json_object_set_new(into, "units", units_json(w));
    json_object_set_new(into, "roles", roles_json());
    json_object_set_new(into, "addressBooks", books_json(w));
    json_object_set_new(into, "schedulerEntries", entries_json(sim));
    json_object_set_new(into, "events", values_json(w->events));
    json_object_set_new(into, "modalities", values_json(w->modalities));
    json_object_set_new(into, "directions", values_json(w->directions));
    json_object_set_new(into, "subscriptions", subscriptions_json(sim));
    json_object_set_new(into, "faults", faults_json(sim));
    json_object_set_new(into, "lostRights", json_string(w->refuse_lost ? "403" : "silent"));
    json_object_set_new(into, "speed", json_integer(sim->speed));
}
