/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_update.c: nimbus.scheduler.update{SchedulerEntryID=, ...} */
#include "nf/fields.h"

NF_ACTION(scheduler_update) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.scheduler.update",
    .title = "Update a scheduler entry",
    .doc = "Replace a scheduler entry; give its required fields again.",
    .params = nf_params_entry,
    .returns = "the entry",
    .operation = NF_OP_SCHEDULER_UPDATE,
    .class = NF_SAFE,
    .owner = NF_OWNER_ENTRY,
    .scope_param = "SchedulerEntryID",
    .sample = "{\"schedulerEntryId\":\"dry-run\"}",
    .method = "PUT",
    .path = "/v1/scheduler-entries/{SchedulerEntryID}",
};
