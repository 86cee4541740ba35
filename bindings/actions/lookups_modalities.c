/* SPDX-License-Identifier: Apache-2.0 */
/* lookups_modalities.c: nimbus.lookups.modalities() */
#include "nf/binding.h"

static const nf_param params[] = {
    NF_REFRESH,
    {0},
};

NF_ACTION(lookups_modalities) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.lookups.modalities",
    .doc = "List the modalities of tasks.",
    .params = params,
    .returns = "list of {name, value}, and its age in seconds",
    .operation = NF_OP_LOOKUP,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "[]",
    .method = "GET",
    .path = "/v1/tasks/modalities",
    .keep_s = 60,
};
