/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h: for the files of this layer only. */
#ifndef NF_ADMIN_INTERNAL_H
#define NF_ADMIN_INTERNAL_H

#include "admin/admin.h"

/* The decoded value of a query parameter, owned by the caller, or NULL. */
char *nf_admin_parameter(const char *query, const char *name);

/* Answer GET /v1/why and GET /v1/denied. */
void nf_admin_why(const nf_admin *admin, nf_http_exchange *x);
void nf_admin_denied(const nf_admin *admin, nf_http_exchange *x);

#endif
