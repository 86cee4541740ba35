/* SPDX-License-Identifier: Apache-2.0 */
/* dedupe.c: see dedupe.h. One hash table in the order of arrival: the oldest entries are dropped as time passes. */
#include "tenant/dedupe.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* The key: for most events subscription and body, for parameter updates subscription and task. */
struct key {
    int64_t subscription;
    uint8_t hash[NF_SHA256_SIZE];
};

struct entry {
    struct key key;
    uint8_t body[NF_SHA256_SIZE];
    int64_t event, received_ms;
    UT_hash_handle hh;
};

struct nf_dedupe {
    struct entry *entries;
    bool repeating; /* a parameter update was seen */
};

nf_dedupe *nf_dedupe_new(void)
{
    return nf_alloc(sizeof(nf_dedupe));
}

static void drop(nf_dedupe *dedupe, struct entry *entry)
{
    HASH_DEL(dedupe->entries, entry);
    free(entry);
}

void nf_dedupe_free(nf_dedupe *dedupe)
{
    if (!dedupe)
        return;
    while (dedupe->entries)
        drop(dedupe, dedupe->entries);
    free(dedupe);
}

static void drop_old(nf_dedupe *dedupe, int64_t now)
{
    while (dedupe->entries
           && (dedupe->entries->received_ms < now - NF_DEDUPE_MS
               || HASH_COUNT(dedupe->entries) > NF_DEDUPE_MOST))
        drop(dedupe, dedupe->entries);
}

static struct entry *find(nf_dedupe *dedupe, const struct key *key)
{
    struct entry *entry;
    HASH_FIND(hh, dedupe->entries, key, sizeof *key, entry);
    return entry;
}

static void add(nf_dedupe *dedupe, const struct key *key, const nf_event_row *row)
{
    struct entry *entry = find(dedupe, key);
    if (entry) /* to the end: the table is in the order of time */
        drop(dedupe, entry);
    entry = nf_alloc(sizeof *entry);
    entry->key = *key;
    memcpy(entry->body, row->hash, NF_SHA256_SIZE);
    entry->event = row->id;
    entry->received_ms = row->received_ms;
    HASH_ADD(hh, dedupe->entries, key, sizeof entry->key, entry);
}

static struct key body_key(const nf_event_row *row)
{
    struct key key = {.subscription = row->subscription};
    memcpy(key.hash, row->hash, NF_SHA256_SIZE);
    return key;
}

static struct key task_key(const nf_event *event)
{
    struct key key = {.subscription = event->row.subscription};
    nf_sha256(event->partition, strlen(event->partition), key.hash);
    return key;
}

int64_t nf_dedupe_find(nf_dedupe *dedupe, const nf_event *event)
{
    bool by_task = event->repeats && event->partition;
    struct key key = by_task ? task_key(event) : body_key(&event->row);
    drop_old(dedupe, event->row.received_ms);
    const struct entry *entry = find(dedupe, &key);
    bool same = entry && entry->received_ms >= event->row.received_ms - NF_DEDUPE_MS
                && memcmp(entry->body, event->row.hash, NF_SHA256_SIZE) == 0;
    return same ? entry->event : 0;
}

void nf_dedupe_add(nf_dedupe *dedupe, const nf_event *event)
{
    nf_dedupe_add_row(dedupe, &event->row);
    /* a task's last event counts only for tasks that have parameter updates at all */
    if (event->partition && (event->repeats || dedupe->repeating)) {
        struct key key = task_key(event);
        dedupe->repeating |= event->repeats;
        if (event->repeats || find(dedupe, &key))
            add(dedupe, &key, &event->row);
    }
}

void nf_dedupe_add_row(nf_dedupe *dedupe, const nf_event_row *row)
{
    struct key key = body_key(row);
    add(dedupe, &key, row);
}

void nf_dedupe_forget(nf_dedupe *dedupe, const nf_event *event)
{
    struct key key = body_key(&event->row);
    struct entry *entry = find(dedupe, &key);
    if (entry)
        drop(dedupe, entry);
    if (event->partition && dedupe->repeating) {
        key = task_key(event);
        entry = find(dedupe, &key);
        if (entry && entry->event == event->row.id)
            drop(dedupe, entry);
    }
}
