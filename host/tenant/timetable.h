/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timetable.h: the scheduled handlers of a tenant (flow.every, flow.cron) and when each is due.
 *
 * Main invariant: a time becomes an event together with the note that it is done with, in one transaction; so after a
 * crash no time is lost and none comes twice. Runs of one handler never overlap: a time that comes while the run before
 * it is under way is counted as missed, or waits if every time is to be made up for.
 */
#ifndef NF_TENANT_TIMETABLE_H
#define NF_TENANT_TIMETABLE_H

#include "nf/error.h"

#include <jansson.h>

struct nf_tenant;
typedef struct nf_timetable nf_timetable;

/** Reads what the store knows of before. */
nf_status nf_timetable_open(struct nf_tenant *tenant, nf_timetable **timetable, nf_error *err);

/** Nothing begins any more. NULL is allowed. */
void nf_timetable_stop(nf_timetable *timetable);

/** Free it. NULL is allowed. */
void nf_timetable_free(nf_timetable *timetable);

/** Take over the handlers of the flows as they are now. */
void nf_timetable_follow(nf_timetable *timetable);

/** A list of {"handler", "next", "missed", "running"}, the next first. A new reference. */
json_t *nf_timetable_json(const nf_timetable *timetable);

#endif
