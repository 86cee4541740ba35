/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest.c: actions that are one request: the descriptor is all there is. Before it: is a destructive one confirmed, and
 * which address book is meant?
 */
#include "act/call.h"
#include "base/alloc.h"
#include "base/jscan.h"
#include "base/json.h"
#include "base/percent.h"
#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_PATH = 8192, BOOKS_KEPT_MS = 60000, CONTACTS_KEPT_MS = 300000, MOST_BOOKS = 1000 };

#define BOOKS "/v2/AddressBooks"

/* ---- dry runs ---- */

bool nf_call_dry(nf_call *call)
{
    const nf_effect_env *env = call->env;
    const char *sample = call->action->sample;
    if (!call->action->start && nf_call_stood_in(call)) /* the others were asked before */
        return true;
    if (env->nimbus && !env->stand_in && !(env->dry_run && call->action->class != NF_READ))
        return false;
    if (!env->dry_run && !env->stand_in) {
        nf_call_reject(call, NF_E_UNSUPPORTED,
                       "%s: there is no connection to Nimbus here; with --dry-run the effect is "
                       "only shown",
                       call->action->name);
        return true;
    }
    json_t *answer = sample ? json_loads(sample, JSON_DECODE_ANY, NULL) : NULL;
    if (call->action->keep_s)
        answer = json_pack("[o, i]", answer ? answer : json_null(), 0);
    nf_call_resolve(call, answer);
    return true;
}

/* ---- the path ---- */

/* The argument as text: a list joined with commas. */
static void add_value(nf_strbuf *path, const json_t *value)
{
    size_t i;
    json_t *item;
    if (json_is_string(value))
        nf_percent_encode(path, json_string_value(value));
    json_array_foreach ((json_t *)value, i, item) {
        nf_strbuf_puts(path, i ? "," : "");
        nf_percent_encode(path, json_string_value(item));
    }
}

/* {?a,b}: those that are given. */
static void add_query(nf_strbuf *path, const char *names, size_t len, const json_t *args)
{
    const char *between = strchr(nf_strbuf_text(path), '?') ? "&" : "?";
    for (const char *end = names + len; names < end;) {
        size_t n = strcspn(names, ",}");
        char *name = nf_memdup(names, n);
        const json_t *value = json_object_get(args, name);
        if (value) {
            nf_strbuf_addf(path, "%s%s=", between, name);
            add_value(path, value);
            between = "&";
        }
        free(name);
        names += n + 1;
    }
}

/* The path with its {names} filled in from the arguments; NULL when it gets too long. */
char *nf_call_fill(const char *template, const json_t *args)
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
        if (*template == '?') {
            add_query(&path, template + 1, n - 1, args);
        } else {
            char *name = nf_memdup(template, n);
            add_value(&path, json_object_get(args, name));
            free(name);
        }
        template += n + 1;
    }
    char *text = path.overflow ? NULL : nf_strbuf_take(&path);
    nf_strbuf_release(&path);
    return text;
}

/* Is this argument part of the path? */
static bool in_path(const char *template, const char *name)
{
    size_t n = strlen(name);
    const char *brace = strchr(template, '{');
    for (const char *at = brace; at && (at = strstr(at, name)); at += n) {
        if (strchr("{?,", at[-1]) && (at[n] == ',' || at[n] == '}'))
            return true;
    }
    return false;
}

/* ---- the request ---- */

/* The arguments that the path does not have, or the one that is the whole body. A new reference. */
static json_t *body_of(const nf_action *action, const json_t *args)
{
    const char *name;
    json_t *value, *body;
    if (action->body)
        return json_incref(json_object_get(args, action->body));
    body = json_object();
    json_object_foreach ((json_t *)args, name, value) {
        if (!in_path(action->path, name))
            json_object_set(body, name, value);
    }
    return body;
}

/* A request whose only arguments are in its path has no body; one that could have some must have some. */
static bool wants_body(const nf_action *action)
{
    const nf_param *param = action->params;
    if (strcmp(action->method, "GET") == 0 || strcmp(action->method, "DELETE") == 0)
        return false;
    while (param->name
           && (in_path(action->path, param->name) || strcmp(param->name, "confirm") == 0))
        param++;
    return param->name != NULL;
}

