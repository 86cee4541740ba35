/* SPDX-License-Identifier: Apache-2.0 */
/* json_write.c: Lua values to JSON; see json.h. The keys on the way down are kept, so that an error
 * can name the field. */
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 24 };

typedef struct key {
    const char *text; /* borrowed from the table */
    size_t len;
    int value; /* where on the stack it is, when the keys are few */
} key;

typedef struct writer {
    lua_State *L;
    nf_sink *sink;
    nf_json_mode mode;
    int depth;
    struct {
        const char *name; /* NULL: a list's item */
        lua_Integer item;
    } path[NF_JSON_DEPTH + 1];
} writer;

static void write_value(writer *w, int index);

NF_NORETURN static void refuse(writer *w, const char *what)
{
    char path[200];
    size_t len = 0;
    path[0] = '\0';
    for (int i = 0; i < w->depth && len < sizeof path - 1; i++) {
        int n =
            w->path[i].name
                ? snprintf(path + len, sizeof path - len, "%s%s", len ? "." : "", w->path[i].name)
                : snprintf(path + len, sizeof path - len, "[%lld]", (long long)w->path[i].item);
        len += (size_t)n;
    }
    if (len)
        luaL_error(w->L, "%s cannot be written as JSON (field '%s')", what, path);
    else
        luaL_error(w->L, "%s cannot be written as JSON", what);
    nf_bug("luaL_error returned");
}

static void write_odd(writer *w, const char *what)
{
    if (w->mode == NF_JSON_STRICT)
        refuse(w, what);
    nf_sink_quoted(w->sink, what, strlen(what));
}

static void write_number(writer *w, int index)
{
    char digits[40];
    if (lua_isinteger(w->L, index)) {
        nf_sink_number(w->sink, lua_tointeger(w->L, index));
        return;
    }
    double value = lua_tonumber(w->L, index);
    if (!isfinite(value)) {
        write_odd(w, isnan(value) ? "not a number (nan)" : "an infinite number");
        return;
    }
    int n;
    if (floor(value) == value && fabs(value) < 1e15) {
        n = snprintf(digits, sizeof digits, "%.0f", value);
    } else {
        n = snprintf(digits, sizeof digits, "%.15g", value);
        if (strtod(digits, NULL) != value)
            n = snprintf(digits, sizeof digits, "%.17g", value);
    }
    nf_sink_bytes(w->sink, digits, (size_t)n);
}

static int compare(const key *a, const key *b)
{
    size_t len = NF_MIN(a->len, b->len);
    int order = memcmp(a->text, b->text, len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static void sift_down(key *keys, size_t at, size_t count)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            return;
        if (child + 1 < count && compare(&keys[child], &keys[child + 1]) < 0)
            child++;
        if (compare(&keys[at], &keys[child]) >= 0)
            return;
        key other = keys[at];
        keys[at] = keys[child];
        keys[child] = other;
        at = child;
    }
}

/* A heap sort: the libc's qsort may call malloc. */
static void sort_keys(key *keys, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift_down(keys, i, count);
    for (size_t end = count; end-- > 1;) {
        key last = keys[end];
        keys[end] = keys[0];
        keys[0] = last;
        sift_down(keys, 0, end);
    }
}

/* Read the keys; of few, the values stay on the stack. */
static void take_keys(writer *w, int table, key *keys, size_t count)
{
    lua_State *L = w->L;
    lua_pushnil(L);
    for (; lua_next(L, table); keys++) {
        if (count <= FEW)
            lua_insert(L, -2);
        else
            lua_pop(L, 1);
        keys->text = lua_tolstring(L, -1, &keys->len);
        keys->value = lua_gettop(L) - 1;
        if (w->mode == NF_JSON_STRICT && memchr(keys->text, '\0', keys->len))
            refuse(w, "a key with a zero byte in it");
    }
}

static void write_object(writer *w, int table, size_t count)
{
    key few[FEW];
    key *keys = few;
    lua_State *L = w->L;
    int top = lua_gettop(L);
    luaL_checkstack(L, FEW + 10, "too much to write as JSON");
    if (count > FEW)
        keys = lua_newuserdatauv(L, count * sizeof *keys, 0);
    take_keys(w, table, keys, count);
    sort_keys(keys, count);
    int level = w->depth++;
    for (size_t i = 0; i < count && !w->sink->over; i++) {
        nf_sink_bytes(w->sink, i ? "," : "{", 1);
        nf_sink_quoted(w->sink, keys[i].text, keys[i].len);
        nf_sink_bytes(w->sink, ":", 1);
        w->path[level].name = keys[i].text;
        if (count <= FEW) {
            write_value(w, keys[i].value);
        } else {
            lua_pushlstring(L, keys[i].text, keys[i].len);
            lua_rawget(L, table);
            write_value(w, lua_gettop(L));
            lua_pop(L, 1);
        }
    }
    w->depth--;
    nf_sink_text(w->sink, count ? "}" : "{}");
    lua_settop(L, top);
}

