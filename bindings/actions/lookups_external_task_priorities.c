/* SPDX-License-Identifier: Apache-2.0 */
/* lookups_external_task_priorities.c: nimbus.lookups.external_task_priorities() */
#include "nf/binding.h"

static const nf_param params[] = {
    NF_REFRESH,
    {0},
};

NF_ACTION(lookups_external_task_priorities) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.lookups.external_task_priorities",
    .doc = "List the priorities of external tasks.",
    .params = params,
    .returns = "list of {name, value}, and its age in seconds",
    .operation = NF_OP_LOOKUP,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "[]",
    .method = "GET",
    .path = "/v1/ExternalTasks/distribution-priorities",
    .keep_s = 60,
};
