/* SPDX-License-Identifier: Apache-2.0 */
/* lookups_preferred_users.c: nimbus.lookups.preferred_users() */
#include "nf/binding.h"

static const nf_param params[] = {
    NF_REFRESH,
    {0},
};

NF_ACTION(lookups_preferred_users) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.lookups.preferred_users",
    .doc = "List the UPNs of the users that can be named in preferredUsers.",
    .params = params,
    .returns = "list of UPNs, and its age in seconds",
    .operation = NF_OP_LOOKUP,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "[]",
    .method = "GET",
    .path = "/v1/tasks/users-for-preferred-routing",
    .keep_s = 60,
};
