/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.c: see image.h.
 *
 * Relocations are found conservatively: every aligned word that is an address inside the arena. The
 * high half of these addresses is an odd number that ordinary data does not have.
 */
#include "image.h"

#include <string.h>
#include <sys/mman.h>

static char *bytes_of(const nf_image *image)
{
    size_t head = sizeof *image + image->relocations * sizeof image->words[0];
    return (char *)(uintptr_t)image + ((head + 63) & ~(size_t)63);
}

static uint32_t high_of(const nf_run *run)
{
    return (uint32_t)((uint64_t)(uintptr_t)run->arena >> NF_SLOT_SHIFT);
}

static bool is_inside(uint64_t word, uint64_t arena)
{
    return word - arena < NF_ARENA_SIZE;
}

/* Count the pointers, and with `words` store their offsets. */
static size_t find_pointers(const nf_run *run, size_t len, uint32_t *words)
{
    const uint64_t *word = (const uint64_t *)(const void *)run->arena;
    uint64_t arena = (uint64_t)(uintptr_t)run->arena;
    size_t count = 0;
    for (size_t i = 0; i < len / sizeof *word; i++) {
        if (!is_inside(word[i], arena))
            continue;
        if (words)
            words[count] = (uint32_t)(i * sizeof *word);
        count++;
    }
    return count;
}

nf_image *nf_image_take(const nf_run *run, uint64_t random_at)
{
    size_t len = (size_t)(run->arena->bump - (char *)run->arena);
    size_t relocations = find_pointers(run, len, NULL);
    size_t size = sizeof(nf_image) + relocations * sizeof(uint32_t) + 64 + len;
    nf_image *image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (image == MAP_FAILED)
        return NULL;
    image->mapped = size;
    image->version = run->version;
    image->flags = run->flags;
    image->main_at = (uint64_t)((char *)run->L - (char *)run->arena);
    image->random_at = random_at;
    image->source_len = run->source_len;
    image->load_ns = run->cpu_ns;
    image->len = len;
    image->relocations = relocations;
    image->high = high_of(run);
    memcpy(image->file, run->file, sizeof image->file);
    find_pointers(run, len, image->words);
    memcpy(bytes_of(image), run->arena, len);
    return image;
}

/* Let the copy point into itself: to the high half of a little-endian word. */
static void relocate(const nf_image *image, char *arena, uint32_t high)
{
    if (image->high == high)
        return;
    for (size_t i = 0; i < image->relocations; i++)
        memcpy(arena + image->words[i] + 4, &high, sizeof high);
}

void nf_image_copy(const nf_image *image, nf_run *run)
{
    enum { FIRST_ROOM = 8 << 10 };
    char *arena = (char *)run->arena;
    nf_run_commit(run, arena + image->len + FIRST_ROOM);
    memcpy(arena, bytes_of(image), image->len);
    relocate(image, arena, high_of(run));
    run->L = run->current = (lua_State *)(void *)(arena + image->main_at);
    run->version = image->version;
    run->flags = image->flags;
    run->source_len = image->source_len;
    run->load_ns = image->load_ns;
    memcpy(run->file, image->file, sizeof run->file);
}

void nf_image_seed(const nf_image *image, nf_run *run, const uint64_t seed[4])
{
    static const uint64_t some[4] = {1, 2, 3, 4}; /* all zero would stay zero */
    bool zero = (seed[0] | seed[1] | seed[2] | seed[3]) == 0;
    memcpy((char *)run->arena + image->random_at, zero ? some : seed, sizeof some);
}

void nf_image_free(nf_image *image)
{
    munmap(image, image->mapped);
}
