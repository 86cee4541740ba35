/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface.h: the functions a script sees, made from the broker's description (spec.h).
 *
 * Every action becomes a function that is one effect, every trigger a function that declares a
 * handler while a file loads. The worker knows no action by name.
 */
#ifndef NF_WORKER_SURFACE_H
#define NF_WORKER_SURFACE_H

#include "spec.h"

/** Make the functions of all specs. */
void lx_surface_open(lua_State *L);

/**
 * Push the schema of a trigger's event, or nil. It is made when it is asked for first: while the flow that declares the
 * trigger is loaded, so that the runs find it in their image.
 */
void lx_surface_schema(lua_State *L, lua_Integer trigger);

/** The function of an action; its upvalue is the index of the spec. In effect.c */
int lx_effect(lua_State *L);

/** The function of a trigger; its upvalue is the index of the spec. In trigger.c */
int lx_trigger(lua_State *L);

/** Push the list of the declared handlers: their functions; their descriptions as LOADED gives
 * them. In trigger.c */
void lx_trigger_functions(lua_State *L);
void lx_trigger_descriptions(lua_State *L);

#endif
