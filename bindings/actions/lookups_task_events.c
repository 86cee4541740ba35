/* SPDX-License-Identifier: Apache-2.0 */
/* lookups_task_events.c: nimbus.lookups.task_events() */
#include "nf/binding.h"

static const nf_param params[] = {
    NF_REFRESH,
    {0},
};

NF_ACTION(lookups_task_events) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.lookups.task_events",
    .doc = "List the events of tasks.",
    .params = params,
    .returns = "list of {name, value}, and its age in seconds",
    .operation = NF_OP_LOOKUP,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "[]",
    .method = "GET",
    .path = "/v1/tasks/events",
    .keep_s = 60,
};
