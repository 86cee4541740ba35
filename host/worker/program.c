/* SPDX-License-Identifier: Apache-2.0 */
/* program.c: see program.h; also the allocator that every Lua state has. */
#include "program.h"

#include "cpu.h"
#include "globals.h"
#include "json.h"
#include "lib.h"
#include "prelude.h"
#include "record.h"
#include "surface.h"
#include "where.h"

#include <stdio.h>
#include <string.h>

enum {
    LOADED_MAX = 1 << 20,
    EAGER_SOURCE = 64 << 10, /* a larger file would load too slowly */
    STRINGS_OF_A_RUN = 64,
};

static void *take(nf_run *run, nf_arena *arena, size_t size)
{
    void *block = nf_arena_get(arena, size);
    if (!block)
        nf_cpu_end_anywhere(run, NF_OUTCOME_OVER_MEMORY, NF_BUDGET_MEMORY, arena->used + size);
    if (arena->bump > run->committed)
        nf_run_commit(run, arena->bump);
    if (arena->used > arena->soft && !run->gc_wanted && !run->collecting && run->current) {
        run->gc_wanted = 1;
        nf_cpu_arm(run);
    }
    return block;
}

static void *allocate(void *of_arena, void *block, size_t old, size_t size)
{
    nf_arena *arena = of_arena;
    if (size == 0) {
        if (block)
            nf_arena_put(arena, block, old);
        return NULL;
    }
    if (!block)
        return take(nf_current, arena, size);
    if (nf_arena_same(old, size))
        return block;
    void *other = take(nf_current, arena, size);
    memcpy(other, block, NF_MIN(old, size));
    nf_arena_put(arena, block, old);
    return other;
}

/* Call `program` protected; leave the run if it fails. */
static void call(nf_run *run, lua_CFunction program)
{
    lua_State *L = run->L;
    lua_settop(L, 0);
    lua_pushcfunction(L, nf_where_report);
    lua_pushcfunction(L, program);
    if (lua_pcall(L, 0, 0, 1) == LUA_OK)
        return;
    run->in_host = 1;
    if (run->error.len == 0)
        nf_where_report_plain(L, -1);
    nf_run_leave(run, NF_OUTCOME_FAILED);
}

/*
 * What becomes an image is built with a collector that hardly lets garbage come to be: each run gets a copy of the
 * holes that it leaves, too. Runs have Lua's own pace, which costs them less time.
 */
static void collect_eagerly(lua_State *L)
{
    lua_gc(L, LUA_GCINC, 100, 1000, 8);
}

static void collect_as_usual(lua_State *L)
{
    lua_gc(L, LUA_GCINC, 200, 200, 13);
}

/* Let the table of strings have room for those of an event, or every run would have to make it larger. */
static void make_room_for_strings(lua_State *L)
{
    lua_gc(L, LUA_GCSTOP);
    for (int i = 0; i < STRINGS_OF_A_RUN; i++) {
        lua_pushfstring(L, "%d", i);
        lua_settop(L, 0);
    }
    lua_gc(L, LUA_GCRESTART);
}

/* Bring a state to rest, to be copied: nothing on its stack, no garbage, no hook. */
static void settle(lua_State *L)
{
    lua_settop(L, 0);
    collect_as_usual(L);
    lua_gc(L, LUA_GCCOLLECT); /* first: garbage must not count against the limit */
    make_room_for_strings(L);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    nf_current->in_host = 1;
    lua_sethook(L, NULL, 0, 0);
}

/* What is done once, and leaves holes: in a state that is thrown away. */
static int lx_prepare(lua_State *L)
{
    lx_prelude_compile(L);
    lx_specs_read(L, nf_current->input);
    return 0;
}

static int lx_base(lua_State *L)
{
    lx_lib_open(L);
    lx_surface_open(L);
    lx_lib_close(L);
    return 0;
}

static void begin_state(nf_run *run)
{
    nf_arena_init(run->arena);
    run->L = lua_newstate(allocate, run->arena);
    collect_eagerly(run->L);
}

void nf_program_base(void *of_run)
{
    nf_run *run = of_run;
    begin_state(run);
    call(run, lx_prepare);
    begin_state(run);
    call(run, lx_base);
    run->over_used = (uint64_t)((char *)lx_random_state(run->L) - (char *)run->arena);
    settle(run->L);
    nf_run_leave(run, NF_OUTCOME_DONE);
}

