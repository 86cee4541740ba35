/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener.h: a handler with its filters resolved to the values that Nimbus lists: what it wants to hear.
 */
#ifndef NF_TENANT_LISTENER_H
#define NF_TENANT_LISTENER_H

#include "run/run.h"
#include "tenant/connection.h"
#include "tenant/event.h"

typedef struct nf_listener {
    const nf_handler *handler;
    struct nf_webhook *webhook; /* of flow.on_webhook, else NULL */
    nf_connection *connection;
    nf_version *version;             /* kept while the listener lives */
    char **values[NF_EVENT_FILTERS]; /* per filter a list that ends with NULL; NULL: everything */
    size_t counts[NF_EVENT_FILTERS]; /* how many values; they are sorted without regard to case */
    char *registration;              /* the config without url, canonical JSON */
} nf_listener;

/**
 * Resolve a handler's filters by what Nimbus lists for the connection. NULL with `err` set: "flows/x.lua:3: events:
 * unknown event 'SytemAccepted'; did you mean 'SystemAccepted'?".
 */
nf_listener *nf_listener_new(const nf_handler *handler, nf_connection *connection, nf_error *err);

/** Free it. NULL is allowed. */
void nf_listener_free(nf_listener *listener);

/**
 * Does it want this event? If not, `which` (may be NULL) names the filter that says no. A field that the event does not
 * have fits no filter that names values.
 */
bool nf_listener_wants(const nf_listener *listener, const nf_event *event, const char **which);

/**
 * Is it an event of the handler's trigger, and does it fit the filters as they are written? For runs without Nimbus:
 * values and display names, case and blanks not counted, "*" for anything.
 */
bool nf_handler_fits(const nf_handler *handler, const nf_event *event);

#endif
