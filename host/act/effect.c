/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effect.c: see effect.h and nf/call.h.
 *
 * A call is in one of three states: starting (inside its start function), pending (one operation under way), ended. It
 * ends exactly once; ending it twice is a bug.
 */
#include "act/effect.h"

#include "act/args.h"
#include "act/call.h"
#include "act/rights.h"
#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/percent.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_PATH = 4096 };

static void free_call(nf_call *call)
{
    json_decref(call->args);
    free(call->path);
    nf_timer_close(call->timer);
    free(call);
}

/* The one way out. While start() is on the stack the memory stays, so that start's callers can look at it. */
void nf_call_finish(nf_call *call, const nf_error *err, const char *result, size_t len)
{
    if (call->ended)
        nf_bug("%s: the call ended twice", call->action->name);
    call->ended = true;
    call->owner->ended(call->ctx, call, err, result, len);
    if (!call->starting)
        free_call(call);
}

void nf_call_resolve(nf_call *call, json_t *result)
{
    char *text = result && !json_is_null(result) ? nf_json_text(result) : NULL;
    nf_act_learn(call->env, call->action, call->args, result);
    json_decref(result);
    nf_call_finish(call, NULL, text, text ? strlen(text) : 0);
    free(text);
}

void nf_call_reject_error(nf_call *call, const nf_error *err)
{
    nf_call_finish(call, err, NULL, 0);
}

void nf_call_reject(nf_call *call, nf_status status, const char *format, ...)
{
    nf_error err = {.status = status};
    va_list args;
    va_start(args, format);
    vsnprintf(err.text, sizeof err.text, format, args);
    va_end(args);
    nf_call_finish(call, &err, NULL, 0);
}

/* ---- Nimbus ---- */

void nf_call_reject_reply(nf_call *call, const nf_reply *reply)
{
    nf_error err = {0};
    nf_nimbus_reply_error(call->method, call->path, reply, call->action->class != NF_READ, &err);
    nf_error_prefix(&err, "%s", call->action->name);
    nf_call_finish(call, &err, NULL, 0);
}

static void resolve_reply(nf_call *call, const nf_reply *reply)
{
    if (reply->status >= 300) {
        nf_call_reject_reply(call, reply);
        return;
    }
    nf_error err = {0};
    json_t *result = reply->len ? nf_json_parse(reply->body, reply->len, &err) : NULL;
    if (err.status == NF_OK) {
        nf_call_resolve(call, result);
    } else {
        err.status = NF_E_PROTOCOL;
        nf_error_prefix(&err, "%s: the answer of Nimbus", call->action->name);
        nf_call_finish(call, &err, NULL, 0);
    }
}

static void on_nimbus(void *ctx, const nf_error *failure, const nf_reply *reply,
                      const char *location)
{
    nf_call *call = ctx;
    (void)location;
    call->request = NULL;
    if (failure) {
        nf_error err = *failure;
        nf_error_prefix(&err, "%s", call->action->name);
        nf_call_finish(call, &err, NULL, 0);
    } else if (call->on_reply) {
        call->on_reply(call, reply);
    } else {
        resolve_reply(call, reply);
    }
}

void nf_call_nimbus(nf_call *call, const char *method, const char *path, json_t *body,
                    void (*on_reply)(nf_call *call, const nf_reply *reply))
{
    const nf_effect_env *env = call->env;
    if (call->action->operation == NF_OP_NONE)
        nf_bug("%s asks Nimbus but names no operation", call->action->name);
    if (env->dry_run && call->action->class != NF_READ) {
        json_decref(body);
        nf_call_resolve(call, NULL);
        return;
    }
    if (!env->nimbus) {
        json_decref(body);
        nf_call_reject(call, NF_E_UNSUPPORTED,
                       "%s: there is no connection to Nimbus here; with --dry-run the effect is "
                       "only shown",
                       call->action->name);
        return;
    }
    char *text = body ? nf_json_text(body) : NULL;
    json_decref(body);
    call->on_reply = on_reply;
    call->method = method;
    call->path = nf_strdup(path);
    call->request =
        nf_nimbus_send(env->nimbus, method, path, text, call->action->class, on_nimbus, call);
    free(text);
}

