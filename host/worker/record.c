/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c: see record.h.
 *
 * A schema node is {metatable, fields, is a list, order}; fields maps a name to true or to the node of a nested record,
 * order is {name, true or node, name, ...} as the API has them. All of it is made when a flow is loaded, so reading an
 * event makes no metatable; and its keys, which come in that order or nearly so, are found without being hashed. An
 * event's null field that the schema does not know is added to the node's fields: that is the run's own copy.
 */
#include "record.h"

#include "names.h"

#include <stdio.h>
#include <string.h>

enum { METATABLE = 1, FIELDS, IS_LIST, ORDER, LABEL_MAX = 200 };

/* Is a key of the table at `index` the same word in another case? Pushes the key. */
static bool find_same_word(lua_State *L, int index, const char *word)
{
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING && nf_same_word(word, lua_tostring(L, -1)))
            return true;
    }
    return false;
}

/* __index: (record, key); upvalues: fields, label. Only called for what the record does not hold.
 */
static int lx_record_field(lua_State *L)
{
    int fields = lua_upvalueindex(1);
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    lua_settop(L, 2);
    const char *word = lua_tostring(L, 2);
    if (find_same_word(L, 1, word)) {
        lua_rawget(L, 1);
        return 1;
    }
    if (find_same_word(L, fields, word))
        return 0;
    nf_nearest nearest = {.word = word};
    nf_nearest_keys(&nearest, L, fields);
    nf_nearest_keys(&nearest, L, 1);
    const char *label = lua_tostring(L, lua_upvalueindex(2));
    if (nearest.best)
        return luaL_error(L, "unknown field '%s' of %s; did you mean '%s'?", word, label,
                          nearest.best);
    return luaL_error(L, "unknown field '%s' of %s", word, label);
}

/* Replace the fields table at the top by a metatable for records with these fields. */
static void push_metatable(lua_State *L, const char *label)
{
    lua_createtable(L, 0, 2);
    lua_insert(L, -2);
    lua_pushstring(L, label);
    lua_pushcclosure(L, lx_record_field, 2);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}

/* How many keys the object has whose '{' was just read. */
static int count_keys(nf_jscan scan)
{
    int count = 0;
    while (nf_jscan_next(&scan) == NF_J_KEY && nf_jscan_skip(&scan, nf_jscan_next(&scan)))
        count++;
    return count;
}

static void make_node(lua_State *L, nf_jscan *scan, const char *event, const char *path);

/* Push true for a scalar, a node for a record or a list of records. */
static void make_field(lua_State *L, nf_jscan *scan, const char *event, const char *path)
{
    nf_jtoken token = nf_jscan_next(scan);
    bool is_list = token == NF_J_ARRAY;
    if (is_list)
        token = nf_jscan_next(scan);
    if (token == NF_J_OBJECT) {
        make_node(L, scan, event, path);
        lua_pushboolean(L, is_list);
        lua_rawseti(L, -2, IS_LIST);
    } else {
        lua_pushboolean(L, 1);
    }
    while (is_list && token != NF_J_ARRAY_END && token != NF_J_ERROR) {
        nf_jscan_skip(scan, token == NF_J_OBJECT ? NF_J_NULL : token); /* an object was read */
        token = nf_jscan_next(scan);
    }
}

/*
 * The object whose '{' was just read. All tables get the size that they need: each run has a copy of what is left over,
 * too.
 */
static void make_node(lua_State *L, nf_jscan *scan, const char *event, const char *path)
{
    char deeper[LABEL_MAX], label[LABEL_MAX];
    nf_jtoken token;
    int count = count_keys(*scan);
    luaL_checkstack(L, 10, "the event's description is nested too deeply");
    lua_createtable(L, ORDER, 0);
    lua_createtable(L, 2 * count, 0);
    lua_createtable(L, 0, count);
    int fields = lua_gettop(L), order = fields - 1;
    for (int at = 1; (token = nf_jscan_next(scan)) == NF_J_KEY; at += 2) {
        lx_json_string(L, scan);
        lua_pushvalue(L, -1);
        lua_rawseti(L, order, at);
        snprintf(deeper, sizeof deeper, "%s%s%s", path, *path ? "." : "", lua_tostring(L, -1));
        make_field(L, scan, event, deeper);
        lua_pushvalue(L, -1);
        lua_rawseti(L, order, at + 1);
        lua_rawset(L, fields);
    }
    if (token != NF_J_OBJECT_END)
        lx_json_fail(L, scan, "the fields of an event");
    lua_pushvalue(L, -1);
    lua_rawseti(L, order - 1, FIELDS);
    lua_insert(L, order); /* fields, order */
    lua_rawseti(L, order - 1, ORDER);
    snprintf(label, sizeof label, "%s%s%s", path, *path ? " of " : "", event);
    push_metatable(L, label);
    lua_rawseti(L, -2, METATABLE);
}

void lx_record_schema(lua_State *L, nf_text fields, const char *label)
{
    nf_jscan scan;
    nf_jscan_init(&scan, fields.at, fields.len);
    if (nf_jscan_next(&scan) != NF_J_OBJECT)
        luaL_error(L, "the fields of an event must be an object");
    make_node(L, &scan, label, "");
}

static void read_record(lua_State *L, nf_json_in *in, int node);

