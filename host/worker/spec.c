/* SPDX-License-Identifier: Apache-2.0 */
/* spec.c: see spec.h. Invariant: what is kept lies in one mapping, which is as long as the process. */
#include "spec.h"

#include "fail.h"
#include "json.h"

#include <string.h>
#include <sys/mman.h>

enum { NAME_MAX_LEN = 120, ALIGN = sizeof(void *) };

nf_specs nf_all_specs;

static char *room, *room_end;

/* Nothing takes more room than eight times its text: a name of one letter is 3 bytes there, 2 and a pointer here. */
static void make_room(size_t len)
{
    enum { TIMES = 8, SPARE = 4096 };
    size_t size = len * TIMES + SPARE;
    room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        nf_fail_start("no memory for the surface");
    room_end = room + size;
}

static void *keep(lua_State *L, size_t size)
{
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (size > (size_t)(room_end - room))
        luaL_error(L, "the surface is larger than its text");
    void *at = room;
    room += size;
    return at;
}

/* The text at the top, which is popped; NULL if it is none. */
static const char *keep_text(lua_State *L)
{
    size_t len;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
    char *kept = text ? memcpy(keep(L, len + 1), text, len + 1) : NULL;
    lua_pop(L, 1);
    return kept;
}

/* The first `most` texts of a list, or fewer. */
static const char *const *keep_list(lua_State *L, const char *field, size_t most)
{
    size_t count = lua_getfield(L, -1, field) == LUA_TTABLE ? (size_t)lua_rawlen(L, -1) : 0;
    count = NF_MIN(count, most);
    const char **list = keep(L, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        list[i] = keep_text(L);
    }
    list[count] = NULL;
    lua_pop(L, 1);
    return list;
}

static const char *keep_name(lua_State *L)
{
    lua_getfield(L, -1, "name");
    const char *name = keep_text(L);
    if (!name || !*name || strlen(name) > NAME_MAX_LEN)
        luaL_error(L, "an action or trigger without a usable name");
    return name;
}

static lua_Integer number(lua_State *L, const char *field)
{
    lua_getfield(L, -1, field);
    lua_Integer value = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return value;
}

static bool is_true(lua_State *L, const char *field)
{
    lua_getfield(L, -1, field);
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static bool returns_row(lua_State *L)
{
    lua_getfield(L, -1, "returns");
    const char *what = lua_tostring(L, -1);
    bool row = what && strncmp(what, "row", 3) == 0;
    lua_pop(L, 1);
    return row;
}

/* The description of an entry is at the top. */
static nf_action_spec action_of(lua_State *L)
{
    nf_action_spec spec = {.name = keep_name(L)};
    lua_Integer positional = number(L, "positional");
    spec.params = keep_list(L, "params", positional > 0 ? (size_t)positional : 0);
    while (spec.params[spec.positional])
        spec.positional++;
    spec.flags = (strncmp(spec.name, "lists.", 6) == 0 ? NF_ACTION_LOOKUP : 0)
                 | (returns_row(L) ? NF_ACTION_ROW : 0)
                 | (is_true(L, "several") ? NF_ACTION_SEVERAL : 0);
    return spec;
}

static nf_trigger_spec trigger_of(lua_State *L)
{
    nf_trigger_spec spec = {.name = keep_name(L)};
    spec.filters = keep_list(L, "filters", SIZE_MAX);
    spec.options = keep_list(L, "options", SIZE_MAX);
    lua_getfield(L, -1, "event");
    spec.event = keep_text(L);
    return spec;
}

/* Leave the list under this name at the top, with its length. */
static size_t enter(lua_State *L, const char *field)
{
    if (lua_getfield(L, 1, field) != LUA_TTABLE)
        return 0;
    return (size_t)lua_rawlen(L, -1);
}

/* Leave the list's next entry at the top. */
static void next(lua_State *L, size_t index)
{
    lua_settop(L, 2);
    if (lua_rawgeti(L, -1, (lua_Integer)index + 1) != LUA_TTABLE)
        luaL_error(L, "the surface: an entry of a list is not an object");
}

void lx_specs_read(lua_State *L, nf_text description)
{
    lua_settop(L, 0);
    lx_json_read(L, description, false, "the surface");
    if (!lua_istable(L, 1))
        luaL_error(L, "the surface must be an object");
    make_room(description.len);
    size_t actions = enter(L, "actions");
    nf_action_spec *action = keep(L, actions * sizeof *action);
    for (size_t i = 0; i < actions; i++) {
        next(L, i);
        action[i] = action_of(L);
    }
    lua_settop(L, 1);
    size_t triggers = enter(L, "triggers");
    nf_trigger_spec *trigger = keep(L, triggers * sizeof *trigger);
    for (size_t i = 0; i < triggers; i++) {
        next(L, i);
        trigger[i] = trigger_of(L);
    }
    nf_all_specs = (nf_specs){action, trigger, actions, triggers};
}
