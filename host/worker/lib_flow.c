/* SPDX-License-Identifier: Apache-2.0 */
/* lib_flow.c: flow.skip and flow.all in C, the rest of flow and text in Lua (scripts/prelude). */
#include "cpu.h"
#include "group.h"
#include "lib.h"
#include "prelude.h"
#include "sink.h"
#include "where.h"

#include <string.h>

/* flow.skip(reason): the run ends here, wherever that is; no pcall catches it. */
static int lx_flow_skip(lua_State *L)
{
    nf_run *run = nf_current;
    if (run->kind != NF_RUN_HANDLER)
        return luaL_error(L, "flow.skip is not available while a file loads");
    size_t len = 0;
    const char *reason = luaL_optlstring(L, 1, "", &len);
    nf_sink sink = nf_sink_open(run, run->limits.of[NF_BUDGET_RESULT]);
    nf_sink_quoted(&sink, reason, len);
    if (sink.over) {
        nf_where(L, run->where);
        nf_run_exceeded(run, NF_OUTCOME_OVER_OUTPUT, NF_BUDGET_RESULT, len + 2);
    }
    run->payload = nf_sink_close(run, &sink);
    run->result_len = run->payload.len;
    nf_run_leave(run, NF_OUTCOME_SKIPPED);
}

/* A Lua thread for each function of the list at index 1, left on the stack from index 2 on. */
static void make_threads(lua_State *L, lua_State **threads, int count)
{
    luaL_checkstack(L, count + 4, "too many functions");
    for (int i = 0; i < count; i++) {
        threads[i] = lua_newthread(L);
        if (lua_rawgeti(L, 1, i + 1) != LUA_TFUNCTION)
            luaL_error(L,
                       "flow.all takes a list of functions: flow.all { function() ... end, ... }");
        lua_xmove(L, threads[i], 1);
    }
}

/* flow.all { f, g, ... }: call all of them side by side; the first result of each, or the first
 * one's error. */
static int lx_flow_all(lua_State *L)
{
    nf_run *run = nf_current;
    lua_State *threads[NF_GROUP_MOST];
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    int count = (int)NF_MIN(lua_rawlen(L, 1), NF_GROUP_MOST + 1);
    if (run->kind != NF_RUN_HANDLER)
        return luaL_error(L, "flow.all is not available while a file loads");
    if (run->group)
        return luaL_error(L, "flow.all cannot be used inside flow.all");
    if (count > NF_GROUP_MOST)
        return luaL_error(L, "flow.all takes at most %d functions", NF_GROUP_MOST);
    if (count == 0)
        return 0;
    make_threads(L, threads, count);

    nf_host_enter(run);
    run->fork_threads = threads;
    run->fork_count = (unsigned)count;
    nf_run_yield(run, NF_RUN_FORKING);
    nf_cpu_thread(run, run->current);
    nf_host_leave(run);
    if (run->group_refused)
        return luaL_error(L, "flow.all: the worker has no memory for more stacks");

    for (int i = 0; i < count; i++) {
        bool ok = lua_toboolean(threads[i], -1);
        lua_pop(threads[i], 1);
        lua_xmove(threads[i], L, 1);
        if (!ok)
            return lua_error(L);
    }
    return count;
}

void lx_flow_open(lua_State *L)
{
    static const luaL_Reg flow[] = {{"skip", lx_flow_skip}, {"all", lx_flow_all}, {NULL, NULL}};
    luaL_newlib(L, flow);
    lua_setglobal(L, "flow");
    lua_newtable(L);
    lua_setglobal(L, "text");
    lx_prelude_run(L);
}
