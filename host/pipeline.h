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

/** Free it. All tenants must be closed, the store's writes done. */
void nf_pipeline_free(nf_pipeline *pipeline);

/** Let a tenant's subscriptions find it. */
void nf_pipeline_add(nf_pipeline *pipeline, nf_tenant *tenant);

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
 * Start the runs that had no end when the host stopped, each under the flow version it began with. Called once per
 * tenant when its flows are loaded.
 */
void nf_pipeline_resume(nf_pipeline *pipeline, nf_tenant *tenant);

/** End a run, whatever it does or waits for. `who` asked for it. NF_E_NOT_FOUND: it has ended, or there is none. */
nf_status nf_pipeline_cancel(nf_pipeline *pipeline, int64_t run, const char *who, nf_error *err);

typedef enum nf_release { NF_RELEASE_DONE, NF_RELEASE_REPEAT } nf_release;

/** Let a held run go on: its effect has taken place, with this result (JSON or NULL: nil), or is to be repeated. */
nf_status nf_pipeline_release(nf_pipeline *pipeline, int64_t run, nf_release how,
                              const char *result, const char *who, nf_error *err);

/** Tell of each end of a run, just before it is recorded; NULL: nobody wants to know. Borrowed during the call. */
void nf_pipeline_on_end(nf_pipeline *pipeline,
                        void (*ended)(void *ctx, const nf_run_row *row, const nf_event_row *event,
                                      const nf_run_report *report),
                        void *ctx);

/** Events whose write or runs are not finished. */
size_t nf_pipeline_busy(const nf_pipeline *pipeline);

#endif