/* ---- sleep ---- */

static void on_slept(void *ctx)
{
    nf_call_finish(ctx, NULL, NULL, 0);
}

void nf_call_sleep(nf_call *call, uint64_t ms)
{
    if (ms > call->owner->wall_left_ms(call->ctx)) {
        call->ended = true;
        call->owner->over_time(call->ctx, ms);
        return;
    }
    call->timer = nf_timer_new(call->env->loop, on_slept, call);
    nf_timer_start(call->timer, ms, 0);
}

/* ---- REST actions: the descriptor is all there is ---- */

/* The path with its {names} filled in from the arguments, which leave `args`; NULL when it gets too long. */
static char *fill_path(const char *template, json_t *args)
{
    nf_strbuf path = nf_strbuf_new(LONGEST_PATH);
    while (*template) {
        const char *open = strchr(template, '{');
        size_t plain = open ? (size_t)(open - template) : strlen(template);
        nf_strbuf_add(&path, template, plain);
        template += plain;
        if (!open)
            break;
        size_t n = strcspn(++template, "}");
        char *name = nf_memdup(template, n);
        const char *value = nf_json_string(args, name);
        nf_percent_encode(&path, value ? value : "");
        json_object_del(args, name);
        free(name);
        template += n + 1;
    }
    char *text = path.overflow ? NULL : nf_strbuf_take(&path);
    nf_strbuf_release(&path);
    return text;
}

static void start_rest(nf_call *call)
{
    const nf_action *action = call->action;
    bool body = strcmp(action->method, "GET") != 0 && strcmp(action->method, "DELETE") != 0;
    json_t *rest = json_copy(call->args);
    char *path = fill_path(action->path, rest);
    if (!path) {
        json_decref(rest);
        nf_call_reject(call, NF_E_ARG, "%s: an argument is too long for the address", action->name);
    } else if (body && json_object_size(rest) == 0) {
        json_decref(rest);
        nf_call_reject(call, NF_E_ARG,
                       "%s: there is nothing to send; give at least one field beside %s",
                       action->name, action->scope_param ? action->scope_param : "the name");
    } else {
        if (!body)
            json_decref(rest);
        nf_call_nimbus(call, action->method, path, body ? rest : NULL, NULL);
    }
    free(path);
}

/* ---- life ---- */

static void start_checked(nf_call *call, const char *args, size_t len)
{
    nf_error err = {0};
    json_t *given = len ? nf_json_parse(args, len, &err) : json_object();
    if (given)
        call->args = nf_args_check(call->action->name, call->action->params, given, &err);
    json_decref(given);
    if (!call->args || nf_act_may(call->env, call->action, call->args, &err) != NF_OK)
        nf_call_finish(call, &err, NULL, 0);
    else if (call->action->start)
        call->action->start(call, call->args);
    else
        start_rest(call);
}

nf_call *nf_effect_start(const nf_effect_env *env, const nf_action *action, const char *args,
                         size_t len, const nf_effect_owner *owner, void *ctx)
{
    nf_call *call = nf_alloc(sizeof *call);
    call->env = env;
    call->action = action;
    call->owner = owner;
    call->ctx = ctx;
    call->starting = true;
    start_checked(call, args, len);
    call->starting = false;
    if (call->ended) {
        free_call(call);
        return NULL;
    }
    return call;
}

void nf_effect_cancel(nf_call *call)
{
    if (call->request)
        nf_nimbus_cancel(call->request);
    if (call->find)
        nf_call_forget_find(call);
    if (call->kv_write)
        nf_call_forget_kv(call);
    if (call->starting)
        call->ended = true;
    else
        free_call(call);
}
