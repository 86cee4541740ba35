/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_list.c: nimbus.scheduler.list{serviceUpn=} */
#include "nf/fields.h"

static const nf_param params[] = {
    {"serviceUpn", NF_UPN, true, "UPN of the service", NULL, 0, 0, 0},
    {0},
};

NF_ACTION(scheduler_list) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.scheduler.list",
    .title = "Get all scheduler entries",
    .doc = "List the scheduler entries of a service.",
    .params = params,
    .returns =
        "list of entries: schedulerEntryId, destination, dueDateTimeUtc, ReferenceId and more",
    .operation = NF_OP_SCHEDULER_LIST,
    .class = NF_READ,
    .owner = NF_OWNER_SERVICE,
    .scope_param = "serviceUpn",
    .sample = "[]",
    .method = "GET",
    .path = "/v1/scheduler-entries{?serviceUpn}",
};
