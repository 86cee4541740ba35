/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_create.c: nimbus.scheduler.create{...}: twice would be two calls, so it is never repeated by itself. */
#include "nf/fields.h"

NF_ACTION(scheduler_create) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.scheduler.create",
    .title = "Schedule a new outbound call",
    .doc = "Schedule an outbound call: queued to a user of the service, then dialled.",
    .params = nf_params_entry + 1,
    .returns = "the entry: schedulerEntryId and its fields",
    .operation = NF_OP_SCHEDULER_CREATE,
    .class = NF_UNSAFE,
    .owner = NF_OWNER_SERVICE,
    .scope_param = "serviceUpn",
    .sample = "{\"schedulerEntryId\":\"dry-run\"}",
    .method = "POST",
    .path = "/v1/scheduler-entries",
};
