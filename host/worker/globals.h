/* SPDX-License-Identifier: Apache-2.0 */
/*
 * globals.h: what is looked up in compiled code: unknown global names, before a file runs; return statements.
 *
 * A name is known if it is a global of ours or assigned anywhere in the file.
 */
#ifndef NF_WORKER_GLOBALS_H
#define NF_WORKER_GLOBALS_H

#include <lua.h>

/** Raise "flows/x.lua:12: unknown global 'lsits'; did you mean 'lists'?" for the function at the
 * top; pops it. */
void lx_globals_check(lua_State *L);

/** The line of the only statement of the function at the top that returns a value; 0: none, several, or not known. */
int lx_return_line(lua_State *L);

#endif