uint64_t nf_program_random_at(const nf_run *run)
{
    return run->over_used;
}

static void compile(lua_State *L, nf_run *run)
{
    char name[NF_FILE_NAME_MAX + 1];
    snprintf(name, sizeof name, "@%s", run->file);
    run->error_kind = "syntax";
    if (luaL_loadbufferx(L, run->input.at, run->input.len, name, "t") != LUA_OK)
        lua_error(L);
}

static int lx_load(lua_State *L)
{
    nf_run *run = nf_current;
    if (run->input.len < EAGER_SOURCE)
        collect_eagerly(L);
    compile(L, run);
    if (run->input.len < EAGER_SOURCE)
        lua_gc(L, LUA_GCCOLLECT); /* what the compiler leaves is room for what the file makes */
    collect_as_usual(L);
    lx_trigger_functions(L);
    if (run->flags & NF_LOAD_SCRIPT) {
        lua_insert(L, 1);
        lua_rawseti(L, 1, 1);
    } else {
        run->error_kind = "unknown-global";
        lua_pushvalue(L, 1);
        lx_globals_check(L);
        run->error_kind = "error";
        lua_pushvalue(L, 1);
        lua_call(L, 0, 0);
    }
    nf_sink sink = nf_sink_open(run, LOADED_MAX);
    nf_sink_text(&sink, "{\"handlers\":");
    lx_trigger_descriptions(L);
    lx_json_mark_list(L);
    lx_json_write(L, -1, &sink, NF_JSON_STRICT);
    if (sink.over)
        luaL_error(L, "the triggers of this file are larger than %d bytes", (int)LOADED_MAX);
    lx_trigger_functions(L);
    run->handler = (uint32_t)lua_rawlen(L, -1);
    run->payload = nf_sink_close(run, &sink);
    return 0;
}

static int lx_too_big(lua_State *L)
{
    return luaL_error(L, "the file keeps more than %d MiB in memory after it is loaded",
                      NF_IMAGE_MAX >> 20);
}

void nf_program_load(void *of_run)
{
    nf_run *run = of_run;
    run->in_host = 0;
    call(run, lx_load);
    settle(run->L);
    run->in_host = 0;
    if (run->arena->bump - (char *)run->arena > NF_IMAGE_MAX)
        call(run, lx_too_big);
    nf_run_leave(run, NF_OUTCOME_DONE);
}

static void push_event(lua_State *L, const nf_run *run)
{
    if (run->input.len == 0) {
        lua_pushnil(L);
    } else if (run->trigger == UINT32_MAX) {
        lx_json_read(L, run->input, false, "the event");
    } else {
        lx_surface_schema(L, run->trigger);
        lx_record_event(L, run->input);
        lua_remove(L, -2);
    }
}

static int lx_handler(lua_State *L)
{
    nf_run *run = nf_current;
    lx_trigger_functions(L);
    lua_rawgeti(L, 1, (lua_Integer)run->handler + 1);
    push_event(L, run);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1))
        return 0;
    run->error_kind = "result";
    nf_sink sink = nf_sink_open(run, run->limits.of[NF_BUDGET_RESULT]);
    lx_json_write(L, -1, &sink, NF_JSON_STRICT);
    if (sink.over) {
        lua_rawgeti(L, 1, (lua_Integer)run->handler + 1);
        int line = lx_return_line(L);
        if (line)
            snprintf(run->where, sizeof run->where, "%s:%d", run->file, line);
        nf_run_exceeded(run, NF_OUTCOME_OVER_OUTPUT, NF_BUDGET_RESULT, sink.cap + 1);
    }
    run->payload = nf_sink_close(run, &sink);
    run->result_len = run->payload.len;
    return 0;
}

void nf_program_handler(void *of_run)
{
    nf_run *run = of_run;
    nf_cpu_thread(run, run->L); /* a lower memory limit may have come before the start */
    run->in_host = 0;
    call(run, lx_handler);
    nf_run_leave(run, NF_OUTCOME_DONE);
}

void nf_program_branch(void *of_run)
{
    nf_run *run = of_run;
    lua_State *L = run->current;
    nf_cpu_thread(run, L);
    run->in_host = 0;
    bool ok = lua_pcall(L, 0, 1, 0) == LUA_OK;
    run->in_host = 1;
    lua_pushboolean(L, ok);
    nf_run_join(run);
}
