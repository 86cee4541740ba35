/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world_read.c: a world from its file. The table says which keys there are; here names become pointers.
 *
 * All problems of a file are told at once, each with its line.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"
#include "sim/contacts.h"
#include "sim/wire.h"
#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct world_reader {
    sim_world *world;
    const char *path;
    nf_strbuf *errors;
    char *(*new_id)(void *ctx, char *out);
    void *ctx;
} world_reader;

static const sim_field value_fields[] = {
    {"value", .kind = SIM_TEXT, .required = true}, {"name", .kind = SIM_TEXT}, {0}};
static const sim_field unit_fields[] = {{"name", .kind = SIM_TEXT, .required = true},
                                        {"parent", .kind = SIM_TEXT},
                                        {"id", .kind = SIM_TEXT, .most = 36},
                                        {0}};
static const sim_field user_fields[] = {{"upn", .kind = SIM_TEXT, .required = true},
                                        {"name", .kind = SIM_TEXT},
                                        {"role", .kind = SIM_TEXT, .required = true},
                                        {"unit", .kind = SIM_TEXT, .required = true},
                                        {"password", .kind = SIM_TEXT},
                                        {"onDuty", .kind = SIM_BOOLEAN},
                                        {"id", .kind = SIM_TEXT, .most = 36},
                                        {0}};
static const sim_field hours_fields[] = {{"days", .kind = SIM_TEXTS},
                                         {"from", .kind = SIM_TEXT, .required = true},
                                         {"to", .kind = SIM_TEXT, .required = true},
                                         {"status", .kind = SIM_TEXT, .required = true},
                                         {0}};
static const sim_field holiday_fields[] = {{"date", .kind = SIM_TEXT, .required = true},
                                           {"status", .kind = SIM_TEXT, .required = true},
                                           {0}};
static const sim_field service_fields[] = {
    {"upn", .kind = SIM_TEXT, .required = true},
    {"name", .kind = SIM_TEXT},
    {"description", .kind = SIM_TEXT},
    {"unit", .kind = SIM_TEXT, .required = true},
    {"owners", .kind = SIM_TEXTS},
    {"agents", .kind = SIM_TEXTS},
    {"licence", .kind = SIM_TEXT},
    {"modalities", .kind = SIM_TEXTS},
    {"telNumber", .kind = SIM_TEXT},
    {"workflow", .kind = SIM_BOOLEAN},
    {"outbound", .kind = SIM_BOOLEAN},
    {"outboundWithWorkflow", .kind = SIM_BOOLEAN},
    {"assistant", .kind = SIM_BOOLEAN},
    {"storesContext", .kind = SIM_BOOLEAN},
    {"ronaTimeout", .kind = SIM_DURATION},
    {"openingHours", .kind = SIM_OBJECTS, .of = hours_fields},
    {"holidays", .kind = SIM_OBJECTS, .of = holiday_fields},
    {"id", .kind = SIM_TEXT, .most = 36},
    {0}};
static const sim_field book_fields[] = {{"name", .kind = SIM_TEXT, .required = true},
                                        {"id", .kind = SIM_TEXT},
                                        {"unit", .kind = SIM_TEXT, .required = true},
                                        {"contacts", .kind = SIM_OBJECTS, .of = sim_contact_write},
                                        {0}};
static const sim_field destination_fields[] = {
    {"address", .kind = SIM_TEXT, .required = true},
    {"answersOn", .kind = SIM_INTEGER, .required = true, .least = 0, .most = 10},
    {0}};
static const sim_field world_fields[] = {
    {"lostRights", .kind = SIM_TEXT},
    {"assistantTrigger", .kind = SIM_TEXT},
    {"externalTaskLimit", .kind = SIM_INTEGER, .least = 1, .most = 100000},
    {"units", .kind = SIM_OBJECTS, .required = true, .of = unit_fields},
    {"users", .kind = SIM_OBJECTS, .required = true, .of = user_fields},
    {"services", .kind = SIM_OBJECTS, .required = true, .of = service_fields},
    {"addressBooks", .kind = SIM_OBJECTS, .of = book_fields},
    {"destinations", .kind = SIM_OBJECTS, .of = destination_fields},
    {"events", .kind = SIM_OBJECTS, .of = value_fields},
    {"schedulerEvents", .kind = SIM_OBJECTS, .of = value_fields},
    {"modalities", .kind = SIM_OBJECTS, .of = value_fields},
    {"directions", .kind = SIM_OBJECTS, .of = value_fields},
    {"priorities", .kind = SIM_OBJECTS, .of = value_fields},
    {0}};

