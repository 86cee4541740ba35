/* SPDX-License-Identifier: Apache-2.0 */
/*
 * globals.c: see globals.h.
 *
 * First all names that the file assigns are collected, then all names that it reads are looked up;
 * the first line with an unknown one is reported. Reading a field of one of our modules
 * (nimbus.task.update) is checked too, where the code reads it directly from the global. A file
 * that handles _ENV or _G as a value may set any name it mentions.
 */
#include "globals.h"

#include "bytecode.h"
#include "names.h"
#include "sink.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 100 };

typedef struct finding {
    int line; /* 0: none */
    char text[5 * NAME_MAX_LEN];
} finding;

typedef struct check {
    int known, globals; /* tables on the stack */
    bool any_name;      /* the environment is used as a value */
    finding first;
} check;

static const nf_constant *name_at(const nf_function *f, unsigned index)
{
    const nf_constant *name = (int)index < f->constant_count ? &f->constants[index] : NULL;
    return name && name->text ? name : NULL;
}

static void remember(lua_State *L, const check *c, const nf_constant *name)
{
    lua_pushlstring(L, name->text, name->len);
    lua_pushboolean(L, 1);
    lua_rawset(L, c->known);
}

/* Pass 1: names that are assigned. */
static void collect(lua_State *L, const nf_function *f, void *context)
{
    check *c = context;
    for (int pc = 0; pc < f->code_len; pc++) {
        uint32_t i = nf_instruction(f, pc);
        const nf_constant *name;
        if (nf_opcode(i) == NF_OP_SETTABUP && f->is_environment[nf_part_a(i)]) {
            if ((name = name_at(f, nf_part_b(i))))
                remember(L, c, name);
        } else if (nf_opcode(i) == NF_OP_GETUPVAL && f->is_environment[nf_part_b(i)]) {
            c->any_name = true;
        } else if (nf_opcode(i) == NF_OP_GETTABUP && f->is_environment[nf_part_b(i)]) {
            name = name_at(f, nf_part_c(i));
            if (name && name->len == 2 && memcmp(name->text, "_G", 2) == 0)
                c->any_name = true;
        }
    }
}

/* Instead of pass 1, if the environment is used as a value: all strings. */
static void collect_all(lua_State *L, const nf_function *f, void *context)
{
    for (int i = 0; i < f->constant_count; i++) {
        if (f->constants[i].text)
            remember(L, context, &f->constants[i]);
    }
}

