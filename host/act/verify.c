/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c: an effect that must not be done twice, and nobody knows whether it was done: look it up where the action
 * can (nf_verify), else tell a person all there is to know.
 *
 *   unknown ── in the list, with its mark ──> done, with what the list says
 *           ── twice not there ─────────────> sent again, or told that it was not done
 *           ── anything else ───────────────> NF_E_UNKNOWN
 *
 * Main invariant: it is sent again only after two looks, SETTLE_MS apart, at a list that would have had it.
 */
#include "act/call.h"
#include "act/lists_key.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/macros.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* SETTLE: so long what was sent may still be on its way to the list; SOON: what is due earlier may have left it. */
enum { SETTLE_MS = 3000, SOON_MS = 60000, LONGEST_VALUE = 200 };

#define NS_PER_MS 1000000u

static void look(void *ctx);

/* ---- ends ---- */

/* "…: POST /v1/… was sent at …; WHY; FOUND; look at …" */
static void end_unknown(nf_call *call, const char *found)
{
    const nf_action *action = call->action;
    nf_error err = {.http_status = call->why.http_status};
    char at[NF_TIME_TEXT];
    nf_clock_text(call->sent_ms, at);
    nf_error_set(
        &err, NF_E_UNKNOWN,
        "%s: %s %s was sent at %s: %s. Whether it took effect is not known (%s), so it is not sent again; "
        "look at %s",
        action->name, call->method ? call->method : action->method,
        call->path ? call->path : action->path, at, call->why.text, found,
        action->look ? action->look : "Nimbus");
    nf_call_finish(call, &err, NULL, 0);
}

/* The refusal stands: an earlier attempt had not taken effect. */
static void end_refused(nf_call *call)
{
    nf_error err = call->why;
    nf_error_prefix(&err, "%s", call->action->name);
    nf_call_finish(call, &err, NULL, 0);
}

static void end_open(nf_call *call, const char *found)
{
    if (call->told_refusal)
        end_refused(call);
    else
        end_unknown(call, found);
}

/* ---- values ---- */

/* The field of this name, however it is spelled: the API itself is not consistent. */
static const json_t *field_of(const json_t *item, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)item, key, value) {
        if (strcasecmp(key, name) == 0)
            return value;
    }
    return NULL;
}

/* Seconds since 1970 of "2020-03-23T11:00:00", with or without a fraction and Z or +00:00; -1: something else. */
static int64_t moment_of(const json_t *value)
{
    struct tm tm = {0};
    const char *text = json_string_value(value),
               *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    if (!rest)
        return -1;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    bool utc = !*rest || strcmp(rest, "Z") == 0 || strcmp(rest, "+00:00") == 0;
    return utc ? (int64_t)timegm(&tm) : -1;
}

/* Telephone numbers as such, other text without regard to case: Nimbus may write them in its own way. */
static bool is_same(const json_t *a, const json_t *b)
{
    nf_list_key left = {0}, right = {0};
    int64_t at = moment_of(a);
    bool same = at >= 0 && at == moment_of(b);
    if (!same)
        same = nf_list_key_of_json(&left, a, NULL) && nf_list_key_of_json(&right, b, NULL)
               && nf_list_key_equal(&left, &right);
    nf_list_key_release(&left);
    nf_list_key_release(&right);
    return same;
}

static bool repeats(const nf_call *call, const json_t *item, const char *name)
{
    const json_t *given = json_object_get(call->args, name);
    return !given || is_same(given, field_of(item, name));
}

/* ---- the list ---- */

typedef struct findings {
    const json_t *ours; /* with the mark and everything else */
    size_t count;       /* of those */
    size_t
        alike; /* with the mark and the time, but something else differs; without a mark: with the same */
} findings;

static findings search(const nf_call *call, const json_t *list)
{
    const nf_verify *verify = call->action->verify;
    bool marked = json_object_get(call->args, verify->mark) != NULL;
    findings found = {0};
    size_t i;
    const json_t *item;
    json_array_foreach ((json_t *)list, i, item) {
        bool same = true;
        if (!repeats(call, item, verify->mark)
            || (verify->due && !repeats(call, item, verify->due)))
            continue;
        for (const char *const *name = verify->same; name && *name; name++)
            same = same && repeats(call, item, *name);
        if (same && marked) {
            found.ours = item;
            found.count++;
        } else if (same || marked) {
            found.alike++;
        }
    }
    return found;
}

/* Would the list have it, if it had been made? NULL: yes; else why not. */
static const char *why_not_listed(const nf_call *call)
{
    const nf_verify *verify = call->action->verify;
    if (verify->partial)
        return "it is not in the list, which need not have everything";
    if (!verify->due)
        return NULL;
    int64_t due = moment_of(json_object_get(call->args, verify->due));
    return due * 1000 > nf_clock_wall_ms() + SOON_MS
               ? NULL
               : "it is not in the list, but its time has come, so it may be over already";
}

