/* SPDX-License-Identifier: Apache-2.0 */
/* connections.h: the part of the admin interface by which people sign in; see admin.h for the paths. */
#ifndef NF_ADMIN_CONNECTIONS_H
#define NF_ADMIN_CONNECTIONS_H

#include "admin/admin.h"

/** GET, POST or DELETE of what stands behind "/v1/tenants/NAME/connections" (`rest`: "" or "/CONNECTION"). */
void nf_admin_connections(nf_tenant *tenant, nf_http_exchange *x, const char *rest);

/** GET or POST of "/v1/tenants/NAME/sign-ins/ID" (`id` decoded). */
void nf_admin_sign_in(nf_tenant *tenant, nf_http_exchange *x, const char *id);

/** The decoded value of a query parameter, owned by the caller, or NULL. */
char *nf_admin_parameter(const char *query, const char *name);

#endif
