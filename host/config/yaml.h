/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.h: a YAML file (libyaml) as a tree that remembers where everything stood.
 *
 * Only what a configuration needs: maps, lists and scalars. Anchors, aliases, tags, several documents and duplicate
 * keys are refused. Scalars stay text; the schema gives them their type, so `country: no` is a string.
 */
#ifndef NF_CONFIG_YAML_H
#define NF_CONFIG_YAML_H

#include "base/strbuf.h"

#include <stdbool.h>

typedef enum nf_yaml_kind { NF_YAML_SCALAR, NF_YAML_MAP, NF_YAML_LIST } nf_yaml_kind;

typedef struct nf_yaml {
    nf_yaml_kind kind;
    char *key;                              /* in a map, else NULL */
    char *text;                             /* of a scalar */
    int line, column, key_line, key_column; /* from 1 */
    struct nf_yaml *children, *next;        /* in file order */
} nf_yaml;

/**
 * Read a file of at most 1 MiB. Errors are added to `errors` as lines "FILE:LINE:COLUMN: text". Returns the top map,
 * owned by the caller, or NULL when it could not be read at all. An empty file is an empty map.
 */
nf_yaml *nf_yaml_read(const char *path, nf_strbuf *errors);

/** The same from memory; `path` is the name for the errors. */
nf_yaml *nf_yaml_parse(const char *text, size_t len, const char *path, nf_strbuf *errors);

/** Add the line "PATH:LINE:COLUMN: text" to `errors`; control characters become '?', so that it stays one line. */
void nf_yaml_error(nf_strbuf *errors, const char *path, int line, int column, const char *format,
                   ...) __attribute__((format(printf, 5, 6)));

/** Free a tree. NULL is allowed. */
void nf_yaml_free(nf_yaml *node);

#endif
