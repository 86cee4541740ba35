/* SPDX-License-Identifier: Apache-2.0 */
/* people.c: changes of users while the cluster runs: role, unit, services owned, duty. They count from the next check on. */
#include "base/json.h"
#include "sim/internal.h"

#include <strings.h>

static const sim_field user_fields[] = {{"role", .kind = SIM_TEXT},
                                        {"unit", .kind = SIM_TEXT},
                                        {"owns", .kind = SIM_TEXTS},
                                        {"onDuty", .kind = SIM_BOOLEAN},
                                        {0}};

static bool is_named(const json_t *list, const sim_service *s)
{
    return sim_lists(list, s->upn, true) || sim_lists(list, s->name, true);
}

static bool check_services(sim_call *call, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        if (sim_find_service(&call->sim->world, json_string_value(item)))
            continue;
        sim_fail(call, 400, "owns: no service is called '%.80s'", json_string_value(item));
        return false;
    }
    return true;
}

static void set_owner(sim_service *s, const char *upn, bool owner)
{
    size_t i;
    json_t *item;
    json_array_foreach (s->owners, i, item)
        if (strcasecmp(json_string_value(item), upn) == 0) {
            json_array_remove(s->owners, i);
            break;
        }
    if (owner)
        json_array_append_new(s->owners, json_string(upn));
}

static bool read_role(sim_call *call, const json_t *body, sim_role *role)
{
    const char *text = nf_json_string(body, "role");
    *role = text ? sim_role_find(text) : SIM_ROLES;
    if (text && *role == SIM_ROLES)
        sim_fail(call, 400,
                 "role must be Tenant Admin, OU Admin, Service Owner, Team Owner Limited, "
                 "Supervisor, User or Partner Admin");
    return !text || *role != SIM_ROLES;
}

static void change(sim_call *call, sim_user *user, const json_t *body)
{
    sim_role role;
    const char *name = nf_json_string(body, "unit");
    const sim_unit *unit = sim_find_unit(&call->sim->world, name);
    const json_t *owns = json_object_get(body, "owns"), *duty = json_object_get(body, "onDuty");
    if (!read_role(call, body, &role) || !check_services(call, owns))
        return;
    if (name && !unit) {
        sim_fail(call, 400, "no unit is called '%.80s'", name);
        return;
    }
    user->role = role == SIM_ROLES ? user->role : role;
    user->unit = unit ? unit : user->unit;
    for (sim_service *s = call->sim->world.services; owns && s->upn; s++)
        set_owner(s, user->upn, is_named(owns, s));
    if (duty) {
        user->on_duty = json_is_true(duty);
        user->rona = false; /* going on or off duty resets it */
    }
    sim_changed(call->sim);
}

/* POST /sim/users/{upn} */
void sim_control_user(sim_call *call)
{
    sim_user *user = sim_find_user(&call->sim->world, call->param);
    json_t *body = sim_body_of(call, user_fields, true, true);
    if (body && user)
        change(call, user, body);
    else if (body)
        sim_fail(call, 404, "no user of this cluster has the UPN '%.80s'", call->param);
    if (!call->json)
        call->json = json_pack("{ss ss ss sb}", "upn", user->upn, "role", sim_role_name(user->role),
                               "unit", user->unit->name, "onDuty", user->on_duty);
    json_decref(body);
}

/* DELETE /sim/subscriptions/{triggerId}: the cluster forgets it and tells nobody. */
void sim_control_forget(sim_call *call)
{
    sim_subscription *s = sim_subscription_find(call->sim, call->param);
    if (s)
        sim_subscription_free(call->sim, s);
    else
        sim_fail(call, 404, "no trigger has this id");
    if (s)
        call->status = 204;
}
