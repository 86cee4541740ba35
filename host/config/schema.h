/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h: which keys a file may have, of which type, and where their values go.
 *
 * One table per file kind; from it come the checks, the error texts and the reference in docs/CONFIGURATION.md. All
 * errors of a file are reported at once.
 */
#ifndef NF_CONFIG_SCHEMA_H
#define NF_CONFIG_SCHEMA_H

#include "base/caps.h"
#include "config/yaml.h"

#include <stddef.h>

typedef enum nf_key_type {
    NF_KEY_TEXT,     /* char *, owned by the struct */
    NF_KEY_ADDRESS,  /* char *: HOST:PORT */
    NF_KEY_URL,      /* char *: https, or http to loopback; no slash at the end */
    NF_KEY_PATH,     /* char *: a relative one counts from the file's folder */
    NF_KEY_COUNTRY,  /* char *: two capital letters (ISO 3166-1) */
    NF_KEY_BOOLEAN,  /* bool: true or false */
    NF_KEY_INTEGER,  /* uint64_t, least..most */
    NF_KEY_DURATION, /* uint64_t in ms, least..most */
    NF_KEY_CHOICE,   /* uint64_t: index in `choices` */
    NF_KEY_LIMITS,   /* nf_allowed: a map of budgets and caps */
    NF_KEY_TEXTS,    /* char **, ends with NULL: a list of texts */
} nf_key_type;

typedef struct nf_key {
    const char *name;
    nf_key_type type;
    size_t offset; /* in the struct that is filled */
    bool required;
    uint64_t least, most;
    nf_setter setter;           /* of NF_KEY_LIMITS */
    const char *const *choices; /* ends with NULL */
    const char *standard;       /* default, for the reference */
    const char *doc;            /* one sentence */
} nf_key;

/**
 * Fill `target` from a map. `keys` ends with {0}; members that the map does not have keep their value. Adds
 * "FILE:LINE:COLUMN: text" lines to `errors` and goes on after each.
 */
void nf_schema_apply(const nf_key *keys, const nf_yaml *map, const char *path, void *target,
                     nf_strbuf *errors);

/** Free the texts in `target` that the table names. */
void nf_schema_release(const nf_key *keys, void *target);

#endif
