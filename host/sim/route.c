/* SPDX-License-Identifier: Apache-2.0 */
/* route.c: from a request to the function that answers it, past faults and the bearer token. */
#include "base/alloc.h"
#include "base/macros.h"
#include "base/percent.h"
#include "base/suggest.h"
#include "sim/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

typedef enum route_kind { PUBLISHED, SIGN_IN, PAGE, CONTROL } route_kind;

typedef struct route {
    const char *method, *path;
    void (*run)(sim_call *call);
    route_kind kind;
} route;

#define ASSISTANT                                                                                  \
    "/v1/triggers/virtual-assistant" /* as the table spells it; the world may say otherwise */
#define ENTRIES  "/v1/scheduler-entries"
#define WORKFLOW "/v1/outbound-call-with-workflow/scheduler-entries"
#define CONTACTS "/v2/AddressBooks/{AddressBook}/contacts"

static const route routes[] = {
    {"GET", "/v1/diagnostics/testconnection", sim_test_connection, PUBLISHED},
    {"GET", "/v1/tasks/service-contacts", sim_list_services, PUBLISHED},
    {"GET", "/v1/tasks/events", sim_list_events, PUBLISHED},
    {"GET", "/v1/tasks/modalities", sim_list_modalities, PUBLISHED},
    {"GET", "/v1/tasks/directions", sim_list_directions, PUBLISHED},
    {"GET", "/v1/tasks/users-for-preferred-routing", sim_list_users, PUBLISHED},
    {"POST", "/v1/triggers/tasks", sim_subscribe_tasks, PUBLISHED},
    {"DELETE", "/v1/triggers/tasks/{triggerId}", sim_unsubscribe_tasks, PUBLISHED},
    {"POST", "/v1/triggers/scheduler-entries", sim_subscribe_entries, PUBLISHED},
    {"DELETE", "/v1/triggers/scheduler-entries/{triggerId}", sim_unsubscribe_entries, PUBLISHED},
    {"POST", ASSISTANT, sim_subscribe_assistant, PUBLISHED},
    {"DELETE", ASSISTANT "/{triggerId}", sim_unsubscribe_assistant, PUBLISHED},
    {"PUT", "/v1/tasks/{taskId}", sim_update_task, PUBLISHED},
    {"GET", "/v1/ExternalTasks/service-contacts", sim_list_external_services, PUBLISHED},
    {"GET", "/v1/ExternalTasks/distribution-priorities", sim_list_priorities, PUBLISHED},
    {"POST", "/v1/ExternalTasks", sim_add_external_task, PUBLISHED},
    {"DELETE", "/v1/ExternalTasks/{externalTaskId}", sim_remove_external_task, PUBLISHED},
    {"GET", ENTRIES "/events", sim_list_entry_events, PUBLISHED},
    {"GET", ENTRIES "/service-contacts", sim_list_entry_services, PUBLISHED},
    {"GET", ENTRIES "/distribution-priorities", sim_list_priorities, PUBLISHED},
    {"GET", ENTRIES, sim_list_entries, PUBLISHED},
    {"POST", ENTRIES, sim_add_entry, PUBLISHED},
    {"PUT", ENTRIES "/{SchedulerEntryID}", sim_update_entry, PUBLISHED},
    {"DELETE", ENTRIES "/{SchedulerEntryID}", sim_remove_entry, PUBLISHED},
    {"POST", WORKFLOW, sim_add_workflow_entry, PUBLISHED},
    {"PUT", WORKFLOW "/{SchedulerEntryID}", sim_update_workflow_entry, PUBLISHED},
    {"GET", "/v2/AddressBooks", sim_list_books, PUBLISHED},
    {"GET", CONTACTS, sim_get_contacts, PUBLISHED},
    {"POST", CONTACTS, sim_add_contact, PUBLISHED},
    {"PUT", CONTACTS, sim_update_contact, PUBLISHED},
    {"POST", CONTACTS "/delete", sim_delete_contacts, PUBLISHED},
    {"POST", CONTACTS "/clear", sim_clear_contacts, PUBLISHED},
    {"GET", "/v1/virtual-assistant/{serviceSessionId}/transcriptionData/{dataType}",
     sim_get_assistant_data, PUBLISHED},
    {"GET", "/v1/service-check/opening-hours", sim_get_opening_hours, PUBLISHED},
    {"POST", "/{tenant}/oauth2/token", sim_sign_in, SIGN_IN},
    {"POST", "/{tenant}/oauth2/v2.0/token", sim_sign_in, SIGN_IN},
    {"POST", "/{tenant}/oauth2/v2.0/devicecode", sim_device_code, SIGN_IN},
    {"GET", "/{tenant}/oauth2/authorize", sim_authorize_page, PAGE},
    {"POST", "/{tenant}/oauth2/authorize", sim_authorize, PAGE},
    {"GET", "/{tenant}/oauth2/v2.0/authorize", sim_authorize_page, PAGE},
    {"POST", "/{tenant}/oauth2/v2.0/authorize", sim_authorize, PAGE},
    {"GET", "/{tenant}/oauth2/deviceauth", sim_device_page, PAGE},
    {"POST", "/{tenant}/oauth2/deviceauth", sim_device_answer, PAGE},
    {"GET", "/sim/identity", sim_identity_state, CONTROL},
    {"POST", "/sim/identity", sim_identity_set, CONTROL},
    {"GET", "/sim/state", sim_control_state, CONTROL},
    {"POST", "/sim/calls", sim_control_call, CONTROL},
    {"GET", "/sim/tasks/{taskId}", sim_control_task, CONTROL},
    {"POST", "/sim/tasks/{taskId}/ring", sim_control_ring, CONTROL},
    {"POST", "/sim/tasks/{taskId}/accept", sim_control_accept, CONTROL},
    {"POST", "/sim/tasks/{taskId}/decline", sim_control_decline, CONTROL},
    {"POST", "/sim/tasks/{taskId}/transfer", sim_control_transfer, CONTROL},
    {"POST", "/sim/tasks/{taskId}/hangup", sim_control_hang_up, CONTROL},
    {"POST", "/sim/tasks/{taskId}/input", sim_control_input, CONTROL},
    {"POST", "/sim/tasks/{taskId}/assistant", sim_control_assistant, CONTROL},
    {"POST", "/sim/users/{upn}", sim_control_user, CONTROL},
    {"POST", "/sim/entries/{entryId}/due", sim_control_entry_due, CONTROL},
    {"POST", "/sim/entries/{entryId}/cancel", sim_control_entry_cancel, CONTROL},
    {"DELETE", "/sim/subscriptions/{triggerId}", sim_control_forget, CONTROL},
    {"GET", "/sim/contacts", sim_control_contacts, CONTROL},
    {"POST", "/sim/faults", sim_fault_add, CONTROL},
    {"DELETE", "/sim/faults", sim_fault_clear, CONTROL},
};

