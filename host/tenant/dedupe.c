/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dedupe.c: see dedupe.h.
 *
 * Two flat arrays: what is remembered, in the order of time (a ring), and an index into it (open addressing, linear
 * probing). Why not the hash table used elsewhere: an element of it is 170 bytes, allocated one by one; a minute at
 * 10,000 events a second left so many of them between everything else that each event cost 20 us more.
 *
 * Invariants: the ring holds memories first .. end - 1, numbered since the start; the index has every one of them that
 * is alive exactly once; it is at most half full.
 */
#include "tenant/dedupe.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 1024, KEY_SIZE = 16 };

typedef struct memory {
    uint8_t key[KEY_SIZE]; /* of subscription and body, or of subscription and task */
    uint64_t body;         /* the start of the body's hash */
    int64_t event, received_ms;
    bool dead;
} memory;

struct nf_dedupe {
    memory *ring;
    uint32_t *index;     /* number in the ring's round + 1; 0: free. Twice the ring's size */
    uint32_t capacity;   /* of the ring, a power of two */
    uint64_t first, end; /* numbers of the oldest, and behind the newest */
    bool repeating;      /* a parameter update was seen */
};

static memory *at(const nf_dedupe *d, uint64_t number)
{
    return &d->ring[number & (d->capacity - 1)];
}

/* ---- the index ---- */

static uint32_t home(const nf_dedupe *d, const uint8_t *key)
{
    uint32_t h;
    memcpy(&h, key + 8, sizeof h);
    return h & (2 * d->capacity - 1);
}

/* The place of a key in the index: where it is, or where it would go. */
static uint32_t place(const nf_dedupe *d, const uint8_t *key)
{
    uint32_t i = home(d, key), mask = 2 * d->capacity - 1;
    while (d->index[i] && memcmp(d->ring[d->index[i] - 1].key, key, KEY_SIZE) != 0)
        i = (i + 1) & mask;
    return i;
}

static memory *find(const nf_dedupe *d, const uint8_t *key)
{
    uint32_t i = place(d, key);
    return d->index[i] ? &d->ring[d->index[i] - 1] : NULL;
}

/* Take a memory out of the index and close the gap, so that probing needs no tombstones. */
static void forget(nf_dedupe *d, memory *m)
{
    uint32_t mask = 2 * d->capacity - 1, gap = place(d, m->key);
    m->dead = true;
    for (uint32_t i = (gap + 1) & mask; d->index[i]; i = (i + 1) & mask) {
        uint32_t wanted = home(d, d->ring[d->index[i] - 1].key);
        if (((i - wanted) & mask) >= ((i - gap) & mask)) {
            d->index[gap] = d->index[i];
            gap = i;
        }
    }
    d->index[gap] = 0;
}

/* ---- the ring ---- */

static void drop_first(nf_dedupe *d)
{
    memory *m = at(d, d->first);
    if (!m->dead)
        forget(d, m);
    d->first++;
}

static void drop_old(nf_dedupe *d, int64_t now)
{
    while (d->first < d->end
           && (at(d, d->first)->dead || at(d, d->first)->received_ms < now - NF_DEDUPE_MS))
        drop_first(d);
}

static void set_capacity(nf_dedupe *d, uint32_t capacity)
{
    nf_dedupe old = *d;
    d->capacity = capacity;
    d->ring = nf_alloc(capacity * sizeof *d->ring);
    d->index = nf_alloc((size_t)capacity * 2 * sizeof *d->index);
    for (uint64_t n = d->first; n < d->end; n++) {
        memory *m = at(d, n);
        *m = *at(&old, n);
        if (!m->dead)
            d->index[place(d, m->key)] = (uint32_t)(n & (capacity - 1)) + 1;
    }
    free(old.ring);
    free(old.index);
}

static void add(nf_dedupe *d, const uint8_t *key, const nf_event_row *row)
{
    memory *before = find(d, key);
    if (before)
        forget(d, before);
    if (d->end - d->first == d->capacity) {
        if (d->capacity < NF_DEDUPE_MOST)
            set_capacity(d, d->capacity * 2);
        else
            drop_first(d);
    }
    memory *m = at(d, d->end);
    *m = (memory){.event = row->id, .received_ms = row->received_ms};
    memcpy(m->key, key, KEY_SIZE);
    memcpy(&m->body, row->hash, sizeof m->body);
    d->index[place(d, key)] = (uint32_t)(d->end & (d->capacity - 1)) + 1;
    d->end++;
}

/* ---- keys ---- */

static void make_key(const uint8_t *hash, int64_t subscription, uint8_t key[KEY_SIZE])
{
    uint64_t low;
    memcpy(key, hash, KEY_SIZE);
    memcpy(&low, key, sizeof low);
    low ^= (uint64_t)subscription * 0x9E3779B97F4A7C15u;
    memcpy(key, &low, sizeof low);
}

static void task_key(const nf_event *event, uint8_t key[KEY_SIZE])
{
    uint8_t hash[NF_SHA256_SIZE];
    nf_sha256(event->partition, strlen(event->partition), hash);
    make_key(hash, event->row.subscription, key);
}

/* ---- interface ---- */

nf_dedupe *nf_dedupe_new(void)
{
    nf_dedupe *d = nf_alloc(sizeof *d);
    set_capacity(d, FIRST_CAPACITY);
    return d;
}

void nf_dedupe_free(nf_dedupe *d)
{
    if (!d)
        return;
    free(d->ring);
    free(d->index);
    free(d);
}

int64_t nf_dedupe_find(nf_dedupe *d, const nf_event *event)
{
    uint8_t key[KEY_SIZE];
    if (event->repeats && event->partition)
        task_key(event, key);
    else
        make_key(event->row.hash, event->row.subscription, key);
    drop_old(d, event->row.received_ms);
    const memory *m = find(d, key);
    return m && memcmp(&m->body, event->row.hash, sizeof m->body) == 0 ? m->event : 0;
}

void nf_dedupe_add(nf_dedupe *d, const nf_event *event)
{
    uint8_t key[KEY_SIZE];
    nf_dedupe_add_row(d, &event->row);
    /* a task's last event counts only for tasks that have parameter updates at all */
    if (!event->partition || (!event->repeats && !d->repeating))
        return;
    task_key(event, key);
    d->repeating |= event->repeats;
    if (event->repeats || find(d, key))
        add(d, key, &event->row);
}

void nf_dedupe_add_row(nf_dedupe *d, const nf_event_row *row)
{
    uint8_t key[KEY_SIZE];
    make_key(row->hash, row->subscription, key);
    add(d, key, row);
}

void nf_dedupe_forget(nf_dedupe *d, const nf_event *event)
{
    uint8_t key[KEY_SIZE];
    make_key(event->row.hash, event->row.subscription, key);
    memory *m = find(d, key);
    if (m)
        forget(d, m);
    if (!event->partition || !d->repeating)
        return;
    task_key(event, key);
    m = find(d, key);
    if (m && m->event == event->row.id)
        forget(d, m);
}
