/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: "did you mean" for names that live in Lua tables. */
#ifndef NF_WORKER_NAMES_H
#define NF_WORKER_NAMES_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/** The best candidate so far for a misspelled word. Start with {.word = ...}. */
typedef struct nf_nearest {
    const char *word;
    const char *best; /* borrowed from the table it came from; NULL: none near enough yet */
    unsigned distance;
} nf_nearest;

/** Look at one candidate. */
void nf_nearest_try(nf_nearest *nearest, const char *candidate);

/** Look at all string keys of the table at `index`, raw. Needs three stack slots. */
void nf_nearest_keys(nf_nearest *nearest, lua_State *L, int index);

/** ASCII letters compared without case. */
bool nf_same_word(const char *a, const char *b);

/** For "attempt to call a nil value (global 'lsits')": "; did you mean 'lists'?", else "". `out`
 * holds the text. */
const char *nf_name_hint(lua_State *L, const char *message, char *out, size_t size);

/** Make reading an unknown field of the module table at the top of the stack an error with a hint.
 * `name` is static. */
void lx_names_strict(lua_State *L, const char *name);

#endif
