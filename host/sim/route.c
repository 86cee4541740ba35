/* SPDX-License-Identifier: Apache-2.0 */
/* route.c: from a request to the function that answers it, past faults and the bearer token. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/percent.h"
#include "base/suggest.h"
#include "sim/internal.h"

#include <stdarg.h>
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

static const route routes[] = {
    {"GET", "/v1/diagnostics/testconnection", sim_test_connection, PUBLISHED},
    {"GET", "/v1/tasks/service-contacts", sim_list_services, PUBLISHED},
    {"GET", "/v1/tasks/events", sim_list_events, PUBLISHED},
    {"GET", "/v1/tasks/modalities", sim_list_modalities, PUBLISHED},
    {"GET", "/v1/tasks/directions", sim_list_directions, PUBLISHED},
    {"GET", "/v1/tasks/users-for-preferred-routing", sim_list_users, PUBLISHED},
    {"POST", "/v1/triggers/tasks", sim_subscribe, PUBLISHED},
    {"DELETE", "/v1/triggers/tasks/{triggerId}", sim_unsubscribe, PUBLISHED},
    {"PUT", "/v1/tasks/{taskId}", sim_update_task, PUBLISHED},
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
    {"POST", "/sim/tasks/{taskId}/accept", sim_control_accept, CONTROL},
    {"POST", "/sim/tasks/{taskId}/hangup", sim_control_hang_up, CONTROL},
    {"POST", "/sim/faults", sim_fault_add, CONTROL},
    {"DELETE", "/sim/faults", sim_fault_clear, CONTROL},
};

/* ---- matching ---- */

