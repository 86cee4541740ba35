/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trigger.c: the functions that declare a handler at the top level of a file.
 *
 * The table is checked here, so that a wrong field is reported with the line of its trigger; the
 * values of filters are the broker's to check. Two lists in the registry grow together: the
 * functions, and the descriptions for LOADED.
 */
#include "json.h"
#include "names.h"
#include "surface.h"

#include <string.h>

enum { HANDLERS_MAX = 200 };

static const char functions_key = 0, descriptions_key = 0;

static void push_registered(lua_State *L, const void *key)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void lx_trigger_functions(lua_State *L)
{
    push_registered(L, &functions_key);
}

void lx_trigger_descriptions(lua_State *L)
{
    push_registered(L, &descriptions_key);
}

/* What the function that is running declares. */
static const nf_trigger_spec *declared(lua_State *L)
{
    return &nf_all_specs.triggers[lua_tointeger(L, lua_upvalueindex(1))];
}

static const char *trigger_name(lua_State *L)
{
    return declared(L)->name;
}

static bool is_among(const char *const *names, const char *field)
{
    while (*names && strcmp(*names, field) != 0)
        names++;
    return *names != NULL;
}

static void try_names(const char *const *names, nf_nearest *nearest)
{
    for (; *names; names++)
        nf_nearest_try(nearest, *names);
}

static void refuse_field(lua_State *L, const char *field)
{
    static const char *const fixed[] = {"name",  "run",        "limits",      "dedupe",
                                        "where", "connection", "permissions", "mode",
                                        "key",   "priority",   "concurrency", "concurrency_per_key",
                                        "retry", NULL};
    nf_nearest nearest = {.word = field};
    try_names(fixed, &nearest);
    try_names(declared(L)->filters, &nearest);
    try_names(declared(L)->options, &nearest);
    if (nearest.best)
        luaL_error(L, "unknown field '%s' of %s; did you mean '%s'?", field, trigger_name(L),
                   nearest.best);
    luaL_error(L, "unknown field '%s' of %s", field, trigger_name(L));
}

/* A list of texts at the top (one text stands for a list of it): a string or a list of strings; replaced by a list. */
static void check_texts(lua_State *L, const char *field)
{
    if (lua_type(L, -1) == LUA_TSTRING) {
        lua_createtable(L, 1, 0);
        lua_insert(L, -2);
        lua_rawseti(L, -2, 1);
    } else if (!lua_istable(L, -1)) {
        luaL_error(L, "field '%s' of %s must be a string or a list of strings, not a %s", field,
                   trigger_name(L), luaL_typename(L, -1));
    }
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1), seen = 0;
    lua_createtable(L, (int)NF_MIN(count, 1000), 0);
    lua_pushnil(L);
    while (lua_next(L, -3)) {
        if (!lua_isinteger(L, -2) || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "field '%s' of %s must be a list of strings", field, trigger_name(L));
        lua_rawseti(L, -3, lua_tointeger(L, -2));
        seen++;
    }
    if (seen != count)
        luaL_error(L, "field '%s' of %s must be a list without holes", field, trigger_name(L));
    lx_json_mark_list(L);
    lua_remove(L, -2);
}

/* limits = {cpu = "500ms", effects = 10}: names are checked here, values by the broker, which knows
 * the caps. */
static void check_limits(lua_State *L)
{
#define X(name, text, unit, standard, ceiling, doc) text,
    static const char *const names[] = {NF_BUDGET_MAP(X)};
#undef X
    if (!lua_istable(L, -1))
        luaL_error(L, "field 'limits' of %s must be a table like { cpu = \"500ms\" }",
                   trigger_name(L));
    int given = lua_gettop(L);
    lua_createtable(L, 0, 4);
    lua_pushnil(L);
    while (lua_next(L, given)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        nf_nearest nearest = {.word = name};
        bool known = false;
        for (size_t i = 0; i < NF_COUNT(names); i++) {
            known = known || strcmp(name, names[i]) == 0;
            nf_nearest_try(&nearest, names[i]);
        }
        if (!known)
            luaL_error(L, "unknown limit '%s' of %s%s%s%s", name, trigger_name(L),
                       nearest.best ? "; did you mean '" : "", nearest.best ? nearest.best : "",
                       nearest.best ? "'?" : "");
        if (!lua_isstring(L, -1))
            luaL_error(L, "limit '%s' of %s must be a string like \"500ms\" or a number", name,
                       trigger_name(L));
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
        lua_rawset(L, given + 1);
    }
    lua_remove(L, given);
}

/* where = {field = value or {values}}: a list of texts per field; the names are the broker's to check. */
static void check_where(lua_State *L)
{
    if (!lua_istable(L, -1))
        luaL_error(L, "field 'where' of %s must be a table like { serviceName = \"support\" }",
                   trigger_name(L));
    int given = lua_gettop(L);
    lua_createtable(L, 0, 4);
    lua_pushnil(L);
    while (lua_next(L, given)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "field 'where' of %s names the fields of the event", trigger_name(L));
        if (lua_isboolean(L, -1) || lua_isinteger(L, -1)) {
            luaL_tolstring(L, -1, NULL);
            lua_remove(L, -2);
        }
        check_texts(L, "where");
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, given + 1);
    }
    lua_remove(L, given);
}

