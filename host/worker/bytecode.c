/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytecode.c: see bytecode.h. The format is ldump.c's: counts and lines are 7 bits a byte, the
 * highest first, the last byte marked; strings have their length plus one before them.
 */
#include "bytecode.h"

#include <string.h>

_Static_assert(LUA_VERSION_NUM == 504, "instructions and dump format are those of Lua 5.4");

enum {
    HEADER = 4 + 1 + 1 + 6 + 3 + 8
             + 8, /* signature, version, format, data, sizes, an integer, a number */
    INTEGER = 0x03,
    FLOAT = 0x13,
    SHORT_STRING = 0x04,
    LONG_STRING = 0x14,
    ABSOLUTE_LINE = -0x80,
};

typedef struct reader {
    lua_State *L;
    const char *at, *end;
    nf_visit *visit;
    void *context;
} reader;

static const char *bytes(reader *r, size_t len)
{
    const char *at = r->at;
    if (len > (size_t)(r->end - at))
        luaL_error(r->L, "the compiled code is not what Lua %s writes",
                   LUA_VERSION_MAJOR "." LUA_VERSION_MINOR);
    r->at += len;
    return at;
}

static size_t number(reader *r)
{
    size_t value = 0;
    unsigned char byte;
    do {
        byte = (unsigned char)*bytes(r, 1);
        value = value << 7 | (byte & 0x7f);
    } while (!(byte & 0x80));
    return value;
}

static int count(reader *r)
{
    size_t value = number(r);
    if (value > INT32_MAX)
        luaL_error(r->L, "the compiled code has a count that is too large");
    return (int)value;
}

static nf_constant string(reader *r)
{
    size_t size = number(r);
    if (size == 0)
        return (nf_constant){0};
    return (nf_constant){.text = bytes(r, size - 1), .len = size - 1};
}

static nf_constant constant(reader *r)
{
    switch ((unsigned char)*bytes(r, 1)) {
    case SHORT_STRING:
    case LONG_STRING:
        return string(r);
    case INTEGER:
    case FLOAT:
        bytes(r, 8);
        break;
    default: /* nil, false, true */
        break;
    }
    return (nf_constant){0};
}

/* Leaves a userdata with the constants on the Lua stack. */
static void read_constants(reader *r, nf_function *f)
{
    f->constant_count = count(r);
    nf_constant *list = lua_newuserdatauv(r->L, (size_t)f->constant_count * sizeof *list + 1, 0);
    for (int i = 0; i < f->constant_count; i++)
        list[i] = constant(r);
    f->constants = list;
}

/* An upvalue is the chunk's _ENV if it is the parent's upvalue that is; the main function's first
 * one is it. */
static void read_upvalues(reader *r, nf_function *f, const bool *parent)
{
    int upvalues = count(r);
    memset(f->is_environment, 0, sizeof f->is_environment);
    for (int i = 0; i < upvalues; i++) {
        const char *entry = bytes(r, 3);
        bool of_register = entry[0];
        unsigned index = (unsigned char)entry[1];
        if (i < 256)
            f->is_environment[i] = parent ? !of_register && parent[index] : i == 0;
    }
}

static void read_debug(reader *r, nf_function *f)
{
    size_t steps = number(r);
    f->line_steps = (const int8_t *)bytes(r, steps);
    f->line_base_count = count(r);
    f->line_bases = r->at;
    for (int i = 0; i < f->line_base_count * 2; i++)
        number(r);
    for (int i = count(r); i > 0; i--) { /* local variables */
        string(r);
        number(r);
        number(r);
    }
    for (int i = count(r); i > 0; i--) /* names of upvalues */
        string(r);
}

static void read_function(reader *r, const bool *parent)
{
    nf_function f = {0};
    luaL_checkstack(r->L, 10, "functions are nested too deeply");
    string(r);
    f.line_defined = count(r);
    number(r);
    bytes(r, 3);
    f.code_len = count(r);
    f.code = bytes(r, (size_t)f.code_len * 4);
    read_constants(r, &f);
    read_upvalues(r, &f, parent);
    for (int i = count(r); i > 0; i--)
        read_function(r, f.is_environment);
    read_debug(r, &f);
    r->visit(r->L, &f, r->context);
    lua_pop(r->L, 1);
}

void lx_bytecode_visit(lua_State *L, nf_text dump, nf_visit *visit, void *context)
{
    reader r = {
        .L = L, .at = dump.at, .end = dump.at + dump.len, .visit = visit, .context = context};
    bytes(&r, HEADER + 1);
    read_function(&r, NULL);
}

uint32_t nf_instruction(const nf_function *f, int pc)
{
    uint32_t i;
    memcpy(&i, f->code + (size_t)pc * sizeof i, sizeof i);
    return i;
}

static int next_number(const char **at)
{
    int value = 0;
    unsigned char byte;
    do {
        byte = (unsigned char)*(*at)++;
        value = value << 7 | (byte & 0x7f);
    } while (!(byte & 0x80));
    return value;
}

int nf_line_of(const nf_function *f, int pc)
{
    int line = f->line_defined;
    const char *base = f->line_bases;
    for (int i = 0; i <= pc; i++) {
        if (f->line_steps[i] != ABSOLUTE_LINE) {
            line += f->line_steps[i];
            continue;
        }
        next_number(&base); /* its pc, which is i */
        line = next_number(&base);
    }
    return line;
}
