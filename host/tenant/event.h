/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.h: one notification: its JSON, and the few fields the host needs, found in one pass.
 *
 * The body is never parsed into a tree here; it goes to the worker as it came. When a field stands twice, the last one
 * counts, here as in the worker. Counted references: the delivery that waits for its 202, and each run, hold one.
 */
#ifndef NF_TENANT_EVENT_H
#define NF_TENANT_EVENT_H

#include "base/secret.h"
#include "nf/binding.h"
#include "store/store.h"

enum { NF_EVENT_FILTERS = 8 };

typedef struct nf_event {
    unsigned refs;
    nf_event_row row; /* its texts are owned by the event */
    const nf_trigger *trigger;
    char *partition;                /* value of the trigger's partition field, or NULL */
    char *values[NF_EVENT_FILTERS]; /* value of the field of each filter, or NULL */
    const char *owner; /* value of the trigger's owner field, one of `values`, or NULL */
    bool repeats;      /* the trigger's `repeats` field is set */
} nf_event;

/**
 * Read a notification; the body is copied. NF_E_PARSE with line and column when it is no JSON object. The row's id,
 * tenant and subscription are the caller's to set (tenant is borrowed for the event's life).
 */
nf_status nf_event_read(const nf_trigger *trigger, const char *body, size_t len, nf_event **event,
                        nf_error *err);

/**
 * The value of any field at the top of the event as text: a string as it is, a number, true or false as written; NULL
 * when there is no such field, or its value is none of these. Case does not count. Owned by the caller.
 */
char *nf_event_field(const nf_event *event, const char *field);

/**
 * Can it be an event of its trigger? Of Nimbus when it has the field that orders events; any when the trigger knows
 * every field of it. For events in files, which do not say what they are.
 */
bool nf_event_plausible(const nf_event *event);

/** How urgent are runs for it? As the rules of its trigger say. */
nf_urgency nf_event_urgency(const nf_event *event);

/** Does it say that a person has taken its task, that the task is over? */
bool nf_event_taken(const nf_event *event);
bool nf_event_over(const nf_event *event);

/** One more reference. */
nf_event *nf_event_ref(nf_event *event);

/** One less; the last frees it. NULL is allowed. */
void nf_event_unref(nf_event *event);

#endif
