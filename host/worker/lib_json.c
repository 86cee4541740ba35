/* SPDX-License-Identifier: Apache-2.0 */
/* lib_json.c: the module json: encode, decode, array, null. */
#include "json.h"

static int lx_encode(lua_State *L)
{
    nf_run *run = nf_current;
    luaL_checkany(L, 1);
    nf_sink sink = nf_sink_open(run, NF_SINK_MAX);
    lx_json_write(L, 1, &sink, NF_JSON_STRICT);
    if (sink.over)
        return luaL_error(L, "json.encode: more than %d bytes of JSON", (int)NF_SINK_MAX);
    nf_text text = nf_sink_close(run, &sink);
    lua_pushlstring(L, text.at, text.len);
    return 1;
}

static int lx_decode(lua_State *L)
{
    nf_text text;
    text.at = luaL_checklstring(L, 1, &text.len);
    lx_json_read(L, text, true, "json.decode");
    return 1;
}

static int lx_array(lua_State *L)
{
    if (lua_isnone(L, 1))
        lua_createtable(L, 0, 0);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lx_json_mark_list(L);
    return 1;
}

void lx_json_open(lua_State *L)
{
    static const luaL_Reg json[] = {
        {"encode", lx_encode}, {"decode", lx_decode}, {"array", lx_array}, {NULL, NULL}};
    luaL_newlib(L, json);
    lx_json_null(L);
    lua_setfield(L, -2, "null");
    lua_setglobal(L, "json");
}
