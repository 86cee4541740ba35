/* SPDX-License-Identifier: Apache-2.0 */
/* tasks_update.c: nimbus.tasks.update{...}, PUT /v1/tasks/{taskId}: what the agent's screen shows of a task. */
#include "nf/binding.h"

static const nf_param named_text[] = {
    {"name", NF_STRING, true, "designation", NULL, 0, 0, 0},
    {"value", NF_TEXT, false, "value", NULL, 0, 0, 0},
    {0},
};

static const nf_param customer[] = {
    {"firstName", NF_TEXT, false, "first name", NULL, 0, 0, 0},
    {"lastName", NF_TEXT, false, "last name", NULL, 0, 0, 0},
    {"displayName", NF_TEXT, false, "display name", NULL, 0, 0, 0},
    {"company", NF_TEXT, false, "company", NULL, 0, 0, 0},
    {"jobTitle", NF_TEXT, false, "job title", NULL, 0, 0, 0},
    {"department", NF_TEXT, false, "department", NULL, 0, 0, 0},
    {"streetAddress", NF_TEXT, false, "street and number", NULL, 0, 0, 0},
    {"postCode", NF_TEXT, false, "postcode", NULL, 0, 0, 0},
    {"city", NF_TEXT, false, "city", NULL, 0, 0, 0},
    {"state", NF_TEXT, false, "state", NULL, 0, 0, 0},
    {"country", NF_TEXT, false, "country", NULL, 0, 0, 0},
    {"primaryTelNumber", NF_TEXT, false, "primary telephone number", NULL, 0, 0, 0},
    {"telNumbers", NF_LIST, false, "additional telephone numbers, each {name, value}", named_text,
     0, 0, 0},
    {"UPN", NF_TEXT, false, "user principal name", NULL, 0, 0, 0},
    {"imAddress", NF_TEXT, false, "instant messaging address", NULL, 0, 0, 0},
    {"email", NF_TEXT, false, "e-mail address", NULL, 0, 0, 0},
    {"customFields", NF_NAMED, false, "custom fields of the customer, name to value", NULL, 0, 0,
     0},
    {0},
};

static const nf_param preferred_user[] = {
    {"upn", NF_STRING, true, "UPN of the user", NULL, 0, 0, 0},
    {"priority", NF_INTEGER, false, "1 (high) to 99 (low)", NULL, 0, 1, 99},
    {0},
};

static const nf_param params[] = {
    {"taskId", NF_STRING, true, "id of the task, from the event", NULL, 256, 0, 0},
    {"customer", NF_OBJECT, false, "fields of the customer to set; the others stay as they are",
     customer, 0, 0, 0},
    {"customContextParameters", NF_NAMED, false, "custom context parameters, id to value", NULL, 0,
     0, 0},
    {"preferredUsers", NF_LIST, false, "users to prefer, each {upn, priority}", preferred_user, 10,
     0, 0},
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
    .scope_param = "taskId",
    .method = "PUT",
    .path = "/v1/tasks/{taskId}",
};
