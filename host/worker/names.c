/* SPDX-License-Identifier: Apache-2.0 */
/* names.c: see names.h. Tables are read raw; words of more than 63 bytes are near to nothing. */
#include "names.h"

#include "base/suggest.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

void nf_nearest_try(nf_nearest *nearest, const char *candidate)
{
    unsigned distance = nf_word_distance(nearest->word, candidate);
    if (!nf_word_near(distance, strlen(nearest->word))
        || (nearest->best && distance > nearest->distance))
        return;
    /* among equally near words the first in the alphabet, so that the hint is always the same */
    if (nearest->best && distance == nearest->distance && strcmp(candidate, nearest->best) > 0)
        return;
    nearest->best = candidate;
    nearest->distance = distance;
}

void nf_nearest_keys(nf_nearest *nearest, lua_State *L, int index)
{
    index = lua_absindex(L, index);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING)
            nf_nearest_try(nearest, lua_tostring(L, -1));
    }
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool nf_same_word(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b))
        a++, b++;
    return lower(*a) == lower(*b);
}

const char *nf_name_hint(lua_State *L, const char *message, char *out, size_t size)
{
    static const char before[] = "a nil value (global '";
    const char *at = strstr(message, before);
    char word[64];
    size_t len = at ? strcspn(at + sizeof before - 1, "'") : 0;
    if (len == 0 || len >= sizeof word)
        return "";
    memcpy(word, at + sizeof before - 1, len);
    word[len] = '\0';
    nf_nearest nearest = {.word = word};
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    nf_nearest_keys(&nearest, L, -1);
    lua_pop(L, 1);
    if (!nearest.best)
        return "";
    snprintf(out, size, "; did you mean '%s'?", nearest.best);
    return out;
}

/* __index of a module: (table, key) */
static int lx_unknown_field(lua_State *L)
{
    const char *module = lua_tostring(L, lua_upvalueindex(1));
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    nf_nearest nearest = {.word = lua_tostring(L, 2)};
    nf_nearest_keys(&nearest, L, 1);
    if (nearest.best)
        return luaL_error(L, "%s has no '%s'; did you mean '%s'?", module, nearest.word,
                          nearest.best);
    return luaL_error(L, "%s has no '%s'", module, nearest.word);
}

void lx_names_strict(lua_State *L, const char *name)
{
    if (!lua_getmetatable(L, -1))
        lua_createtable(L, 0, 2);
    lua_pushstring(L, name);
    lua_pushcclosure(L, lx_unknown_field, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}
