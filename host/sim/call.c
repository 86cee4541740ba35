/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.c: the beginning of a task, from what POST /sim/calls asks for.
 *
 * Which fields of the event are set depends on who comes how, as the descriptions of Nimbus say: a
 * telephone number only for Audio, a GUID and a UPN for a caller inside Teams, an e-mail address
 * for chat and e-mail, an id of another system for an external task. Fields without a value are
 * left out: the description has no null.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/macros.h"
#include "sim/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Who comes, and how; borrowed from the request. */
typedef struct caller {
    const char *from, *upn, *email, *id;
    bool anonymous;
    const char *modality, *direction;
    char number[20]; /* `from` without blanks */
    char guid[NF_UUID_TEXT];
} caller;

/* ---- reading the request ---- */

static bool read_text(sim_call *call, const json_t *wanted, const char *name, const char **text)
{
    const json_t *value = json_object_get(wanted, name);
    *text = json_string_value(value);
    if (value && !*text)
        sim_fail(call, 400, "%s must be text", name);
    return !value || *text;
}

static const char *find_value(const sim_value *values, const char *text)
{
    for (; values->value; values++)
        if (strcasecmp(values->value, text) == 0 || strcasecmp(values->name, text) == 0)
            return values->value;
    return NULL;
}

/* "+41 79 123 45 67" to "+41791234567" */
static bool read_number(sim_call *call, caller *c)
{
    size_t len = 0;
    if (strcmp(c->from, "random") == 0) {
        snprintf(c->number, sizeof c->number, "+4179%07u",
                 (unsigned)(sim_random(call->sim) % 10000000));
        return true;
    }
    for (const char *at = c->from; *at && len < sizeof c->number - 1; at++)
        if (!strchr(" -.()", *at))
            c->number[len++] = *at;
    c->number[len] = '\0';
    if (c->number[0] == '+' && len >= 8 && len <= 16
        && strspn(c->number + 1, "0123456789") == len - 1)
        return true;
    sim_fail(call, 400,
             "from must be a number in international form such as +41791234567, not '%.40s'",
             c->from);
    return false;
}

