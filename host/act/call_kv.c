/* SPDX-License-Identifier: Apache-2.0 */
/* call_kv.c: nf_call_kv_get and nf_call_kv_set: what flows remember between runs, as effects. */
#include "act/call.h"
#include "base/budget.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static bool has_kv(nf_call *call)
{
    if (call->env->kv)
        return true;
    nf_call_reject(call, NF_E_UNSUPPORTED, "%s: nothing is remembered here", call->action->name);
    return false;
}

void nf_call_kv_get(nf_call *call, const char *key)
{
    size_t len = 0;
    if (!has_kv(call))
        return;
    const char *value = nf_kv_get(call->env->kv, key, &len);
    nf_call_finish(call, NULL, value, len);
}

static void on_durable(void *ctx, const nf_error *err)
{
    nf_call *call = ctx;
    call->kv_write = NULL;
    nf_call_finish(call, err, NULL, 0);
}

void nf_call_kv_set(nf_call *call, const char *key, const json_t *value, const char *ttl)
{
    nf_error err = {0};
    uint64_t ttl_ms = 0;
    if (!has_kv(call))
        return;
    if (call->env->dry_run) {
        nf_call_finish(call, NULL, NULL, 0);
        return;
    }
    char *text = value ? nf_json_text(value) : NULL;
    if (!ttl || nf_duration_parse(ttl, 0, &ttl_ms, &err) == NF_OK)
        call->kv_write = nf_kv_set(call->env->kv, key, text, text ? strlen(text) : 0, ttl_ms,
                                   on_durable, call, &err);
    free(text);
    if (call->kv_write)
        return;
    nf_error_prefix(&err, "%s", call->action->name);
    nf_call_finish(call, err.status == NF_OK ? NULL : &err, NULL, 0);
}

void nf_call_forget_kv(nf_call *call)
{
    nf_kv_forget(call->kv_write);
    call->kv_write = NULL;
}
