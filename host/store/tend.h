/* SPDX-License-Identifier: Apache-2.0 */
/* tend.h: what people change in the history: dead letters they have seen, and the audit of what they did. */
#ifndef NF_STORE_TEND_H
#define NF_STORE_TEND_H

#include "store/store.h"

/** One line of the audit. */
typedef struct nf_audit_row {
    const char *tenant, *who, *action, *name, *old, *now; /* NULL is written as "" */
} nf_audit_row;

/** Write a line; everything is copied. */
void nf_store_add_audit(nf_store *store, const nf_audit_row *row);

enum { NF_DISMISSED_AT_A_TIME = 20000 };

/** Dead letters that somebody has seen. */
typedef struct nf_dismissal {
    const int64_t *runs; /* these; NULL: all of `tenant` and `flow` (NULL: any), the oldest first */
    size_t count;
    const char *tenant, *flow, *who;
    int64_t at_ms;
    size_t dismissed; /* out: how many; of all at most NF_DISMISSED_AT_A_TIME */
} nf_dismissal;

/** Mark them; runs that are no dead letters are left out. Borrowed until `done`. */
void nf_store_dismiss(nf_store *store, nf_dismissal *dismissal, nf_store_done *done, void *ctx);

#endif
