/* SPDX-License-Identifier: Apache-2.0 */
/* flow_cron.c: flow.cron{schedule = "0 8 * * MON-FRI", zone = "Europe/Zurich", ...}: at times of a calendar. */
#include "nf/binding.h"

static const nf_param event[] = {
    {"name", NF_STRING, false, "name of the handler", NULL, 0, 0, 0},
    {"scheduledAt", NF_STRING, false, "the time it was due, in UTC", NULL, 0, 0, 0},
    {"missed", NF_INTEGER, false, "times that passed before it without a run", NULL, 0, 0, 0},
    {0},
};

static const nf_param options[] = {
    {"schedule", NF_STRING, true,
     "minute, hour, day of month, month, day of week: \"0 8 * * MON-FRI\"", NULL, 200, 0, 0},
    {"zone", NF_STRING, false, "time zone, like \"Europe/Zurich\"; default: UTC", NULL, 64, 0, 0},
    {"catch_up", NF_STRING, false,
     "which of the times that passed while the host was down: \"none\", \"last\" (default), \"all\"",
     NULL, 8, 0, 0},
    {0},
};

static const nf_filter filters[] = {{0}};

NF_TRIGGER(flow_cron) = {
    .abi = NF_BINDING_ABI,
    .name = "flow.cron",
    .doc = "Starts a run at the times of a calendar, in a time zone.",
    .source = NF_FROM_SCHEDULE,
    .options = options,
    .filters = filters,
    .event = event,
    .partition = "name",
    .urgency = NF_URGENCY_BATCH,
};
