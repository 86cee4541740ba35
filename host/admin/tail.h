/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tail.h: the ends of runs as they come, by long polling: GET /v1/tail?after=N&tenant=&flow=&outcome=
 *
 * Nothing is kept while nobody asks. Who asks without `after` is told where to begin; from then on, for a minute after
 * the last question, ends are kept in a ring, each with a number of its own.
 */
#ifndef NF_ADMIN_TAIL_H
#define NF_ADMIN_TAIL_H

#include "admin/admin.h"

typedef struct nf_tail nf_tail;

/** Nobody asks yet. Owned by the caller. */
nf_tail *nf_tail_new(nf_loop *loop);

/** Answer all who wait, with nothing, and free. NULL is allowed. */
void nf_tail_close(nf_tail *tail);

/** A run has ended: for nf_pipeline_on_end. */
void nf_tail_note(void *tail, const nf_run_row *row, const nf_event_row *event,
                  const nf_run_report *report);

/** Answer {"after": N, "runs": [...], "missed": n}: at once when there are ends after N, else when one comes, or after
 * 20 s with none. */
void nf_admin_tail(nf_tail *tail, nf_http_exchange *x);

#endif
