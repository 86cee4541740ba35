/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.c: see index.h.
 *
 * A group is found by its registration, which can be long; so the group of a subscription is looked up once and then
 * known by the subscription's number.
 */
#include "tenant/index.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct group {
    nf_group public;
    const nf_listener *first; /* whose connection, trigger and registration all have */
    struct group *twin;       /* another group with the same registration */
    UT_hash_handle hh;        /* by registration */
};

/* The group of a subscription that an event came for; NULL: none. */
struct known {
    int64_t subscription;
    struct group *group;
    UT_hash_handle hh;
};

struct nf_index {
    struct group *groups;
    struct known *known;
};

nf_index *nf_index_new(void)
{
    return nf_alloc(sizeof(nf_index));
}

static void forget(nf_index *index)
{
    while (index->known) {
        struct known *known = index->known;
        HASH_DEL(index->known, known);
        free(known);
    }
}

static void clear(nf_index *index)
{
    forget(index);
    while (index->groups) {
        struct group *first = index->groups, *twin;
        HASH_DEL(index->groups, first);
        for (; first; first = twin) {
            twin = first->twin;
            free(first->public.listeners);
            free(first);
        }
    }
}

void nf_index_free(nf_index *index)
{
    if (!index)
        return;
    clear(index);
    free(index);
}

static struct group *find(const nf_index *index, const void *connection, const nf_trigger *trigger,
                          const char *registration)
{
    struct group *group;
    HASH_FIND_STR(index->groups, registration, group);
    while (group
           && (group->first->connection != connection || group->first->handler->trigger != trigger))
        group = group->twin;
    return group;
}

static struct group *add_group(nf_index *index, const nf_listener *l)
{
    struct group *group = nf_alloc(sizeof *group), *same;
    group->first = l;
    HASH_FIND_STR(index->groups, l->registration, same);
    if (same) {
        group->twin = same->twin;
        same->twin = group;
    } else {
        HASH_ADD_KEYPTR(hh, index->groups, l->registration, strlen(l->registration), group);
    }
    return group;
}

void nf_index_build(nf_index *index, nf_listener *const *listeners, size_t count)
{
    clear(index);
    for (size_t i = 0; i < count; i++) {
        nf_listener *l = listeners[i];
        if (!l->connection) /* hears something else than Nimbus */
            continue;
        struct group *group = find(index, l->connection, l->handler->trigger, l->registration);
        if (!group)
            group = add_group(index, l);
        nf_group *g = &group->public;
        if ((g->count & (g->count - 1)) == 0) /* full at every power of two */
            g->listeners =
                nf_realloc(g->listeners, (g->count ? 2 * g->count : 1) * sizeof *g->listeners);
        g->listeners[g->count++] = l;
    }
}

nf_group nf_index_find(nf_index *index, const nf_subscription *s)
{
    enum { MOST_KNOWN = 100000 };
    struct known *known;
    HASH_FIND(hh, index->known, &s->id, sizeof s->id, known);
    if (!known) {
        if (HASH_COUNT(index->known) >= MOST_KNOWN)
            forget(index);
        known = nf_alloc(sizeof *known);
        known->subscription = s->id;
        known->group = find(index, s->owner, s->trigger, s->filter);
        HASH_ADD(hh, index->known, subscription, sizeof known->subscription, known);
    }
    return known->group ? known->group->public : (nf_group){0};
}
