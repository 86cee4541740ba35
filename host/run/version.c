/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version.c: one state of one flow file: sent to workers, what it declared.
 *
 * The first worker's LOADED decides; later workers get the same source before their first run of it.
 */
#include "act/args.h"
#include "act/stand_in.h"
#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/schedule.h"
#include "base/suggest.h"
#include "run/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_HANDLERS = 256, MOST_DESTROYERS = 100, MOST_CRASHES = 3 };

static void free_handlers(nf_version *version)
{
    for (size_t i = 0; i < version->handler_count; i++) {
        free(version->handlers[i].name);
        free(version->handlers[i].connection);
        json_decref(version->handlers[i].filters);
        json_decref(version->handlers[i].options);
        json_decref(version->handlers[i].where);
        json_decref(version->handlers[i].permissions);
        nf_handler_free_order(&version->handlers[i]);
    }
    free(version->handlers);
    version->handlers = NULL;
    version->handler_count = 0;
}

static void free_version(nf_version *version)
{
    nf_pool *pool = version->pool;
    nf_crew *crew;
    DL_FOREACH (pool->crews, crew) {
        nf_known *known;
        HASH_FIND(hh, crew->known, &version->id, sizeof version->id, known);
        if (!known)
            continue;
        nf_worker_send(crew->worker, NF_MSG_UNLOAD, 0, version->id, NULL, 0, NULL, 0);
        HASH_DEL(crew->known, known);
        free(known);
    }
    DL_DELETE(pool->versions, version);
    free_handlers(version);
    free(version->file);
    free(version->source);
    free(version);
}

nf_version *nf_version_ref(nf_version *version)
{
    version->refs++;
    return version;
}

void nf_version_unref(nf_version *version)
{
    if (version && --version->refs == 0)
        free_version(version);
}

const nf_handler *nf_version_handlers(const nf_version *version, size_t *count)
{
    *count = version->handler_count;
    return version->handlers;
}

const nf_handler *nf_version_handler(const nf_version *version, const char *name)
{
    for (size_t i = 0; i < version->handler_count; i++) {
        if (strcmp(version->handlers[i].name, name) == 0)
            return &version->handlers[i];
    }
    return NULL;
}

const char *nf_version_file(const nf_version *version)
{
    return version->file;
}

const uint8_t *nf_version_hash(const nf_version *version)
{
    return version->hash;
}

const char *nf_version_source(const nf_version *version, size_t *len)
{
    *len = version->len;
    return version->source;
}

/* ---- what a flow declared ---- */

static nf_status read_limits(nf_handler *handler, const json_t *limits, const nf_limits *ceiling,
                             nf_error *err)
{
    const char *name;
    json_t *value;
    char text[32];
    json_object_foreach ((json_t *)limits, name, value) {
        const char *given = json_string_value(value);
        if (json_is_integer(value)) {
            snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
            given = text;
        }
        nf_status status =
            given
                ? nf_limits_set(&handler->own, ceiling, NF_SETTER_FLOW, name, given, err)
                : nf_error_set(err, NF_E_ARG, "limit %s: a text like \"100ms\" is expected", name);
        if (status != NF_OK)
            return status;
    }
    return NF_OK;
}

/* Filters without which Nimbus takes no registration. */
static nf_status check_required(const nf_handler *handler, nf_error *err)
{
    const nf_filter *filter = handler->trigger->filters;
    for (; filter->name; filter++) {
        if (filter->required
            && json_array_size(json_object_get(handler->filters, filter->name)) == 0)
            return nf_error_set(err, NF_E_CONFIG, "%s needs a field '%s': %s",
                                handler->trigger->name, filter->name, filter->doc);
    }
    return NF_OK;
}

/* The trigger's own fields, checked and in the form that the host reads. */
static nf_status read_options(nf_handler *handler, const json_t *declared, nf_error *err)
{
    if (!handler->trigger->options)
        return NF_OK;
    handler->options =
        nf_args_check(handler->trigger->name, handler->trigger->options, declared, err);
    if (!handler->options)
        return err->status;
    return handler->trigger->source == NF_FROM_SCHEDULE ? nf_schedule_check(handler->options, err)
                                                        : NF_OK;
}

/* As the trigger spells it: the API itself is not consistent, so case does not count. */
static const char *event_field(const nf_trigger *trigger, const char *name, nf_error *err)
{
    const char *known[128];
    size_t n = 0;
    for (const nf_param *field = trigger->event; field->name && n < NF_COUNT(known) - 1; field++) {
        if (strcasecmp(field->name, name) == 0)
            return field->name;
        known[n++] = field->name;
    }
    known[n] = NULL;
    nf_suggest_error(err, NF_E_CONFIG, "field of the event", name, known);
    return NULL;
}