bool sim_is_operation(const char *text, nf_error *err)
{
    static char names[NF_COUNT(routes)][96];
    const char *known[NF_COUNT(routes) + 3];
    size_t count = 0;
    for (size_t i = 0; i < NF_COUNT(routes); i++) {
        if (routes[i].kind == CONTROL)
            continue;
        snprintf(names[i], sizeof names[i], "%s %s", routes[i].method, routes[i].path);
        known[count++] = names[i];
    }
    known[count++] = "deliver";
    known[count++] = "*";
    known[count] = NULL;
    for (size_t i = 0; i < count; i++)
        if (strcmp(known[i], text) == 0)
            return true;
    const char *near = nf_suggest(text, known);
    if (near)
        nf_error_set(err, NF_E_ARG, "unknown operation '%.80s'; did you mean '%s'?", text, near);
    else
        nf_error_set(err, NF_E_ARG,
                     "unknown operation '%.80s'; write method and path such as \"PUT "
                     "/v1/tasks/{taskId}\", \"deliver\" or \"*\"",
                     text);
    return false;
}

/* ---- matching ---- */

typedef struct span {
    const char *start;
    size_t len;
} span;

/* Does `path` match? Each {name} takes one segment that is not empty. */
static bool matches(const char *pattern, const char *path, span spans[SIM_MAX_PARAMS])
{
    size_t count = 0;
    memset(spans, 0, SIM_MAX_PARAMS * sizeof *spans);
    while (*pattern) {
        if (*pattern == '{') {
            span found = {path, strcspn(path, "/")};
            if (!found.len)
                return false;
            spans[count++] = found;
            path += found.len;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

static bool is_method(const char *asked, const char *method)
{
    return strcmp(asked, method) == 0 || (strcmp(asked, "HEAD") == 0 && strcmp(method, "GET") == 0);
}

/* The path in the words of the table, owned by the caller: the assistant's trigger may have another address. */
static char *table_path(const nf_sim *sim, const char *path)
{
    const char *own = sim->world.assistant_path;
    size_t len = strlen(own), standard = strlen(ASSISTANT);
    if (strncmp(path, own, len) == 0 && (!path[len] || path[len] == '/'))
        return nf_format("%s%s", ASSISTANT, path + len);
    if (strncmp(path, ASSISTANT, standard) == 0 && (!path[standard] || path[standard] == '/'))
        return nf_strdup("/v1/triggers/");
    return nf_strdup(path);
}

/* The route of a request, or NULL; `allow` collects the methods of the path. A fixed path wins over a {name}. */
static const route *find_route(const char *method, const char *path, nf_strbuf *allow, span *spans)
{
    const route *found = NULL;
    span here[SIM_MAX_PARAMS];
    for (size_t i = 0; i < NF_COUNT(routes); i++) {
        if (!matches(routes[i].path, path, here))
            continue;
        nf_strbuf_addf(allow, "%s%s", allow->len ? ", " : "Allow: ", routes[i].method);
        if (is_method(method, routes[i].method) && (!found || !here[0].start)) {
            found = &routes[i];
            memcpy(spans, here, sizeof here);
        }
    }
    return found;
}

/* ---- running ---- */

static void answer_status(nf_http_exchange *x, const sim_fault *fault)
{
    char retry[64] = "", body[96];
    if (fault->retry_after >= 0)
        snprintf(retry, sizeof retry, "Retry-After: %lld\r\n", (long long)fault->retry_after);
    int len = snprintf(body, sizeof body, "{\"error\":\"a fault that was asked for: %d\"}",
                       fault->status);
    nf_http_answer(x, fault->status, "application/json; charset=utf-8", retry, body, (size_t)len);
}

static void set_params(sim_call *call, const span *spans)
{
    for (int i = 0; i < SIM_MAX_PARAMS && spans[i].start; i++) {
        call->decoded[i] = nf_memdup(spans[i].start, spans[i].len);
        call->params[i] = nf_percent_decode(call->decoded[i]) < 0 ? "" : call->decoded[i];
    }
    call->param = call->params[0];
}

static bool may_run(sim_call *call, const route *r)
{
    if (r->kind == CONTROL)
        return sim_control_check(call);
    if (r->kind == SIGN_IN || r->kind == PAGE)
        return true;
    call->user = sim_authenticate(call);
    return call->user != NULL;
}

/* A registration that loses its subscription or the address of it. */
static void spoil(sim_call *call, sim_fault_mode mode)
{
    sim_subscription *s = sim_subscription_find(call->sim, call->made);
    if (mode == SIM_FAULT_NO_LOCATION)
        call->header[0] = '\0';
    if (mode == SIM_FAULT_LOST && s)
        sim_subscription_free(call->sim, s);
}

/* Do what the request asks, then answer, unless the fault (or NULL) has other plans. */
static void run(nf_sim *sim, nf_http_exchange *x, const route *r, const span *spans,
                const sim_fault *fault)
{
    sim_call call = {.sim = sim, .x = x, .method = nf_http_method(x), .status = 200};
    set_params(&call, spans);
    if (may_run(&call, r))
        r->run(&call);
    if (fault)
        spoil(&call, fault->mode);
    if (fault && fault->mode == SIM_FAULT_CLOSE_AFTER)
        nf_http_drop(x);
    else if (fault && fault->mode == SIM_FAULT_STATUS_AFTER)
        answer_status(x, fault);
    else if (!call.taken)
        sim_send(&call);
    json_decref(call.json);
    free(call.text);
    for (int i = 0; i < SIM_MAX_PARAMS; i++)
        free(call.decoded[i]);
}

static void run_with_fault(nf_sim *sim, nf_http_exchange *x, const sim_fault *fault)
{
    static const char garbage[] =
        "\x15\x03\x01 this is not the protocol you are looking for\r\n\r\n<html>";
    nf_strbuf allow = nf_strbuf_new(256);
    span spans[SIM_MAX_PARAMS];
    char *path = table_path(sim, nf_http_path(x));
    if (fault->mode == SIM_FAULT_STATUS)
        answer_status(x, fault);
    else if (fault->mode == SIM_FAULT_CLOSE)
        nf_http_drop(x);
    else if (fault->mode == SIM_FAULT_GARBAGE)
        nf_http_answer_raw(x, garbage, sizeof garbage - 1);
    else
        run(sim, x, find_route(nf_http_method(x), path, &allow, spans), spans, fault);
    nf_strbuf_release(&allow);
    free(path);
}

static void on_held(void *ctx)
{
    sim_held *held = ctx;
    DL_DELETE(held->sim->held, held);
    run_with_fault(held->sim, held->x, &held->fault);
    nf_timer_close(held->timer);
    free(held);
}

static void hold(nf_sim *sim, nf_http_exchange *x, const sim_fault *fault)
{
    sim_held *held = nf_alloc(sizeof *held);
    held->sim = sim;
    held->x = x;
    held->fault = *fault;
    held->timer = nf_timer_new(sim->loop, on_held, held);
    nf_timer_start(held->timer, fault->delay_ms, 0);
    DL_APPEND(sim->held, held);
}

static void run_route(nf_sim *sim, nf_http_exchange *x, const route *r, const span *spans)
{
    char operation[128];
    snprintf(operation, sizeof operation, "%s %s", r->method, r->path);
    sim_fault fault;
    if (r->kind == CONTROL || r->kind == PAGE || !sim_fault_take(sim, operation, &fault))
        run(sim, x, r, spans, NULL);
    else if (fault.delay_ms)
        hold(sim, x, &fault);
    else
        run_with_fault(sim, x, &fault);
}

void sim_route(nf_http_exchange *x, void *ctx)
{
    nf_sim *sim = ctx;
    nf_strbuf allow = nf_strbuf_new(256);
    span spans[SIM_MAX_PARAMS] = {{0}};
    const char *method = nf_http_method(x);
    char *path = table_path(sim, nf_http_path(x));
    const route *r = find_route(method, path, &allow, spans);
    if (r)
        run_route(sim, x, r, spans);
    else if (allow.len) {
        nf_strbuf_puts(&allow, "\r\n");
        nf_http_answer(x, 405, NULL, nf_strbuf_text(&allow), "", 0);
    } else if (!is_method(method, "GET") || !sim_page_answer(x, nf_http_path(x)))
        nf_http_answer_error(x, 404, "nothing is here");
    nf_strbuf_release(&allow);
    free(path);
}
