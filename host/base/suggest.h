/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h: "did you mean". No allocation, no libc state: the worker uses it on a script's stack. */
#ifndef NF_BASE_SUGGEST_H
#define NF_BASE_SUGGEST_H

#include "nf/error.h"

#include <stddef.h>

/**
 * The candidate nearest to `word`, or NULL when none is near enough to be meant (edit distance with transpositions,
 * case ignored, at most a third of the word's length). `candidates` ends with NULL.
 */
const char *nf_suggest(const char *word, const char *const *candidates);

/** How near two words are: edit distance, case ignored; words longer than 63 bytes count as far apart. */
unsigned nf_word_distance(const char *a, const char *b);

/** Is a distance near enough to suggest a word of this length? */
int nf_word_near(unsigned distance, size_t length);

/**
 * Set the error "unknown WHAT 'WORD'; did you mean 'X'?", or with the list of all candidates when none is near.
 * Returns `status`.
 */
nf_status nf_suggest_error(nf_error *err, nf_status status, const char *what, const char *word,
                           const char *const *candidates);

#endif
