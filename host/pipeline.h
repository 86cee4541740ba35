/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.h: the one way of an event through the host.
 *
 * Promise: a notification that was answered with 202 is in the database, and each run it started has exactly one end
 * recorded, whatever dies in between.
 */
#ifndef NF_PIPELINE_H
#define NF_PIPELINE_H

#include "net/http_server.h"
#include "tenant/tenant.h"

typedef struct nf_pipeline nf_pipeline;

/** An empty pipeline that writes to `store`. */
nf_pipeline *nf_pipeline_new(nf_store *store);

/** Free it. All tenants must be closed, the store's writes done. NULL is allowed. */
void nf_pipeline_free(nf_pipeline *pipeline);

/** Let a tenant's subscriptions find it. */
void nf_pipeline_add(nf_pipeline *pipeline, nf_tenant *tenant);

/** The tenant with this name, or NULL; so it is for the name NULL. Borrowed. */
nf_tenant *nf_pipeline_tenant(const nf_pipeline *pipeline, const char *name);

/** The part of a webhook's address before the tenant's name. */
#define NF_HOOK_PATH "/hooks/"

/** A request to a webhook of a flow. */
void nf_pipeline_hook(nf_pipeline *pipeline, nf_http_exchange *x);

/** An event that does not come from Nimbus; `pipeline` is one. See nf_tenant_host.raise. */
nf_status nf_pipeline_raise(void *pipeline, nf_tenant *tenant, const nf_occurrence *occurrence,
                            int64_t *run, nf_error *err);

/** Handler of the host's listener; `ctx` is the pipeline. */
void nf_pipeline_receive(nf_http_exchange *x, void *ctx);

/**
 * Start the runs that had no end when the host stopped, each under the flow version it began with; then the tenant
 * takes events (nf_tenant_resumed). Called once per tenant when its flows are loaded.
 */
void nf_pipeline_resume(nf_pipeline *pipeline, nf_tenant *tenant);

/** End a run without an end, wherever it is: waiting, running, asleep, held. `who` is for the history. */
nf_status nf_pipeline_cancel(nf_pipeline *pipeline, int64_t run, const char *who, nf_error *err);

typedef enum nf_release {
    NF_RELEASE_DONE = 1, /* the effect in question was done, with this result */
    NF_RELEASE_REPEAT,   /* it was not: send it again */
} nf_release;

/**
 * A person decides about the effect for which a run is held, and it goes on. `result`: JSON or NULL (nil), with
 * NF_RELEASE_DONE. `who` is for the log.
 */
nf_status nf_pipeline_release(nf_pipeline *pipeline, int64_t run, nf_release release,
                              const char *result, const char *who, nf_error *err);

/** Tell of each end of a run, just before it is recorded; NULL: nobody wants to know. Borrowed during the call. */
void nf_pipeline_on_end(nf_pipeline *pipeline,
                        void (*ended)(void *ctx, const nf_run_row *row, const nf_event_row *event,
                                      const nf_run_report *report),
                        void *ctx);

/** The host ends: from now on events of others are refused with 503, and nobody is woken. */
void nf_pipeline_end(nf_pipeline *pipeline);

/** Events whose sender waits for the answer. */
size_t nf_pipeline_unanswered(const nf_pipeline *pipeline);

#endif
