/* SPDX-License-Identifier: Apache-2.0 */
/*
 * where.h: positions in a script, and the report of an error that nobody caught.
 *
 * Frames of our own Lua code (chunk names that do not begin with '@') and C functions are not a
 * position: a script's author wants the line of the script.
 */
#ifndef NF_WORKER_WHERE_H
#define NF_WORKER_WHERE_H

#include "run.h"

/** Write "flows/x.lua:12", the innermost script line of this thread, or "" without one. Returns the
 * line or 0. */
int nf_where(lua_State *L, char out[NF_WHERE_MAX]);

/** That line alone. */
int nf_where_line(lua_State *L);

/** The message handler of a run's outermost call: writes the error's report into the run's text
 * region. */
int nf_where_report(lua_State *L);

/** The report of an error without the stack it came from: for what the message handler never saw.
 */
void nf_where_report_plain(lua_State *L, int index);

#endif
