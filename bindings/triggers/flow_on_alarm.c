/* SPDX-License-Identifier: Apache-2.0 */
/* flow_on_alarm.c: flow.on_alarm{...}: this host has found something that a person should know. */
#include "nf/binding.h"

static const nf_param event[] = {
    {"kind", NF_STRING, false, "what kind of alarm", NULL, 0, 0, 0},
    {"subject", NF_STRING, false, "the connection or service it is about", NULL, 0, 0, 0},
    {"text", NF_STRING, false, "what was found, and what helps", NULL, 0, 0, 0},
    {"raised", NF_BOOLEAN, false, "true: it began; false: it is over", NULL, 0, 0, 0},
    {"since", NF_STRING, false, "when it began, in UTC", NULL, 0, 0, 0},
    {0},
};

static const char *const kinds[] = {
#define X(name, text, doc) text,
    NF_ALARM_MAP(X)
#undef X
        NULL,
};

static const nf_filter filters[] = {
    {"kinds", "kind", NULL, NULL, false, "kinds of alarms; none: all", kinds},
    {0},
};

NF_TRIGGER(flow_on_alarm) = {
    .abi = NF_BINDING_ABI,
    .name = "flow.on_alarm",
    .doc = "Starts a run when an alarm begins and when it is over.",
    .source = NF_FROM_ALARM,
    .filters = filters,
    .event = event,
    .partition = "subject",
    .urgency = NF_URGENCY_MAIL,
};
