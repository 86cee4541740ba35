/* SPDX-License-Identifier: Apache-2.0 */
/* flow_manual.c: flow.manual{...}: a person starts it. */
#include "nf/binding.h"

static const nf_param event[] = {
    {"startedBy", NF_STRING, false, "who started it", NULL, 0, 0, 0},
    {"input", NF_VALUE, false, "what was given along", NULL, 0, 0, 0},
    {0},
};

static const nf_filter filters[] = {{0}};

NF_TRIGGER(flow_manual) = {
    .abi = NF_BINDING_ABI,
    .name = "flow.manual",
    .doc = "Starts a run when a person asks for it, with nimflow runs start.",
    .source = NF_FROM_PERSON,
    .filters = filters,
    .event = event,
    .urgency = NF_URGENCY_BATCH,
};
