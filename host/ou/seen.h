/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seen.h: which service a task, scheduler entry, external task or session belongs to, as learned from events and
 * answers.
 *
 * Bounded: the ones not heard of for longest are forgotten.
 */
#ifndef NF_OU_SEEN_H
#define NF_OU_SEEN_H

#include <stddef.h>

typedef struct nf_seen nf_seen;

enum { NF_SEEN_MOST = 100000 };

/** An empty memory of at most `most` ids. Owned by the caller. */
nf_seen *nf_seen_new(size_t most);

/** Free it. NULL is allowed. */
void nf_seen_free(nf_seen *seen);

/** `id` belongs to `service` now. Both are copied; what is longer than 256 bytes is not remembered. */
void nf_seen_add(nf_seen *seen, const char *id, const char *service);

/** The service of an id, borrowed until the next add, or NULL. */
const char *nf_seen_service(const nf_seen *seen, const char *id);

#endif
