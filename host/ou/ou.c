/* SPDX-License-Identifier: Apache-2.0 */
/* ou.c: see ou.h. */
#include "ou/ou.h"

#include <string.h>

/* What the question is about, from one word of a person. */
static nf_status name_entity(const nf_ou *ou, const char *entity, nf_ou_question *q, nf_error *err)
{
    const nf_operation_info *info = nf_operation_info_of(q->operation);
    bool service = info->scope == NF_OU_OWN_SERVICE || info->scope == NF_OU_READ_SERVICE;
    if (info->scope == NF_OU_NOTHING)
        return NF_OK;
    if (!entity)
        return nf_error_set(err, NF_E_ARG, "'%s' is done to %s: name it", info->title,
                            service ? "a service (its UPN) or a task of one (its id)"
                                    : "an address book (its name or id)");
    bool id = service && !strchr(entity, '@');
    q->id = id ? entity : NULL;
    q->entity = !id ? entity : ou->seen ? nf_seen_service(ou->seen, entity) : NULL;
    return NF_OK;
}

json_t *nf_ou_why(const nf_ou *ou, const char *upn, const char *operation, const char *entity,
                  nf_error *err)
{
    nf_ou_question q = {.upn = upn, .operation = nf_operation_find(operation, err)};
    if (q.operation == NF_OP_NONE || name_entity(ou, entity, &q, err) != NF_OK)
        return NULL;
    nf_ou_verdict verdict = nf_ou_decide(ou->directory, &q);
    return nf_ou_verdict_json(&q, &verdict);
}
