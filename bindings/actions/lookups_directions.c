/* SPDX-License-Identifier: Apache-2.0 */
/* lookups_directions.c: nimbus.lookups.directions() */
#include "nf/binding.h"

static const nf_param params[] = {
    NF_REFRESH,
    {0},
};

NF_ACTION(lookups_directions) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.lookups.directions",
    .doc = "List the directions of tasks.",
    .params = params,
    .returns = "list of {name, value}, and its age in seconds",
    .operation = NF_OP_LOOKUP,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "[]",
    .method = "GET",
    .path = "/v1/tasks/directions",
    .keep_s = 60,
};