/* The same person has the same object id in every call. */
static void set_guid(const nf_sim *sim, caller *c)
{
    uint8_t digest[NF_SHA256_SIZE];
    char hex[2 * NF_SHA256_SIZE + 1], lower[256];
    for (const sim_user *u = sim->users; u->upn; u++)
        if (strcasecmp(u->upn, c->upn) == 0) {
            memcpy(c->guid, u->id, sizeof c->guid);
            return;
        }
    snprintf(lower, sizeof lower, "%s", c->upn);
    for (char *at = lower; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    nf_sha256(lower, strlen(lower), digest);
    nf_hex(digest, sizeof digest, hex);
    snprintf(c->guid, sizeof c->guid, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12,
             hex + 15, hex + 18);
}

static bool read_modality(sim_call *call, const json_t *wanted, caller *c)
{
    const char *text;
    if (!read_text(call, wanted, "modality", &text))
        return false;
    if (!text && c->email) {
        sim_fail(call, 400, "an email needs \"modality\": \"Email\" or \"InstantMessaging\"");
        return false;
    }
    text = text ? text : c->id ? "ExternalTask" : "Audio";
    c->modality = find_value(call->sim->world.modalities, text);
    if (!c->modality)
        sim_fail(call, 400, "the modality '%.40s' is not in this cluster's list", text);
    return c->modality != NULL;
}

static bool read_direction(sim_call *call, const json_t *wanted, caller *c)
{
    const char *text;
    if (!read_text(call, wanted, "direction", &text))
        return false;
    text = text ? text : strcmp(c->modality, "ExternalTask") == 0 ? "None" : "Inbound";
    c->direction = find_value(call->sim->world.directions, text);
    if (!c->direction)
        sim_fail(call, 400, "the direction '%.40s' is not in this cluster's list", text);
    return c->direction != NULL;
}

static bool check_identity(sim_call *call, const caller *c)
{
    bool is_audio = strcmp(c->modality, "Audio") == 0,
         is_task = strcmp(c->modality, "ExternalTask") == 0;
    int given = !!c->from + !!c->upn + !!c->email + !!c->id + c->anonymous;
    if (given != 1)
        sim_fail(call, 400, "exactly one of from, upn, email, id and anonymous says who it is");
    else if ((c->from || c->upn) && !is_audio)
        sim_fail(call, 400, "from and upn go with the modality Audio");
    else if (c->email && (is_audio || is_task))
        sim_fail(call, 400, "an email goes with the modalities Email and InstantMessaging");
    else if (c->id && !is_task)
        sim_fail(call, 400, "an id goes with the modality ExternalTask");
    else
        return true;
    return false;
}

static bool read_caller(sim_call *call, const json_t *wanted, caller *c)
{
    const json_t *anonymous = json_object_get(wanted, "anonymous");
    *c = (caller){.anonymous = json_is_true(anonymous)};
    if (anonymous && !json_is_boolean(anonymous)) {
        sim_fail(call, 400, "anonymous must be true or false");
        return false;
    }
    if (!read_text(call, wanted, "from", &c->from) || !read_text(call, wanted, "upn", &c->upn)
        || !read_text(call, wanted, "email", &c->email) || !read_text(call, wanted, "id", &c->id)
        || !read_modality(call, wanted, c) || !read_direction(call, wanted, c)
        || !check_identity(call, c))
        return false;
    if (c->upn)
        set_guid(call->sim, c);
    return !c->from || read_number(call, c);
}

static const sim_service *read_service(sim_call *call, const json_t *wanted, const caller *c)
{
    const char *text = nf_json_string(wanted, "service");
    const sim_service *s =
        text ? sim_find_service(&call->sim->world, text) : call->sim->world.services;
    if (!s)
        sim_fail(call, 400, "no service of this cluster is called '%.80s'", text);
    else if (s->modalities && !sim_lists(s->modalities, c->modality, false))
        sim_fail(call, 400, "the service %s does not take the modality %s", s->upn, c->modality);
    else
        return s;
    return NULL;
}

/* Unless it is said, it begins to ring half-way between the queue and the user's accepting. */
static int64_t ringing_place(const nf_sim_timeline *t)
{
    int64_t from = 0;
    for (int i = 0; i < NF_SIM_RINGING; i++)
        from = NF_MAX(from, t->at[i]);
    return t->at[NF_SIM_USER_ACCEPTED] < 0 ? NF_SIM_BY_HAND
                                           : from + (t->at[NF_SIM_USER_ACCEPTED] - from) / 2;
}

static bool read_timeline(sim_call *call, const json_t *wanted, nf_sim_timeline *timeline)
{
    static const char *const names[] = {"created",      "systemAccepted", "queued", "ringing",
                                        "userAccepted", "terminated",     NULL};
    const json_t *given = json_object_get(wanted, "timeline");
    int64_t last = 0;
    *timeline = call->sim->timeline;
    if (given && !json_object_get(given, "ringing"))
        timeline->at[NF_SIM_RINGING] = NF_SIM_BY_HAND;
    for (int i = 0; i < NF_SIM_STEPS; i++) {
        const json_t *value = json_object_get(given, names[i]);
        if (value)
            timeline->at[i] = json_is_null(value) ? NF_SIM_BY_HAND : json_integer_value(value);
        if (timeline->at[i] >= 0 && timeline->at[i] < last) {
            sim_fail(call, 400, "timeline.%s comes before an earlier step; set those too",
                     names[i]);
            return false;
        }
        last = NF_MAX(last, timeline->at[i]);
    }
    if (given && !json_object_get(given, "ringing"))
        timeline->at[NF_SIM_RINGING] = ringing_place(timeline);
    return true;
}

/* ---- the data of the task ---- */

static void set(json_t *object, const char *name, const char *value)
{
    if (value)
        json_object_set_new(object, name, json_string(value));
}

static void set_new_id(nf_sim *sim, json_t *object, const char *name)
{
    char id[NF_UUID_TEXT];
    set(object, name, sim_id(sim, id));
}

void sim_set_service(json_t *data, const sim_service *service)
{
    set(data, "serviceId", service->id);
    set(data, "serviceName", service->name);
    set(data, "serviceDescription", service->description);
    set(data, "serviceDisplayName", service->name);
    set(data, "serviceUPN", service->upn);
    set(data, "serviceTelNumber", service->tel_number);
}

static void set_audio(json_t *data, json_t *customer, const caller *c)
{
    bool outbound = strcmp(c->direction, "Outbound") == 0;
    if (c->upn) {
        set(data, outbound ? "microsoftDestinationId" : "microsoftCallerId", c->guid);
        set(data, outbound ? "destinationId" : "callerId", c->guid);
        set(data, outbound ? "destinationUPN" : "callerUPN", c->upn);
        set(data, "customerIdentifier", c->guid);
        set(customer, "UPN", c->upn);
    } else if (c->from) {
        set(data, outbound ? "microsoftDestinationId" : "microsoftCallerId", c->number);
        set(data, outbound ? "destinationTelNumber" : "callerTelNumber", c->number);
        set(data, "customerIdentifier", c->number);
        set(customer, "primaryTelNumber", c->number);
    }
    if (outbound)
        json_object_set_new(data, "outboundAttempt", json_integer(1));
}

static void set_chat(nf_sim *sim, json_t *data, json_t *customer, const caller *c,
                     const json_t *wanted)
{
    const char *message = nf_json_string(wanted, "message");
    char id[NF_UUID_TEXT], acs[64];
    snprintf(acs, sizeof acs, "8:acs:%s", sim_id(sim, id));
    set(data, "acsId", acs);
    set(data, "customerIdentifier", c->email);
    set(data, "initialMessage", message ? message : "Hello, I have a question.");
    set(customer, "imAddress", c->email);
}

static void set_email(json_t *data, json_t *customer, const caller *c, const json_t *wanted,
                      const sim_service *service)
{
    const char *subject = nf_json_string(wanted, "subject"), *text = nf_json_string(wanted, "text");
    text = text ? text : "Hello\n\nWhere is my order?";
    char *rich = nf_format("<div>%s</div>", text);
    set(data, "customerIdentifier", c->email);
    set(data, "emailSubject", subject ? subject : "A question");
    set(data, "emailBodyUniqueRichText", rich);
    set(data, "emailBodyUniquePlainText", text);
    set(data, "emailServiceMailboxUPN", service->upn);
    set(customer, "email", c->email);
    free(rich);
}

static json_t *new_information(const json_t *wanted)
{
    const json_t *parameters = json_object_get(wanted, "customContextParameters");
    return json_pack("{s{} so s[]}", "customer", "customContextParameters",
                     parameters ? json_deep_copy(parameters) : json_array(), "preferredUsers");
}

static void set_data(sim_task *task, const caller *c, const json_t *wanted)
{
    char when[NF_TIME_TEXT];
    json_t *data = task->data = json_object();
    json_t *customer = json_object_get(task->information, "customer");
    set(data, "taskId", sim_id(task->sim, task->id));
    set_new_id(task->sim, data, "callChainId");
    set(data, "tenantId", sim_tenant(task->service->unit)->id);
    set(data, "event", "");
    set(data, "direction", c->direction);
    set(data, "modality", c->modality);
    set(data, "created", nf_clock_text(task->log.created_ms, when));
    set(data, "referenceId", c->id);
    json_object_set_new(data, "isAnonymous", json_boolean(c->anonymous));
    set(data, "customerIdentifier", c->id ? c->id : "");
    if (strcmp(c->modality, "Audio") == 0)
        set_audio(data, customer, c);
    else if (strcmp(c->modality, "InstantMessaging") == 0)
        set_chat(task->sim, data, customer, c, wanted);
    else if (strcmp(c->modality, "Email") == 0)
        set_email(data, customer, c, wanted, task->service);
    sim_set_service(data, task->service);
    json_object_set(data, "taskInformation", task->information);
}

static sim_task *new_task(nf_sim *sim, const sim_service *service, json_t *information)
{
    sim_task *task = nf_alloc(sizeof *task);
    task->sim = task->log.sim = sim;
    task->service = service;
    task->timeline = sim->timeline;
    task->ring_ms = service->rona_ms;
    task->priority = "Normal";
    task->log.created_ms = nf_clock_wall_ms();
    task->information = information;
    sim_id(sim, task->service_session);
    return task;
}

static const sim_field timeline_fields[] = {{"created", .kind = SIM_OFFSET},
                                            {"systemAccepted", .kind = SIM_OFFSET},
                                            {"queued", .kind = SIM_OFFSET},
                                            {"ringing", .kind = SIM_OFFSET},
                                            {"userAccepted", .kind = SIM_OFFSET},
                                            {"terminated", .kind = SIM_OFFSET},
                                            {0}};

static const sim_field call_parameter[] = {
    {"name", .kind = SIM_TEXT, .required = true, .most = 64}, {"value", .kind = SIM_TEXT}, {0}};

const sim_field sim_call_fields[] = {
    {"from", .kind = SIM_TEXT},
    {"upn", .kind = SIM_TEXT},
    {"email", .kind = SIM_TEXT},
    {"id", .kind = SIM_TEXT},
    {"anonymous", .kind = SIM_BOOLEAN},
    {"modality", .kind = SIM_TEXT},
    {"service", .kind = SIM_TEXT},
    {"direction", .kind = SIM_TEXT},
    {"message", .kind = SIM_TEXT},
    {"subject", .kind = SIM_TEXT},
    {"text", .kind = SIM_TEXT},
    {"customContextParameters", .kind = SIM_OBJECTS, .of = call_parameter},
    {"timeline", .kind = SIM_OBJECT, .of = timeline_fields},
    {"count", .kind = SIM_INTEGER, .least = 1, .most = SIM_MAX_BURST},
    {0}};

sim_task *sim_task_new(sim_call *call, const json_t *wanted)
{
    caller c;
    nf_sim_timeline timeline;
    if (!read_caller(call, wanted, &c) || !read_timeline(call, wanted, &timeline))
        return NULL;
    const sim_service *service = read_service(call, wanted, &c);
    if (!service)
        return NULL;
    sim_task *task = new_task(call->sim, service, new_information(wanted));
    task->timeline = timeline;
    set_data(task, &c, wanted);
    task->initial = json_deep_copy(json_object_get(task->information, "customer"));
    return task;
}

/* A list or an object of `from`, or an empty one. */
static json_t *part(const json_t *from, const char *name, json_t *empty)
{
    json_t *value = json_object_get(from, name);
    if (!value)
        return empty;
    json_decref(empty);
    return json_deep_copy(value);
}

sim_task *sim_task_make(nf_sim *sim, const sim_service *service, const char *modality,
                        const char *direction, const char *destination, const char *identifier,
                        const json_t *information)
{
    caller c = {.modality = modality, .direction = direction, .id = identifier};
    const char *list = json_object_get(information, "customCallContextParameters")
                           ? "customCallContextParameters"
                           : "customContextParameters";
    json_t *copy = json_pack("{so so so}", "customer", part(information, "customer", json_object()),
                             "customContextParameters", part(information, list, json_array()),
                             "preferredUsers", part(information, "preferredUsers", json_array()));
    if (destination && strchr(destination, '@')) {
        c.upn = destination;
        set_guid(sim, &c);
    } else if (destination) {
        c.from = destination;
        snprintf(c.number, sizeof c.number, "%s", destination);
    }
    c.anonymous = !destination && !identifier;
    sim_task *task = new_task(sim, service, copy);
    task->initial = json_deep_copy(json_object_get(copy, "customer"));
    set_data(task, &c, NULL);
    return task;
}

bool sim_task_room(nf_sim *sim)
{
    sim_task *task, *next;
    if (HASH_COUNT(sim->tasks) < sim->max_tasks)
        return true;
    HASH_ITER (hh, sim->tasks, task, next) {
        if (task->ended && task->log.in_flight == 0) {
            sim_task_free(task);
            return true;
        }
    }
    return false;
}