static void send_again(nf_call *call)
{
    nf_retry standard = nf_retry_standard(), said = nf_call_terms(call).retry,
             retry = nf_retry_over(&standard, &said);
    if (call->sendings >= retry.times) {
        nf_error err = call->why;
        err.status = NF_E_SERVER;
        nf_error_prefix(&err, "%s: it was sent %u times and certainly did not take effect",
                        call->action->name, call->sendings);
        nf_call_finish(call, &err, NULL, 0);
        return;
    }
    call->first_ns = 0;
    nf_call_send(call);
}

static void on_certainly_absent(nf_call *call)
{
    if (call->told_refusal) {
        end_refused(call);
    } else if (call->only_verify) {
        call->absent = true;
        nf_call_reject(call, NF_E_NOT_FOUND,
                       "%s: it is not there: what was intended did not happen", call->action->name);
    } else {
        send_again(call);
    }
}

static void wait_and_look(nf_call *call, uint64_t ms)
{
    nf_nimbus_terms terms = nf_call_terms(call);
    if (terms.left_ms && terms.left_ms <= ms) {
        end_open(call, "too little of the run's wall time is left to find out");
        return;
    }
    nf_timer_close(call->timer);
    call->timer = nf_timer_new(call->env->loop, look, call);
    nf_timer_start(call->timer, ms, 0);
}

/* Once is not enough: what was sent may be on its way still. */
static void on_absent(nf_call *call)
{
    const char *why = why_not_listed(call);
    uint64_t now = nf_clock_ns();
    if (why) {
        end_open(call, why);
        return;
    }
    if (call->first_ns == 0) {
        int64_t age = nf_clock_wall_ms() - call->sent_ms; /* of one from before a restart */
        call->first_ns = now;
        if (!call->only_verify || age < SETTLE_MS) {
            wait_and_look(call, SETTLE_MS);
            return;
        }
    }
    on_certainly_absent(call);
}

static void judge(nf_call *call, const json_t *list)
{
    const nf_verify *verify = call->action->verify;
    const char *mark = json_string_value(json_object_get(call->args, verify->mark));
    findings found = search(call, list);
    char text[LONGEST_VALUE + 160];
    if (found.count == 1 && found.alike == 0) {
        nf_call_resolve(call, json_incref((json_t *)found.ours));
    } else if (found.count > 1) {
        snprintf(text, sizeof text, "%zu are there with the %s '%.*s'", found.count, verify->mark,
                 LONGEST_VALUE, mark ? mark : "");
        end_open(call, text);
    } else if (found.alike && mark) {
        snprintf(text, sizeof text, "one with the %s '%.*s' is there, but other fields differ",
                 verify->mark, LONGEST_VALUE, mark);
        end_open(call, text);
    } else if (found.alike) {
        snprintf(text, sizeof text,
                 "one that is alike is there, and without a %s nobody can tell whose it is",
                 verify->mark);
        end_open(call, text);
    } else {
        on_absent(call);
    }
}

static void on_looked(void *ctx, const nf_error *failure, const nf_reply *reply,
                      const char *location)
{
    nf_call *call = ctx;
    nf_error err = failure ? *failure : (nf_error){0};
    json_t *list = NULL;
    (void)location;
    call->request = NULL;
    if (!failure && reply->status >= 300)
        nf_nimbus_reply_error("GET", call->action->verify->path, reply, false, &err);
    else if (!failure)
        list = nf_json_parse(reply->body, reply->len, &err);
    if (list && !json_is_array(list))
        nf_error_set(&err, NF_E_PROTOCOL, "a list was expected");
    if (err.status == NF_OK) {
        judge(call, list);
    } else {
        nf_error_prefix(&err, "it could not be looked up");
        end_open(call, err.text);
    }
    json_decref(list);
}

static void look(void *ctx)
{
    nf_call *call = ctx;
    nf_nimbus_terms terms = nf_call_terms(call);
    char *path = nf_call_fill(call->action->verify->path, call->args);
    if (path)
        call->request =
            nf_nimbus_get(call->env->nimbus, path, NF_KEPT_ANSWER_MAX, &terms, on_looked, call);
    else
        end_open(call, "the address of the list gets too long");
    free(path);
}

void nf_call_find_out(nf_call *call, const nf_error *why)
{
    if (why != &call->why)
        call->why = *why;
    if (!call->env->nimbus)
        end_open(call, "there is no connection to Nimbus now");
    else if (call->action->verify)
        look(call);
    else
        end_open(call, "Nimbus offers no way to look it up");
}
