/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operation.h: roles, and what each may do: the execution matrix of Nimbus as one table.
 *
 * A role that has no column there (Partner Admin, Supervisor, User) may do nothing. Operations newer than the published
 * matrix stand with the nearest older one; docs/RIGHTS.md says which.
 */
#ifndef NF_OU_OPERATION_H
#define NF_OU_OPERATION_H

#include "nf/error.h"
#include "nf/operation.h"

#include <stdbool.h>

typedef enum nf_role {
    NF_ROLE_TENANT_ADMIN,
    NF_ROLE_OU_ADMIN,
    NF_ROLE_TEAM_OWNER,
    NF_ROLE_SERVICE_OWNER,
    NF_ROLE_TEAM_OWNER_LIMITED,
    NF_ROLE_PARTNER_ADMIN,
    NF_ROLE_SUPERVISOR,
    NF_ROLE_USER,
    NF_ROLES
} nf_role;

/** A set of roles: one bit each. */
typedef unsigned nf_role_set;
#define NF_ROLE_BIT(role) (1U << (role))

/** The roles that own services. */
#define NF_ROLE_OWNERS                                                                             \
    (NF_ROLE_BIT(NF_ROLE_TEAM_OWNER) | NF_ROLE_BIT(NF_ROLE_SERVICE_OWNER)                          \
     | NF_ROLE_BIT(NF_ROLE_TEAM_OWNER_LIMITED))

/** What an operation touches, and so what decides. */
typedef enum nf_ou_scope {
    NF_OU_NOTHING,      /* the role alone decides */
    NF_OU_OWN_SERVICE,  /* a service on the user's path that the user owns */
    NF_OU_READ_SERVICE, /* a service on the user's path */
    NF_OU_READ_BOOK,    /* an address book on the user's path */
    NF_OU_CHANGE_BOOK,  /* an address book in the user's unit or below */
} nf_ou_scope;

typedef struct nf_operation_info {
    const char *name;  /* on the command line, e.g. "task-update" */
    const char *title; /* as Nimbus names it, e.g. "Update task" */
    nf_role_set roles; /* who may */
    nf_ou_scope scope;
    bool contact_center; /* the service needs the licence Contact Center */
    bool trigger;        /* the service needs a valid workflow */
} nf_operation_info;

/** The row of an operation; of NF_OP_NONE too. Static. */
const nf_operation_info *nf_operation_info_of(nf_operation operation);

/** The operation with this name or title (case and blanks do not count), or NF_OP_NONE with `err` set. */
nf_operation nf_operation_find(const char *text, nf_error *err);

/** The name of a role as Nimbus spells it. Static. */
const char *nf_role_name(nf_role role);

/** The role with this name (case, blanks, '-' and '_' do not count), or NF_ROLES with `err` set. */
nf_role nf_role_find(const char *text, nf_error *err);

#endif
