/* SPDX-License-Identifier: Apache-2.0 */
/* prelude.c: see prelude.h. The only bytecode that is ever loaded: ours, of this process. */
#include "prelude.h"

#include <lauxlib.h>
#include <string.h>

enum { MOST = 16, ROOM = 64 << 10 };

static char compiled[ROOM];
static size_t ends[MOST];

static int append(lua_State *L, const void *bytes, size_t size, void *end)
{
    size_t *at = end;
    (void)L;
    if (size > ROOM - *at)
        return 1;
    memcpy(compiled + *at, bytes, size);
    *at += size;
    return 0;
}

void lx_prelude_compile(lua_State *L)
{
    size_t at = 0, i = 0;
    for (const nf_prelude *file = nf_preludes; file->name; file++, i++) {
        if (luaL_loadbufferx(L, file->text, strlen(file->text), file->name, "t") != LUA_OK)
            lua_error(L);
        if (i == MOST || lua_dump(L, append, &at, 0) != 0)
            luaL_error(L, "the preludes are too large");
        ends[i] = at;
        lua_pop(L, 1);
    }
}

void lx_prelude_run(lua_State *L)
{
    size_t at = 0, i = 0;
    for (const nf_prelude *file = nf_preludes; file->name; file++, i++) {
        if (luaL_loadbufferx(L, compiled + at, ends[i] - at, file->name, "b") != LUA_OK)
            lua_error(L);
        lua_call(L, 0, 0);
        at = ends[i];
    }
}
