/* SPDX-License-Identifier: Apache-2.0 */
/* kv_get.c: kv.get(key): what was remembered under a key. */
#include "nf/binding.h"

static const nf_param params[] = {
    {"key", NF_STRING, true, "the key", NULL, 255, 0, 0},
    {0},
};

static void start(nf_call *call, const json_t *args)
{
    nf_call_kv_get(call, json_string_value(json_object_get(args, "key")));
}

NF_ACTION(kv_get) = {
    .abi = NF_BINDING_ABI,
    .name = "kv.get",
    .doc = "Get what a flow of this tenant remembered under a key, or nil.",
    .params = params,
    .positional = 1,
    .returns = "value or nil",
    .class = NF_READ,
    .owner = NF_OWNER_NONE,
    .start = start,
};
