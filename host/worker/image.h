/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h: a Lua state at rest, kept as bytes; a fresh state for a run is a copy of them.
 *
 * The image is what lies in the arena from its start to its used end, and the list of the words in
 * it that point into the arena: their high halves are replaced in a copy that lies in another slot. It is taken when
 * no call is in progress, so nothing in it points to a C stack.
 */
#ifndef NF_WORKER_IMAGE_H
#define NF_WORKER_IMAGE_H

#include "run.h"

typedef struct nf_image {
    struct nf_image *next;
    size_t mapped; /* bytes of this mapping: this struct, the relocations, the image */
    uint64_t version;
    uint32_t flags;     /* nf_load_flag */
    uint32_t handlers;  /* how many it declares */
    uint64_t main_at;   /* of the main thread, from the arena's start */
    uint64_t random_at; /* of math.random's state */
    size_t source_len;
    uint64_t load_ns; /* CPU time that loading took */
    size_t len, relocations;
    uint32_t high; /* the high half of its pointers: that of the slot it was taken from */
    char file[NF_FILE_NAME_MAX];
    uint32_t words[]; /* offsets of the pointers; behind them the bytes, at a multiple of 64 */
} nf_image;

/** The image of a run that ended in good order. Ends with nf_image_free. NULL if there is no memory
 * for it. */
nf_image *nf_image_take(const nf_run *run, uint64_t random_at);

/** Make it the run's Lua state. */
void nf_image_copy(const nf_image *image, nf_run *run);

/** Set the state of the run's math.random. */
void nf_image_seed(const nf_image *image, nf_run *run, const uint64_t seed[4]);

/** Give its memory back. */
void nf_image_free(nf_image *image);

#endif
