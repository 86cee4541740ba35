/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pickup.h: was the context there before the agent picked up? For each call that a person has taken: had a run for it
 * changed by then what that person sees?
 *
 * Kept of tasks that are live, in memory only; the longest silent ones are forgotten when there are very many.
 */
#ifndef NF_TENANT_PICKUP_H
#define NF_TENANT_PICKUP_H

#include "tenant/event.h"

#include <jansson.h>

enum { NF_PICKUP_TASKS = 20000, NF_PICKUP_SERVICES = 1000 };

typedef struct nf_pickup nf_pickup;

/** Calls of one service since the start of the host. */
typedef struct nf_pickup_row {
    const char *service; /* "" stands for all beyond NF_PICKUP_SERVICES */
    uint64_t taken;      /* calls that a person has taken, of which an event had come before */
    uint64_t in_time;    /* of these: context was there */
    uint64_t late;       /* of these: it came afterwards */
} nf_pickup_row;

/** An empty one. */
nf_pickup *nf_pickup_new(void);

/** Free it. NULL is allowed. */
void nf_pickup_free(nf_pickup *pickup);

/** An event came from Nimbus, whoever wants it. */
void nf_pickup_event(nf_pickup *pickup, const nf_event *event);

/** A run for this task has changed what the person sees who takes it. `pickup` is one. */
void nf_pickup_context(void *pickup, const char *task);

/** Is this task known to be over? `pickup` is one. */
bool nf_pickup_over(void *pickup, const char *task);

/** Each service, in the order of its first call. */
void nf_pickup_each(const nf_pickup *pickup, void (*each)(void *ctx, const nf_pickup_row *row),
                    void *ctx);

/** The same as a list of objects, with the share in percent. A new reference. */
json_t *nf_pickup_json(const nf_pickup *pickup);

#endif