static nf_status read_where(nf_handler *handler, const json_t *declared, nf_error *err)
{
    const char *name;
    json_t *values;
    if (!json_object_size(declared))
        return NF_OK;
    handler->where = json_object();
    json_object_foreach ((json_t *)declared, name, values) {
        const char *field = event_field(handler->trigger, name, err);
        if (!field) {
            nf_error_prefix(err, "where");
            return err->status;
        }
        json_object_set(handler->where, field, values);
    }
    return NF_OK;
}

static nf_status check_name(const nf_version *version, const nf_handler *handler, nf_error *err)
{
    for (const nf_handler *other = version->handlers; other < handler; other++) {
        if (strcmp(other->name, handler->name) == 0)
            return nf_error_set(err, NF_E_CONFIG,
                                "the name '%s' is used in line %d already; names are unique",
                                handler->name, other->line);
    }
    return NF_OK;
}

/* Each must be the name of an action that destroys: a permission for nothing would be a misunderstanding. */
static nf_status read_permissions(nf_handler *handler, const json_t *declared, nf_error *err)
{
    const nf_action *const *actions = handler->version->pool->runner->actions;
    const char *names[MOST_DESTROYERS + 1];
    size_t count = 0, i, k;
    const json_t *permission;
    for (; *actions && count < MOST_DESTROYERS; actions++) {
        if ((*actions)->destroys)
            names[count++] = (*actions)->name;
    }
    names[count] = NULL;
    json_array_foreach (declared, i, permission) {
        const char *name = json_string_value(permission) ? json_string_value(permission) : "";
        for (k = 0; k < count && strcmp(names[k], name) != 0;)
            k++;
        if (k == count)
            return nf_suggest_error(err, NF_E_CONFIG, "permission", name, names);
    }
    handler->permissions = json_incref((json_t *)declared);
    return NF_OK;
}

static nf_status read_handler(nf_version *version, const json_t *declared, nf_error *err)
{
    nf_handler *handler = &version->handlers[version->handler_count];
    const char *trigger = nf_json_string(declared, "trigger"),
               *name = nf_json_string(declared, "name");
    handler->version = version;
    handler->index = (unsigned)version->handler_count;
    handler->line = (int)nf_json_integer(declared, "line", 0);
    handler->dedupe = !json_is_false(json_object_get(declared, "dedupe"));
    handler->trigger = trigger ? nf_trigger_find(version->pool->runner->triggers, trigger) : NULL;
    handler->filters = json_deep_copy(json_object_get(declared, "filters"));
    handler->name = nf_strdup(name ? name : version->file);
    handler->connection = nf_strdup(nf_json_string(declared, "connection"));
    version->handler_count++;
    nf_status status = NF_OK;
    if (!version->script && (!handler->trigger || !name || !json_is_object(handler->filters)))
        status = nf_error_set(err, NF_E_PROTOCOL, "a declaration without trigger, name or filters");
    if (status == NF_OK && handler->trigger)
        status = check_required(handler, err);
    if (status == NF_OK && handler->trigger)
        status = read_options(handler, json_object_get(declared, "options"), err);
    if (status == NF_OK && handler->trigger)
        status = read_where(handler, json_object_get(declared, "where"), err);
    if (status == NF_OK && handler->trigger)
        status = nf_handler_read_order(handler, declared, err);
    if (status == NF_OK)
        status = check_name(version, handler, err);
    if (status == NF_OK)
        status = read_limits(handler, json_object_get(declared, "limits"),
                             &version->pool->configured, err);
    if (status == NF_OK && json_object_get(declared, "retry"))
        status = nf_args_retry("retry", json_object_get(declared, "retry"), &handler->retry, err);
    if (status == NF_OK)
        status = read_permissions(handler, json_object_get(declared, "permissions"), err);
    if (status != NF_OK)
        nf_error_prefix(err, "%s:%d", version->file, handler->line);
    return status;
}

static nf_status read_handlers(nf_version *version, const json_t *answer, nf_error *err)
{
    const json_t *list = json_object_get(answer, "handlers");
    size_t count = version->script ? 1 : json_array_size(list);
    if (count == 0)
        return nf_error_set(
            err, NF_E_CONFIG,
            "%s: declares no trigger; a flow calls nimbus.on_task{...} at its top level",
            version->file);
    if (count > MOST_HANDLERS)
        return nf_error_set(err, NF_E_LIMIT, "%s: more than %d triggers", version->file,
                            MOST_HANDLERS);
    version->handlers = nf_alloc(count * sizeof *version->handlers);
    nf_status status = NF_OK;
    for (size_t i = 0; i < count && status == NF_OK; i++)
        status = read_handler(version, version->script ? NULL : json_array_get(list, i), err);
    return status;
}

/* ---- loading ---- */

static void answer(nf_version *version, const nf_error *err)
{
    version->loading_on = NULL;
    if (version->answered)
        return;
    version->answered = true;
    version->loaded = err == NULL;
    version->refs++; /* the callee may let go of it */
    version->on_loaded(version->ctx, version, err);
    nf_version_unref(version);
}

