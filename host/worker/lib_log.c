/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib_log.c: log.debug/info/warn/error(...), log(...) and print(...).
 *
 * First all values become strings (a script's __tostring may run, and log too), then one entry is
 * written without any Lua code in between. Invariant: the text region begins with log_len bytes of
 * complete entries, "[{...},{...}".
 */
#include "json.h"
#include "lib.h"
#include "where.h"

#include <string.h>

enum { TABLE_MAX = 16 << 10 };

/* Tables without a __tostring of their own are shown as JSON. */
static void push_text(lua_State *L, int index)
{
    bool own_text = !lua_istable(L, index);
    if (!own_text && luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
        lua_pop(L, 1);
        own_text = true;
    }
    if (own_text) {
        lx_tostring(L, index);
        return;
    }
    nf_sink sink = nf_sink_open(nf_current, TABLE_MAX);
    lx_json_write(L, index, &sink, NF_JSON_LENIENT);
    nf_text text = nf_sink_close(nf_current, &sink);
    lua_pushlstring(L, text.at, text.len);
    if (sink.over) {
        lua_pushliteral(L, " ...");
        lua_concat(L, 2);
    }
}

static void write_entry(nf_run *run, nf_sink *sink, const char *level, nf_text text, int line)
{
    nf_sink_text(sink, run->log_len ? ",{\"level\":" : "[{\"level\":");
    nf_sink_quoted(sink, level, strlen(level));
    nf_sink_text(sink, ",\"text\":");
    nf_sink_quoted(sink, text.at, text.len);
    nf_sink_text(sink, ",\"line\":");
    nf_sink_number(sink, line);
    nf_sink_text(sink, "}");
}

NF_NORETURN static void over(nf_run *run, const char where[NF_WHERE_MAX], nf_budget budget,
                             uint64_t used)
{
    memcpy(run->where, where, NF_WHERE_MAX);
    nf_run_exceeded(run, NF_OUTCOME_OVER_OUTPUT, budget, used);
}

/* Values from index `first` on, joined by `between`. */
static int lx_write(lua_State *L, const char *level, int first, const char *between)
{
    nf_run *run = nf_current;
    char where[NF_WHERE_MAX];
    int count = lua_gettop(L);
    luaL_checkstack(L, 2 * count + 4, "too many values to log");
    for (int i = first; i <= count; i++) {
        if (i > first)
            lua_pushstring(L, between);
        push_text(L, i);
    }
    lua_concat(L, lua_gettop(L) - count);
    nf_text text;
    text.at = lua_tolstring(L, -1, &text.len);
    int line = nf_where(L, where);
    if (run->log_lines >= run->limits.of[NF_BUDGET_LOG_LINES])
        over(run, where, NF_BUDGET_LOG_LINES, run->log_lines + 1u);
    size_t limit = run->limits.of[NF_BUDGET_LOG], used = run->log_len;
    nf_sink sink = nf_sink_open(run, limit > used ? limit - used : 0);
    write_entry(run, &sink, level, text, line);
    if (sink.over)
        over(run, where, NF_BUDGET_LOG, used + text.len);
    run->log_len += nf_sink_close(run, &sink).len;
    run->log_lines++;
    return 0;
}

static int lx_log_debug(lua_State *L)
{
    return lx_write(L, "debug", 1, " ");
}

static int lx_log_info(lua_State *L)
{
    return lx_write(L, "info", 1, " ");
}

static int lx_log_warn(lua_State *L)
{
    return lx_write(L, "warn", 1, " ");
}

static int lx_log_error(lua_State *L)
{
    return lx_write(L, "error", 1, " ");
}

/* log(...): the first argument of __call is the module */
static int lx_log_call(lua_State *L)
{
    return lx_write(L, "info", 2, " ");
}

static int lx_print(lua_State *L)
{
    return lx_write(L, "print", 1, "\t");
}

void lx_log_open(lua_State *L)
{
    static const luaL_Reg levels[] = {{"debug", lx_log_debug},
                                      {"info", lx_log_info},
                                      {"warn", lx_log_warn},
                                      {"error", lx_log_error},
                                      {NULL, NULL}};
    luaL_newlib(L, levels);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, lx_log_call);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
    lua_setglobal(L, "log");
    lua_pushcfunction(L, lx_print);
    lua_setglobal(L, "print");
}
