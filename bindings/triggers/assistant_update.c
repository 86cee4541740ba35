/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assistant_update.c: nimbus.on_assistant{...}: the virtual task assistant has an update.
 *
 * Its path and its payload are in no public description: the path is a setting (assistant_path of tenant.yaml), and the
 * fields are those that the matching action needs, besides those that events of tasks have.
 */
#include "nf/binding.h"

#define TEXT(name, doc)                                                                            \
    {                                                                                              \
        name, NF_STRING, false, doc, NULL, 0, 0, 0                                                 \
    }

static const nf_param event[] = {
    TEXT("serviceSessionId", "id of the service session"),
    TEXT("userSessionId", "id of the user session"),
    TEXT("dataType", "what there is now, for nimbus.assistant.data"),
    TEXT("event", "what happened"),
    TEXT("taskId", "id of the task"),
    TEXT("tenantId", "id of the tenant"),
    TEXT("serviceId", "id of the service"),
    TEXT("serviceName", "name of the service"),
    TEXT("serviceDisplayName", "display name of the service"),
    TEXT("serviceUPN", "UPN of the service"),
    TEXT("userUPN", "UPN of the user"),
    TEXT("created", "when"),
    {0},
};

static const nf_filter filters[] = {
    {"services", "serviceUPN", "services", "/v1/tasks/service-contacts", true,
     "UPNs of services; \"*\" for all that the connection may see", NULL},
    {"dataTypes", "dataType", NULL, NULL, false, "kinds of data; none: all", NULL},
    {0},
};

NF_TRIGGER(assistant_update) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.on_assistant",
    .title = "When the virtual task assistant has an update",
    .doc = "Starts a run whenever the virtual task assistant has a transcript or summary to give.",
    .source = NF_FROM_NIMBUS,
    .operation = NF_OP_ASSISTANT_TRIGGER,
    .filters = filters,
    .event = event,
    .partition = "serviceSessionId",
    .owner = "serviceUPN",
    .subscribe = "/v1/triggers/virtual-assistant",
    .urgency = NF_URGENCY_CHAT,
};