static const nf_param *book_param(const nf_call *call)
{
    const nf_param *param = call->action->params;
    while (param->name && param->type != NF_BOOK)
        param++;
    return param->name ? param : NULL;
}

static void on_kept(void *ctx, const nf_error *failure, nf_answer *answer)
{
    nf_call *call = ctx;
    call->wait = NULL;
    if (failure) {
        nf_error err = *failure;
        nf_error_prefix(&err, "%s", call->action->name);
        nf_call_reject_error(call, &err);
        return;
    }
    if (answer->len > NF_RESULT_MAX) {
        nf_call_reject(call, NF_E_LIMIT, "%s: the answer has %zu bytes; a flow can take %d%s",
                       call->action->name, answer->len, NF_RESULT_MAX,
                       book_param(call) ? "; look up single contacts with nimbus.contacts.find"
                                        : "");
        return;
    }
    nf_strbuf result = nf_strbuf_new(answer->len + 64);
    nf_strbuf_addf(&result, "[%s,%.3f]", answer->len ? answer->text : "null",
                   (double)nf_answer_age_ms(answer) / 1000);
    if (nf_json_valid(result.bytes, result.len))
        nf_call_finish(call, NULL, result.bytes, result.len);
    else
        nf_call_reject(call, NF_E_PROTOCOL, "%s: the answer of Nimbus is not valid JSON",
                       call->action->name);
    nf_strbuf_release(&result);
}

static void get_kept(nf_call *call, const char *path, uint64_t age_ms, bool refresh,
                     nf_kept_done *done)
{
    nf_kept_wait *wait = nf_kept_get(call->env->kept, path, refresh ? 0 : age_ms, done, call);
    if (wait) /* otherwise the call may have ended */
        call->wait = wait;
}

static void send_rest(nf_call *call, const char *path)
{
    const nf_action *action = call->action;
    json_t *body = wants_body(action) ? body_of(action, call->args) : NULL;
    if (json_is_object(body) && json_object_size(body) == 0) {
        json_decref(body);
        nf_call_reject(call, NF_E_ARG,
                       "%s: there is nothing to send; give at least one field beside %s",
                       action->name, action->scope_param ? action->scope_param : "the name");
    } else if (!action->keep_s) {
        nf_call_nimbus(call, action->method, path, body, action->on_reply);
    } else if (!nf_call_dry(call)) {
        get_kept(call, path, action->keep_s * (uint64_t)1000,
                 json_is_true(json_object_get(call->args, "refresh")), on_kept);
    }
}

static void start_rest(nf_call *call)
{
    char *path = nf_call_fill(call->action->path, call->args);
    if (path)
        send_rest(call, path);
    else
        nf_call_reject(call, NF_E_ARG,
                       "%s: the arguments are too long for an address; give fewer or shorter ones",
                       call->action->name);
    free(path);
}

void nf_call_spoil(nf_call *call)
{
    const char *spoils = call->action->spoils;
    char *path = spoils && call->env->kept ? nf_call_fill(spoils, call->args) : NULL;
    if (path)
        nf_kept_spoil(call->env->kept, path);
    free(path);
}

/* ---- address books by name ---- */

static void start_resolved(nf_call *call)
{
    if (call->action->start && nf_call_stood_in(call))
        return;
    if (call->only_verify)
        nf_call_find_out(call, &call->why);
    else if (call->action->start)
        call->action->start(call, call->args);
    else
        start_rest(call);
}

/* The id of the book with this id or, if there is none, this name; NULL with `err` set. */
static const char *find_book(const json_t *books, const char *wanted, nf_error *err)
{
    size_t i, named = 0, count = 0;
    json_t *book;
    const char *found = NULL, *names[MOST_BOOKS + 1];
    json_array_foreach ((json_t *)books, i, book) {
        const char *id = nf_json_string(book, "id"), *name = nf_json_string(book, "name");
        if (id && strcmp(id, wanted) == 0)
            return id;
        if (id && name && strcmp(name, wanted) == 0) {
            found = id;
            named++;
        }
        if (name && count < MOST_BOOKS)
            names[count++] = name;
    }
    names[count] = NULL;
    if (named > 1)
        nf_error_set(err, NF_E_ARG, "%zu address books have the name '%s'; write the id instead",
                     named, wanted);
    else if (!named && !count)
        nf_error_set(err, NF_E_NOT_FOUND,
                     "no address book '%s': the connection may see no address book at all", wanted);
    else if (!named)
        nf_suggest_error(err, NF_E_NOT_FOUND, "address book", wanted, names);
    return named == 1 ? found : NULL;
}

