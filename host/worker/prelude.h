/* SPDX-License-Identifier: Apache-2.0 */
/* prelude.h: the Lua files of scripts/prelude, put into the program when it is built. */
#ifndef NF_WORKER_PRELUDE_H
#define NF_WORKER_PRELUDE_H

typedef struct nf_prelude {
    const char *name; /* chunk name; begins with '=', which keeps its frames out of reports */
    const char *text;
} nf_prelude;

/** In the order of their names; ends with {NULL, NULL}. */
extern const nf_prelude nf_preludes[];

#endif
