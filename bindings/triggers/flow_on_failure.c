/* SPDX-License-Identifier: Apache-2.0 */
/* flow_on_failure.c: flow.on_failure{...}: a run of another handler ended badly. */
#include "nf/binding.h"

static const nf_param error[] = {
    {"message", NF_STRING, false, "what went wrong", NULL, 0, 0, 0},
    {"where", NF_STRING, false, "file and line of the flow", NULL, 0, 0, 0},
    {"kind", NF_STRING, false, "kind of the error", NULL, 0, 0, 0},
    {0},
};

static const nf_param event[] = {
    {"runId", NF_STRING, false, "id of the run", NULL, 0, 0, 0},
    {"handler", NF_STRING, false, "name of its handler", NULL, 0, 0, 0},
    {"file", NF_STRING, false, "file of its flow", NULL, 0, 0, 0},
    {"trigger", NF_STRING, false, "what started it, like nimbus.on_task", NULL, 0, 0, 0},
    {"outcome", NF_STRING, false, "how it ended, like failed or over-cpu", NULL, 0, 0, 0},
    {"attempts", NF_INTEGER, false, "how often it was tried", NULL, 0, 0, 0},
    {"error", NF_OBJECT, false, "why", error, 0, 0, 0},
    {"event", NF_VALUE, false, "the event it was started with", NULL, 0, 0, 0},
    {0},
};

static const nf_filter filters[] = {
    {"handlers", "handler", NULL, NULL, false, "names of handlers; none: all", NULL},
    {"outcomes", "outcome", NULL, NULL, false, "how the run ended; none: all", NULL},
    {0},
};

NF_TRIGGER(flow_on_failure) = {
    .abi = NF_BINDING_ABI,
    .name = "flow.on_failure",
    .doc = "Starts a run when a run of another handler has failed or exceeded a budget.",
    .source = NF_FROM_FAILURE,
    .filters = filters,
    .event = event,
    .urgency = NF_URGENCY_MAIL,
};
