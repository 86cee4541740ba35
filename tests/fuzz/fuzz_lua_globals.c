/* layer: worker */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_lua_globals.c: any Lua source, compiled: looking for unknown globals and for the line that returns reads no byte
 * beyond the compiled code, and ends in an error or not, but always.
 */
#include "globals.h"
#include "names.h"
#include "slot.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int lx_check(lua_State *L)
{
    lua_pushvalue(L, 1);
    lx_globals_check(L);
    return 0;
}

static int lx_line(lua_State *L)
{
    lua_pushvalue(L, 1);
    lua_pushinteger(L, lx_return_line(L));
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char hint[200];
    nf_current = nf_current ? nf_current : nf_slot_take();
    if (!nf_current)
        abort();
    lua_State *L = luaL_newstate();
    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    lua_settop(L, 0);
    if (luaL_loadbufferx(L, (const char *)data, size, "@flows/x.lua", "t") == LUA_OK) {
        lua_pushcfunction(L, lx_check);
        lua_pushvalue(L, 1);
        if (lua_pcall(L, 1, 0, 0) != LUA_OK)
            nf_name_hint(L, lua_tostring(L, -1), hint, sizeof hint);
        lua_settop(L, 1);
        lua_pushcfunction(L, lx_line);
        lua_pushvalue(L, 1);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_tointeger(L, -1) < 0)
            abort();
    }
    lua_close(L);
    return 0;
}
