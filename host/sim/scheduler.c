/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler.c: scheduler entries as the API has them; dialer.c lives them. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const sim_field *fields_of(bool workflow)
{
    return workflow ? sim_workflow_entry_write : sim_entry_write;
}

/* ---- checking ---- */

/* NULL: it can dial this; else the reason. */
static const char *cannot_dial(const sim_service *s, const char *destination, bool workflow)
{
    bool is_upn = strchr(destination, '@') != NULL;
    size_t digits = destination[0] == '+' ? strspn(destination + 1, "0123456789") : 0;
    if (s->licence != SIM_CC)
        return "the service needs the Contact Center licence";
    if (workflow ? !s->outbound_workflow : !s->outbound)
        return workflow ? "outbound conversations with workflow are switched off for the service"
                        : "outbound conversations are switched off for the service";
    if (!is_upn && (digits < 7 || digits > 15 || destination[1 + digits]))
        return "destination must be a number in international form such as +41791234567, or a UPN";
    if (!is_upn && !s->tel_number[0])
        return "the service has no telephone number, so destination must be a UPN";
    return NULL;
}

/* NULL: the answer is set. */
static const sim_service *check_entry(sim_call *call, const json_t *body, bool workflow,
                                      sim_right right)
{
    const sim_service *s = sim_find_service(&call->sim->world, nf_json_string(body, "serviceUpn"));
    const char *priority = nf_json_string(body, "distributionPriority"), *why = NULL;
    if (!s || sim_tenant(s->unit) != sim_tenant(call->user->unit))
        sim_fail(call, 400, "serviceUpn: this cluster has no such service");
    else if (!sim_allowed(call, right, s))
        ;
    else if ((why = cannot_dial(s, nf_json_string(body, "destination"), workflow)))
        sim_fail(call, 400, "%s", why);
    else if (priority && !sim_is_value(call->sim->world.priorities, priority))
        sim_fail(call, 400, "distributionPriority: '%s' is not in the list that this cluster gives",
                 priority);
    else
        return s;
    return NULL;
}

/* ---- writing ---- */

static void set_defaults(json_t *data, bool workflow)
{
    static const struct {
        const char *name;
        int value;
        bool always;
    } defaults[] = {{"maxAttempts", 1, true},
                    {"attemptTimeoutInSeconds", 3600, true},
                    {"maxQueueTimeInSeconds", 300, false},
                    {"ronaTimeoutInSeconds", 20, false}};
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if ((defaults[i].always || !workflow) && !json_object_get(data, defaults[i].name))
            json_object_set_new(data, defaults[i].name, json_integer(defaults[i].value));
    if (!workflow && !json_object_get(data, "distributionPriority"))
        json_object_set_new(data, "distributionPriority", json_string("Normal"));
}

static void write_entry(sim_entry *entry, const json_t *body, const sim_service *service)
{
    const sim_field *fields = fields_of(entry->workflow);
    for (const sim_field *f = fields; f->name; f++) {
        json_object_del(entry->data, f->name);
        if (json_object_get(body, f->name))
            json_object_set_new(entry->data, f->name,
                                json_deep_copy(json_object_get(body, f->name)));
    }
    entry->service = service;
    json_object_set_new(entry->data, "serviceUpn", json_string(service->upn));
    set_defaults(entry->data, entry->workflow);
    sim_moment(nf_json_string(entry->data, "dueDateTimeUtc"), &entry->due_ms);
}

static sim_entry *new_entry(nf_sim *sim, bool workflow)
{
    sim_entry *entry = nf_alloc(sizeof *entry);
    entry->log.sim = sim;
    entry->log.created_ms = nf_clock_wall_ms();
    entry->workflow = workflow;
    sim_id(sim, entry->id);
    entry->data = json_pack("{ss ss ss ss}", "schedulerEntryId", entry->id, "event", "Created",
                            "direction", "Outbound", "modality", "Audio");
    if (workflow)
        json_object_set_new(entry->data, "conversationType", json_string("OutboundWithWorkflow"));
    HASH_ADD_STR(sim->entries, id, entry);
    return entry;
}

