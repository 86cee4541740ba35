/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib.h: what a script finds in its globals: an allow-list of Lua's own libraries, with safe
 * versions of the functions that would show addresses, load bytecode, run finalizers, leave the
 * host's bookkeeping or take a libc lock.
 */
#ifndef NF_WORKER_LIB_H
#define NF_WORKER_LIB_H

#include "run.h"

/** Everything below, in this order. */
void lx_lib_open(lua_State *L);

/** When the surface has added its functions: unknown fields of our modules are errors from now on.
 */
void lx_lib_close(lua_State *L);

/** Each changes or makes its globals; nothing is left on the stack. */
void lx_base_open(lua_State *L);
void lx_coroutine_open(lua_State *L);
void lx_time_open(lua_State *L);
void lx_log_open(lua_State *L);
void lx_flow_open(lua_State *L);

/** Push the text of the value at `index`: tostring without addresses. May call __tostring. */
void lx_tostring(lua_State *L, int index);

/** Where math.random keeps its state: 32 bytes in the run's arena. */
uint64_t *lx_random_state(lua_State *L);

#endif
