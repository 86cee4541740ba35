/* SPDX-License-Identifier: Apache-2.0 */
/* flow_every.c: flow.every{interval = "15min", ...}: again and again, counted from midnight UTC of 1 January 1970. */
#include "nf/binding.h"

static const nf_param event[] = {
    {"name", NF_STRING, false, "name of the handler", NULL, 0, 0, 0},
    {"scheduledAt", NF_STRING, false, "the time it was due, in UTC", NULL, 0, 0, 0},
    {"missed", NF_INTEGER, false, "times that passed before it without a run", NULL, 0, 0, 0},
    {0},
};

static const nf_param options[] = {
    {"interval", NF_STRING, true, "like \"15min\" or \"1h\"; from 1s to 30d", NULL, 20, 0, 0},
    {"catch_up", NF_STRING, false,
     "which of the times that passed while the host was down: \"none\", \"last\" (default), \"all\"",
     NULL, 8, 0, 0},
    {0},
};

static const nf_filter filters[] = {{0}};

NF_TRIGGER(flow_every) = {
    .abi = NF_BINDING_ABI,
    .name = "flow.every",
    .doc = "Starts a run at even intervals.",
    .source = NF_FROM_SCHEDULE,
    .options = options,
    .filters = filters,
    .event = event,
    .partition = "name",
    .urgency = NF_URGENCY_BATCH,
};
