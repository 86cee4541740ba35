/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists_key.h: the key of a value: two values are the same exactly when their keys are the same
 * bytes.
 *
 * The key of what reads as a telephone number is its E.164 text, of everything else the text with
 * the blanks at its ends taken off and upper case folded to lower case (Latin, Greek, Cyrillic; no
 * locale).
 */
#ifndef NF_ACT_LISTS_KEY_H
#define NF_ACT_LISTS_KEY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A key and its memory; zero-initialise, use as often as wanted, release once. */
typedef struct nf_list_key {
    char *bytes;
    size_t len, capacity;
} nf_list_key;

/** Make the key of plain text. False when it is empty, which equals nothing. `country` may be NULL.
 */
bool nf_list_key_of_text(nf_list_key *key, const char *text, size_t len, const char *country);

/** Make the key of the cell number `column` in a row, a JSON array. False when it is absent. */
bool nf_list_key_of_cell(nf_list_key *key, const char *row, size_t len, size_t column,
                         const char *country);

/** Make the key of a JSON scalar. False for null, "", objects and lists. */
bool nf_list_key_of_json(nf_list_key *key, const json_t *value, const char *country);

/** Do two keys hold the same bytes? */
bool nf_list_key_equal(const nf_list_key *a, const nf_list_key *b);

/** A 64-bit hash of the key. */
uint64_t nf_list_key_hash(const nf_list_key *key);

/** Free the memory. */
void nf_list_key_release(nf_list_key *key);

#endif
