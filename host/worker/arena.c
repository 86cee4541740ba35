/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c: see arena.h.
 *
 * Classes: multiples of 16 up to 512, then four per doubling. Main invariant: a block of a class is
 * always that class's full size, so any free block of the list fits.
 */
#include "arena.h"

enum { SMALL = 512, STEP = 16, SMALL_CLASSES = SMALL / STEP, SMALL_LOG2 = 9 };

/* The class of a size, and the size of its blocks. */
static unsigned class_of(size_t size, size_t *full)
{
    if (size <= SMALL) {
        size_t steps = size ? (size + STEP - 1) / STEP : 1;
        *full = steps * STEP;
        return (unsigned)steps - 1;
    }
    unsigned log = 63u - (unsigned)__builtin_clzll(size - 1); /* 2^log < size <= 2^(log + 1) */
    size_t step = (size_t)1 << (log - 2);
    size_t part = (size - 1 - ((size_t)1 << log)) / step;
    *full = ((size_t)1 << log) + (part + 1) * step;
    return SMALL_CLASSES + (log - SMALL_LOG2) * 4 + (unsigned)part;
}

void nf_arena_init(nf_arena *arena)
{
    size_t head = (sizeof *arena + 63) & ~(size_t)63;
    *arena = (nf_arena){.bump = (char *)arena + head, .end = (char *)arena + NF_ARENA_SIZE};
    arena->soft = arena->hard = SIZE_MAX;
}

void nf_arena_limit(nf_arena *arena, size_t limit)
{
    arena->hard = limit;
    arena->soft = limit - limit / 8;
    arena->peak = arena->used;
}

bool nf_arena_change(nf_arena *arena, size_t limit)
{
    size_t above = arena->used + limit / 8;
    arena->hard = limit > above ? limit : above;
    arena->soft = limit - limit / 8;
    return arena->used > arena->soft;
}

void *nf_arena_get(nf_arena *arena, size_t size)
{
    size_t full;
    if (size > NF_ARENA_SIZE)
        return NULL;
    unsigned class = class_of(size, &full);
    if (arena->used + full > arena->hard)
        return NULL;
    void *block = arena->free_list[class];
    if (block) {
        arena->free_list[class] = *(void **)block;
    } else {
        if (full > (size_t)(arena->end - arena->bump))
            return NULL;
        block = arena->bump;
        arena->bump += full;
    }
    arena->used += full;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    return block;
}

void nf_arena_put(nf_arena *arena, void *block, size_t size)
{
    size_t full;
    unsigned class = class_of(size, &full);
    *(void **)block = arena->free_list[class];
    arena->free_list[class] = block;
    arena->used -= full;
}

bool nf_arena_same(size_t old, size_t size)
{
    size_t a, b;
    return size <= NF_ARENA_SIZE && class_of(old, &a) == class_of(size, &b);
}

bool nf_arena_collected(nf_arena *arena, size_t limit)
{
    arena->hard = limit;
    if (arena->used >= limit || limit - arena->used < limit / 16)
        return false;
    arena->soft = arena->used + (limit - arena->used) / 2;
    return true;
}
