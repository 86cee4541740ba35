/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nf_bare.c: nf-bare warm|source|bytecode: what nimflow-worker is compared with.
 *
 * A process that speaks the worker's protocol with its own code for frames and JSON, and calls the same handler,
 * but isolates nothing: Lua's own allocator and libraries, no fibers, no budgets, no lock-down. `warm` keeps one state
 * for all runs; `source` and `bytecode` make one for each run and load the flow into it from that. A handler must not
 * call a host function: nothing here waits for a result.
 */
#include "fail.h"
#include "json.h"
#include "port.h"

#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RESULT_MAX = 64 << 10, TEXT_SIZE = 4 << 20 };

typedef struct bytes {
    char *at;
    size_t len;
} bytes;

static struct {
    nf_port port;
    nf_run run;    /* nothing but its text region, which results are written to */
    bytes program; /* source or bytecode, for a state per run */
    lua_State *L;  /* the warm one, or NULL */
} bare;

static const char handler_key = 0; /* of the handler in the registry */

static int lx_host(lua_State *L)
{
    return luaL_error(L, "not here");
}

/* nimbus.on_task { run = function(task) ... end } */
static int lx_on_task(lua_State *L)
{
    lua_getfield(L, 1, "run");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &handler_key);
    return 0;
}

/* The 16 host functions of the comparison, and the trigger. */
static const luaL_Reg nimbus[] = {{"on_task", lx_on_task}, {"call", lx_host}, {NULL, NULL}};
static const luaL_Reg tasks[] = {
    {"update", lx_host}, {"cancel", lx_host}, {"note", lx_host}, {NULL, NULL}};
static const luaL_Reg lists[] = {{"find", lx_host}, {"all", lx_host}, {NULL, NULL}};
static const luaL_Reg kv[] = {
    {"get", lx_host}, {"set", lx_host}, {"remove", lx_host}, {NULL, NULL}};
static const luaL_Reg http[] = {{"get", lx_host},   {"post", lx_host},   {"put", lx_host},
                                {"patch", lx_host}, {"delete", lx_host}, {NULL, NULL}};
static const luaL_Reg flow[] = {{"sleep", lx_host}, {"wait", lx_host}, {NULL, NULL}};

static void add_module(lua_State *L, const char *name, const luaL_Reg *functions)
{
    lua_createtable(L, 0, 8);
    luaL_setfuncs(L, functions, 0);
    lua_setglobal(L, name);
}

static lua_State *new_state(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    add_module(L, "nimbus", nimbus);
    add_module(L, "lists", lists);
    add_module(L, "kv", kv);
    add_module(L, "http", http);
    add_module(L, "flow", flow);
    lua_getglobal(L, "nimbus");
    lua_createtable(L, 0, 4);
    luaL_setfuncs(L, tasks, 0);
    lua_setfield(L, -2, "tasks");
    lua_pop(L, 1);
    return L;
}

static void check(lua_State *L, int status)
{
    if (status != LUA_OK)
        nf_fail_protocol("%s", lua_tostring(L, -1));
}

static void load_program(lua_State *L, bytes program)
{
    check(L, luaL_loadbufferx(L, program.at, program.len, "@flow.lua", NULL));
    check(L, lua_pcall(L, 0, 0, 0));
}

static int append(lua_State *L, const void *part, size_t len, void *to)
{
    bytes *all = to;
    (void)L;
    all->at = realloc(all->at, all->len + len);
    if (!all->at)
        return 1;
    memcpy(all->at + all->len, part, len);
    all->len += len;
    return 0;
}

static void take_program(const char *source, size_t len, const char *way)
{
    lua_State *L = new_state();
    append(L, source, len, &bare.program);
    if (strcmp(way, "bytecode") == 0) {
        bytes code = {0};
        check(L, luaL_loadbufferx(L, source, len, "@flow.lua", "t"));
        lua_dump(L, append, &code, 0);
        free(bare.program.at);
        bare.program = code;
    }
    if (strcmp(way, "warm") == 0) {
        load_program(L, bare.program);
        bare.L = L;
    } else {
        lua_close(L);
    }
}

/* The event's JSON at 1, its length at 2 -> result */
static int lx_handle(lua_State *L)
{
    nf_text event = {.at = lua_touserdata(L, 1), .len = (size_t)lua_tointeger(L, 2)};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &handler_key);
    lx_json_read(L, event, false, "the event");
    lua_call(L, 1, 1);
    nf_sink sink = nf_sink_open(&bare.run, RESULT_MAX);
    lx_json_write(L, -1, &sink, NF_JSON_STRICT);
    bare.run.payload = nf_sink_close(&bare.run, &sink);
    return 0;
}

static void handle(const nf_frame *frame, const char *payload)
{
    lua_State *L = bare.L;
    nf_msg_end end = {0};
    if (!L) {
        L = new_state();
        load_program(L, bare.program);
    }
    lua_pushcfunction(L, lx_handle);
    lua_pushlightuserdata(L, (char *)(uintptr_t)payload + sizeof(nf_msg_start));
    lua_pushinteger(L, (lua_Integer)(frame->size - sizeof(nf_msg_start)));
    check(L, lua_pcall(L, 2, 0, 0));
    if (!bare.L)
        lua_close(L);
    end.result_len = (uint32_t)bare.run.payload.len;
    nf_port_begin(&bare.port, NF_MSG_END, NF_OUTCOME_DONE, frame->id, sizeof end + end.result_len);
    nf_port_put(&bare.port, &end, sizeof end);
    nf_port_put(&bare.port, bare.run.payload.at, end.result_len);
}

static void take_load(const nf_frame *frame, const char *payload, const char *way)
{
    static const char answer[] = "{\"handlers\":[]}";
    nf_msg_load load;
    memcpy(&load, payload, sizeof load);
    size_t before = sizeof load + load.name_len;
    take_program(payload + before, frame->size - before, way);
    nf_port_begin(&bare.port, NF_MSG_LOADED, 0, frame->id, sizeof answer - 1);
    nf_port_put(&bare.port, answer, sizeof answer - 1);
}

static void take_frames(const char *way)
{
    nf_frame frame;
    const char *payload;
    while (nf_port_frame(&bare.port, &frame, &payload)) {
        if (frame.type == NF_MSG_LOCKDOWN)
            nf_port_begin(&bare.port, NF_MSG_READY, 0, 0, 0);
        else if (frame.type == NF_MSG_LOAD)
            take_load(&frame, payload, way);
        else if (frame.type == NF_MSG_START)
            handle(&frame, payload);
    }
}

int main(int argc, char **argv)
{
    bare.run.text = malloc(TEXT_SIZE);
    if (argc != 2 || !bare.run.text || !nf_port_open(&bare.port, NF_WORKER_FD))
        nf_fail_start("nf-bare warm|source|bytecode, with the channel as descriptor 3");
    do {
        take_frames(argv[1]);
        nf_port_flush(&bare.port);
        nf_port_wait(&bare.port, -1);
    } while (nf_port_read(&bare.port));
}
