/* SPDX-License-Identifier: Apache-2.0 */
/* lookups_scheduler_events.c: nimbus.lookups.scheduler_events() */
#include "nf/binding.h"

static const nf_param params[] = {
    NF_REFRESH,
    {0},
};

NF_ACTION(lookups_scheduler_events) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.lookups.scheduler_events",
    .doc = "List the events of scheduler entries.",
    .params = params,
    .returns = "list of {name, value}, and its age in seconds",
    .operation = NF_OP_LOOKUP,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "[]",
    .method = "GET",
    .path = "/v1/scheduler-entries/events",
    .keep_s = 60,
};
