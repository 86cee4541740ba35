/* SPDX-License-Identifier: Apache-2.0 */
/* kv_set.c: kv.set(key, value, {ttl=}): remember a value for later runs. */
#include "nf/binding.h"

static const nf_param params[] = {
    {"key", NF_STRING, true, "the key, shared by all flows of the tenant", NULL, 255, 0, 0},
    {"value", NF_VALUE, true, "a text, number, boolean or table; at most 64 KiB as JSON", NULL, 0,
     0, 0},
    {"ttl", NF_STRING, false, "for how long, like \"10min\" or \"30d\"; default: for ever", NULL,
     20, 0, 0},
    {0},
};

static void start(nf_call *call, const json_t *args)
{
    nf_call_kv_set(call, json_string_value(json_object_get(args, "key")),
                   json_object_get(args, "value"), json_string_value(json_object_get(args, "ttl")));
}

NF_ACTION(kv_set) = {
    .abi = NF_BINDING_ABI,
    .name = "kv.set",
    .doc = "Remember a value under a key; when it returns the value is on disk.",
    .params = params,
    .positional = 2,
    .returns = "nil",
    .class = NF_SAFE,
    .owner = NF_OWNER_NONE,
    .start = start,
};
