/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rights.c: who may what: a role for the operation, the organization units for the entity.
 *
 * Reading goes up: a user sees what sits in the own unit or above it, a Tenant Admin everything of the tenant. Changing
 * address books goes down: an OU Admin changes those of the own unit and below. What nothing allows is refused.
 */
#include "sim/internal.h"

static bool is_above(const sim_unit *above, const sim_unit *unit)
{
    for (; unit; unit = unit->parent)
        if (unit == above)
            return true;
    return false;
}

bool sim_sees(const sim_user *user, const sim_unit *unit)
{
    if (sim_tenant(user->unit) != sim_tenant(unit))
        return false;
    return user->role == SIM_TENANT_ADMIN || is_above(unit, user->unit);
}

static bool role_may(sim_role role, sim_right right)
{
    switch (role) {
    case SIM_TENANT_ADMIN:
        return true;
    case SIM_OU_ADMIN:
        return right == SIM_USE_BOOKS;
    case SIM_SERVICE_OWNER:
        return right != SIM_USE_BOOKS;
    case SIM_OWNER_LIMITED:
        return right == SIM_ADD_ENTRIES || right == SIM_READ_SERVICE;
    default:
        return false;
    }
}

const char *sim_may(const sim_user *user, sim_right right, const sim_service *service)
{
    if (!role_may(user->role, right))
        return "the user's role does not allow this";
    if (!sim_sees(user, service->unit))
        return "the service is not on the path from the user's organization unit to the tenant";
    if (user->role != SIM_TENANT_ADMIN && !sim_lists(service->owners, user->upn, true))
        return "the user is no owner of the service";
    return NULL;
}

const char *sim_may_book(const sim_user *user, const sim_book *book, bool change)
{
    bool below = is_above(user->unit, book->unit);
    if (!role_may(user->role, SIM_USE_BOOKS))
        return "the user's role does not allow this";
    if (user->role == SIM_TENANT_ADMIN ? sim_sees(user, book->unit)
                                       : below || (!change && sim_sees(user, book->unit)))
        return NULL;
    return change
               ? "the address book is not in the user's organization unit or below it"
               : "the address book is not on the path from the user's organization unit to the tenant";
}

bool sim_allowed(sim_call *call, sim_right right, const sim_service *service)
{
    const char *why = sim_may(call->user, right, service);
    if (why)
        sim_fail(call, 403, "%s (%s, %s in %s)", why, call->user->upn,
                 sim_role_name(call->user->role), call->user->unit->name);
    return !why;
}
