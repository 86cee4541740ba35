/* SPDX-License-Identifier: Apache-2.0 */
/* flow_sleep.c: flow.sleep(duration): wait; a number counts seconds, a text has its unit: "500ms", "2s", "3min". */
#include "nf/binding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const nf_param params[] = {
    {"duration", NF_VALUE, true, "seconds as a number, or a text like \"500ms\", \"2s\", \"3min\"",
     NULL, 0, 0, 0},
    {0},
};

static const double longest_ms = 400 * 86400e3; /* beyond what any run may live */

/* Milliseconds, or -1. */
static double milliseconds(const json_t *duration)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"min", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
    if (json_is_number(duration))
        return json_number_value(duration) * 1000;
    const char *text = json_is_string(duration) ? json_string_value(duration) : "";
    char *unit;
    double number = strtod(text, &unit);
    for (size_t i = 0; unit > text && i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].name) == 0)
            return number * units[i].ms;
    }
    return -1;
}

static void start(nf_call *call, const json_t *args)
{
    double ms = milliseconds(json_object_get(args, "duration"));
    if (!(ms >= 0) || isinf(ms)) {
        nf_call_reject(
            call, NF_E_ARG,
            "flow.sleep: write seconds as a number of at least 0, or a text like \"500ms\", "
            "\"2s\", \"3min\", \"1h\"");
        return;
    }
    nf_call_sleep(call, (uint64_t)(ms > longest_ms ? longest_ms : ms));
}

NF_ACTION(flow_sleep) = {
    .abi = NF_BINDING_ABI,
    .name = "flow.sleep",
    .doc =
        "Wait for a while: up to 5 s as wall time of the run; longer without any cost, also across restarts.",
    .params = params,
    .positional = 1,
    .returns = "nil",
    .class = NF_READ,
    .owner = NF_OWNER_NONE,
    .start = start,
};
