/* SPDX-License-Identifier: Apache-2.0 */
/* runs.h: the part of the admin interface about runs; see admin.h for the paths. */
#ifndef NF_ADMIN_RUNS_H
#define NF_ADMIN_RUNS_H

#include "admin/admin.h"

/** Answer everything below "/v1/runs"; `rest` is what follows it. */
void nf_admin_runs(const nf_admin *admin, nf_http_exchange *x, const char *rest);

#endif
