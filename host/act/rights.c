/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rights.c: see rights.h.
 *
 * A script may say whose an entry is that this host has not seen, but not of one that it has seen.
 */
#include "act/rights.h"

#include "base/json.h"

#include <string.h>

/* How the API names the service of an entry, in arguments, and its id, in answers. */
#define SERVICE "serviceUpn"
static const char *const ids[] = {"schedulerEntryId", "id"};

static nf_status decide(const nf_ou *ou, const nf_action *action, const nf_ou_question *q,
                        nf_error *err)
{
    nf_ou_verdict verdict = nf_ou_decide(ou->directory, q);
    if (verdict.allowed)
        return NF_OK;
    char text[NF_OU_TEXT];
    nf_ou_explain(q, &verdict, text);
    return nf_error_set(err, NF_E_DENIED, "%s: %s", action->name, text);
}

nf_status nf_act_may(const nf_effect_env *env, const nf_action *action, const json_t *args,
                     nf_error *err)
{
    const nf_ou *ou = env->ou;
    if (!ou || !ou->directory || action->operation == NF_OP_NONE)
        return NF_OK;
    const char *scope = action->scope_param ? nf_json_string(args, action->scope_param) : NULL;
    const char *service = nf_json_string(args, SERVICE);
    bool by_id = action->owner == NF_OWNER_TASK || action->owner == NF_OWNER_ENTRY;
    const char *seen = by_id && scope ? nf_seen_service(ou->seen, scope) : NULL;
    nf_ou_question q = {
        .upn = env->upn ? *env->upn : NULL,
        .operation = action->operation,
        .entity = by_id ? seen ? seen : service : scope,
        .id = by_id ? scope : NULL,
        .preferred_users = json_array_size(json_object_get(args, "preferredUsers")) > 0,
    };
    nf_status status = decide(ou, action, &q, err);
    if (status == NF_OK && seen && service && strcmp(seen, service) != 0) { /* moved to another */
        q.entity = service;
        status = decide(ou, action, &q, err);
    }
    return status;
}

static void learn_one(const nf_ou *ou, const json_t *entry, const char *service)
{
    const char *own = nf_json_string(entry, SERVICE);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const char *id = nf_json_string(entry, ids[i]);
        if (id)
            nf_seen_add(ou->seen, id, own ? own : service);
    }
}

void nf_act_learn(const nf_effect_env *env, const nf_action *action, const json_t *args,
                  const json_t *result)
{
    if (!env->ou || action->owner != NF_OWNER_SERVICE || !action->scope_param)
        return;
    const char *service = nf_json_string(args, action->scope_param);
    size_t i;
    const json_t *entry;
    if (!service)
        return;
    if (json_is_object(result))
        learn_one(env->ou, result, service);
    json_array_foreach (result, i, entry)
        learn_one(env->ou, entry, service);
}
