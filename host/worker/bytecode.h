/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytecode.h: reading what lua_dump writes (Lua 5.4), as far as it is needed to find global names and return
 * statements.
 *
 * The input comes from our own compiler, so it is well formed; reading is bounded all the same.
 */
#ifndef NF_WORKER_BYTECODE_H
#define NF_WORKER_BYTECODE_H

#include "run.h"

/* The instructions that matter here; lopcodes.h of Lua 5.4. */
enum {
    NF_OP_GETUPVAL = 9,
    NF_OP_GETTABUP = 11,
    NF_OP_GETFIELD = 14,
    NF_OP_SETTABUP = 15,
    NF_OP_JMP = 56,
    NF_OP_RETURN = 70,
    NF_OP_RETURN1 = 72
};

typedef struct nf_constant {
    const char *text; /* NULL: not a string */
    size_t len;
} nf_constant;

/** One function of the chunk. Valid during the visit. */
typedef struct nf_function {
    const char *code; /* read it with nf_instruction */
    int code_len;
    const nf_constant *constants;
    int constant_count;
    bool is_environment[256]; /* per upvalue: is it the chunk's _ENV? */
    const int8_t *line_steps;
    const char *line_bases; /* private: the absolute lines */
    int line_base_count;
    int line_defined;
} nf_function;

typedef void nf_visit(lua_State *L, const nf_function *function, void *context);

/** Visit every function of a dumped chunk, inner ones first. May raise a Lua error, as the visitor
 * may. */
void lx_bytecode_visit(lua_State *L, nf_text dump, nf_visit *visit, void *context);

/** The instruction at `pc`, and its parts. */
uint32_t nf_instruction(const nf_function *function, int pc);
static inline unsigned nf_opcode(uint32_t i)
{
    return i & 0x7f;
}
static inline unsigned nf_part_a(uint32_t i)
{
    return i >> 7 & 0xff;
}
static inline unsigned nf_part_b(uint32_t i)
{
    return i >> 16 & 0xff;
}
static inline unsigned nf_part_c(uint32_t i)
{
    return i >> 24;
}

/** Where a JMP at `pc` goes. */
static inline int nf_jump_target(uint32_t i, int pc)
{
    return pc + 1 + (int)(i >> 7) - 0xffffff;
}

/** The line of the instruction at `pc`. */
int nf_line_of(const nf_function *function, int pc);

#endif
