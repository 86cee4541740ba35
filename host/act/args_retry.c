/* SPDX-License-Identifier: Apache-2.0 */
/* args_retry.c: the argument `retry` that every action with requests of its own has, and triggers have as a field. */
#include "act/args.h"
#include "base/alloc.h"
#include "base/budget.h"

#include <stdlib.h>
#include <string.h>

static const nf_param params[] = {
    {"times", NF_INTEGER, false, "attempts in all", NULL, 0, 1, NF_RETRY_TIMES_MAX},
    {"backoff", NF_VALUE, false, "the wait after the first attempt", NULL, 0, 0, 0},
    {"longest", NF_VALUE, false, "the longest wait", NULL, 0, 0, 0},
    {0},
};

/* Seconds as a number, or a text with a unit; absent: 0. */
static nf_status read_wait(const char *whose, const json_t *given, const char *name, uint32_t *out,
                           nf_error *err)
{
    const json_t *value = json_object_get(given, name);
    uint64_t ms = 0;
    if (!value)
        return NF_OK;
    double number = json_number_value(value) * 1000;
    if (json_is_number(value) && number >= 1 && number <= NF_RETRY_WAIT_MAX_MS)
        ms = (uint64_t)number;
    else if (json_is_string(value)
             && nf_duration_parse(json_string_value(value), 0, &ms, NULL) != NF_OK)
        ms = 0;
    if (ms < 1 || ms > NF_RETRY_WAIT_MAX_MS)
        return nf_error_set(
            err, NF_E_ARG,
            "%s: %s: write seconds as a number, or a text like \"500ms\" or \"2s\", "
            "from 1ms to 15min",
            whose, name);
    *out = (uint32_t)ms;
    return NF_OK;
}

nf_status nf_args_retry(const char *whose, const json_t *given, nf_retry *retry, nf_error *err)
{
    json_t *checked = nf_args_check(whose, params, given, err);
    if (!checked)
        return err->status;
    retry->times = (uint32_t)json_integer_value(json_object_get(checked, "times"));
    nf_status status = read_wait(whose, checked, "backoff", &retry->backoff_ms, err);
    if (status == NF_OK)
        status = read_wait(whose, checked, "longest", &retry->longest_ms, err);
    retry->obeyed_ms = retry->longest_ms;
    json_decref(checked);
    return status;
}

/* Its answers are kept, and one request serves all who ask at a time. */
static bool is_shared(const nf_action *action)
{
    for (const nf_param *param = action->params; param->name; param++) {
        if (strcmp(param->name, "refresh") == 0)
            return true;
    }
    return false;
}

nf_status nf_args_take_retry(const nf_action *action, json_t *args, nf_retry *retry, nf_error *err)
{
    const json_t *given = json_is_object(args) ? json_object_get(args, "retry") : NULL;
    if (!given || action->operation == NF_OP_NONE) /* there it is an unknown field */
        return NF_OK;
    if (is_shared(action))
        return nf_error_set(
            err, NF_E_ARG,
            "%s: retry: not here, since one request may serve several runs; it is repeated as "
            "the tenant's configuration says",
            action->name);
    char *whose = nf_format("%s: retry", action->name);
    nf_status status = json_is_null(given) ? NF_OK : nf_args_retry(whose, given, retry, err);
    free(whose);
    json_object_del(args, "retry");
    return status;
}
