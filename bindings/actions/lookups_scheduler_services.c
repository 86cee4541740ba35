/* SPDX-License-Identifier: Apache-2.0 */
/* lookups_scheduler_services.c: nimbus.lookups.scheduler_services() */
#include "nf/binding.h"

static const nf_param params[] = {
    NF_REFRESH,
    {0},
};

NF_ACTION(lookups_scheduler_services) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.lookups.scheduler_services",
    .doc = "List the UPNs of the services that can call out.",
    .params = params,
    .returns = "list of UPNs, and its age in seconds",
    .operation = NF_OP_LOOKUP,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "[]",
    .method = "GET",
    .path = "/v1/scheduler-entries/service-contacts",
    .keep_s = 60,
};
