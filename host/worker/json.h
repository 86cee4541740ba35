/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h: JSON straight from and to Lua values, without a tree and without malloc.
 *
 * Keys are written in the order of their bytes, so equal values give equal text. Tables are read
 * raw: no metamethod of a script runs. All functions may raise a Lua error.
 */
#ifndef NF_WORKER_JSON_H
#define NF_WORKER_JSON_H

#include "base/jscan.h"
#include "sink.h"

typedef enum nf_json_mode {
    NF_JSON_STRICT = 0,  /* what JSON cannot say is an error */
    NF_JSON_LENIENT = 1, /* for log lines: functions and the like become their type's name */
} nf_json_mode;

/** Write the value at `index`. Stops when the sink is over its cap: the caller looks at that. */
void lx_json_write(lua_State *L, int index, nf_sink *sink, nf_json_mode mode);

typedef struct nf_json_in {
    nf_jscan scan;
    bool keep_null; /* null becomes json.null; otherwise it is left out */
} nf_json_in;

/** Push the whole document in `text`; raises "WHAT: line 1, column 5: ..." if it is not valid. */
void lx_json_read(lua_State *L, nf_text text, bool keep_null, const char *what);

/** Push the value that begins with `token`, and read over it. */
void lx_json_value(lua_State *L, nf_json_in *in, nf_jtoken token);

/** Push the last key or string of the scanner. */
void lx_json_string(lua_State *L, const nf_jscan *scan);

/** Raise the scanner's error. */
NF_NORETURN void lx_json_fail(lua_State *L, const nf_jscan *scan, const char *what);

/** Mark the table at the top as a list, so that it is one in JSON even when it is empty. */
void lx_json_mark_list(lua_State *L);

/** Push json.null; make the module json. */
void lx_json_null(lua_State *L);
void lx_json_open(lua_State *L);

#endif
