/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.c: /sim, by which the page, the command line and tests place calls and look at them.
 *
 * It needs no token on loopback, so a page of somebody else in the same browser must not reach it:
 * Host must name this machine (no rebinding of names), Origin must be the page itself, and what
 * changes something must be sent as JSON or with a header of its own, which a foreign page cannot
 * do without asking first.
 */
#include "base/address.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- who may come in ---- */

static bool is_loopback_host(const char *value)
{
    char host[256];
    size_t len =
        value && value[0] == '[' ? strcspn(value, "]") + 1 : strcspn(value ? value : "", ":");
    snprintf(host, sizeof host, "%.*s", (int)len, value ? value : "");
    if (host[0] == '[' && len >= 2) {
        host[len - 1] = '\0';
        return nf_address_is_loopback(host + 1);
    }
    return nf_address_is_loopback(host);
}

static bool is_own_origin(const char *origin, const char *host)
{
    return !origin
           || (strncmp(origin, "http://", 7) == 0 && host && strcasecmp(origin + 7, host) == 0);
}

static bool is_declared(const sim_call *call)
{
    const char *type = nf_http_header(call->x, "content-type");
    return strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0
           || (type && strncasecmp(type, "application/json", 16) == 0)
           || nf_http_header(call->x, "x-requested-with");
}

bool sim_control_check(sim_call *call)
{
    const char *host = nf_http_header(call->x, "host");
    const char *site = nf_http_header(call->x, "sec-fetch-site");
    if (!call->sim->remote && !is_loopback_host(host))
        sim_fail(call, 403, "the Host of a request must be this machine");
    else if (!is_own_origin(nf_http_header(call->x, "origin"), host)
             || (site && strcmp(site, "cross-site") == 0))
        sim_fail(call, 403, "requests from other pages are not taken");
    else if (!is_declared(call))
        sim_fail(call, 415, "send the content type application/json");
    else if (call->sim->remote)
        return sim_authenticate(call) != NULL;
    else
        return true;
    return false;
}

/* ---- calls ---- */

static void start_calls(sim_call *call, const json_t *wanted, json_int_t count)
{
    json_t *ids = json_array();
    for (json_int_t i = 0; i < count; i++) {
        sim_task *task = sim_task_room(call->sim) ? sim_task_new(call, wanted) : NULL;
        if (!task)
            break;
        sim_task_start(task);
        json_array_append_new(ids, json_string(task->id));
    }
    if (call->json) { /* an error: it would be the same for each of them, so none was started */
        json_decref(ids);
        return;
    }
    if (json_array_size(ids) == 0) {
        sim_fail(call, 429, "%u tasks are under way; wait until some have ended",
                 call->sim->max_tasks);
        json_decref(ids);
        return;
    }
    call->status = 201;
    call->json = json_pack("{sOso}", "taskId", json_array_get(ids, 0), "taskIds", ids);
}

void sim_control_call(sim_call *call)
{
    json_t *wanted = sim_body(call, false);
    json_int_t count = json_object_get(wanted, "count") ? nf_json_integer(wanted, "count", 0) : 1;
    if (wanted && (count < 1 || count > SIM_MAX_BURST))
        sim_fail(call, 400, "count must be a whole number from 1 to %d", SIM_MAX_BURST);
    else if (wanted)
        start_calls(call, wanted, count);
    json_decref(wanted);
}

static sim_task *live_task(sim_call *call)
{
    sim_task *task = sim_task_find(call->sim, call->param);
    if (!task)
        sim_fail(call, 404, "no task has this id");
    else if (task->ended)
        sim_fail(call, 409, "the task has ended");
    return task && !task->ended ? task : NULL;
}

/* The user named in the body, or the first agent. False: the answer is set. */
static bool read_user(sim_call *call, const sim_user **user)
{
    static const char *const known[] = {"user", NULL};
    *user = NULL;
    json_t *body = sim_body(call, true);
    if (!body)
        return false;
    const char *upn = nf_json_string(body, "user");
    bool fine = sim_only(call, body, "the body", known);
    for (const sim_user *u = call->sim->users; fine && upn && u->upn; u++)
        if (strcasecmp(u->upn, upn) == 0)
            *user = u;
    if (fine && upn && !*user) {
        sim_fail(call, 400, "no user of this cluster has the UPN '%.80s'", upn);
        fine = false;
    }
    json_decref(body);
    return fine;
}

void sim_control_accept(sim_call *call)
{
    const sim_user *user;
    sim_task *task = live_task(call);
    if (!task || !read_user(call, &user))
        return;
    if (task->step < NF_SIM_SYSTEM_ACCEPTED)
        sim_fail(call, 409, "the task does not ring yet");
    else if (task->step >= NF_SIM_USER_ACCEPTED)
        sim_fail(call, 409, "somebody has accepted the task already");
    else
        sim_task_step(task, NF_SIM_USER_ACCEPTED, user);
    if (!call->json)
        call->json = sim_task_json(task);
}

void sim_control_hang_up(sim_call *call)
{
    sim_task *task = live_task(call);
    if (!task)
        return;
    sim_task_step(task, NF_SIM_TERMINATED, NULL);
    call->json = sim_task_json(task);
}

/* ---- looking ---- */

void sim_control_task(sim_call *call)
{
    const sim_task *task = sim_task_find(call->sim, call->param);
    if (task)
        call->json = sim_task_json(task);
    else
        sim_fail(call, 404, "no task has this id");
}

/* A number of the query, or `otherwise`. */
static uint64_t query_number(const sim_call *call, const char *name, uint64_t otherwise)
{
    size_t len = strlen(name);
    for (const char *at = nf_http_query(call->x); at;
         at = strchr(at, '&') ? strchr(at, '&') + 1 : NULL)
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return strtoull(at + len + 1, NULL, 10);
    return otherwise;
}

void sim_control_state(sim_call *call)
{
    uint64_t limit = query_number(call, "limit", 200);
    unsigned most = limit < call->sim->max_tasks ? (unsigned)limit : call->sim->max_tasks;
    if (query_number(call, "after", 0) == call->sim->version + 1) {
        sim_watch(call->sim, call->x, most);
        call->taken = true;
    } else {
        call->json = sim_state_json(call->sim, most);
    }
}
