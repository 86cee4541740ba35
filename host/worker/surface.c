/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface.c: see surface.h. Runs once, when the base image is built.
 *
 * Every run gets a copy of what is made here, so it is little: what a function needs to know stays in its spec, and an
 * event's schema is made when a flow declares the trigger.
 */
#include "surface.h"

#include "names.h"
#include "record.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_MAX = 160 };

static const char schemas_key = 0; /* by trigger */

static bool is_in(const char *name, const char *module, size_t len)
{
    return strncmp(name, module, len) == 0 && name[len] == '.' && !strchr(name + len + 1, '.');
}

/* How many functions of specs are in the module with this dotted name. */
static int count_functions(const char *module, size_t len)
{
    const nf_specs *all = &nf_all_specs;
    int count = 0;
    for (size_t i = 0; i < all->action_count; i++)
        count += is_in(all->actions[i].name, module, len);
    for (size_t i = 0; i < all->trigger_count; i++)
        count += is_in(all->triggers[i].name, module, len);
    return count;
}

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
            lua_createtable(L, 0, count_functions(name, end));
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

/* Store the function of the action or trigger with this index under its dotted name. */
static void set_function(lua_State *L, const char *name, lua_CFunction function, size_t index)
{
    const char *dot = strrchr(name, '.');
    push_module(L, name, dot ? (size_t)(dot - name) : 0);
    lua_pushstring(L, dot ? dot + 1 : name);
    lua_pushinteger(L, (lua_Integer)index);
    lua_pushcclosure(L, function, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

/* "nimbus.on_task" -> "the task event" */
static void event_label(const char *name, char out[LABEL_MAX])
{
    const char *dot = strrchr(name, '.');
    const char *word = dot ? dot + 1 : name;
    if (strncmp(word, "on_", 3) == 0)
        word += 3;
    snprintf(out, LABEL_MAX, "the %s event", word);
}

void lx_surface_open(lua_State *L)
{
    const nf_specs *all = &nf_all_specs;
    lua_settop(L, 0);
    lua_createtable(L, 0, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &schemas_key);
    for (size_t i = 0; i < all->action_count; i++)
        set_function(L, all->actions[i].name, lx_effect, i);
    for (size_t i = 0; i < all->trigger_count; i++)
        set_function(L, all->triggers[i].name, lx_trigger, i);
}

/* Push the schema of a trigger's event, or nil. */
static void make_schema(lua_State *L, const nf_trigger_spec *trigger)
{
    char label[LABEL_MAX];
    if (!trigger->event) {
        lua_pushnil(L);
        return;
    }
    event_label(trigger->name, label);
    lx_record_schema(L, (nf_text){(char *)(uintptr_t)trigger->event, strlen(trigger->event)},
                     label);
}

void lx_surface_schema(lua_State *L, lua_Integer trigger)
{
    if (trigger < 0 || (size_t)trigger >= nf_all_specs.trigger_count) {
        lua_pushnil(L);
        return;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &schemas_key);
    if (lua_rawgeti(L, -1, trigger + 1) == LUA_TNIL) {
        lua_pop(L, 1);
        make_schema(L, &nf_all_specs.triggers[trigger]);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, trigger + 1);
    }
    lua_remove(L, -2);
}
