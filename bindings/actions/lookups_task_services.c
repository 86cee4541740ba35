/* SPDX-License-Identifier: Apache-2.0 */
/* lookups_task_services.c: nimbus.lookups.task_services() */
#include "nf/binding.h"

static const nf_param params[] = {
    NF_REFRESH,
    {0},
};

NF_ACTION(lookups_task_services) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.lookups.task_services",
    .doc = "List the UPNs of the services whose tasks the connection may see.",
    .params = params,
    .returns = "list of UPNs, and its age in seconds",
    .operation = NF_OP_LOOKUP,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "[]",
    .method = "GET",
    .path = "/v1/tasks/service-contacts",
    .keep_s = 60,
};
