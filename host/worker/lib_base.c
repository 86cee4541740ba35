/* SPDX-License-Identifier: Apache-2.0 */
/* lib_base.c: the basic functions, string and math of a script; see lib.h. */
#include "json.h"
#include "lib.h"
#include "names.h"

#include <lualib.h>
#include <string.h>

static const char random_key =
    0; /* keeps math.random's state alive, whatever the script does to math */

void lx_tostring(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (luaL_callmeta(L, index, "__tostring")) {
        if (!lua_isstring(L, -1))
            luaL_error(L, "'__tostring' must return a string");
        return;
    }
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
    case LUA_TNUMBER:
        lua_pushvalue(L, index);
        lua_tolstring(L, -1, NULL);
        break;
    case LUA_TBOOLEAN:
        lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
        break;
    case LUA_TNIL:
        lua_pushliteral(L, "nil");
        break;
    case LUA_TLIGHTUSERDATA:
        lua_pushliteral(L, "null");
        break;
    default:
        lua_pushstring(L, luaL_typename(L, index));
    }
}

static int lx_base_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    lx_tostring(L, 1);
    return 1;
}

/* setmetatable without finalizers: one is armed only if __gc is there at this moment */
static int lx_base_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
    lua_settop(L, 2);
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "finalizers (__gc) are not available");
        lua_settop(L, 2);
    }
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    lua_setmetatable(L, 1);
    return 1;
}

/* load of text only; upvalue: Lua's load */
static int lx_base_load(lua_State *L)
{
    int given = lua_gettop(L);
    if (given < 3)
        lua_settop(L, 3);
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int lx_base_collectgarbage(lua_State *L)
{
    const char *what = luaL_optstring(L, 1, "collect");
    if (strcmp(what, "count") == 0)
        lua_pushnumber(L, (lua_Number)nf_current->arena->used / 1024);
    else
        lua_pushinteger(
            L, 0); /* the collector is the sandbox's: asking for it is allowed and does nothing */
    return 1;
}

/* string.format without %p, and with our tostring for %s; upvalue: Lua's format */
static int lx_string_format(lua_State *L)
{
    size_t len;
    const char *at = luaL_checklstring(L, 1, &len), *end = at + len;
    int argument = 1, given = lua_gettop(L);
    while (at < end) {
        if (*at++ != '%')
            continue;
        if (at < end && *at == '%') {
            at++;
            continue;
        }
        while (at < end && *at && strchr("-+ #0123456789.", *at))
            at++;
        if (at >= end || ++argument > given)
            break;
        if (*at == 'p')
            return luaL_error(L, "invalid conversion '%%p' to 'format'");
        if (*at == 's' && lua_type(L, argument) != LUA_TSTRING
            && lua_type(L, argument) != LUA_TNUMBER) {
            lx_tostring(L, argument);
            lua_replace(L, argument);
        }
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, given, 1);
    return 1;
}

/* math.randomseed with numbers only (Lua's own would take the clock and an address); upvalue: Lua's
 * randomseed */
static int lx_math_randomseed(lua_State *L)
{
    luaL_checknumber(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 0);
    return 0;
}

static void open_library(lua_State *L, const char *name, lua_CFunction open)
{
    luaL_requiref(L, name, open, 1);
    lua_pop(L, 1);
}

static void remove_fields(lua_State *L, const char *const *names)
{
    for (; *names; names++) {
        lua_pushnil(L);
        lua_setfield(L, -2, *names);
    }
}

/* Replace a function of the table at the top by ours, which gets the old one as upvalue. */
static void wrap(lua_State *L, const char *name, lua_CFunction ours)
{
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, ours, 1);
    lua_setfield(L, -2, name);
}

static void keep_random_state(lua_State *L)
{
    lua_getfield(L, -1, "random");
    if (!lua_getupvalue(L, -1, 1) || !lua_isuserdata(L, -1))
        luaL_error(L, "math.random keeps its state elsewhere in this Lua");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &random_key);
    lua_pop(L, 1);
}

uint64_t *lx_random_state(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &random_key);
    uint64_t *state = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return state;
}

/* Strings share one metatable: a script may not replace it under our own code's feet. */
static void lock_string_metatable(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

void lx_base_open(lua_State *L)
{
    static const luaL_Reg ours[] = {{"tostring", lx_base_tostring},
                                    {"setmetatable", lx_base_setmetatable},
                                    {"collectgarbage", lx_base_collectgarbage},
                                    {NULL, NULL}};
    static const char *const not_in_base[] = {"dofile", "loadfile", "warn", NULL};
    static const char *const not_in_string[] = {"dump", NULL};
    open_library(L, LUA_GNAME, luaopen_base);
    open_library(L, LUA_STRLIBNAME, luaopen_string);
    open_library(L, LUA_TABLIBNAME, luaopen_table);
    open_library(L, LUA_MATHLIBNAME, luaopen_math);
    open_library(L, LUA_UTF8LIBNAME, luaopen_utf8);
    open_library(L, LUA_COLIBNAME, luaopen_coroutine);
    lua_pushglobaltable(L);
    remove_fields(L, not_in_base);
    luaL_setfuncs(L, ours, 0);
    wrap(L, "load", lx_base_load);
    lua_getfield(L, -1, "string");
    remove_fields(L, not_in_string);
    wrap(L, "format", lx_string_format);
    lua_getfield(L, -2, "math");
    wrap(L, "randomseed", lx_math_randomseed);
    keep_random_state(L);
    lua_pop(L, 3);
    lock_string_metatable(L);
}

void lx_lib_open(lua_State *L)
{
    lx_base_open(L);
    lx_coroutine_open(L);
    lx_time_open(L);
    lx_json_open(L);
    lx_log_open(L);
    lx_flow_open(L);
}

void lx_lib_close(lua_State *L)
{
    static const char *const modules[] = {"flow", "json", "log", "text", "time", NULL};
    for (const char *const *name = modules; *name; name++) {
        lua_getglobal(L, *name);
        lx_names_strict(L, *name);
        lua_pop(L, 1);
    }
}
