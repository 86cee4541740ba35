/* SPDX-License-Identifier: Apache-2.0 */
/* tasks_update.c: nimbus.tasks.update{...}: what the agent's screen shows of a task. */
#include "nf/fields.h"

static const nf_param params[] = {
    {"taskId", NF_STRING, true, "id of the task, from the event", NULL, NF_ID_MAX, 0, 0},
    {"customer", NF_OBJECT, false, "fields of the customer to set; the others stay as they are",
     nf_fields_customer, 0, 0, 0},
    {"customContextParameters", NF_NAMED, false, "custom context parameters, id to value",
     nf_fields_parameter, 0, 0, 0},
    {"preferredUsers", NF_LIST, false, "users to prefer, each {upn, priority}",
     nf_fields_preferred_user, NF_PREFERRED_USERS_MAX, 0, 0},
    {"serviceSessionId", NF_STRING, false, "id of the service session, to address one of several",
     NULL, NF_ID_MAX, 0, 0},
    {"userSessionId", NF_STRING, false, "id of the user session", NULL, NF_ID_MAX, 0, 0},
    {0},
};

NF_ACTION(tasks_update) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.tasks.update",
    .title = "Update task",
    .doc =
        "Change customer data, custom context parameters or preferred users of a task in progress.",
    .params = params,
    .returns = "nil",
    .operation = NF_OP_TASK_UPDATE,
    .class = NF_SAFE,
    .owner = NF_OWNER_TASK,
    .context = true,
    .scope_param = "taskId",
    .method = "PUT",
    .path = "/v1/tasks/{taskId}{?serviceSessionId,userSessionId}",
};
