/* SPDX-License-Identifier: Apache-2.0 */
/*
 * globals.h: unknown global names, found in a file's compiled code before it runs.
 *
 * A name is known if it is a global of ours or assigned anywhere in the file.
 */
#ifndef NF_WORKER_GLOBALS_H
#define NF_WORKER_GLOBALS_H

#include <lua.h>

/** Raise "flows/x.lua:12: unknown global 'lsits'; did you mean 'lists'?" for the function at the
 * top; pops it. */
void lx_globals_check(lua_State *L);

#endif
