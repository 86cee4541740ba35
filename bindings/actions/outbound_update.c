/* SPDX-License-Identifier: Apache-2.0 */
/* outbound_update.c: nimbus.outbound.update{SchedulerEntryID=, ...} */
#include "nf/fields.h"

NF_ACTION(outbound_update) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.outbound.update",
    .title = "Update an outbound call with workflow entry",
    .doc = "Replace a scheduled outbound call with workflow; give its required fields again.",
    .params = nf_params_outbound,
    .returns = "the entry",
    .operation = NF_OP_OUTBOUND_UPDATE,
    .class = NF_SAFE,
    .owner = NF_OWNER_ENTRY,
    .scope_param = "SchedulerEntryID",
    .sample = "{\"schedulerEntryId\":\"dry-run\"}",
    .method = "PUT",
    .path = "/v1/outbound-call-with-workflow/scheduler-entries/{SchedulerEntryID}",
};
