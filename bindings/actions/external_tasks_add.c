/* SPDX-License-Identifier: Apache-2.0 */
/* external_tasks_add.c: nimbus.external_tasks.add{...}: twice would be two tasks, so it is never repeated by itself. */
#include "nf/fields.h"

static const nf_param params[] = {
    {"serviceUpn", NF_UPN, true, "UPN of the service", NULL, 0, 0, 0},
    {"customerIdentifier", NF_TEXT, false, "who it is about, for reporting; none: anonymous", NULL,
     0, 0, 0},
    {"customer", NF_OBJECT, false, "the customer", nf_fields_customer, 0, 0, 0},
    {"customContextParameters", NF_NAMED, false, "custom context parameters, id to value",
     nf_fields_parameter, 0, 0, 0},
    {"distributionPriority", NF_STRING, false,
     "a value of nimbus.lookups.external_task_priorities()", NULL, 0, 0, 0},
    {"preferredUsers", NF_LIST, false, "users to prefer, each {upn, priority}",
     nf_fields_preferred_user, NF_PREFERRED_USERS_MAX, 0, 0},
    {0},
};

NF_ACTION(external_tasks_add) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.external_tasks.add",
    .title = "Add a new external task",
    .doc = "Put work that is no call, chat or e-mail into the queue of a service.",
    .params = params,
    .returns = "table: id, created, modality, serviceUPN and more",
    .operation = NF_OP_EXTERNAL_TASK_ADD,
    .class = NF_UNSAFE,
    .owner = NF_OWNER_SERVICE,
    .scope_param = "serviceUpn",
    .sample = "{\"id\":\"dry-run\",\"modality\":\"ExternalTask\"}",
    .method = "POST",
    .path = "/v1/ExternalTasks",
    .look = "the tasks that wait for the service, in Nimbus",
};
