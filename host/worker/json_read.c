/* SPDX-License-Identifier: Apache-2.0 */
/* json_read.c: JSON to Lua values; see json.h. The scanner bounds the nesting, and so the recursion
 * here. */
#include "json.h"

#include <stdio.h>
#include <string.h>

enum { ON_STACK = 512, NUMBER_MAX = 320 };

void lx_json_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
}

void lx_json_fail(lua_State *L, const nf_jscan *scan, const char *what)
{
    int line, column;
    nf_jscan_position(scan, &line, &column);
    luaL_error(L, "%s: line %d, column %d: %s", what, line, column, scan->error);
    nf_bug("luaL_error returned");
}

void lx_json_string(lua_State *L, const nf_jscan *scan)
{
    char small[ON_STACK];
    if (!scan->escaped) {
        lua_pushlstring(L, scan->text, scan->len);
    } else if (scan->len <= sizeof small) {
        lua_pushlstring(L, small, nf_json_unescape(scan->text, scan->len, small));
    } else {
        char *big = lua_newuserdatauv(L, scan->len, 0);
        lua_pushlstring(L, big, nf_json_unescape(scan->text, scan->len, big));
        lua_remove(L, -2);
    }
}

/* Whole numbers that fit are integers, all others floats. */
static void push_number(lua_State *L, const nf_jscan *scan)
{
    char text[NUMBER_MAX];
    if (scan->len >= sizeof text)
        luaL_error(L, "a number in JSON has more than %d digits", NUMBER_MAX - 1);
    memcpy(text, scan->text, scan->len);
    text[scan->len] = '\0';
    if (!lua_stringtonumber(L, text))
        luaL_error(L, "'%s' is not a number", text);
}

static void push_object(lua_State *L, nf_json_in *in)
{
    lua_createtable(L, 0, 4);
    nf_jtoken token;
    while ((token = nf_jscan_next(&in->scan)) == NF_J_KEY) {
        lx_json_string(L, &in->scan);
        token = nf_jscan_next(&in->scan);
        if (token == NF_J_NULL && !in->keep_null) {
            lua_pop(L, 1);
            continue;
        }
        lx_json_value(L, in, token);
        lua_rawset(L, -3);
    }
    if (token != NF_J_OBJECT_END)
        lx_json_fail(L, &in->scan, "JSON");
}

static void push_list(lua_State *L, nf_json_in *in)
{
    lua_createtable(L, 4, 0);
    lx_json_mark_list(L);
    nf_jtoken token;
    lua_Integer count = 0;
    while ((token = nf_jscan_next(&in->scan)) != NF_J_ARRAY_END) {
        lx_json_value(L, in, token);
        lua_rawseti(L, -2, ++count);
    }
}

void lx_json_value(lua_State *L, nf_json_in *in, nf_jtoken token)
{
    luaL_checkstack(L, 6, "JSON is nested too deeply");
    switch (token) {
    case NF_J_OBJECT:
        push_object(L, in);
        break;
    case NF_J_ARRAY:
        push_list(L, in);
        break;
    case NF_J_STRING:
        lx_json_string(L, &in->scan);
        break;
    case NF_J_NUMBER:
        push_number(L, &in->scan);
        break;
    case NF_J_TRUE:
    case NF_J_FALSE:
        lua_pushboolean(L, token == NF_J_TRUE);
        break;
    case NF_J_NULL:
        lx_json_null(L);
        break;
    default:
        lx_json_fail(L, &in->scan, "JSON");
    }
}

void lx_json_read(lua_State *L, nf_text text, bool keep_null, const char *what)
{
    nf_json_in in = {.keep_null = keep_null};
    nf_jscan_init(&in.scan, text.at, text.len);
    nf_jtoken token = nf_jscan_next(&in.scan);
    if (token == NF_J_NULL && !keep_null)
        lua_pushnil(L);
    else if (token == NF_J_ERROR)
        lx_json_fail(L, &in.scan, what);
    else
        lx_json_value(L, &in, token);
    if (nf_jscan_next(&in.scan) != NF_J_END)
        lx_json_fail(L, &in.scan, what);
}