static void fail(nf_version *version, nf_status status, const char *text)
{
    nf_error err = {0};
    nf_error_set(&err, status, "%s: %s", version->file, text);
    answer(version, &err);
}

void nf_version_drop_loading(nf_pool *pool)
{
    nf_version *version, *next;
    DL_FOREACH_SAFE (pool->versions, version, next) {
        if (!version->answered)
            fail(version, NF_E_CANCELLED, "the host is closing");
    }
}

static nf_status load_error(const nf_version *version, const char *payload, size_t len,
                            nf_error *err)
{
    json_t *why = nf_json_parse(payload, len, err);
    if (why) {
        const char *where = nf_json_string(why, "where"), *message = nf_json_string(why, "message");
        nf_error_set(err, NF_E_CONFIG, "%s: %s", where && *where ? where : version->file,
                     message ? message : "could not be loaded");
    }
    json_decref(why);
    return err->status;
}

/* The first worker's answer decides what the version is. */
static void decide(nf_version *version, const nf_frame *frame, const char *payload)
{
    nf_error err = {0};
    if (frame->aux != 0) {
        load_error(version, payload, frame->size, &err);
    } else {
        json_t *declared = frame->size ? nf_json_parse(payload, frame->size, &err) : NULL;
        if (err.status == NF_OK)
            read_handlers(version, declared, &err);
        json_decref(declared);
    }
    answer(version, err.status == NF_OK ? NULL : &err);
}

void nf_version_on_loaded(nf_crew *crew, const nf_frame *frame, const char *payload)
{
    nf_known *known;
    nf_version *version;
    HASH_FIND(hh, crew->known, &frame->id, sizeof frame->id, known);
    if (!known)
        return; /* it was let go of meanwhile */
    known->loaded = frame->aux == 0;
    if (!known->loaded)
        HASH_DEL(crew->known, known);
    nf_run_release_held(known, known->loaded ? NULL : "the flow did not load in this worker");
    if (!known->loaded)
        free(known);
    DL_FOREACH (crew->pool->versions, version) {
        if (version->id == frame->id)
            break;
    }
    if (version && !version->answered)
        decide(version, frame, payload);
}

void nf_version_send_load(nf_version *version, nf_crew *crew)
{
    nf_msg_load head = {
        .flags = version->script ? NF_LOAD_SCRIPT : 0,
        .name_len = (uint32_t)strlen(version->file),
        .limits = version->pool->allowed.run,
        .now_ms = nf_effect_now_ms(version->pool->env),
    };
    char *body = nf_format("%s", version->file);
    body = nf_realloc(body, head.name_len + version->len + 1);
    memcpy(body + head.name_len, version->source, version->len);
    nf_worker_send(crew->worker, NF_MSG_LOAD, 0, version->id, &head, sizeof head, body,
                   head.name_len + version->len);
    free(body);
}

static void start_loading(nf_version *version)
{
    nf_error err = {0};
    nf_crew *crew = nf_pool_any_crew(version->pool, &err);
    if (!crew) {
        fail(version, err.status, err.text);
        return;
    }
    version->loading_on = crew;
    nf_crew_give_version(crew, version);
    nf_pool_watch(version->pool);
}

/*
 * Workers load in the order in which they were told, so of those it had not answered it was at the first one. That is
 * tried again, since it may not have been its fault: an event must not find the flow missing because a process was
 * killed. The others waited for it only.
 */
void nf_version_crew_gone(nf_crew *crew, const char *reason)
{
    nf_version *version, *next;
    bool first = true;
    DL_FOREACH_SAFE (crew->pool->versions, version, next) {
        if (version->loading_on != crew || version->answered)
            continue;
        version->loading_on = NULL;
        version->crashes += first;
        first = false;
        if (version->crashes < MOST_CRASHES) {
            start_loading(version);
            continue;
        }
        char *text = nf_format("the worker that loaded it %s, %d times", reason, MOST_CRASHES);
        fail(version, NF_E_LIMIT, text);
        free(text);
    }
}

nf_version *nf_version_load(nf_pool *pool, const nf_version_spec *spec,
                            void (*loaded)(void *ctx, nf_version *version, const nf_error *err),
                            void *ctx)
{
    nf_version *version = nf_alloc(sizeof *version);
    version->pool = pool;
    version->id = ++pool->runner->next_version;
    version->refs = 1;
    version->file = nf_strdup(spec->file);
    version->source = nf_memdup(spec->source, spec->len);
    version->len = spec->len;
    version->script = spec->script;
    version->on_loaded = loaded;
    version->ctx = ctx;
    nf_sha256(spec->source, spec->len, version->hash);
    DL_APPEND(pool->versions, version);
    start_loading(version);
    return version;
}
