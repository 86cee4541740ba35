/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c: see arena.h.
 *
 * Classes: multiples of 16 up to 512, then four per doubling. Main invariant: a block of a class is
 * always that class's full size, so any free block of the list fits.
 *
 * While the arena is small, a free block is rather cut up than new memory taken: what is free in an image is copied
 * for each run, and the copy is in the processor's cache. A large one is not, for what was cut never grows together
 * again: a program could have block after large block cut up, and use up the arena.
 */
#include "arena.h"

enum { SMALL = 512, STEP = 16, SMALL_CLASSES = SMALL / STEP, SMALL_LOG2 = 9 };
enum { CUT_BELOW = 256 << 10 }; /* bytes of the arena that are in use or free */

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

/* The largest class whose blocks are not larger than this: a multiple of 16, as all blocks are. */
static unsigned class_within(size_t size, size_t *full)
{
    unsigned class = class_of(size, full);
    if (*full == size)
        return class;
    size_t log = SMALL_LOG2 + (class - SMALL_CLASSES) / 4;
    *full -= (size_t)1 << (log - 2); /* the step between this class and the one before */
    return class - 1;
}

static void push(nf_arena *arena, void *block, unsigned class)
{
    *(void **)block = arena->free_list[class];
    arena->free_list[class] = block;
    arena->has_free[class / 64] |= (uint64_t)1 << (class % 64);
}

static void *pop(nf_arena *arena, unsigned class)
{
    void *block = arena->free_list[class];
    arena->free_list[class] = *(void **)block;
    if (!arena->free_list[class])
        arena->has_free[class / 64] &= ~((uint64_t)1 << (class % 64));
    return block;
}

/* The smallest class that has a free block, from `class` on; NF_ARENA_CLASSES if there is none. */
static unsigned class_with_free(const nf_arena *arena, unsigned class)
{
    uint64_t bits = arena->has_free[class / 64] >> (class % 64) << (class % 64);
    if (bits)
        return (class & ~63u) + (unsigned)__builtin_ctzll(bits);
    if (class < 64 && arena->has_free[1])
        return 64 + (unsigned)__builtin_ctzll(arena->has_free[1]);
    return NF_ARENA_CLASSES;
}

static size_t size_of(unsigned class)
{
    if (class < SMALL_CLASSES)
        return (class + 1) * (size_t)STEP;
    size_t log = SMALL_LOG2 + (class - SMALL_CLASSES) / 4, part = (class - SMALL_CLASSES) % 4;
    return ((size_t)1 << log) + ((part + 1) << (log - 2));
}

/* A block of `full` bytes from a larger free one, whose rest becomes free blocks. NULL if there is none. */
static void *cut(nf_arena *arena, unsigned class, size_t full)
{
    unsigned larger = class_with_free(arena, class);
    if (larger == NF_ARENA_CLASSES)
        return NULL;
    char *block = pop(arena, larger), *rest = block + full, *end = block + size_of(larger);
    while (rest < end) {
        size_t piece;
        unsigned of = class_within((size_t)(end - rest), &piece);
        push(arena, rest, of);
        rest += piece;
    }
    return block;
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
    void *block = NULL;
    if (arena->free_list[class])
        block = pop(arena, class);
    else if (arena->bump - (char *)arena < CUT_BELOW)
        block = cut(arena, class, full);
    if (!block) {
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
    push(arena, block, class);
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
