/* SPDX-License-Identifier: Apache-2.0 */
/* fault.c: failures on demand. The oldest fault that names an operation hits it, until its count is
 * used up. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static const char *const mode_names[SIM_FAULT_MODES + 1] = {
    "status", "status-after", "slow", "garbage", "close", "close-after", "duplicate", NULL};

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
        *hit = *fault;
        hit->operation = NULL;
        if (fault->left > 0 && --fault->left == 0)
            sim_fault_free(sim, fault);
        sim_changed(sim);
        return true;
    }
    return false;
}

static bool read_mode(sim_call *call, const json_t *body, sim_fault_mode *mode)
{
    const json_t *value = json_object_get(body, "mode");
    const char *text = value ? json_string_value(value) : "status";
    for (int i = 0; i < SIM_FAULT_MODES; i++)
        if (text && strcmp(mode_names[i], text) == 0) {
            *mode = (sim_fault_mode)i;
            return true;
        }
    sim_fail(
        call, 400,
        "mode must be one of status, status-after, slow, garbage, close, close-after, duplicate");
    return false;
}

static bool read_number(sim_call *call, const json_t *body, const char *name, json_int_t least,
                        json_int_t most, json_int_t *value)
{
    const json_t *given = json_object_get(body, name);
    if (!given)
        return true;
    *value = json_integer_value(given);
    if (json_is_integer(given) && *value >= least && *value <= most)
        return true;
    sim_fail(call, 400, "%s must be a whole number from %lld to %lld", name, (long long)least,
             (long long)most);
    return false;
}

static bool read_fault(sim_call *call, const json_t *body, sim_fault *fault)
{
    static const char *const known[] = {"operation", "mode",    "status", "retryAfter",
                                        "count",     "delayMs", NULL};
    json_int_t status = 500, retry_after = -1, count = 1, delay = 0;
    if (!sim_only(call, body, "the fault", known) || !read_mode(call, body, &fault->mode)
        || !read_number(call, body, "status", 200, 599, &status)
        || !read_number(call, body, "retryAfter", 0, 86400, &retry_after)
        || !read_number(call, body, "count", -1, 1000000, &count)
        || !read_number(call, body, "delayMs", 0, 600000, &delay))
        return false;
    if (!nf_json_string(body, "operation")) {
        sim_fail(call, 400,
                 "operation must be text such as \"PUT /v1/tasks/{taskId}\", \"deliver\" or \"*\"");
        return false;
    }
    if (fault->mode == SIM_FAULT_SLOW && !delay)
        delay = 3000;
    fault->status = (int)status;
    fault->retry_after = retry_after;
    fault->left = count;
    fault->delay_ms = (uint64_t)delay;
    return true;
}

void sim_fault_add(sim_call *call)
{
    sim_fault wanted = {0}, *other;
    unsigned count = 0;
    json_t *body = sim_body(call, false);
    DL_COUNT(call->sim->faults, other, count);
    if (body && count >= SIM_MAX_FAULTS)
        sim_fail(call, 429, "there are already %d faults; DELETE /sim/faults first",
                 SIM_MAX_FAULTS);
    else if (body && read_fault(call, body, &wanted)) {
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
