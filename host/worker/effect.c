/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effect.c: one call of an action: its arguments as JSON to the loop, a stack switch, the result
 * from JSON.
 *
 * Three steps, in this order: check and encode on the fiber (may raise a Lua error or end the run);
 * hand over (must not); decode (may). The script sees an ordinary function, so this works inside
 * pcall, sort, gsub, metamethods, coroutines.
 */
#include "cpu.h"
#include "json.h"
#include "record.h"
#include "surface.h"
#include "where.h"

#include <stdio.h>
#include <string.h>

enum { ARGUMENTS_MAX = 1 << 20 };

static const char error_key = 0; /* the metatable of error objects, in the registry */

static void check_budget(lua_State *L, nf_run *run, int flags)
{
    bool lookup = flags & NF_ACTION_LOOKUP;
    nf_budget budget = lookup ? NF_BUDGET_LOOKUPS : NF_BUDGET_EFFECTS;
    uint32_t used = (lookup ? run->lookups : run->effects) + 1;
    if (run->kind != NF_RUN_HANDLER)
        luaL_error(L, "effects are not available while a file loads");
    if (!nf_where(L, run->where)) /* a tail call: no line is left */
        snprintf(run->where, sizeof run->where, "%s", run->file);
    if (used > run->limits.of[budget])
        nf_run_exceeded(run, NF_OUTCOME_OVER_EFFECTS, budget, used);
    if (lookup)
        run->lookups = used;
    else
        run->effects = used;
    run->number = run->effects + run->lookups;
    run->is_lookup = lookup;
}

/* Leave one table of named arguments at index 1: action{...}, or action(a, b, {...}) by the order
 * of parameters. */
static void name_arguments(lua_State *L, const nf_action_spec *action)
{
    int given = lua_gettop(L), positional = action->positional;
    const char *name = action->name;
    bool only_table = given == 1 && lua_istable(L, 1) && (positional == 0 || lua_rawlen(L, 1) == 0);
    if (given == 0)
        lua_createtable(L, 0, 0);
    if (given == 0 || only_table)
        return;
    if (positional == 0)
        luaL_error(L, "%s takes one table with named arguments: %s { ... }", name, name);
    if (given > positional + 1
        || (given == positional + 1 && !lua_istable(L, given) && !lua_isnil(L, given)))
        luaL_error(L, "%s takes %d arguments and then a table with named ones", name, positional);
    lua_createtable(L, 0, given + 2);
    int all = lua_gettop(L);
    if (given == positional + 1 && lua_istable(L, given)) {
        lua_pushnil(L);
        while (lua_next(L, given)) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, all);
        }
    }
    for (int i = 1; i <= given && i <= positional; i++) {
        lua_pushstring(L, action->params[i - 1]);
        lua_pushvalue(L, i);
        lua_rawset(L, all);
    }
    lua_replace(L, 1);
    lua_settop(L, 1);
}

static nf_text encode(lua_State *L, nf_run *run, const nf_action_spec *action)
{
    nf_sink sink = nf_sink_open(run, ARGUMENTS_MAX);
    lx_json_write(L, 1, &sink, NF_JSON_STRICT);
    if (sink.over)
        luaL_error(L, "the arguments of %s are larger than %d bytes as JSON", action->name,
                   (int)ARGUMENTS_MAX);
    if (sink.len == 2 && sink.base[0] == '[') /* an empty list: no arguments */
        memcpy(sink.base, "{}", 2);
    return nf_sink_close(run, &sink);
}

/* __tostring of an error object */
static int lx_error_text(lua_State *L)
{
    lua_getfield(L, 1, "where");
    lua_getfield(L, 1, "message");
    const char *where = lua_tostring(L, -2), *message = lua_tostring(L, -1);
    if (where && *where)
        lua_pushfstring(L, "%s: %s", where, message ? message : "");
    else
        lua_pushstring(L, message ? message : "");
    return 1;
}

static int raise_error(lua_State *L, const nf_run *run)
{
    char where[NF_WHERE_MAX];
    lx_json_read(L, run->input, false, "the error");
    if (!lua_istable(L, -1))
        lua_createtable(L, 0, 2);
    if (!nf_where(L, where)) /* run->where may be that of another branch */
        snprintf(where, sizeof where, "%s", run->file);
    lua_pushstring(L, where);
    lua_setfield(L, -2, "where");
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &error_key) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 1);
        lua_pushcfunction(L, lx_error_text);
        lua_setfield(L, -2, "__tostring");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &error_key);
    }
    lua_setmetatable(L, -2);
    return lua_error(L);
}

/* [a, b]: each item is a result. */
static int push_several(lua_State *L, const nf_run *run)
{
    nf_json_in in = {.keep_null = false};
    int count = 0;
    nf_jtoken token;
    nf_jscan_init(&in.scan, run->input.at, run->input.len);
    token = nf_jscan_next(&in.scan);
    if (token != NF_J_ARRAY)
        return 0;
    while ((token = nf_jscan_next(&in.scan)) != NF_J_ARRAY_END) {
        luaL_checkstack(L, 1, "too many results");
        if (token == NF_J_NULL)
            lua_pushnil(L);
        else
            lx_json_value(L, &in, token);
        count++;
    }
    return count;
}

static int push_result(lua_State *L, const nf_run *run, int flags)
{
    if (flags & NF_ACTION_ROW)
        return lx_record_row(L, run->input);
    if (flags & NF_ACTION_SEVERAL)
        return push_several(L, run);
    if (run->input.len == 0)
        lua_pushnil(L);
    else
        lx_json_read(L, run->input, false, "the result");
    return 1;
}

int lx_effect(lua_State *L)
{
    nf_run *run = nf_current;
    lua_Integer index = lua_tointeger(L, lua_upvalueindex(1));
    const nf_action_spec *action = &nf_all_specs.actions[index];
    int flags = action->flags;
    check_budget(L, run, flags);
    name_arguments(L, action);
    nf_text arguments = encode(L, run, action);

    nf_host_enter(run);
    run->action = (uint32_t)index;
    run->payload = arguments;
    nf_run_yield(run, NF_RUN_WAITING);
    run->payload = (nf_text){0};
    if (flags & NF_ACTION_LOOKUP)
        run->lookups_flying--;
    else
        run->effects_flying--;
    nf_cpu_thread(run,
                  run->current); /* another branch of flow.all may have asked for a collection */
    nf_host_leave(run);

    lua_settop(L, 0);
    if (run->input_error)
        return raise_error(L, run);
    return push_result(L, run, flags);
}
