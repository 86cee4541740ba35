/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h: what a simulated cluster holds before the first call: tenants, units, people, services, address books, lists.
 *
 * Arrays end with an entry whose first member is NULL and keep their place for life, so pointers into them are good. A
 * unit without a parent is the root of a tenant, and its id is the tenant's.
 */
#ifndef NF_SIM_WORLD_H
#define NF_SIM_WORLD_H

#include "base/secret.h"
#include "nf/error.h"

#include <jansson.h>
#include <uthash.h>

typedef enum sim_role {
    SIM_TENANT_ADMIN,
    SIM_OU_ADMIN,
    SIM_SERVICE_OWNER,
    SIM_OWNER_LIMITED,
    SIM_SUPERVISOR,
    SIM_AGENT,
    SIM_PARTNER_ADMIN,
    SIM_ROLES
} sim_role;

typedef struct sim_unit {
    char *name;
    const struct sim_unit *parent; /* NULL: the root of a tenant */
    char id[NF_UUID_TEXT];
} sim_unit;

typedef struct sim_user {
    char *upn, *name, *password;
    char id[NF_UUID_TEXT];
    sim_role role;
    const sim_unit *unit;
    bool on_duty; /* takes calls */
    bool rona;    /* did not answer the last one; is not chosen */
    uint64_t rona_until_ns;
} sim_user;

typedef enum sim_licence { SIM_NO_LICENCE, SIM_ER, SIM_CC } sim_licence;

typedef struct sim_service {
    char *upn, *name, *tel_number, *description;
    char id[NF_UUID_TEXT];
    const sim_unit *unit;
    json_t *owners;           /* UPNs */
    json_t *agents;           /* UPNs; NULL: all users of the tenant with the role User */
    json_t *modalities;       /* values that it takes */
    json_t *hours, *holidays; /* as the file says; NULL: always open */
    sim_licence licence;
    bool workflow, outbound, outbound_workflow, assistant, stores_context;
    unsigned rona_ms;
} sim_service;

typedef struct sim_contact {
    UT_hash_handle hh;
    char *text; /* the whole contact as JSON */
    size_t len;
    char id[]; /* externalId */
} sim_contact;

typedef struct sim_book {
    char *name, *id;
    const sim_unit *unit;
    sim_contact *contacts;
    size_t bytes; /* of all texts */
} sim_book;

typedef struct sim_value {
    char *value, *name;
} sim_value;

typedef struct sim_destination {
    char *address;
    unsigned answers_on; /* the attempt; 0: never */
} sim_destination;

typedef struct sim_world {
    sim_unit *units;
    sim_user *users;
    sim_service *services;
    sim_book *books;
    sim_destination *destinations;
    sim_value *events, *entry_events, *modalities, *directions, *priorities;
    char *assistant_path;
    unsigned external_limit;
    bool refuse_lost; /* a lost right: events go on and actions are refused; else events stop */
} sim_world;

/**
 * Read a world; `path` NULL: the standard one. Lists that the file leaves out are the standard ones. `new_id` makes ids.
 * The error has one line per problem, with file and line.
 */
nf_status sim_world_read(sim_world *world, const char *path, char *(*new_id)(void *ctx, char *out),
                         void *ctx, nf_error *err);

/** Free everything in it. */
void sim_world_release(sim_world *world);

/** The text of the standard world. */
const char *sim_world_text(size_t *len);

/** "Tenant Admin" …; the other way SIM_ROLES when there is none of that name. */
const char *sim_role_name(sim_role role);
sim_role sim_role_find(const char *name);

/** By UPN, ignoring case; a service also by its display name. NULL: there is none, or `upn` is NULL. */
sim_user *sim_find_user(const sim_world *world, const char *upn);
const sim_service *sim_find_service(const sim_world *world, const char *upn);
const sim_unit *sim_find_unit(const sim_world *world, const char *name);

/** The root above a unit. */
const sim_unit *sim_tenant(const sim_unit *unit);

/** Is the value in the list? */
bool sim_is_value(const sim_value *values, const char *text);

/** Is the text in a JSON list of texts? NULL is an empty list. */
bool sim_lists(const json_t *list, const char *text, bool ignore_case);

#endif