/* The value of a field whose node (or true, or nil) is at the top; replaces it. */
static void read_field(lua_State *L, nf_json_in *in, nf_jtoken token)
{
    int node = lua_gettop(L);
    bool is_list = false;
    if (lua_istable(L, node)) {
        lua_rawgeti(L, node, IS_LIST);
        is_list = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    if (lua_istable(L, node) && token == NF_J_OBJECT && !is_list) {
        read_record(L, in, node);
    } else if (is_list && token == NF_J_ARRAY) {
        lua_createtable(L, 4, 0);
        lx_json_mark_list(L);
        for (lua_Integer i = 1; (token = nf_jscan_next(&in->scan)) != NF_J_ARRAY_END; i++) {
            if (token == NF_J_OBJECT)
                read_record(L, in, node);
            else
                lx_json_value(L, in, token);
            lua_rawseti(L, -2, i);
        }
    } else {
        lx_json_value(L, in, token);
    }
    lua_replace(L, node);
}

/*
 * Push the key that was just read and what the node's order has of it, if it is one of the next in there. `at` is where
 * to look, and is moved behind it.
 */
static bool push_next(lua_State *L, const nf_jscan *scan, int order, lua_Integer *at)
{
    enum { LOOKED_AT = 4 };
    if (scan->escaped)
        return false;
    for (lua_Integer i = *at; i < *at + 2 * LOOKED_AT; i += 2) {
        size_t len;
        const char *name =
            lua_rawgeti(L, order, i) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
        if (name && len == scan->len && memcmp(name, scan->text, len) == 0) {
            lua_rawgeti(L, order, i + 1);
            *at = i + 2;
            return true;
        }
        lua_pop(L, 1);
        if (!name)
            return false;
    }
    return false;
}

/* Push the key that was just read, and what the fields table says of it, whatever its case, or nil. */
static void push_field(lua_State *L, const nf_jscan *scan, int fields)
{
    lx_json_string(L, scan);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, fields) != LUA_TNIL)
        return;
    if (!find_same_word(L, fields, lua_tostring(L, -2)))
        return;
    lua_rawget(L, fields);
    lua_remove(L, -2);
}

/* The object whose '{' was just read, with the node at the absolute index `node`. */
static void read_record(lua_State *L, nf_json_in *in, int node)
{
    enum { FIELD = 48 }; /* bytes that a field has, so that the table gets its size at once */
    luaL_checkstack(L, 10, "the event is nested too deeply");
    lua_rawgeti(L, node, FIELDS);
    lua_rawgeti(L, node, ORDER);
    int order = lua_gettop(L), fields = order - 1, record = order + 1;
    size_t most = (size_t)(in->scan.end - in->scan.at) / FIELD;
    lua_createtable(L, 0, (int)NF_MIN(most, (size_t)lua_rawlen(L, order) / 2));
    lua_Integer at = 1;
    nf_jtoken token;
    while ((token = nf_jscan_next(&in->scan)) == NF_J_KEY) {
        if (!push_next(L, &in->scan, order, &at))
            push_field(L, &in->scan, fields);
        token = nf_jscan_next(&in->scan);
        if (token == NF_J_ERROR)
            break;
        if (token != NF_J_NULL) {
            read_field(L, in, token);
            lua_rawset(L, record);
        } else if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            lua_pushboolean(L, 1);
            lua_rawset(L, fields);
        } else {
            lua_pop(L, 2);
        }
    }
    if (token != NF_J_OBJECT_END)
        lx_json_fail(L, &in->scan, "the event");
    lua_settop(L, record);
    lua_rawgeti(L, node, METATABLE);
    lua_setmetatable(L, record);
    lua_replace(L, fields);
    lua_settop(L, fields);
}

void lx_record_event(lua_State *L, nf_text text)
{
    nf_json_in in = {.keep_null = false};
    nf_jscan_init(&in.scan, text.at, text.len);
    nf_jtoken token = nf_jscan_next(&in.scan);
    if (token == NF_J_OBJECT && lua_istable(L, -1))
        read_record(L, &in, lua_gettop(L));
    else if (token == NF_J_NULL)
        lua_pushnil(L);
    else
        lx_json_value(L, &in, token);
    if (nf_jscan_next(&in.scan) != NF_J_END)
        lx_json_fail(L, &in.scan, "the event");
}

/* A row: every column is known, also one whose cell is empty. */
static void read_row(lua_State *L, nf_json_in *in)
{
    lua_createtable(L, 0, 8);
    lua_createtable(L, 0, 8);
    int row = lua_gettop(L) - 1;
    nf_jtoken token;
    while ((token = nf_jscan_next(&in->scan)) == NF_J_KEY) {
        lx_json_string(L, &in->scan);
        lua_pushvalue(L, -1);
        lua_pushboolean(L, 1);
        lua_rawset(L, row + 1);
        token = nf_jscan_next(&in->scan);
        if (token == NF_J_NULL) {
            lua_pop(L, 1);
            continue;
        }
        lx_json_value(L, in, token);
        lua_rawset(L, row);
    }
    if (token != NF_J_OBJECT_END)
        lx_json_fail(L, &in->scan, "the row");
    push_metatable(L, "this row (a column's name)");
    lua_setmetatable(L, row);
}

int lx_record_row(lua_State *L, nf_text text)
{
    nf_json_in in = {.keep_null = false};
    nf_jscan_init(&in.scan, text.at, text.len);
    nf_jtoken token = nf_jscan_next(&in.scan);
    if (token != NF_J_OBJECT) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushnil(L);
    lua_pushinteger(L, 0);
    int row = lua_gettop(L) - 1;
    while (nf_jscan_next(&in.scan) == NF_J_KEY) {
        bool is_row = nf_jscan_equals(&in.scan, "row"),
             is_matches = nf_jscan_equals(&in.scan, "matches");
        token = nf_jscan_next(&in.scan);
        if (is_row && token == NF_J_OBJECT) {
            read_row(L, &in);
            lua_replace(L, row);
        } else if (is_matches && token == NF_J_NUMBER) {
            lx_json_value(L, &in, token);
            lua_replace(L, row + 1);
        } else if (!nf_jscan_skip(&in.scan, token)) {
            break;
        }
    }
    return 2;
}
