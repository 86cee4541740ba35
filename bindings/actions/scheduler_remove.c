/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_remove.c: nimbus.scheduler.remove{SchedulerEntryID=} */
#include "nf/fields.h"

static const nf_param params[] = {
    {"SchedulerEntryID", NF_STRING, true,
     "id of the entry: schedulerEntryId of its event or of the answer that created it", NULL,
     NF_ID_MAX, 0, 0},
    {"serviceUpn", NF_UPN, false,
     "service of the entry; only needed when this host has not seen it before", NULL, 0, 0, 0},
    NF_CONFIRM,
    {0},
};

NF_ACTION(scheduler_remove) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.scheduler.remove",
    .title = "Remove a scheduler entry",
    .doc = "Remove a scheduler entry; Nimbus allows it as long as the entry is not in progress.",
    .params = params,
    .returns = "nil",
    .operation = NF_OP_SCHEDULER_REMOVE,
    .class = NF_SAFE,
    .owner = NF_OWNER_ENTRY,
    .scope_param = "SchedulerEntryID",
    .method = "DELETE",
    .path = "/v1/scheduler-entries/{SchedulerEntryID}",
    .destroys = true,
};
