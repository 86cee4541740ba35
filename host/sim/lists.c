/* SPDX-License-Identifier: Apache-2.0 */
/* lists.c: the look-up lists of the API; those of services and users hold what the caller may use. */
#include "sim/internal.h"

void sim_test_connection(sim_call *call)
{
    call->status = 200;
}

static bool any_service(const sim_service *s)
{
    return s->licence != SIM_NO_LICENCE;
}

static bool dials(const sim_service *s)
{
    return s->licence == SIM_CC && (s->outbound || s->outbound_workflow);
}

static bool takes_external(const sim_service *s)
{
    return s->licence == SIM_CC
           && (!s->modalities || sim_lists(s->modalities, "ExternalTask", false));
}

static void list_services(sim_call *call, sim_right right, bool (*fits)(const sim_service *s))
{
    call->json = json_array();
    for (const sim_service *s = call->sim->world.services; s->upn; s++)
        if (fits(s) && !sim_may(call->user, right, s))
            json_array_append_new(call->json, json_string(s->upn));
}

void sim_list_services(sim_call *call)
{
    list_services(call, SIM_USE_TASKS, any_service);
}

void sim_list_entry_services(sim_call *call)
{
    list_services(call, SIM_ADD_ENTRIES, dials);
}

void sim_list_external_services(sim_call *call)
{
    list_services(call, SIM_USE_TASKS, takes_external);
}

void sim_list_users(sim_call *call)
{
    call->json = json_array();
    for (const sim_user *u = call->sim->users; u->upn; u++)
        if (sim_sees(call->user, u->unit))
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
    call->json = value_list(call->sim->world.events);
}

void sim_list_entry_events(sim_call *call)
{
    call->json = value_list(call->sim->world.entry_events);
}

void sim_list_modalities(sim_call *call)
{
    call->json = value_list(call->sim->world.modalities);
}

void sim_list_directions(sim_call *call)
{
    call->json = value_list(call->sim->world.directions);
}

void sim_list_priorities(sim_call *call)
{
    call->json = value_list(call->sim->world.priorities);
}
