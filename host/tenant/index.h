/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h: which listeners hear a subscription, without looking at the others.
 *
 * Listeners with the same connection, trigger and registration share a subscription, so they form a group. An event
 * looks at the listeners of its group only: what it costs does not grow with the number of flows.
 */
#ifndef NF_TENANT_INDEX_H
#define NF_TENANT_INDEX_H

#include "tenant/listener.h"

typedef struct nf_index nf_index;

/** The listeners of one subscription. */
typedef struct nf_group {
    nf_listener **listeners;
    size_t count;
} nf_group;

/** An empty index. Owned by the caller. */
nf_index *nf_index_new(void);

/** Free it; the listeners stay. NULL is allowed. */
void nf_index_free(nf_index *index);

/** Index those of these that have a connection instead, in their order. They must live until the next call. */
void nf_index_build(nf_index *index, nf_listener *const *listeners, size_t count);

/** The listeners that hear a subscription; an empty group when there are none. Borrowed until the next build. */
nf_group nf_index_find(nf_index *index, const nf_subscription *subscription);

#endif
