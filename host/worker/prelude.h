/* SPDX-License-Identifier: Apache-2.0 */
/* prelude.h: the Lua files of scripts/prelude, put into the program when it is built. */
#ifndef NF_WORKER_PRELUDE_H
#define NF_WORKER_PRELUDE_H

#include <lua.h>

typedef struct nf_prelude {
    const char *name; /* chunk name; begins with '=', which keeps its frames out of reports */
    const char *text;
} nf_prelude;

/** In the order of their names; ends with {NULL, NULL}. */
extern const nf_prelude nf_preludes[];

/**
 * Compile them all; what comes of it is kept outside of the state. Compiling leaves holes in the arena, which every run
 * would get a copy of, so the base image is then begun anew and runs what was compiled.
 */
void lx_prelude_compile(lua_State *L);

/** Run them in the state that becomes the base image. */
void lx_prelude_run(lua_State *L);

#endif
