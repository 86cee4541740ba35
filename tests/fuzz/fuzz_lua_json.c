/* layer: worker */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_lua_json.c: the worker's JSON, from text to Lua values and back. What is written can be read by worker and
 * broker alike; reading and writing it again changes nothing. The same text as an event and as a row of a list.
 */
#include "json.h"
#include "record.h"
#include "slot.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static nf_run *run;

static int lx_read(lua_State *L)
{
    nf_text text = {0};
    text.at = lua_tolstring(L, 1, &text.len);
    lx_json_read(L, text, true, "it");
    return 1;
}

static int lx_write(lua_State *L)
{
    nf_sink sink = nf_sink_open(run, NF_SINK_MAX);
    lx_json_write(L, 1, &sink, lua_toboolean(L, 2) ? NF_JSON_LENIENT : NF_JSON_STRICT);
    nf_text text = nf_sink_close(run, &sink);
    if (sink.over)
        return luaL_error(L, "too long");
    if (!nf_json_valid(text.at, text.len))
        abort();
    lua_pushlstring(L, text.at, text.len);
    return 1;
}

/* The event of a small schema, then the row, then what is in them as JSON. */
static int lx_records(lua_State *L)
{
    static char fields[] =
        "{\"id\":true,\"customer\":{\"name\":true},\"list\":[{\"value\":true}],\"tags\":[true]}";
    nf_text text = {0};
    text.at = lua_tolstring(L, 1, &text.len);
    lx_record_schema(L, (nf_text){fields, sizeof fields - 1}, "the event");
    lx_record_event(L, text);
    lua_replace(L, 2);
    lua_settop(L, 2);
    int results = lx_record_row(L, text);
    lua_settop(L, 2 + results);
    lua_pushnil(L);
    lua_pushcfunction(L, lx_write);
    lua_pushvalue(L, 2);
    lua_pushboolean(L, 1);
    lua_call(L, 2, 0);
    if (results == 2 && lua_istable(L, 3)) { /* a column in other capitals */
        lua_getfield(L, 3, "NAME");
        lua_pop(L, 1);
    }
    return 0;
}

/* Replace the value at the top by what `f` makes of it; false: an error. */
static bool call(lua_State *L, lua_CFunction f)
{
    lua_pushcfunction(L, f);
    lua_insert(L, -2);
    return lua_pcall(L, 1, 1, 0) == LUA_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    if (!run && !(run = nf_slot_take()))
        abort();
    lua_State *L = luaL_newstate();
    lua_pushlstring(L, (const char *)data, size);
    call(L, lx_records);
    lua_settop(L, 0);
    lua_pushlstring(L, (const char *)data, size);
    bool read = call(L, lx_read), zero = size && memmem(data, size, "\\u0000", 6);
    if (nf_json_valid((const char *)data, size) && !read && !strstr(lua_tostring(L, -1), "number"))
        abort(); /* only numbers may be refused that are right by their form */
    if (read && call(L, lx_write) && !zero) {
        if (!call(L, lx_read) || !call(L, lx_write))
            abort();
        lua_pushvalue(L, -1);
        if (!call(L, lx_read) || !call(L, lx_write) || !lua_rawequal(L, -1, -2))
            abort();
    }
    lua_close(L);
    return 0;
}
