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
#include "act/stand_in.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/macros.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_call(nf_call *call)
{
    json_decref(call->args);
    json_decref(call->query);
    free(call->path);
    free(call->body);
    nf_timer_close(call->timer);
    free(call);
}

/* The one way out. While start() is on the stack the memory stays, so that start's callers can look at it. */
void nf_call_finish(nf_call *call, const nf_error *err, const char *result, size_t len)
{
    if (call->ended)
        nf_bug("%s: the call ended twice", call->action->name);
    call->ended = true;
    nf_error large = {0}, unsure;
    if (!err && len > NF_RESULT_MAX) {
        nf_error_set(&large, NF_E_LIMIT, "%s: the answer has %zu bytes; a flow can take %d",
                     call->action->name, len, NF_RESULT_MAX);
        err = &large;
    }
    if (err && call->only_verify
        && !call->absent) { /* whatever it was, it does not say that nothing was done */
        unsure = *err;
        unsure.status = NF_E_UNKNOWN;
        err = &unsure;
    }
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

/* It must not be sent twice, and may have been done. */
static bool is_unknown(const nf_call *call, const nf_error *failure, const nf_reply *reply)
{
    nf_status status = failure ? failure->status : NF_OK;
    return call->action->class == NF_UNSAFE
           && nf_attempt_judge(status, reply->status) == NF_ATTEMPT_UNKNOWN;
}

/* Nimbus refuses what an earlier attempt of the same request may have done already. */
static bool may_be_done_already(const nf_call *call, const nf_reply *reply)
{
    return reply->maybe_done && call->action->verify
           && (reply->status == 400 || reply->status == 409 || reply->status == 422);
}

/* What was to go is gone: an earlier attempt took it away. */
static bool is_gone_already(const nf_call *call, const nf_reply *reply)
{
    return reply->maybe_done && reply->status == 404 && strcmp(call->method, "DELETE") == 0;
}

static void take_reply(nf_call *call, const nf_reply *reply)
{
    nf_error err = {0};
    if (is_gone_already(call, reply)) {
        nf_call_resolve(call, NULL);
    } else if (may_be_done_already(call, reply)) {
        nf_nimbus_reply_error(call->method, call->path, reply, false, &err);
        call->told_refusal = true;
        nf_call_find_out(call, &err);
    } else if (call->on_reply) {
        call->on_reply(call, reply);
    } else {
        resolve_reply(call, reply);
    }
}

static void on_nimbus(void *ctx, const nf_error *failure, const nf_reply *reply,
                      const char *location)
{
    nf_call *call = ctx;
    nf_error err = failure ? *failure : (nf_error){0};
    (void)location;
    call->request = NULL;
    nf_call_spoil(call);
    if (is_unknown(call, failure, reply)) {
        if (!failure)
            nf_nimbus_reply_error(call->method, call->path, reply, true, &err);
        nf_call_find_out(call, &err);
    } else if (failure) {
        nf_error_prefix(&err, "%s", call->action->name);
        nf_call_finish(call, &err, NULL, 0);
    } else {
        take_reply(call, reply);
    }
}

void nf_call_nimbus(nf_call *call, const char *method, const char *path, json_t *body,
                    void (*on_reply)(nf_call *call, const nf_reply *reply))
{
    if (call->action->operation == NF_OP_NONE)
        nf_bug("%s asks Nimbus but names no operation", call->action->name);
    if (nf_call_dry(call)) {
        json_decref(body);
        return;
    }
    call->body = body ? nf_json_text(body) : NULL;
    json_decref(body);
    call->on_reply = on_reply;
    call->method = method;
    call->path = nf_strdup(path);
    if (call->action->class == NF_UNSAFE && call->owner->intend)
        call->owner->intend(call->ctx, call);
    else
        nf_effect_go(call, NULL);
}

nf_nimbus_terms nf_call_terms(const nf_call *call)
{
    nf_nimbus_terms terms = {0};
    if (call->owner->terms)
        call->owner->terms(call->ctx, &terms);
    terms.retry = nf_retry_over(&terms.retry, &call->retry);
    return terms;
}

void nf_call_send(nf_call *call)
{
    nf_nimbus_terms terms = nf_call_terms(call);
    call->sendings++;
    call->sent_ms = nf_clock_wall_ms();
    call->request = nf_nimbus_send_on(call->env->nimbus, call->method, call->path, call->body,
                                      call->action->class, &terms, on_nimbus, call);
}

void nf_effect_go(nf_call *call, const nf_error *failure)
{
    if (failure) {
        nf_error err = *failure;
        nf_error_prefix(&err, "%s: not sent, since it could not be kept that it will be",
                        call->action->name);
        nf_call_finish(call, &err, NULL, 0);
        return;
    }
    nf_call_send(call);
}

/* ---- sleep ---- */

static void on_slept(void *ctx)
{
    nf_call_finish(ctx, NULL, NULL, 0);
}

void nf_call_sleep(nf_call *call, uint64_t ms)
{
    if (call->env->stand_in) {
        call->env->stand_in->slept(call->env->stand_in->ctx, ms);
        nf_call_finish(call, NULL, NULL, 0);
        return;
    }
    if (ms > NF_LONG_SLEEP_MS && call->owner->sleep && call->owner->sleep(call->ctx, ms)) {
        call->ended = true;
        return;
    }
    if (ms > call->owner->wall_left_ms(call->ctx)) {
        call->ended = true;
        call->owner->over_time(call->ctx, ms);
        return;
    }
    call->timer = nf_timer_new(call->env->loop, on_slept, call);
    nf_timer_start(call->timer, ms, 0);
}

/* ---- life ---- */

static void start_checked(nf_call *call, const char *args, size_t len)
{
    nf_error err = {0};
    json_t *given = len ? nf_json_parse(args, len, &err) : json_object();
    if (given && nf_args_take_retry(call->action, given, &call->retry, &err) == NF_OK)
        call->args = nf_args_check(call->action->name, call->action->params, given, &err);
    json_decref(given);
    if (!call->args || nf_act_may(call->env, call->action, call->args, &err) != NF_OK)
        nf_call_finish(call, &err, NULL, 0);
    else
        nf_call_begin(call);
}

static nf_call *new_call(const nf_effect_env *env, const nf_action *action,
                         const nf_effect_owner *owner, void *ctx)
{
    nf_call *call = nf_realloc(NULL, sizeof *call);
    memset(call, 0, offsetof(nf_call, why.text) + 1);
    call->env = env;
    call->action = action;
    call->owner = owner;
    call->ctx = ctx;
    return call;
}

/* NULL when it has ended already. */
static nf_call *start_call(nf_call *call, const char *args, size_t len)
{
    call->starting = true;
    start_checked(call, args, len);
    call->starting = false;
    if (call->ended) {
        free_call(call);
        return NULL;
    }
    return call;
}

nf_call *nf_effect_start(const nf_effect_env *env, const nf_action *action, const char *args,
                         size_t len, const nf_effect_owner *owner, void *ctx)
{
    return start_call(new_call(env, action, owner, ctx), args, len);
}

bool nf_effect_can_verify(const nf_action *action)
{
    return action->class == NF_UNSAFE && action->verify;
}

nf_call *nf_effect_verify(const nf_effect_env *env, const nf_action *action, const char *args,
                          size_t len, int64_t intended_at_ms, const nf_effect_owner *owner,
                          void *ctx)
{
    nf_call *call = new_call(env, action, owner, ctx);
    call->only_verify = true;
    call->sent_ms = intended_at_ms;
    nf_error_set(&call->why, NF_E_UNKNOWN,
                 "no answer was recorded before the host or a worker ended");
    return start_call(call, args, len);
}

void nf_effect_cancel(nf_call *call)
{
    if (call->request) {
        nf_nimbus_cancel(call->request);
        nf_call_spoil(call); /* it may have been sent */
    }
    if (call->put_off)
        call->env->stand_in->forget(call->env->stand_in->ctx, call);
    if (call->wait)
        nf_kept_forget(call->wait);
    if (call->contacts_wait)
        nf_contacts_forget(call->contacts_wait);
    if (call->find)
        nf_call_forget_find(call);
    if (call->kv_write)
        nf_call_forget_kv(call);
    if (call->starting)
        call->ended = true;
    else
        free_call(call);
}

const char *nf_effect_waits(const nf_call *call)
{
    if (call->request)
        return nf_nimbus_waits(call->request);
    if (call->timer)
        return call->first_ns ? "to look again whether it took effect" : "until its time is over";
    if (call->kv_write)
        return "for the disk";
    return call->find ? "for the list to be read" : NULL;
}
