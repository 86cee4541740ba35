/* SPDX-License-Identifier: Apache-2.0 */
/* task_changed.c: nimbus.on_task{...}: a task changes state. Fields as TaskEventData of the API spells them. */
#include "nf/fields.h"

#define TEXT(name, doc)                                                                            \
    {                                                                                              \
        name, NF_STRING, false, doc, NULL, 0, 0, 0                                                 \
    }

static const nf_param preferred_user[] = {
    TEXT("upn", "UPN of the user"),
    {"priority", NF_INTEGER, false, "1 (high) to 99 (low)", NULL, 0, 1, 99},
    {0},
};

static const nf_param information[] = {
    {"customer", NF_OBJECT, false, "the customer as known so far", nf_fields_event_customer, 0, 0,
     0},
    {"customContextParameters", NF_LIST, false, "custom context parameters", nf_fields_event_pair,
     0, 0, 0},
    {"preferredUsers", NF_LIST, false, "preferred users", preferred_user, 0, 0, 0},
    {0},
};

static const nf_param event[] = {
    TEXT("taskId", "id of the task"),
    TEXT("callChainId", "id of the call chain at Microsoft"),
    TEXT("tenantId", "id of the tenant"),
    TEXT("event", "what happened, for example SystemAccepted"),
    TEXT("direction", "Inbound, Outbound or None"),
    TEXT("modality", "initial modality: Audio, InstantMessaging, Email or ExternalTask"),
    TEXT("created", "when the task was created"),
    TEXT("terminated", "when the task was terminated"),
    TEXT("lastConnectedUserId", "object id of the last connected user"),
    TEXT("LastConnectedUserUPN", "UPN of the last connected user"),
    TEXT("LastConnectedUserEmail", "e-mail of the last connected user"),
    TEXT("microsoftCallerId", "object id of the caller"),
    TEXT("referenceId", "id given by the third-party system"),
    TEXT("callerId", "id of the caller in Nimbus"),
    TEXT("callerTelNumber", "telephone number of the caller (E.164), only for Audio"),
    TEXT("callerUPN", "UPN of the customer"),
    TEXT("microsoftDestinationId", "object id of the callee of an outbound task"),
    TEXT("destinationId", "id of the destination (outbound)"),
    TEXT("destinationTelNumber", "telephone number of the destination (outbound)"),
    TEXT("destinationUPN", "UPN of the destination (outbound)"),
    TEXT("acsId", "Azure Communication id of the caller"),
    {"isAnonymous", NF_BOOLEAN, false, "true when the caller hides the number", NULL, 0, 0, 0},
    TEXT("customerIdentifier",
         "number, e-mail, id or GUID of the customer, depending on the modality"),
    TEXT("initialMessage", "first message of a chat"),
    TEXT("serviceId", "id of the service"),
    TEXT("serviceName", "name of the service"),
    TEXT("serviceDescription", "description of the service"),
    TEXT("serviceDisplayName", "display name of the service"),
    TEXT("serviceUPN", "UPN of the service"),
    TEXT("serviceTelNumber", "telephone number of the service (E.164)"),
    TEXT("emailSubject", "subject of the e-mail"),
    TEXT("emailBodyUniqueRichText", "body of the e-mail, rich text"),
    TEXT("emailBodyUniquePlainText", "body of the e-mail, plain text"),
    TEXT("emailServiceMailboxUPN", "UPN of the service's mailbox"),
    {"outboundAttempt", NF_INTEGER, false, "attempts to reach the destination", NULL, 0, 0, 0},
    TEXT("updatedParameterName", "name of the parameter updated last"),
    TEXT("updatedParameterValue", "its value"),
    {"taskInformation", NF_OBJECT, false, "customer, parameters and preferred users", information,
     0, 0, 0},
    {0},
};

static const nf_filter filters[] = {
    {"services", "serviceUPN", "services", "/v1/tasks/service-contacts", true,
     "UPNs of services; \"*\" for all that the connection may see", NULL},
    {"events", "event", "taskEvents", "/v1/tasks/events", true, "events, by value or display name",
     NULL},
    {"modalities", "modality", "modalities", "/v1/tasks/modalities", false,
     "initial modalities; none: all", NULL},
    {"directions", "direction", "directions", "/v1/tasks/directions", false,
     "directions; none: all", NULL},
    {0},
};

static const nf_urgency_rule rules[] = {
    {"modality", "InstantMessaging", NF_URGENCY_CHAT}, {"modality", "Email", NF_URGENCY_MAIL},
    {"modality", "ExternalTask", NF_URGENCY_MAIL},     {"event", "UserAccepted", NF_URGENCY_CHAT},
    {"event", "Terminated", NF_URGENCY_MAIL},          {0},
};

static const char *const taken[] = {"UserAccepted", NULL};
static const char *const over[] = {"Terminated", NULL};

NF_TRIGGER(task_changed) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.on_task",
    .title = "When a task changes state",
    .doc = "Starts a run whenever a task that fits the filters changes its state.",
    .source = NF_FROM_NIMBUS,
    .filters = filters,
    .event = event,
    .partition = "taskId",
    .owner = "serviceUPN",
    .operation = NF_OP_TASK_TRIGGER,
    .repeats = "updatedParameterName",
    .subscribe = "/v1/triggers/tasks",
    .urgency = NF_URGENCY_CALL,
    .rules = rules,
    .state = "event",
    .taken = taken,
    .over = over,
};
