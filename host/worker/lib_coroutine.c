/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib_coroutine.c: resume, wrap and close that keep the host's books: which thread runs now (the
 * tick arms its hook there), and how deep they are nested (Lua 5.4.4 overflows the C stack in
 * nested coroutine.close).
 */
#include "cpu.h"
#include "group.h"
#include "lib.h"

#include <lualib.h>

enum { DEPTH_MAX = 100 };

/* Resume `thread` with the top `count` values of L. The number of results on L, or -1 with the
 * error on L. */
static int resume(lua_State *L, lua_State *thread, int count)
{
    nf_run *run = nf_current;
    int results = 0;
    if (run->depth >= DEPTH_MAX) {
        lua_pushliteral(L, "too many coroutines inside each other");
        return -1;
    }
    if (nf_group_owns(run, thread)) {
        lua_pushliteral(L, "cannot resume a branch of flow.all");
        return -1;
    }
    if (!lua_checkstack(thread, count + 1)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, thread, count);
    lua_State *before = run->current;
    run->depth++;
    nf_cpu_thread(run, thread);
    int status = lua_resume(thread, L, count, &results);
    run->depth--;
    nf_cpu_thread(run, before);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(thread, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(thread, results);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(thread, L, results);
    return results;
}

static lua_State *thread_argument(lua_State *L)
{
    lua_State *thread = lua_tothread(L, 1);
    luaL_argexpected(L, thread, 1, "coroutine");
    return thread;
}

static int lx_resume(lua_State *L)
{
    lua_State *thread = thread_argument(L);
    int results = resume(L, thread, lua_gettop(L) - 1);
    bool failed = results < 0;
    if (failed)
        results = 1;
    lua_pushboolean(L, !failed);
    lua_insert(L, -(results + 1));
    return results + 1;
}

/* Run the pending to-be-closed variables of a thread that is not running. */
static int reset(lua_State *L, lua_State *thread)
{
    nf_run *run = nf_current;
    if (run->depth >= DEPTH_MAX)
        return luaL_error(L, "too many coroutines inside each other");
    lua_State *before = run->current;
    run->depth++;
    nf_cpu_thread(run, thread);
    int status = lua_resetthread(thread);
    run->depth--;
    nf_cpu_thread(run, before);
    return status;
}

/* The function that coroutine.wrap returns; upvalue: the thread */
static int lx_wrapped(lua_State *L)
{
    lua_State *thread = lua_tothread(L, lua_upvalueindex(1));
    int results = resume(L, thread, lua_gettop(L));
    if (results >= 0)
        return results;
    int status = lua_status(thread);
    if (status != LUA_OK && status != LUA_YIELD && reset(L, thread) != LUA_OK)
        lua_xmove(thread, L, 1);
    return lua_error(
        L); /* as it is: Lua's own would put the caller's line before the line of the error */
}

static int lx_wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *thread = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, thread, 1);
    lua_pushcclosure(L, lx_wrapped, 1);
    return 1;
}

static bool is_closable(lua_State *L, lua_State *thread)
{
    lua_Debug frame;
    if (thread == L)
        return false;
    return lua_status(thread) != LUA_OK || !lua_getstack(thread, 0, &frame);
}

static int lx_close(lua_State *L)
{
    lua_State *thread = thread_argument(L);
    if (!is_closable(L, thread) || nf_group_owns(nf_current, thread))
        return luaL_error(L, "cannot close a running coroutine");
    if (reset(L, thread) == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushboolean(L, 0);
    lua_xmove(thread, L, 1);
    return 2;
}

void lx_coroutine_open(lua_State *L)
{
    static const luaL_Reg ours[] = {
        {"resume", lx_resume}, {"wrap", lx_wrap}, {"close", lx_close}, {NULL, NULL}};
    lua_getglobal(L, LUA_COLIBNAME);
    luaL_setfuncs(L, ours, 0);
    lua_pop(L, 1);
}