/* ---- helpers ---- */

NF_PRINTF(3, 4)
static void problem(const world_reader *r, const json_t *at, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    nf_yaml_error(r->errors, r->path, (int)nf_json_integer(at, "$line", 1), 1, "%s", text);
}

static char *copy(const json_t *from, const char *name, const char *otherwise)
{
    const char *text = nf_json_string(from, name);
    return nf_strdup(text ? text : otherwise);
}

static void set_id(const world_reader *r, const json_t *from, char out[NF_UUID_TEXT])
{
    const char *given = nf_json_string(from, "id");
    if (given)
        snprintf(out, NF_UUID_TEXT, "%s", given);
    else
        r->new_id(r->ctx, out);
}

static bool flag(const json_t *from, const char *name, bool otherwise)
{
    const json_t *value = json_object_get(from, name);
    return value ? json_is_true(value) : otherwise;
}

/* The unit an entity sits in; a wrong name is told and gives the first one. */
static const sim_unit *unit_of(const world_reader *r, const json_t *from)
{
    const char *name = nf_json_string(from, "unit");
    const sim_unit *unit = sim_find_unit(r->world, name);
    if (!unit)
        problem(r, from, "no unit is called '%s'; name it under 'units'", name ? name : "");
    return unit ? unit : r->world->units;
}

static json_t *texts(const json_t *from, const char *name)
{
    json_t *list = json_object_get(from, name);
    return list ? json_incref(list) : NULL;
}

/* ---- the parts ---- */

static void *room_for(const json_t *list, size_t size)
{
    return nf_alloc((json_array_size(list) + 1) * size);
}

static void read_units(const world_reader *r, const json_t *list)
{
    size_t i;
    json_t *from;
    sim_unit *units = r->world->units = room_for(list, sizeof *units);
    json_array_foreach (list, i, from) {
        const char *parent = nf_json_string(from, "parent");
        const sim_unit *above = sim_find_unit(r->world, parent);
        if (sim_find_unit(r->world, nf_json_string(from, "name")))
            problem(r, from, "there are two units called '%s'", nf_json_string(from, "name"));
        if (parent && !above)
            problem(r, from, "the parent '%s' must stand above its units", parent);
        units[i].parent = above;
        set_id(r, from, units[i].id);
        units[i].name = copy(from, "name", "");
    }
    if (!json_array_size(list))
        nf_strbuf_addf(r->errors, "%s: at least one unit is needed\n", r->path);
}

static void read_users(const world_reader *r, const json_t *list)
{
    size_t i;
    json_t *from;
    sim_user *users = r->world->users = room_for(list, sizeof *users);
    json_array_foreach (list, i, from) {
        sim_user *u = &users[i];
        u->role = sim_role_find(nf_json_string(from, "role"));
        if (u->role == SIM_ROLES)
            problem(
                r, from,
                "'%s' is no role; use Tenant Admin, OU Admin, Service Owner, Team Owner Limited, "
                "Supervisor, User or Partner Admin",
                nf_json_string(from, "role"));
        if (sim_find_user(r->world, nf_json_string(from, "upn")))
            problem(r, from, "there are two users '%s'", nf_json_string(from, "upn"));
        u->unit = unit_of(r, from);
        u->on_duty = flag(from, "onDuty", true);
        u->password = copy(from, "password", "simulator");
        u->name = copy(from, "name", nf_json_string(from, "upn"));
        set_id(r, from, u->id);
        u->upn = copy(from, "upn", "");
    }
    if (!json_array_size(list))
        nf_strbuf_addf(r->errors, "%s: at least one user is needed\n", r->path);
}

