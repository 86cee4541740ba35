/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c: bodies in, answers out. */
#include "base/json.h"
#include "sim/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_fail(sim_call *call, int status, const char *format, ...)
{
    char text[NF_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_decref(call->json);
    call->json = json_pack("{ss}", "error", text);
    if (!call->json) /* cut within a character */
        call->json = json_pack("{ss}", "error", "the request is wrong");
    call->status = status;
}

void sim_send(sim_call *call)
{
    char headers[sizeof call->header + 128];
    char *text = call->text ? call->text : call->json ? nf_json_text(call->json) : NULL;
    snprintf(headers, sizeof headers,
             "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s", call->header);
    nf_http_answer(call->x, call->status, text ? "application/json; charset=utf-8" : NULL, headers,
                   text ? text : "", text ? strlen(text) : 0);
    if (text != call->text)
        free(text);
}

static bool is_json(const char *type)
{
    size_t len = type ? strcspn(type, "; \t") : 0;
    return len == strlen("application/json") && strncasecmp(type, "application/json", len) == 0;
}

json_t *sim_body(sim_call *call, bool empty_ok)
{
    size_t len;
    nf_error err = {0};
    if (!call->x)
        return call->given ? json_incref(call->given) : json_object();
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

json_t *sim_body_of(sim_call *call, const sim_field *fields, bool closed, bool empty_ok)
{
    char why[512];
    json_t *body = sim_body(call, empty_ok);
    if (!body || sim_check(fields, body, closed, why, sizeof why))
        return body;
    sim_fail(call, 400, "%s", why);
    json_decref(body);
    return NULL;
}

char *sim_query(const sim_call *call, const char *name)
{
    return call->x ? sim_form_value(nf_http_query(call->x), name) : NULL;
}