/* Room for one more? The oldest one that is over goes if need be. */
static bool room(nf_sim *sim)
{
    sim_entry *entry, *next;
    if (HASH_COUNT(sim->entries) < SIM_MAX_ENTRIES)
        return true;
    HASH_ITER (hh, sim->entries, entry, next)
        if (entry->state >= SIM_COMPLETED && !entry->log.in_flight) {
            sim_entry_free(entry);
            return true;
        }
    return false;
}

static void add(sim_call *call, bool workflow)
{
    json_t *body = sim_body_of(call, fields_of(workflow), false, false);
    const sim_service *s = body ? check_entry(call, body, workflow, SIM_ADD_ENTRIES) : NULL;
    if (s && !room(call->sim))
        sim_fail(call, 500, "this simulator keeps at most %d entries", SIM_MAX_ENTRIES);
    else if (s) {
        sim_entry *entry = new_entry(call->sim, workflow);
        write_entry(entry, body, s);
        sim_entry_raise(entry, "Created");
        sim_entry_plan(entry);
        call->json = json_deep_copy(entry->data);
    }
    json_decref(body);
}

void sim_add_entry(sim_call *call)
{
    add(call, false);
}

void sim_add_workflow_entry(sim_call *call)
{
    add(call, true);
}

/* The entry of the path; NULL: the answer is set. */
static sim_entry *find_entry(sim_call *call)
{
    sim_entry *entry = sim_entry_find(call->sim, call->param);
    if (!entry || entry->state == SIM_DELETED
        || sim_tenant(entry->service->unit) != sim_tenant(call->user->unit))
        sim_fail(call, 404, "no scheduler entry has this id");
    else if (sim_allowed(call, SIM_USE_ENTRIES, entry->service))
        return entry;
    return NULL;
}

static void update(sim_call *call, bool workflow)
{
    sim_entry *entry = find_entry(call);
    json_t *body = entry ? sim_body_of(call, fields_of(workflow), false, false) : NULL;
    const sim_service *s = NULL;
    if (!body)
        return;
    if (entry->workflow != workflow)
        sim_fail(call, 404, "the entry is one %s workflow", workflow ? "without" : "with");
    else if (entry->state != SIM_SCHEDULED)
        sim_fail(call, 400, "the entry is in progress or over");
    else
        s = check_entry(call, body, workflow, SIM_USE_ENTRIES);
    if (s) {
        write_entry(entry, body, s);
        sim_entry_raise(entry, "Updated");
        sim_entry_plan(entry);
        call->json = json_deep_copy(entry->data);
    }
    json_decref(body);
}

void sim_update_entry(sim_call *call)
{
    update(call, false);
}

void sim_update_workflow_entry(sim_call *call)
{
    update(call, true);
}

void sim_remove_entry(sim_call *call)
{
    sim_entry *entry = find_entry(call);
    if (!entry)
        return;
    if (entry->state != SIM_SCHEDULED) {
        sim_fail(call, 409, "the entry is in progress or over, so it cannot be removed");
        return;
    }
    entry->state = SIM_DELETED;
    nf_timer_stop(entry->timer);
    json_object_set_new(entry->data, "completionReason", json_string("Cancelled"));
    sim_entry_raise(entry, "Deleted");
}

/* ---- reading ---- */

void sim_list_entries(sim_call *call)
{
    char *upn = sim_query(call, "serviceUpn");
    const sim_service *s = sim_find_service(&call->sim->world, upn);
    if (!upn)
        sim_fail(call, 400, "serviceUpn is missing");
    else if (!s || sim_tenant(s->unit) != sim_tenant(call->user->unit))
        sim_fail(call, 403, "this cluster has no such service");
    else if (sim_allowed(call, SIM_USE_ENTRIES, s)) {
        call->json = json_array();
        for (const sim_entry *e = call->sim->entries; e; e = e->hh.next)
            if (e->service == s && e->state <= SIM_IN_PROGRESS)
                json_array_append_new(call->json, json_deep_copy(e->data));
    }
    free(upn);
}
