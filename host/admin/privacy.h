/* SPDX-License-Identifier: Apache-2.0 */
/* privacy.h: POST /v1/tenants/NAME/erase: a person is taken out of what is kept of a tenant. */
#ifndef NF_ADMIN_PRIVACY_H
#define NF_ADMIN_PRIVACY_H

#include "admin/admin.h"

/**
 * {"number": …, "email": …, "after": ID, "dry_run": bool}: one piece of the work; the answer (store/erase.h) says with
 * "next" where to go on, and of the first piece with "keys" how many remembered values were changed. Audited, without
 * the person.
 */
void nf_admin_erase(const nf_admin *admin, nf_tenant *tenant, nf_http_exchange *x);

#endif