static void on_books(void *ctx, const nf_error *failure, nf_answer *answer)
{
    nf_call *call = ctx;
    const char *param = book_param(call)->name, *id = NULL;
    nf_error err = failure ? *failure : (nf_error){0};
    call->wait = NULL;
    json_t *books = failure ? NULL : nf_json_parse(answer->text, answer->len, &err);
    if (books)
        id = find_book(books, nf_json_string(call->args, param), &err);
    if (id)
        json_object_set_new(call->args, param, json_string(id));
    json_decref(books);
    if (id) {
        start_resolved(call);
    } else if (err.status == NF_E_NOT_FOUND && !failure && !call->asked_again
               && nf_answer_age_ms(answer) > 0) { /* it may be new */
        call->asked_again = true;
        get_kept(call, BOOKS, 0, true, on_books);
    } else {
        nf_error_prefix(&err, "%s", call->action->name);
        nf_call_reject_error(call, &err);
    }
}

/* ---- contacts.find ---- */

static void on_contact(void *ctx, const nf_error *failure, const char *contact, size_t len,
                       size_t matches)
{
    nf_call *call = ctx;
    call->contacts_wait = NULL;
    if (failure) {
        nf_error err = *failure;
        nf_error_prefix(&err, "%s", call->action->name);
        nf_call_reject_error(call, &err);
        return;
    }
    nf_strbuf result = nf_strbuf_new(len + 128);
    nf_strbuf_puts(&result, "[");
    nf_strbuf_add(&result, contact ? contact : "null", contact ? len : 4);
    nf_strbuf_addf(&result, ",%zu,%.3f]", matches, call->age_s);
    nf_call_finish(call, NULL, result.bytes, result.len);
    nf_strbuf_release(&result);
}

static void on_contacts(void *ctx, const nf_error *failure, nf_answer *answer)
{
    nf_call *call = ctx;
    const char *field;
    json_t *value;
    call->wait = NULL;
    if (failure) {
        on_contact(call, failure, NULL, 0, 0);
        return;
    }
    nf_contacts *contacts = nf_kept_contacts(call->env->kept, call->path, answer);
    call->age_s = (double)nf_answer_age_ms(answer) / 1000;
    json_unpack(call->query, "[s, o]", &field, &value);
    nf_contacts_wait *wait = nf_contacts_find(contacts, field, value, on_contact, call);
    if (wait) /* otherwise the call has ended */
        call->contacts_wait = wait;
    nf_contacts_unref(contacts);
}

void nf_call_find_contact(nf_call *call, const char *book, const char *field, const json_t *value,
                          bool refresh)
{
    if (nf_call_dry(call))
        return;
    const json_t *named = json_pack("{s:s}", "book", book);
    call->path = nf_call_fill("/v2/AddressBooks/{book}/contacts", named);
    json_decref((json_t *)named);
    call->query = json_pack("[s, O]", field, value ? value : json_null());
    if (!call->path)
        nf_call_reject(call, NF_E_ARG, "%s: the address book's id is too long", call->action->name);
    else
        get_kept(call, call->path, CONTACTS_KEPT_MS, refresh, on_contacts);
}

/* ---- the beginning of every action ---- */

static bool is_confirmed(nf_call *call)
{
    const nf_action *action = call->action;
    const nf_effect_owner *owner = call->owner;
    if (!action->destroys || json_is_true(json_object_get(call->args, "confirm"))
        || (owner->permits && owner->permits(call->ctx, action->name)))
        return true;
    nf_call_reject(call, NF_E_DENIED,
                   "%s destroys what cannot be brought back: say confirm = true in the call, or "
                   "permissions = { \"%s\" } in the flow's trigger",
                   action->name, action->name);
    return false;
}

void nf_call_begin(nf_call *call)
{
    if (!is_confirmed(call))
        return;
    json_object_del(call->args, "confirm");
    if (book_param(call) && call->env->kept)
        get_kept(call, BOOKS, BOOKS_KEPT_MS, false, on_books);
    else
        start_resolved(call);
}
