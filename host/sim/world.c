/* SPDX-License-Identifier: Apache-2.0 */
/* world.c: looking things up in a world, and freeing it. world_read.c reads one. */
#include "sim/world.h"

#include "base/embed.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

extern const nf_embedded sim_world_files[];

static const char *const role_names[SIM_ROLES] = {
    "Tenant Admin", "OU Admin", "Service Owner", "Team Owner Limited",
    "Supervisor",   "User",     "Partner Admin"};

const char *sim_world_text(size_t *len)
{
    *len = sim_world_files[0].len;
    return (const char *)sim_world_files[0].bytes;
}

const char *sim_role_name(sim_role role)
{
    return role_names[role];
}

sim_role sim_role_find(const char *name)
{
    int role = 0;
    while (role < SIM_ROLES && (!name || strcasecmp(role_names[role], name) != 0))
        role++;
    if (role == SIM_ROLES && name && strcasecmp(name, "Team Owner") == 0)
        return SIM_SERVICE_OWNER;
    return (sim_role)role;
}

sim_user *sim_find_user(const sim_world *world, const char *upn)
{
    for (sim_user *u = world->users; upn && u->upn; u++)
        if (strcasecmp(u->upn, upn) == 0)
            return u;
    return NULL;
}

const sim_service *sim_find_service(const sim_world *world, const char *upn)
{
    for (const sim_service *s = world->services; upn && s->upn; s++)
        if (strcasecmp(s->upn, upn) == 0 || strcasecmp(s->name, upn) == 0)
            return s;
    return NULL;
}

const sim_unit *sim_find_unit(const sim_world *world, const char *name)
{
    for (const sim_unit *u = world->units; name && u->name; u++)
        if (strcasecmp(u->name, name) == 0)
            return u;
    return NULL;
}

const sim_unit *sim_tenant(const sim_unit *unit)
{
    while (unit->parent)
        unit = unit->parent;
    return unit;
}

bool sim_is_value(const sim_value *values, const char *text)
{
    for (; values->value; values++)
        if (strcmp(values->value, text) == 0)
            return true;
    return false;
}

bool sim_lists(const json_t *list, const char *text, bool ignore_case)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        const char *value = json_string_value(item);
        if (ignore_case ? strcasecmp(value, text) == 0 : strcmp(value, text) == 0)
            return true;
    }
    return false;
}

/* ---- freeing ---- */

static void free_values(sim_value *list)
{
    for (sim_value *v = list; v && v->value; v++) {
        free(v->value);
        free(v->name);
    }
    free(list);
}

static void free_services(sim_service *services)
{
    for (sim_service *s = services; s && s->upn; s++) {
        free(s->upn);
        free(s->name);
        free(s->tel_number);
        free(s->description);
        json_decref(s->owners);
        json_decref(s->agents);
        json_decref(s->modalities);
        json_decref(s->hours);
        json_decref(s->holidays);
    }
    free(services);
}

static void free_people(sim_world *world)
{
    for (sim_unit *u = world->units; u && u->name; u++)
        free(u->name);
    for (sim_user *u = world->users; u && u->upn; u++) {
        free(u->upn);
        free(u->name);
        free(u->password);
    }
    free(world->units);
    free(world->users);
}

static void free_books(sim_book *books)
{
    for (sim_book *b = books; b && b->name; b++) {
        sim_contact *c, *next;
        HASH_ITER (hh, b->contacts, c, next) {
            HASH_DEL(b->contacts, c);
            free(c->text);
            free(c);
        }
        free(b->name);
        free(b->id);
    }
    free(books);
}

void sim_world_release(sim_world *world)
{
    free_people(world);
    free_services(world->services);
    free_books(world->books);
    for (sim_destination *d = world->destinations; d && d->address; d++)
        free(d->address);
    free(world->destinations);
    free_values(world->events);
    free_values(world->entry_events);
    free_values(world->modalities);
    free_values(world->directions);
    free_values(world->priorities);
    free(world->assistant_path);
}
