/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h: GET /metrics, in the text format of Prometheus (version 0.0.4). Labels are names of ours, never data of
 * calls.
 */
#ifndef NF_ADMIN_METRICS_H
#define NF_ADMIN_METRICS_H

#include "admin/admin.h"

/** Answer with all figures of the host. */
void nf_admin_metrics(const nf_admin *admin, nf_http_exchange *x);

/** Handler of the listener for metrics alone: /metrics and the probes; `ctx` is the nf_admin. */
void nf_metrics_receive(nf_http_exchange *x, void *ctx);

#endif
