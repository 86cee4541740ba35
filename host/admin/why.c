/* SPDX-License-Identifier: Apache-2.0 */
/* why.c: may this user do that, and which events were denied? */
#include "admin/internal.h"

#include "base/alloc.h"
#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_NAMED = 64 };

/* The tenant that the query names, or the only one; NULL after an answer. */
static const nf_tenant *tenant_of(const nf_admin *admin, nf_http_exchange *x)
{
    char *name = nf_admin_parameter(nf_http_query(x), "tenant");
    const char *names[MOST_NAMED + 1];
    const nf_tenant *found = !name && admin->tenant_count == 1 ? admin->tenants[0] : NULL;
    size_t n = 0;
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        if (name && strcmp(t->config->name, name) == 0)
            found = t;
        if (n < MOST_NAMED)
            names[n++] = t->config->name;
    }
    names[n] = NULL;
    nf_error err = {0};
    if (!found && name)
        nf_suggest_error(&err, NF_E_NOT_FOUND, "tenant", name, names);
    if (!found)
        nf_http_answer_error(x, name ? 404 : 400, "%s",
                             name ? err.text : "there are several tenants; say which");
    free(name);
    return found;
}

void nf_admin_why(const nf_admin *admin, nf_http_exchange *x)
{
    const char *query = nf_http_query(x);
    const nf_tenant *tenant = tenant_of(admin, x);
    if (!tenant)
        return;
    char *upn = nf_admin_parameter(query, "upn"), *entity = nf_admin_parameter(query, "entity");
    char *operation = nf_admin_parameter(query, "operation");
    nf_error err = {0};
    json_t *answer = NULL;
    if (!upn || !operation)
        nf_error_set(&err, NF_E_ARG, "upn and operation are needed");
    else
        answer = nf_ou_why(nf_rights_ou(tenant->rights), upn, operation, entity, &err);
    if (answer)
        nf_http_answer_json(x, 200, answer);
    else
        nf_http_answer_error(x, 400, "%s", err.text);
    free(upn);
    free(operation);
    free(entity);
}

void nf_admin_denied(const nf_admin *admin, nf_http_exchange *x)
{
    const nf_tenant *tenant = tenant_of(admin, x);
    if (!tenant)
        return;
    const nf_denied *denied = nf_rights_denied(tenant->rights);
    nf_http_answer_json(x, 200,
                        json_pack("{s:s, s:I, s:o}", "tenant", tenant->config->name, "count",
                                  (json_int_t)nf_denied_count(denied), "denied",
                                  nf_denied_json(denied, NF_DENIED_KEPT)));
}
