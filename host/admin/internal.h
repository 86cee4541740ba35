/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h: for the files of this layer only. */
#ifndef NF_ADMIN_INTERNAL_H
#define NF_ADMIN_INTERNAL_H

#include "admin/admin.h"

/* The decoded value of a query parameter, owned by the caller, or NULL. */
char *nf_admin_parameter(const char *query, const char *name);

/* Is it a whole number above 0? */
bool nf_admin_whole(const char *text, int64_t *number);

/* Does what somebody wrote name this flow file: with or without "flows/" and ".lua"? */
bool nf_admin_same_file(const char *asked, const char *file);

/* The outcome of this name; the error suggests one. */
nf_status nf_admin_outcome(const char *name, nf_outcome *outcome, nf_error *err);

/* Add to a run without an end ("now") what it waits for. */
void nf_admin_explain(const nf_admin *admin, json_t *run);

/* Answer GET /v1/why, GET /v1/fates and GET /v1/denied. */
void nf_admin_fates(const nf_admin *admin, nf_http_exchange *x);
void nf_admin_why(const nf_admin *admin, nf_http_exchange *x);
void nf_admin_denied(const nf_admin *admin, nf_http_exchange *x);

#endif
