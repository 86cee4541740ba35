/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface.c: see surface.h. Runs once, when the base image is built.
 *
 * Every run gets a copy of what is made here, so little is kept and little garbage left behind: the entries are read
 * one after the other, and what the events of a trigger look like stays a text until a flow declares the trigger.
 */
#include "surface.h"

#include "json.h"
#include "names.h"
#include "record.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 120, GARBAGE = 4 };

static const char schemas_key = 0,
                  texts_key = 0; /* by trigger; texts: name and fields of the event */

/* Push the module table with this dotted name ("nimbus.tasks"), made if it is missing. */
static void push_module(lua_State *L, const char *name, size_t len)
{
    lua_pushglobaltable(L);
    for (size_t from = 0; from < len;) {
        const char *dot = memchr(name + from, '.', len - from);
        size_t end = dot ? (size_t)(dot - name) : len;
        lua_pushlstring(L, name + from, end - from);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) != LUA_TTABLE) {
            lua_pop(L, 1);
            lua_createtable(L, 0, 8);
            lua_pushlstring(L, name, end);
            const char *dotted = lua_tostring(L, -1);
            lua_insert(L, -2);
            lx_names_strict(L, dotted);
            lua_remove(L, -2);
            lua_pushvalue(L, -2);
            lua_pushvalue(L, -2);
            lua_rawset(L, -5);
        }
        lua_replace(L, -3);
        lua_pop(L, 1);
        from = end + 1;
    }
}

/* Store the function at the top under its dotted name. */
static void set_function(lua_State *L, const char *name)
{
    const char *dot = strrchr(name, '.');
    push_module(L, name, dot ? (size_t)(dot - name) : 0);
    lua_pushstring(L, dot ? dot + 1 : name);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

static const char *name_of(lua_State *L, int described)
{
    lua_getfield(L, described, "name");
    const char *name = lua_tostring(L, -1);
    if (!name || !*name || strlen(name) > NAME_MAX_LEN)
        luaL_error(L, "an action or trigger without a usable name");
    lua_pop(L, 1); /* the description keeps it alive */
    return name;
}

static void push_list(lua_State *L, int described, const char *field)
{
    if (lua_getfield(L, described, field) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 0);
    }
}

/* The names of the first parameters; the others come by name, which is the broker's to check. */
static void push_positional(lua_State *L, int described, lua_Integer count)
{
    if (count == 0) {
        lua_pushnil(L);
        return;
    }
    push_list(L, described, "params");
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -2, i);
        lua_rawseti(L, -2, i);
    }
    lua_remove(L, -2);
}

static void make_action(lua_State *L, int described, lua_Integer index)
{
    const char *name = name_of(L, described);
    int flags = strncmp(name, "lists.", 6) == 0 ? NF_ACTION_LOOKUP : 0;
    lua_getfield(L, described, "returns");
    if (lua_isstring(L, -1) && strncmp(lua_tostring(L, -1), "row", 3) == 0)
        flags |= NF_ACTION_ROW;
    lua_pop(L, 1);
    lua_getfield(L, described, "several");
    if (lua_toboolean(L, -1))
        flags |= NF_ACTION_SEVERAL;
    lua_pop(L, 1);
    lua_pushinteger(L, index);
    lua_getfield(L, described, "positional");
    push_positional(L, described, lua_tointeger(L, -1));
    lua_insert(L, -2);
    lua_pushinteger(L, flags);
    lua_pushstring(L, name);
    lua_pushcclosure(L, lx_effect, 5);
    set_function(L, name);
}

/* "nimbus.on_task" -> "the task event" */
static void event_label(const char *name, char out[NAME_MAX_LEN + 20])
{
    const char *dot = strrchr(name, '.');
    const char *word = dot ? dot + 1 : name;
    if (strncmp(word, "on_", 3) == 0)
        word += 3;
    snprintf(out, NAME_MAX_LEN + 20, "the %s event", word);
}

static void make_trigger(lua_State *L, int described, lua_Integer index)
{
    const char *name = name_of(L, described);
    lua_pushinteger(L, index);
    push_list(L, described, "filters");
    push_list(L, described, "options");
    lua_pushstring(L, name);
    lua_pushcclosure(L, lx_trigger, 4);
    set_function(L, name);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &texts_key);
    lua_pushstring(L, name);
    lua_rawseti(L, -2, 2 * index + 1);
    lua_getfield(L, described, "event");
    lua_rawseti(L, -2, 2 * index + 2);
    lua_pop(L, 1);
}

/* The entries of a list that the scanner has just entered, one by one. */
static void make_all(lua_State *L, nf_jscan *scan, void (*make)(lua_State *, int, lua_Integer))
{
    nf_jtoken token;
    for (lua_Integer i = 0; (token = nf_jscan_next(scan)) == NF_J_OBJECT; i++) {
        const char *begin = scan->at - 1;
        if (!nf_jscan_skip(scan, token))
            lx_json_fail(L, scan, "the surface");
        lx_json_read(L, (nf_text){(char *)begin, (size_t)(scan->at - begin)}, false, "the surface");
        make(L, lua_gettop(L), i);
        lua_settop(L, 0);
        if (i % GARBAGE == 0)
            lua_gc(L, LUA_GCCOLLECT);
    }
    if (token == NF_J_ERROR)
        lx_json_fail(L, scan, "the surface");
    if (token != NF_J_ARRAY_END)
        luaL_error(L, "the surface: an entry of a list is not an object");
}

void lx_surface_open(lua_State *L, nf_text description)
{
    nf_jscan scan;
    nf_jtoken token;
    lua_settop(L, 0);
    lua_createtable(L, 4, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &schemas_key);
    lua_createtable(L, 16, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &texts_key);
    nf_jscan_init(&scan, description.at, description.len);
    if (nf_jscan_next(&scan) != NF_J_OBJECT)
        luaL_error(L, "the surface must be an object");
    while ((token = nf_jscan_next(&scan)) == NF_J_KEY) {
        bool actions = nf_jscan_equals(&scan, "actions"),
             triggers = nf_jscan_equals(&scan, "triggers");
        token = nf_jscan_next(&scan);
        if ((actions || triggers) && token == NF_J_ARRAY)
            make_all(L, &scan, actions ? make_action : make_trigger);
        else if (!nf_jscan_skip(&scan, token))
            break;
    }
    if (token != NF_J_OBJECT_END || nf_jscan_next(&scan) != NF_J_END)
        lx_json_fail(L, &scan, "the surface");
}

/* Make the schema from the trigger's texts, if the trigger exists; push it, or nil. */
static void make_schema(lua_State *L, lua_Integer trigger)
{
    char label[NAME_MAX_LEN + 20];
    lua_rawgetp(L, LUA_REGISTRYINDEX, &texts_key);
    lua_rawgeti(L, -1, 2 * trigger + 1);
    lua_rawgeti(L, -2, 2 * trigger + 2);
    const char *name = lua_tostring(L, -2), *event = lua_tostring(L, -1);
    if (!name || !event) {
        lua_pushnil(L);
    } else {
        event_label(name, label);
        lx_json_read(L, (nf_text){(char *)event, strlen(event)}, false, "the fields of an event");
        lx_record_schema(L, label);
    }
    lua_replace(L, -4);
    lua_pop(L, 2);
}

void lx_surface_schema(lua_State *L, lua_Integer trigger)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &schemas_key);
    if (lua_rawgeti(L, -1, trigger + 1) == LUA_TNIL) {
        lua_pop(L, 1);
        make_schema(L, trigger);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, trigger + 1);
    }
    lua_remove(L, -2);
}
