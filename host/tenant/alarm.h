/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarm.h: what a person should know although no run has failed: logged, counted, shown in the status and by nimflow
 * doctor, told to the flows that listen with flow.on_alarm.
 *
 * An alarm is known by its kind and subject. It lasts until it is calmed; one that is but a moment (events were lost)
 * is shown for a day after it came last. Raising it again while it lasts changes the text and tells nobody.
 */
#ifndef NF_TENANT_ALARM_H
#define NF_TENANT_ALARM_H

#include "nf/alarm.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct nf_tenant;
typedef struct nf_alarms nf_alarms;

/** None yet. Owned by the caller. */
nf_alarms *nf_alarms_new(struct nf_tenant *tenant);

/** Free it. NULL is allowed. */
void nf_alarms_free(nf_alarms *alarms);

/** Raise: `subject` is the connection or service; `text` says what was found and what helps. Both are copied. */
void nf_tenant_alarm(struct nf_tenant *tenant, nf_alarm_kind kind, const char *subject,
                     const char *text);

/** It is over; nothing happens when it was not raised. */
void nf_tenant_calm(struct nf_tenant *tenant, nf_alarm_kind kind, const char *subject);

/** Does it last? */
bool nf_alarms_has(const nf_alarms *alarms, nf_alarm_kind kind, const char *subject);

/** How many of a kind last now, and how many were raised since the start. */
unsigned nf_alarms_lasting(const nf_alarms *alarms, nf_alarm_kind kind);
uint64_t nf_alarms_raised(const nf_alarms *alarms, nf_alarm_kind kind);

/** Those that last: a list of {"kind", "subject", "text", "since"}. A new reference. */
json_t *nf_alarms_json(nf_alarms *alarms);

/** What people read for a kind. Static. */
const char *nf_alarm_name(nf_alarm_kind kind);

#endif
