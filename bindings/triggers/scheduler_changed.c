/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler_changed.c: nimbus.on_scheduler_entry{...}: a scheduler entry changes state. Fields as
 * SchedulerEntryEventData.
 */
#include "nf/fields.h"

#define TEXT(name, doc)                                                                            \
    {                                                                                              \
        name, NF_STRING, false, doc, NULL, 0, 0, 0                                                 \
    }
#define WHOLE(name, doc)                                                                           \
    {                                                                                              \
        name, NF_INTEGER, false, doc, NULL, 0, 0, 0                                                \
    }

static const nf_param event[] = {
    TEXT("schedulerEntryId", "id of the scheduler entry"),
    TEXT("conversationType", "kind of conversation"),
    TEXT("event", "what happened"),
    TEXT("direction", "Inbound, Outbound or None"),
    TEXT("modality", "initial modality"),
    TEXT("ReferenceId", "id given by the third-party system"),
    TEXT("unifiedConversationId", "id of the conversation"),
    TEXT("completionReason", "outcome of an entry that has ended"),
    TEXT("destination", "whom an outbound entry calls"),
    TEXT("distributionPriority", "priority of the task"),
    TEXT("dueDateTimeUtc", "when it is due, in UTC"),
    TEXT("serviceUpn", "UPN of the service"),
    WHOLE("maxAttempts", "attempts to reach the destination"),
    WHOLE("attemptTimeoutInSeconds", "length of one attempt"),
    WHOLE("maxQueueTimeInSeconds", "time until the task counts as Limit Reached"),
    WHOLE("ronaTimeoutInSeconds", "ring time for each user"),
    {"customCallContextParameters", NF_LIST, false, "custom context parameters",
     nf_fields_event_pair, 0, 0, 0},
    {"customer", NF_OBJECT, false, "the customer", nf_fields_event_customer, 0, 0, 0},
    {0},
};

static const nf_filter filters[] = {
    {"services", "serviceUpn", "services", "/v1/scheduler-entries/service-contacts", true,
     "UPNs of services; \"*\" for all that the connection may see", NULL},
    {"events", "event", "schedulerEntryEvents", "/v1/scheduler-entries/events", true,
     "events, by value or display name", NULL},
    {0},
};

NF_TRIGGER(scheduler_changed) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.on_scheduler_entry",
    .title = "When a scheduler entry changes state",
    .doc = "Starts a run whenever a scheduler entry that fits the filters changes its state.",
    .source = NF_FROM_NIMBUS,
    .operation = NF_OP_SCHEDULER_TRIGGER,
    .filters = filters,
    .event = event,
    .partition = "schedulerEntryId",
    .owner = "serviceUpn",
    .subscribe = "/v1/triggers/scheduler-entries",
    .urgency = NF_URGENCY_MAIL,
};