static void check_people(const world_reader *r, const json_t *from, const char *name)
{
    size_t i;
    json_t *upn;
    json_array_foreach (json_object_get(from, name), i, upn)
        if (!sim_find_user(r->world, json_string_value(upn)))
            problem(r, from, "no user has the UPN '%s'; name it under 'users'",
                    json_string_value(upn));
}

static bool is_status(const char *text)
{
    static const char *const all[] = {"Open",     "Closed",   "Holiday", "Special",
                                      "Special2", "Special3", "Special4"};
    for (size_t i = 0; i < NF_COUNT(all); i++)
        if (strcmp(all[i], text) == 0)
            return true;
    return false;
}

static bool is_time(const char *text)
{
    int hour, minute, used = 0;
    return sscanf(text, "%2d:%2d%n", &hour, &minute, &used) == 2 && !text[used] && hour >= 0
           && hour <= 24 && minute >= 0 && minute < 60;
}

static void check_hours(const world_reader *r, const json_t *from, const char *list)
{
    size_t i;
    json_t *hours;
    static const char *const times[] = {"from", "to"};
    json_array_foreach (json_object_get(from, list), i, hours) {
        const char *status = nf_json_string(hours, "status");
        if (status && !is_status(status))
            problem(r, hours,
                    "'%s' is no status; use Open, Closed, Holiday, Special or Special2 to Special4",
                    status);
        for (size_t k = 0; k < NF_COUNT(times); k++) {
            const char *time = nf_json_string(hours, times[k]);
            if (time && !is_time(time))
                problem(r, hours, "'%s' is no time of day such as 08:30", time);
        }
    }
}

static void read_service(const world_reader *r, const json_t *from, sim_service *s)
{
    const char *licence = nf_json_string(from, "licence");
    s->unit = unit_of(r, from);
    s->licence = !licence || strcmp(licence, "CC") == 0 ? SIM_CC
                 : strcmp(licence, "ER") == 0           ? SIM_ER
                                                        : SIM_NO_LICENCE;
    if (s->licence == SIM_NO_LICENCE && strcmp(licence, "none") != 0)
        problem(r, from, "the licence '%s' must be CC, ER or none", licence);
    check_people(r, from, "owners");
    check_people(r, from, "agents");
    check_hours(r, from, "openingHours");
    check_hours(r, from, "holidays");
    s->owners = json_object_get(from, "owners") ? texts(from, "owners") : json_array();
    s->agents = texts(from, "agents");
    s->modalities = texts(from, "modalities");
    s->hours = texts(from, "openingHours");
    s->holidays = texts(from, "holidays");
    s->workflow = flag(from, "workflow", true);
    s->outbound = flag(from, "outbound", false);
    s->outbound_workflow = flag(from, "outboundWithWorkflow", false);
    s->assistant = flag(from, "assistant", false);
    s->stores_context = flag(from, "storesContext", false);
    s->rona_ms = (unsigned)nf_json_integer(from, "ronaTimeout", 20000);
    s->name = copy(from, "name", nf_json_string(from, "upn"));
    s->description = copy(from, "description", "Simulated service");
    s->tel_number = copy(from, "telNumber", "");
    set_id(r, from, s->id);
    s->upn = copy(from, "upn", "");
}

static void read_services(const world_reader *r, const json_t *list)
{
    size_t i;
    json_t *from;
    sim_service *services = r->world->services = room_for(list, sizeof *services);
    json_array_foreach (list, i, from) {
        if (sim_find_service(r->world, nf_json_string(from, "upn")))
            problem(r, from, "there are two services '%s'", nf_json_string(from, "upn"));
        read_service(r, from, &services[i]);
    }
    if (!json_array_size(list))
        nf_strbuf_addf(r->errors, "%s: at least one service is needed\n", r->path);
}

static void read_books(const world_reader *r, const json_t *list)
{
    size_t i, k;
    json_t *from, *contact;
    sim_book *books = r->world->books = room_for(list, sizeof *books);
    json_array_foreach (list, i, from) {
        char id[NF_UUID_TEXT];
        books[i].unit = unit_of(r, from);
        books[i].id = copy(from, "id", NULL);
        if (!books[i].id)
            books[i].id = nf_strdup(r->new_id(r->ctx, id));
        books[i].name = copy(from, "name", "");
        json_array_foreach (json_object_get(from, "contacts"), k, contact)
            if (nf_json_string(contact, "externalId"))
                json_decref(sim_contact_put(&books[i], contact));
    }
}

