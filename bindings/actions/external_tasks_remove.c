/* SPDX-License-Identifier: Apache-2.0 */
/* external_tasks_remove.c: nimbus.external_tasks.remove{...} */
#include "nf/fields.h"

static const nf_param params[] = {
    {"externalTaskId", NF_STRING, true, "id of the task: id of the answer that added it", NULL,
     NF_ID_MAX, 0, 0},
    {"serviceUpn", NF_UPN, false,
     "service of the task; only needed when this host has not seen it before", NULL, 0, 0, 0},
    NF_CONFIRM,
    {0},
};

NF_ACTION(external_tasks_remove) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.external_tasks.remove",
    .title = "Remove an external task",
    .doc = "Take an external task out of its queue.",
    .params = params,
    .returns = "nil",
    .operation = NF_OP_EXTERNAL_TASK_REMOVE,
    .class = NF_SAFE,
    .owner = NF_OWNER_ENTRY,
    .scope_param = "externalTaskId",
    .method = "DELETE",
    .path = "/v1/ExternalTasks/{externalTaskId}",
    .destroys = true,
};