/* Does `path` match? A {name} takes one segment that is not empty: `*start` and `*len`. */
static bool matches(const char *pattern, const char *path, const char **start, size_t *len)
{
    *start = NULL;
    *len = 0;
    while (*pattern) {
        if (*pattern == '{') {
            *start = path;
            *len = strcspn(path, "/");
            if (!*len)
                return false;
            path += *len;
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

/* The route of a request, or NULL; `allow` collects the methods of the path. A fixed path wins over
 * a {name}. */
static const route *find_route(const char *method, const char *path, nf_strbuf *allow)
{
    const route *found = NULL;
    const char *start;
    size_t len;
    for (size_t i = 0; i < NF_COUNT(routes); i++) {
        if (!matches(routes[i].path, path, &start, &len))
            continue;
        nf_strbuf_addf(allow, "%s%s", allow->len ? ", " : "Allow: ", routes[i].method);
        if (is_method(method, routes[i].method) && (!found || !start))
            found = &routes[i];
    }
    return found;
}

/* ---- answers ---- */

void sim_fail(sim_call *call, int status, const char *format, ...)
{
    char text[NF_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_decref(call->json);
    call->json = json_pack("{ss}", "error", text);
    call->status = status;
}

static void send_answer(sim_call *call)
{
    char headers[sizeof call->header + 128];
    char *text = call->json ? nf_json_text(call->json) : NULL;
    snprintf(headers, sizeof headers,
             "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s", call->header);
    nf_http_answer(call->x, call->status, text ? "application/json; charset=utf-8" : NULL, headers,
                   text ? text : "", text ? strlen(text) : 0);
    free(text);
}

static void answer_status(nf_http_exchange *x, const sim_fault *fault)
{
    char retry[64] = "", body[96];
    if (fault->retry_after >= 0)
        snprintf(retry, sizeof retry, "Retry-After: %lld\r\n", (long long)fault->retry_after);
    int len = snprintf(body, sizeof body, "{\"error\":\"a fault that was asked for: %d\"}",
                       fault->status);
    nf_http_answer(x, fault->status, "application/json; charset=utf-8", retry, body, (size_t)len);
}

/* ---- running ---- */

static void set_param(sim_call *call, const route *r)
{
    const char *start;
    size_t len;
    matches(r->path, nf_http_path(call->x), &start, &len);
    if (!start)
        return;
    call->path = nf_memdup(start, len);
    call->param = nf_percent_decode(call->path) < 0 ? "" : call->path;
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

/* Do what the request asks, then answer, unless the fault (or NULL) has other plans. */
static void run(nf_sim *sim, nf_http_exchange *x, const route *r, const sim_fault *fault)
{
    sim_call call = {.sim = sim, .x = x, .method = nf_http_method(x), .status = 200};
    set_param(&call, r);
    if (may_run(&call, r))
        r->run(&call);
    if (fault && fault->mode == SIM_FAULT_CLOSE_AFTER)
        nf_http_drop(x);
    else if (fault && fault->mode == SIM_FAULT_STATUS_AFTER)
        answer_status(x, fault);
    else if (!call.taken)
        send_answer(&call);
    json_decref(call.json);
    free(call.path);
}

static void run_with_fault(nf_sim *sim, nf_http_exchange *x, const sim_fault *fault)
{
    static const char garbage[] =
        "\x15\x03\x01 this is not the protocol you are looking for\r\n\r\n<html>";
    nf_strbuf allow = nf_strbuf_new(256);
    if (fault->mode == SIM_FAULT_STATUS)
        answer_status(x, fault);
    else if (fault->mode == SIM_FAULT_CLOSE)
        nf_http_drop(x);
    else if (fault->mode == SIM_FAULT_GARBAGE)
        nf_http_answer_raw(x, garbage, sizeof garbage - 1);
    else
        run(sim, x, find_route(nf_http_method(x), nf_http_path(x), &allow), fault);
    nf_strbuf_release(&allow);
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

static void run_route(nf_sim *sim, nf_http_exchange *x, const route *r)
{
    char operation[128];
    snprintf(operation, sizeof operation, "%s %s", r->method, r->path);
    sim_fault fault;
    if (r->kind == CONTROL || r->kind == PAGE || !sim_fault_take(sim, operation, &fault))
        run(sim, x, r, NULL);
    else if (fault.delay_ms)
        hold(sim, x, &fault);
    else
        run_with_fault(sim, x, &fault);
}

void sim_route(nf_http_exchange *x, void *ctx)
{
    nf_strbuf allow = nf_strbuf_new(256);
    const char *method = nf_http_method(x), *path = nf_http_path(x);
    const route *r = find_route(method, path, &allow);
    if (r)
        run_route(ctx, x, r);
    else if (allow.len) {
        nf_strbuf_puts(&allow, "\r\n");
        nf_http_answer(x, 405, NULL, nf_strbuf_text(&allow), "", 0);
    } else if (!is_method(method, "GET") || !sim_page_answer(x, path))
        nf_http_answer_error(x, 404, "nothing is here");
    nf_strbuf_release(&allow);
}

/* ---- bodies ---- */

static bool is_json(const char *type)
{
    size_t len = type ? strcspn(type, "; \t") : 0;
    return len == strlen("application/json") && strncasecmp(type, "application/json", len) == 0;
}

json_t *sim_body(sim_call *call, bool empty_ok)
{
    size_t len;
    nf_error err = {0};
    const char *text = nf_http_body(call->x, &len);
    if (!len && empty_ok)
        return json_object();
    if (!is_json(nf_http_header(call->x, "content-type"))) {
        sim_fail(call, 415, "the body must have the content type application/json");
        return NULL;
    }
    json_t *value = nf_json_parse(text, len, &err);
    if (!value)
        sim_fail(call, 400, "the body is %s", err.text);
    return value;
}

bool sim_only(sim_call *call, const json_t *object, const char *what, const char *const *known)
{
    const char *key;
    json_t *value;
    nf_error err = {0};
    if (!json_is_object(object)) {
        sim_fail(call, 400, "%s must be an object", what);
        return false;
    }
    json_object_foreach ((json_t *)object, key, value) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (known[i])
            continue;
        nf_suggest_error(&err, NF_E_ARG, "field", key, known);
        sim_fail(call, 400, "%s: %s", what, err.text);
        return false;
    }
    return true;
}
