/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h: event tables and rows: tables that refuse unknown fields.
 *
 * A record holds the present fields only, so pairs() shows just those. Reading a field it does not
 * hold looks further: a known field that is absent or null is nil; another spelling of case finds
 * the field; anything else is an error that says what was meant.
 */
#ifndef NF_WORKER_RECORD_H
#define NF_WORKER_RECORD_H

#include "json.h"

/** Push what lx_record_event needs to know of an event with these fields (nf_trigger_spec's `event`); `label` names it
 * in errors. */
void lx_record_schema(lua_State *L, nf_text fields, const char *label);

/** Push the event in `text`; the schema, or nil, is at the top of the stack and stays below it. */
void lx_record_event(lua_State *L, nf_text text);

/** Push the row and the number of matches from {"row": {...}, "matches": n}, or nil; returns how
 * many were pushed. */
int lx_record_row(lua_State *L, nf_text text);

#endif