static void read_destinations(const world_reader *r, const json_t *list)
{
    size_t i;
    json_t *from;
    r->world->destinations = room_for(list, sizeof *r->world->destinations);
    json_array_foreach (list, i, from) {
        r->world->destinations[i].answers_on = (unsigned)nf_json_integer(from, "answersOn", 0);
        r->world->destinations[i].address = copy(from, "address", "");
    }
}

/* A list of {value, name}; the standard world's when the file has none. */
static sim_value *read_values(const json_t *file, const json_t *standard, const char *name)
{
    size_t i;
    json_t *from;
    const json_t *list = json_object_get(file, name);
    list = list ? list : json_object_get(standard, name);
    sim_value *values = room_for(list, sizeof *values);
    json_array_foreach (list, i, from) {
        values[i].name = copy(from, "name", nf_json_string(from, "value"));
        values[i].value = copy(from, "value", "");
    }
    return values;
}

static void read_settings(const world_reader *r, const json_t *file)
{
    const char *lost = nf_json_string(file, "lostRights");
    r->world->refuse_lost = lost && strcmp(lost, "403") == 0;
    if (lost && !r->world->refuse_lost && strcmp(lost, "silent") != 0)
        problem(r, file, "lostRights '%s' must be silent or 403", lost);
    r->world->assistant_path = copy(file, "assistantTrigger", "/v1/triggers/virtual-assistant");
    if (r->world->assistant_path[0] != '/')
        problem(r, file, "assistantTrigger '%s' must be a path such as /v1/triggers/x",
                r->world->assistant_path);
    r->world->external_limit = (unsigned)nf_json_integer(file, "externalTaskLimit", 200);
}

/* ---- the file ---- */

static json_t *standard_json(void)
{
    size_t len;
    nf_strbuf errors = nf_strbuf_new(65536);
    const char *text = sim_world_text(&len);
    nf_yaml *tree = nf_yaml_parse(text, len, "the standard world", &errors);
    json_t *json = tree ? sim_check_file(world_fields, tree, "the standard world", &errors) : NULL;
    nf_yaml_free(tree);
    nf_strbuf_release(&errors);
    return json;
}

static void read_all(const world_reader *r, const json_t *file, const json_t *standard)
{
    sim_world *w = r->world;
    read_settings(r, file);
    read_units(r, json_object_get(file, "units"));
    read_users(r, json_object_get(file, "users"));
    read_services(r, json_object_get(file, "services"));
    read_books(r, json_object_get(file, "addressBooks"));
    read_destinations(r, json_object_get(file, "destinations"));
    w->events = read_values(file, standard, "events");
    w->entry_events = read_values(file, standard, "schedulerEvents");
    w->modalities = read_values(file, standard, "modalities");
    w->directions = read_values(file, standard, "directions");
    w->priorities = read_values(file, standard, "priorities");
}

nf_status sim_world_read(sim_world *world, const char *path, char *(*new_id)(void *ctx, char *out),
                         void *ctx, nf_error *err)
{
    nf_strbuf errors = nf_strbuf_new(65536);
    nf_yaml *tree = path ? nf_yaml_read(path, &errors) : NULL;
    json_t *standard = standard_json();
    json_t *file = tree   ? sim_check_file(world_fields, tree, path, &errors)
                   : path ? NULL
                          : json_incref(standard);
    if (file && !errors.len) {
        const world_reader r = {world, path ? path : "the standard world", &errors, new_id, ctx};
        read_all(&r, file, standard);
    }
    json_decref(file);
    json_decref(standard);
    nf_yaml_free(tree);
    nf_status rc = NF_OK;
    if (errors.len) {
        errors.bytes[errors.len - 1] = '\0'; /* the last line break */
        rc = nf_error_set(err, NF_E_CONFIG, "%s", errors.bytes);
    }
    nf_strbuf_release(&errors);
    return rc;
}
