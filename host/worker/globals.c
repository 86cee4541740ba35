/* SPDX-License-Identifier: Apache-2.0 */
#include "globals.h"

void lx_globals_check(lua_State *L)
{
    lua_pop(L, 1);
}
