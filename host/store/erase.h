/* SPDX-License-Identifier: Apache-2.0 */
/* erase.h: taking one person out of a tenant's history, piece by piece; see base/personal.h for what goes. */
#ifndef NF_STORE_ERASE_H
#define NF_STORE_ERASE_H

#include "base/personal.h"
#include "store/questions.h"

/**
 * Look at the next piece of events behind the id `after` (0: all), with the details of their runs; rewrite those
 * that hold the person; `dry_run`: only count. Where an event is of the person, all personal fields of it and of its
 * runs go; else those of the effects that hold the person. Events that have a run without an end are not touched.
 *
 * `person` is borrowed until `answer`, which gets, when it is durable: {"looked_at", "events", "runs", "texts": counts,
 * "open": ids of runs without an end that hold the person, "next": `after` of the next piece, or absent: that was all}.
 */
void nf_store_erase(nf_store *store, const char *tenant, const nf_person *person, int64_t after,
                    bool dry_run, nf_store_answer *answer, void *ctx);

#endif
