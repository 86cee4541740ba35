/* SPDX-License-Identifier: Apache-2.0 */
/* lua_text.h: JSON values as Lua source that gives the same values. Pure. */
#ifndef NF_CLI_LUA_TEXT_H
#define NF_CLI_LUA_TEXT_H

#include "base/strbuf.h"

#include <jansson.h>

/**
 * Append a value. A table that does not fit into the line is broken, its fields behind `indent` blanks and two more.
 * `nulls`: fields that are null are written as json.null; else they are left out (of lists never).
 */
void nf_lua_value(nf_strbuf *out, const json_t *value, unsigned indent, bool nulls);

/** Append a text as a Lua string with its quotes. */
void nf_lua_string(nf_strbuf *out, const char *text, size_t len);

#endif