static void write_list(writer *w, int table, lua_Integer count)
{
    int level = w->depth++;
    w->path[level].name = NULL;
    nf_sink_bytes(w->sink, "[", 1);
    for (lua_Integer i = 1; i <= count && !w->sink->over; i++) {
        if (i > 1)
            nf_sink_bytes(w->sink, ",", 1);
        w->path[level].item = i;
        lua_rawgeti(w->L, table, i);
        write_value(w, lua_gettop(w->L));
        lua_pop(w->L, 1);
    }
    nf_sink_bytes(w->sink, "]", 1);
    w->depth--;
}

static const char list_mark; /* its address is the key of the lists' metatable in the registry */

static bool is_marked_list(lua_State *L, int table)
{
    if (!lua_getmetatable(L, table))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &list_mark);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

void lx_json_mark_list(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &list_mark) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 0);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &list_mark);
    }
    lua_setmetatable(L, -2);
}

/*
 * Leave a strong copy of a weak table at the top, or the table itself: what is counted first and written then must not
 * be collected in between.
 */
static void push_strong(lua_State *L, int table)
{
    lua_pushvalue(L, table);
    if (luaL_getmetafield(L, table, "__mode") == LUA_TNIL)
        return;
    lua_pop(L, 2);
    lua_createtable(L, 0, 0);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
}

static void write_strong(writer *w, int table);

static void write_table(writer *w, int table)
{
    if (w->depth >= NF_JSON_DEPTH) {
        write_odd(w, "a table nested more than 64 levels deep (does it contain itself?)");
        return;
    }
    luaL_checkstack(w->L, 10, "too much to write as JSON");
    push_strong(w->L, table);
    if (lua_rawequal(w->L, -1, table) && is_marked_list(w->L, table))
        write_list(w, table, (lua_Integer)lua_rawlen(w->L, table));
    else
        write_strong(w, lua_gettop(w->L));
    lua_pop(w->L, 1);
}

/* Object, list, or neither: names and whole numbers are counted. */
static void write_strong(writer *w, int table)
{
    lua_State *L = w->L;
    lua_Integer names = 0, items = 0, highest = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        lua_Integer item = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        if (lua_type(L, -1) == LUA_TSTRING)
            names++;
        else if (item < 1)
            highest = LUA_MAXINTEGER; /* a key JSON does not have */
        else
            items++, highest = NF_MAX(highest, item);
    }
    if (items == highest && names == 0 && items > 0)
        write_list(w, table, items);
    else if (items == 0 && highest == 0)
        write_object(w, table, (size_t)names);
    else if (names > 0)
        write_odd(w, "a table with both named fields and list items");
    else
        write_odd(w, "a list with holes, or a table with keys that are no strings,");
}

static void write_value(writer *w, int index)
{
    size_t len;
    const char *text;
    int type = lua_type(w->L, index);
    switch (type) {
    case LUA_TNIL:
        nf_sink_text(w->sink, "null");
        break;
    case LUA_TBOOLEAN:
        nf_sink_text(w->sink, lua_toboolean(w->L, index) ? "true" : "false");
        break;
    case LUA_TNUMBER:
        write_number(w, index);
        break;
    case LUA_TSTRING:
        text = lua_tolstring(w->L, index, &len);
        nf_sink_quoted(w->sink, text, len);
        break;
    case LUA_TTABLE:
        write_table(w, index);
        break;
    case LUA_TLIGHTUSERDATA:
        nf_sink_text(w->sink, "null");
        break;
    default: {
        char what[40];
        snprintf(what, sizeof what, "a %s", lua_typename(w->L, type));
        write_odd(w, what);
    }
    }
}

void lx_json_write(lua_State *L, int index, nf_sink *sink, nf_json_mode mode)
{
    writer w;
    w.L = L;
    w.sink = sink;
    w.mode = mode;
    w.depth = 0;
    luaL_checkstack(L, 6, "too much to write as JSON");
    write_value(&w, lua_absindex(L, index));
}
