/* SPDX-License-Identifier: Apache-2.0 */
/* poison.h: handlers that fail again and again: several dead letters in a row raise an alarm, a good end calms it. */
#ifndef NF_TENANT_POISON_H
#define NF_TENANT_POISON_H

#include "base/budget.h"

#include <stdbool.h>
#include <stdint.h>

struct nf_tenant;
typedef struct nf_poison nf_poison;

/** Nothing has ended yet. Owned by the caller. */
nf_poison *nf_poison_new(struct nf_tenant *tenant);

/** Free it. NULL is allowed. */
void nf_poison_free(nf_poison *poison);

/** Is a run that ended so a dead letter: something that a person should look at? */
bool nf_outcome_is_dead(nf_outcome outcome);

/** A run of a handler ended; `why` may be NULL. */
void nf_poison_note(nf_poison *poison, const char *handler, nf_outcome outcome, int64_t run,
                    const char *why);

/** For every handler that had dead letters since the start: how many, and how many in a row now. */
void nf_poison_each(const nf_poison *poison,
                    void (*each)(void *ctx, const char *handler, uint64_t dead, unsigned in_a_row),
                    void *ctx);

#endif
