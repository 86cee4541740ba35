/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept.h: answers of Nimbus to GET requests, kept in memory for a while: look-up lists and address books.
 *
 * An answer is told with its age, so that a script can judge. Several who ask for the same at one time are one request.
 * Main invariant: an answer that was asked for before one of our own writes ended is never kept after it.
 */
#ifndef NF_ACT_KEPT_H
#define NF_ACT_KEPT_H

#include "act/contacts.h"
#include "nimbus/connection.h"

enum {
    NF_KEPT_ANSWER_MAX = 64 << 20, /* bytes of one answer */
    NF_KEPT_BYTES_MAX = 128 << 20, /* bytes of all of one tenant; the least used go first */
    NF_KEPT_ANSWERS_MAX = 256,
};

typedef struct nf_kept nf_kept;
typedef struct nf_kept_wait nf_kept_wait;

/** The end: `err` is set, or `answer` (borrowed during the call). */
typedef void nf_kept_done(void *ctx, const nf_error *err, nf_answer *answer);

/** Answers of one connection; `country` is where telephone numbers without one belong, copied. */
nf_kept *nf_kept_new(nf_loop *loop, nf_nimbus *nimbus, const char *country);

/** Free; before the connection is closed, when nobody waits any more. NULL is allowed. */
void nf_kept_free(nf_kept *kept);

/**
 * Get an answer that is at most `age_ms` old, from memory or from Nimbus; 0: from Nimbus. From memory `done` is called
 * at once and NULL is returned; else the wait is valid until `done`.
 */
nf_kept_wait *nf_kept_get(nf_kept *kept, const char *path, uint64_t age_ms, nf_kept_done *done,
                          void *ctx);

/** Do not call `done` any more. */
void nf_kept_forget(nf_kept_wait *wait);

/** Something at this path has changed: forget its answers, with any query. NULL: forget everything. */
void nf_kept_spoil(nf_kept *kept, const char *path);

/** The contacts in an answer, with the indexes made so far when it is still kept. A new reference. */
nf_contacts *nf_kept_contacts(nf_kept *kept, const char *path, nf_answer *answer);

#endif
