/* SPDX-License-Identifier: Apache-2.0 */
/* read.h: what the files that read directory.yaml share; for this layer only. */
#ifndef NF_OU_READ_H
#define NF_OU_READ_H

#include "config/yaml.h"
#include "ou/internal.h"

/** One reading of a file. */
typedef struct nf_ou_reading {
    const char *path;
    nf_strbuf *errors;
    nf_directory *d;
    const nf_ou_unit *root; /* NULL until the units are linked, or when they are no tree */
} nf_ou_reading;

/** Add an error with its place. */
void nf_ou_complain(const nf_ou_reading *r, int line, int column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** "unknown WHAT 'x'; did you mean 'y'?", or where to add it. */
void nf_ou_complain_unknown(const nf_ou_reading *r, const nf_yaml *node, const char *what,
                            const nf_ou_named *table, const char *section);

/** A new zeroed entry of `size` bytes under the node's key; NULL when it stands there already or has no fit name. */
void *nf_ou_add(const nf_ou_reading *r, nf_ou_named **table, const nf_yaml *node, size_t size);

/** Take one unit, "CH: Contoso". */
void nf_ou_read_unit(const nf_ou_reading *r, const nf_yaml *node);

/** Make the units a tree: find parents, the root, circles; fill in every path. */
void nf_ou_link_units(nf_ou_reading *r);

#endif