/* retry = {times = 3, backoff = "1s"}: names and values are the broker's to check. */
static void check_retry(lua_State *L)
{
    bool plain = lua_istable(L, -1);
    if (plain)
        lua_pushnil(L);
    while (plain && lua_next(L, -2)) {
        plain = lua_type(L, -2) == LUA_TSTRING && (lua_isnumber(L, -1) || lua_isstring(L, -1));
        lua_pop(L, plain ? 1 : 2);
    }
    if (!plain)
        luaL_error(L, "field 'retry' of %s must be a table like { times = 3, backoff = \"1s\" }",
                   trigger_name(L));
}

/* Move the value at the top into the description's table `part`; the key stays on the stack. */
static void put_into(lua_State *L, int out, const char *part)
{
    lua_getfield(L, out, part);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

static bool is_text_field(const char *field)
{
    return strcmp(field, "name") == 0 || strcmp(field, "connection") == 0
           || strcmp(field, "mode") == 0 || strcmp(field, "priority") == 0;
}

/* A whole number from 1 on, at the top. True: `field` is one of those. */
static bool check_number(lua_State *L, const char *field)
{
    if (strcmp(field, "concurrency") != 0 && strcmp(field, "concurrency_per_key") != 0)
        return false;
    int whole;
    lua_Integer n = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : (whole = 0);
    if (!whole || n < 1)
        luaL_error(L, "field '%s' of %s must be a whole number from 1 on", field, trigger_name(L));
    lua_pop(L, 1);
    lua_pushinteger(L, n);
    return true;
}

/* One field of the trigger's table, key and value at the top; takes the value off. `out` is the
 * description. */
static void take_field(lua_State *L, int out)
{
    int key = lua_gettop(L) - 1;
    if (lua_type(L, key) != LUA_TSTRING)
        luaL_error(L, "%s takes named fields: %s { name = ..., run = function(event) ... end }",
                   trigger_name(L), trigger_name(L));
    size_t len;
    const char *field = lua_tolstring(L, key, &len);
    if (strlen(field) != len)
        refuse_field(L, field);
    if (is_among(declared(L)->filters, field)) {
        check_texts(L, field);
        put_into(L, out, "filters");
        return;
    }
    if (is_among(declared(L)->options, field)) {
        put_into(L, out, "options");
        return;
    }
    if (check_number(L, field)) {
        lua_setfield(L, out, field);
        return;
    }
    if (strcmp(field, "limits") == 0)
        check_limits(L);
    else if (strcmp(field, "where") == 0)
        check_where(L);
    else if (strcmp(field, "permissions") == 0 || strcmp(field, "key") == 0)
        check_texts(L, field);
    else if (strcmp(field, "retry") == 0)
        check_retry(L);
    else if (strcmp(field, "dedupe") == 0 && !lua_isboolean(L, -1))
        luaL_error(L, "field 'dedupe' of %s must be true or false", trigger_name(L));
    else if (is_text_field(field) && (lua_type(L, -1) != LUA_TSTRING || lua_rawlen(L, -1) == 0))
        luaL_error(L, "field '%s' of %s must be a text that is not empty", field, trigger_name(L));
    else if (strcmp(field, "run") == 0 && !lua_isfunction(L, -1))
        luaL_error(L, "field 'run' of %s must be a function", trigger_name(L));
    else if (!is_text_field(field) && strcmp(field, "run") != 0 && strcmp(field, "dedupe") != 0)
        refuse_field(L, field);
    if (strcmp(field, "run") == 0)
        lua_pop(L, 1);
    else
        lua_setfield(L, out, field);
}

int lx_trigger(lua_State *L)
{
    nf_run *run = nf_current;
    lua_Debug caller;
    if (run->kind != NF_RUN_LOAD || (run->flags & NF_LOAD_SCRIPT))
        return luaL_error(L, "triggers are declared at the top level of the file");
    if (lua_gettop(L) != 1 || !lua_istable(L, 1))
        return luaL_error(L, "%s takes one table: %s { name = ..., run = function(event) ... end }",
                          trigger_name(L), trigger_name(L));
    lua_createtable(L, 0, 6);
    lua_createtable(L, 0, 4);
    lua_setfield(L, 2, "filters");
    lua_createtable(L, 0, 4);
    lua_setfield(L, 2, "options");
    lua_pushstring(L, trigger_name(L));
    lua_setfield(L, 2, "trigger");
    if (lua_getstack(L, 1, &caller) && lua_getinfo(L, "l", &caller)) {
        lua_pushinteger(L, caller.currentline);
        lua_setfield(L, 2, "line");
    }
    lua_pushnil(L);
    while (lua_next(L, 1))
        take_field(L, 2);
    if (lua_getfield(L, 2, "name") == LUA_TNIL)
        return luaL_error(L, "%s needs a field 'name'", trigger_name(L));
    lua_pushliteral(L, "run");
    if (lua_rawget(L, 1) == LUA_TNIL)
        return luaL_error(L, "%s needs a field 'run', the function to call", trigger_name(L));
    lx_surface_schema(L, lua_tointeger(L, lua_upvalueindex(1)));
    lua_pop(L, 1);
    lx_trigger_functions(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1) + 1;
    if (count > HANDLERS_MAX)
        return luaL_error(L, "a file may declare at most %d triggers", (int)HANDLERS_MAX);
    lua_insert(L, -2);
    lua_rawseti(L, -2, count);
    lx_trigger_descriptions(L);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, count);
    return 0;
}