/* Report `what` at this line unless an earlier line is reported already. */
static void report(check *c, const nf_function *f, int pc, const char *what, const char *name,
                   const char *meant)
{
    int line = nf_line_of(f, pc);
    if (c->first.line && c->first.line <= line)
        return;
    c->first.line = line;
    snprintf(c->first.text, sizeof c->first.text, "%s '%s'%s%s%s", what, name,
             meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static void cut(const nf_constant *name, char out[NAME_MAX_LEN])
{
    snprintf(out, NAME_MAX_LEN, "%.*s", (int)NF_MIN(name->len, NAME_MAX_LEN - 1), name->text);
}

static bool is_jump_target(const nf_function *f, int pc)
{
    for (int from = 0; from < f->code_len; from++) {
        uint32_t i = nf_instruction(f, from);
        if (nf_opcode(i) == NF_OP_JMP && nf_jump_target(i, from) == pc)
            return true;
    }
    return false;
}

/* Is the table at the top one of our modules, which refuse unknown fields? */
static bool is_module(lua_State *L)
{
    int type = luaL_getmetafield(L, -1, "__metatable");
    if (type != LUA_TNIL)
        lua_pop(L, 1);
    return type == LUA_TBOOLEAN;
}

/* Follow "module.field.field" behind the GETTABUP at `pc`; the global's value is at the top and is
 * popped. */
static void check_fields(lua_State *L, check *c, const nf_function *f, int pc, const char *module)
{
    char path[2 * NAME_MAX_LEN], word[NAME_MAX_LEN], what[2 * NAME_MAX_LEN + 20];
    unsigned held = nf_part_a(nf_instruction(f, pc));
    snprintf(path, sizeof path, "%s", module);
    while (lua_istable(L, -1) && is_module(L) && ++pc < f->code_len) {
        uint32_t i = nf_instruction(f, pc);
        const nf_constant *name = name_at(f, nf_part_c(i));
        if (nf_opcode(i) != NF_OP_GETFIELD || nf_part_b(i) != held || !name
            || is_jump_target(f, pc))
            break;
        cut(name, word);
        lua_pushlstring(L, name->text, name->len);
        if (lua_rawget(L, -2) == LUA_TNIL) {
            nf_nearest nearest = {.word = word};
            nf_nearest_keys(&nearest, L, -2);
            snprintf(what, sizeof what, "%.*s has no", (int)sizeof path, path);
            report(c, f, pc, what, word, nearest.best);
        }
        lua_remove(L, -2);
        size_t len = strlen(path);
        if (len + strlen(word) + 2 < sizeof path)
            snprintf(path + len, sizeof path - len, ".%s", word);
        held = nf_part_a(i);
    }
    lua_pop(L, 1);
}

/* Is it assigned by the file? */
static bool is_assigned(lua_State *L, const check *c, const nf_constant *name)
{
    lua_pushlstring(L, name->text, name->len);
    bool assigned = lua_rawget(L, c->known) != LUA_TNIL;
    lua_pop(L, 1);
    return assigned;
}

/* Pass 2: names that are read. */
static void look_up(lua_State *L, const nf_function *f, void *context)
{
    check *c = context;
    char word[NAME_MAX_LEN];
    for (int pc = 0; pc < f->code_len; pc++) {
        uint32_t i = nf_instruction(f, pc);
        if (nf_opcode(i) != NF_OP_GETTABUP || !f->is_environment[nf_part_b(i)])
            continue;
        const nf_constant *name = name_at(f, nf_part_c(i));
        if (!name || is_assigned(L, c, name))
            continue;
        cut(name, word);
        lua_pushlstring(L, name->text, name->len);
        if (lua_rawget(L, c->globals) != LUA_TNIL) {
            check_fields(L, c, f, pc, word);
            continue;
        }
        lua_pop(L, 1);
        nf_nearest nearest = {.word = word};
        nf_nearest_keys(&nearest, L, c->globals);
        nf_nearest_keys(&nearest, L, c->known);
        report(c, f, pc, "unknown global", word, nearest.best);
    }
}

static int write_dump(lua_State *L, const void *bytes, size_t size, void *sink)
{
    (void)L;
    nf_sink_bytes(sink, bytes, size);
    return 0;
}

/* The compiled function at the top, over the source or what else the text region held; empty if it is a giant. */
static nf_text dump_of(lua_State *L)
{
    nf_run *run = nf_current;
    nf_sink sink = nf_sink_open(run, NF_SINK_MAX);
    lua_dump(L, write_dump, &sink, 0);
    nf_text dump = nf_sink_close(run, &sink);
    return sink.over ? (nf_text){0} : dump;
}

void lx_globals_check(lua_State *L)
{
    nf_run *run = nf_current;
    nf_text dump = dump_of(L);
    lua_pop(L, 1);
    if (dump.len == 0) /* found at run time then */
        return;
    lua_createtable(L, 0, 8);
    lua_pushglobaltable(L);
    check c = {.known = lua_gettop(L) - 1, .globals = lua_gettop(L)};
    lx_bytecode_visit(L, dump, collect, &c);
    if (c.any_name)
        lx_bytecode_visit(L, dump, collect_all, &c);
    lx_bytecode_visit(L, dump, look_up, &c);
    lua_pop(L, 2);
    if (c.first.line) {
        run->line = c.first.line;
        lua_pushstring(L, c.first.text);
        lua_error(L);
    }
}

enum { SEVERAL = -1 };

/* Inner functions come first, so the last one visited leaves its answer. */
static void find_return(lua_State *L, const nf_function *f, void *context)
{
    int *line = context;
    (void)L;
    *line = 0;
    for (int pc = 0; pc < f->code_len; pc++) {
        uint32_t i = nf_instruction(f, pc);
        bool some = nf_opcode(i) == NF_OP_RETURN && nf_part_b(i) != 1;
        if (!some && nf_opcode(i) != NF_OP_RETURN1)
            continue;
        int here = nf_line_of(f, pc);
        *line = *line && *line != here ? SEVERAL : here;
    }
}

int lx_return_line(lua_State *L)
{
    enum {
        CONSTANT = 16,
        SPARE = 4096
    }; /* what reading takes for a byte at most, and for the rest */
    const nf_arena *arena = nf_current->arena;
    int line = 0;
    nf_text dump = dump_of(L);
    if (dump.len && arena->used + dump.len * CONSTANT + SPARE < arena->soft)
        lx_bytecode_visit(L, dump, find_return, &line);
    return line == SEVERAL ? 0 : line;
}
