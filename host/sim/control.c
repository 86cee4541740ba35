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
    json_t *wanted = sim_body_of(call, sim_call_fields, true, false);
    if (wanted)
        start_calls(call, wanted, nf_json_integer(wanted, "count", 1));
    json_decref(wanted);
}

/* ---- what people do with a task ---- */

static sim_task *live_task(sim_call *call)
{
    sim_task *task = sim_task_find(call->sim, call->param);
    if (!task)
        sim_fail(call, 404, "no task has this id");
    else if (task->ended)
        sim_fail(call, 409, "the task has ended");
    return task && !task->ended ? task : NULL;
}

/* The user whom a body names, or NULL. False: the answer is set. */
static bool read_user(sim_call *call, const json_t *body, sim_user **user)
{
    const char *upn = nf_json_string(body, "user");
    *user = sim_find_user(&call->sim->world, upn);
    if (upn && !*user)
        sim_fail(call, 400, "no user of this cluster has the UPN '%.80s'", upn);
    return !upn || *user;
}

static void answer_task(sim_call *call, const sim_task *task)
{
    if (!call->json)
        call->json = sim_task_json(task);
}

/* Ring or accept: the task must be there, and not taken. */
static void offer(sim_call *call, nf_sim_step step)
{
    static const sim_field fields[] = {{"user", .kind = SIM_TEXT}, {0}};
    sim_user *user;
    sim_task *task = live_task(call);
    json_t *body = task ? sim_body_of(call, fields, true, true) : NULL;
    if (!body)
        return;
    if (!read_user(call, body, &user))
        ;
    else if (task->step < NF_SIM_SYSTEM_ACCEPTED)
        sim_fail(call, 409, "the task does not ring yet");
    else if (task->step >= NF_SIM_USER_ACCEPTED)
        sim_fail(call, 409, "somebody has accepted the task already");
    else {
        sim_task_step(task, step, user);
        if (task->step != (int)step)
            sim_fail(call, 409, "no user is free to take the task");
    }
    answer_task(call, task);
    json_decref(body);
}

void sim_control_ring(sim_call *call)
{
    offer(call, NF_SIM_RINGING);
}

void sim_control_accept(sim_call *call)
{
    offer(call, NF_SIM_USER_ACCEPTED);
}

void sim_control_decline(sim_call *call)
{
    sim_task *task = live_task(call);
    if (!task)
        return;
    if (task->ringing)
        sim_ring_refused(task, "Declined");
    else
        sim_fail(call, 409, "the task rings at nobody's desk");
    answer_task(call, task);
}

void sim_control_transfer(sim_call *call)
{
    static const sim_field fields[] = {
        {"service", .kind = SIM_TEXT}, {"user", .kind = SIM_TEXT}, {0}};
    sim_user *user;
    sim_task *task = live_task(call);
    json_t *body = task ? sim_body_of(call, fields, true, false) : NULL;
    const char *name = nf_json_string(body, "service");
    const sim_service *service = sim_find_service(&call->sim->world, name);
    if (!body || !read_user(call, body, &user))
        ;
    else if ((name != NULL) == (user != NULL))
        sim_fail(call, 400, "a transfer goes to a service or to a user; name one");
    else if (name && (!service || sim_tenant(service->unit) != sim_tenant(task->service->unit)))
        sim_fail(call, 400, "no service of this tenant is called '%.80s'", name);
    else if (name && (service == task->service || !service->workflow))
        sim_fail(call, 400, "the task cannot be transferred to %s", service->upn);
    else if (task->step < NF_SIM_SYSTEM_ACCEPTED || task->dialing)
        sim_fail(call, 409, "the task cannot be transferred yet");
    else {
        sim_task_transfer(task, service, user);
        answer_task(call, task);
    }
    json_decref(body);
}

void sim_control_hang_up(sim_call *call)
{
    static const sim_field fields[] = {{"by", .kind = SIM_TEXT}, {0}};
    sim_task *task = live_task(call);
    json_t *body = task ? sim_body_of(call, fields, true, true) : NULL;
    const char *by = nf_json_string(body, "by");
    if (!body)
        return;
    if (by && strcmp(by, "customer") != 0 && strcmp(by, "user") != 0)
        sim_fail(call, 400, "by must be customer or user");
    else {
        sim_task_end(task, sim_hang_up_outcome(task));
        answer_task(call, task);
    }
    json_decref(body);
}

/* What the customer keys in or an activity of the workflow stores. */
void sim_control_input(sim_call *call)
{
    static const sim_field fields[] = {{"name", .kind = SIM_TEXT, .required = true, .most = 64},
                                       {"value", .kind = SIM_TEXT, .required = true},
                                       {0}};
    sim_task *task = live_task(call);
    json_t *body = task ? sim_body_of(call, fields, true, false) : NULL;
    if (!body)
        return;
    json_t *update = json_pack("{s[O]}", "customContextParameters", body);
    sim_task_update(task, update, "(input)");
    json_decref(update);
    json_decref(body);
    answer_task(call, task);
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
