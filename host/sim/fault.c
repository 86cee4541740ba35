/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c: failures on demand. The oldest fault that names an operation (and whose share the dice give) hits it, until
 * its count is used up.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "base/suggest.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static const char *const mode_names[SIM_FAULT_MODES + 1] = {
    "status",      "status-after",      "slow",      "garbage",      "close", "close-after",
    "no-location", "lost-subscription", "duplicate", "out-of-order", "burst", NULL};

const char *sim_fault_mode_name(sim_fault_mode mode)
{
    return mode_names[mode];
}

void sim_fault_free(nf_sim *sim, sim_fault *fault)
{
    DL_DELETE(sim->faults, fault);
    free(fault->operation);
    free(fault);
    sim_changed(sim);
}

bool sim_fault_take(nf_sim *sim, const char *operation, sim_fault *hit)
{
    sim_fault *fault;
    DL_FOREACH (sim->faults, fault) {
        bool any = strcmp(fault->operation, "*") == 0 && strcmp(operation, "deliver") != 0;
        if (!any && strcmp(fault->operation, operation) != 0)
            continue;
        if (fault->share < 100 && sim_random(sim) % 100 >= fault->share)
            continue;
        *hit = *fault;
        hit->operation = NULL;
        if (fault->left > 0 && --fault->left == 0)
            sim_fault_free(sim, fault);
        sim_changed(sim);
        return true;
    }
    return false;
}

const sim_field sim_fault_fields[] = {
    {"operation", .kind = SIM_TEXT, .required = true},
    {"mode", .kind = SIM_TEXT},
    {"status", .kind = SIM_INTEGER, .least = 200, .most = 599},
    {"retryAfter", .kind = SIM_INTEGER, .least = 0, .most = 86400},
    {"count", .kind = SIM_INTEGER, .least = -1, .most = 1000000},
    {"delayMs", .kind = SIM_INTEGER, .least = 0, .most = 600000},
    {"share", .kind = SIM_INTEGER, .least = 1, .most = 100},
    {0}};

static bool read_mode(sim_call *call, const json_t *body, sim_fault_mode *mode)
{
    const char *text = nf_json_string(body, "mode");
    nf_error err = {0};
    text = text ? text : "status";
    for (int i = 0; i < SIM_FAULT_MODES; i++)
        if (strcmp(mode_names[i], text) == 0) {
            *mode = (sim_fault_mode)i;
            return true;
        }
    nf_suggest_error(&err, NF_E_ARG, "mode", text, mode_names);
    sim_fail(call, 400, "%s", err.text);
    return false;
}

/* Does the mode make sense there? */
static bool check_place(sim_call *call, const char *operation, sim_fault_mode mode)
{
    bool deliver = strcmp(operation, "deliver") == 0;
    bool registers = strncmp(operation, "POST /v1/triggers/", 18) == 0;
    nf_error err = {0};
    if (!sim_is_operation(operation, &err))
        sim_fail(call, 400, "%s", err.text);
    else if (deliver && mode != SIM_FAULT_SLOW && mode < SIM_FAULT_LOST)
        sim_fail(call, 400,
                 "deliver goes with slow, lost-subscription, duplicate, out-of-order and burst");
    else if (!deliver && mode >= SIM_FAULT_DUPLICATE)
        sim_fail(call, 400, "the mode %s goes with the operation deliver", mode_names[mode]);
    else if (!deliver && !registers && (mode == SIM_FAULT_LOST || mode == SIM_FAULT_NO_LOCATION))
        sim_fail(call, 400, "the mode %s goes with the registration of a trigger",
                 mode_names[mode]);
    else
        return true;
    return false;
}

static uint64_t standard_delay(sim_fault_mode mode)
{
    return mode == SIM_FAULT_SLOW           ? 3000
           : mode == SIM_FAULT_OUT_OF_ORDER ? 2000
           : mode == SIM_FAULT_BURST        ? 1000
                                            : 0;
}

bool sim_fault_read(sim_call *call, const json_t *body, sim_fault *fault)
{
    if (!read_mode(call, body, &fault->mode)
        || !check_place(call, nf_json_string(body, "operation"), fault->mode))
        return false;
    uint64_t delay = (uint64_t)nf_json_integer(body, "delayMs", 0);
    fault->delay_ms = delay ? delay : standard_delay(fault->mode);
    fault->status = (int)nf_json_integer(body, "status", 500);
    fault->retry_after = nf_json_integer(body, "retryAfter", -1);
    fault->left = nf_json_integer(body, "count", 1);
    fault->share = (unsigned)nf_json_integer(body, "share", 100);
    return true;
}

void sim_fault_add(sim_call *call)
{
    sim_fault wanted = {0}, *other;
    unsigned count = 0;
    json_t *body = sim_body_of(call, sim_fault_fields, true, false);
    DL_COUNT(call->sim->faults, other, count);
    if (body && count >= SIM_MAX_FAULTS)
        sim_fail(call, 429, "there are already %d faults; DELETE /sim/faults first",
                 SIM_MAX_FAULTS);
    else if (body && sim_fault_read(call, body, &wanted)) {
        sim_fault *fault = nf_alloc(sizeof *fault);
        *fault = wanted;
        fault->operation = nf_strdup(nf_json_string(body, "operation"));
        DL_APPEND(call->sim->faults, fault);
        sim_changed(call->sim);
        call->status = 201;
    }
    json_decref(body);
}

void sim_fault_clear(sim_call *call)
{
    sim_fault *fault, *next;
    DL_FOREACH_SAFE (call->sim->faults, fault, next)
        sim_fault_free(call->sim, fault);
    call->status = 204;
}
