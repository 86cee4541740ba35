/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h: the memory of one run's whole Lua heap.
 *
 * Blocks of size classes, taken from free lists or from the end. The head lies at the start of the
 * arena itself, so a byte copy of the arena is a copy of the allocator too. It never returns NULL
 * to Lua: over the soft limit a full collection is asked for, over the hard limit the run ends.
 * (Lua 5.4.4 frees a table twice when an emergency collection meets a weak metatable; without a
 * failing allocator there is no emergency collection.)
 */
#ifndef NF_WORKER_ARENA_H
#define NF_WORKER_ARENA_H

#include "layout.h"

#include <stdbool.h>
#include <stdint.h>

enum { NF_ARENA_CLASSES = 112 }; /* at most 128, the bits of has_free */

typedef struct nf_arena {
    char *bump, *end;     /* from bump to end nothing was ever used */
    size_t used, peak;    /* bytes in blocks handed out */
    size_t soft, hard;    /* limits on used */
    uint64_t has_free[2]; /* a bit for each class: is its list not empty? */
    void *free_list[NF_ARENA_CLASSES];
} nf_arena;

/** An empty arena over the memory at `arena`, without limits. */
void nf_arena_init(nf_arena *arena);

/** Set what a run may use. */
void nf_arena_limit(nf_arena *arena, size_t limit);

/**
 * Another limit while the run goes on. True if more is used than it allows, or nearly: then a full collection is to be
 * made soon; until then a little more than is used may be used.
 */
bool nf_arena_change(nf_arena *arena, size_t limit);

/** A block, or NULL if it would go over the hard limit or the end. */
void *nf_arena_get(nf_arena *arena, size_t size);

/** Give a block back; `size` as it was asked for. */
void nf_arena_put(nf_arena *arena, void *block, size_t size);

/** Does a block of `old` bytes also do for `size` bytes? */
bool nf_arena_same(size_t old, size_t size);

/**
 * After a full collection: this limit is in force; move the soft one half way between it and what is used. False if
 * less than a sixteenth is left, that is, if collecting would not help for long.
 */
bool nf_arena_collected(nf_arena *arena, size_t limit);

#endif
