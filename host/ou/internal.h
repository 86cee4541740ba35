/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h: the tables of a directory, for the files of this layer only. */
#ifndef NF_OU_INTERNAL_H
#define NF_OU_INTERNAL_H

#include "ou/directory.h"

#include <uthash.h>

typedef enum nf_licence {
    NF_LICENCE_NONE,
    NF_LICENCE_ENTERPRISE_ROUTING,
    NF_LICENCE_CONTACT_CENTER,
} nf_licence;

/* What every entity begins with: its name as written, the same without case as key, and where it stands. */
typedef struct nf_ou_named {
    char *name, *key;
    int line, column;
    UT_hash_handle hh;
} nf_ou_named;

typedef struct nf_ou_unit {
    nf_ou_named named;
    char *above; /* name of the parent, or NULL; with its place for errors */
    int above_line, above_column;
    bool wrong;    /* what is above it is said wrongly */
    unsigned mark; /* for finding circles */
    struct nf_ou_unit *parent;
    unsigned depth;                                     /* of the root: 0 */
    const struct nf_ou_unit *path[NF_OU_DEPTH_MAX + 1]; /* from the root to this one */
} nf_ou_unit;

typedef struct nf_ou_user {
    nf_ou_named named;
    nf_role_set roles;
    const nf_ou_unit *unit;
} nf_ou_user;

typedef struct nf_ou_service {
    nf_ou_named named;
    const nf_ou_unit *unit;
    nf_licence licence;
    bool workflow;
} nf_ou_service;

typedef struct nf_ou_book {
    nf_ou_named named;
    const nf_ou_unit *unit;
    char *id; /* or NULL */
    UT_hash_handle by_id;
} nf_ou_book;

/* That a user owns a service. */
typedef struct nf_ou_own {
    const void *pair[2]; /* user, service */
    UT_hash_handle hh;
} nf_ou_own;

/* The tables hold nf_ou_named, the first member of what is in them. */
struct nf_directory {
    nf_ou_named *units, *users, *services, *books;
    nf_ou_book *books_by_id;
    nf_ou_own *owns;
};

/* Find by name without case; NULL: there is none. */
nf_ou_named *nf_ou_find(nf_ou_named *table, const char *name);

/* Lower case of `name` into `key`; its length, or 0 when it is empty or too long. */
size_t nf_ou_fold(const char *name, char key[NF_OU_NAME_MAX + 1]);

#endif
