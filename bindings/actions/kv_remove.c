/* SPDX-License-Identifier: Apache-2.0 */
/* kv_remove.c: kv.remove(key): forget a value. */
#include "nf/binding.h"

static const nf_param params[] = {
    {"key", NF_STRING, true, "the key", NULL, 255, 0, 0},
    {0},
};

static void start(nf_call *call, const json_t *args)
{
    nf_call_kv_set(call, json_string_value(json_object_get(args, "key")), NULL, NULL);
}

NF_ACTION(kv_remove) = {
    .abi = NF_BINDING_ABI,
    .name = "kv.remove",
    .doc = "Forget what was remembered under a key; nothing happens if there is nothing.",
    .params = params,
    .positional = 1,
    .returns = "nil",
    .class = NF_SAFE,
    .owner = NF_OWNER_NONE,
    .start = start,
};
