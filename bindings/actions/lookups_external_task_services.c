/* SPDX-License-Identifier: Apache-2.0 */
/* lookups_external_task_services.c: nimbus.lookups.external_task_services() */
#include "nf/binding.h"

static const nf_param params[] = {
    NF_REFRESH,
    {0},
};

NF_ACTION(lookups_external_task_services) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.lookups.external_task_services",
    .doc = "List the UPNs of the services that take external tasks.",
    .params = params,
    .returns = "list of UPNs, and its age in seconds",
    .operation = NF_OP_LOOKUP,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "[]",
    .method = "GET",
    .path = "/v1/ExternalTasks/service-contacts",
    .keep_s = 60,
};
