/* SPDX-License-Identifier: Apache-2.0 */
/* fates.c: see fates.h. In a ring the entry to be written next is the oldest. */
#include "tenant/fates.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEAST_HASH = 8 };

struct entry {
    int64_t event, at_ms, first;
    uint8_t hash[NF_SHA256_SIZE];
    bool hashed;
    char *handler, *task, *why;
};

struct nf_fates {
    struct entry *rings[NF_FATE_COUNT]; /* made with the first entry */
    uint64_t count[NF_FATE_COUNT];
};

static const struct {
    const char *name;
    uint64_t kept;
} kinds[] = {
#define X(name, text, kept) {text, kept},
    NF_FATE_MAP(X)
#undef X
};

nf_fates *nf_fates_new(void)
{
    return nf_alloc(sizeof(nf_fates));
}

static void release(struct entry *entry)
{
    free(entry->handler);
    free(entry->task);
    free(entry->why);
}

void nf_fates_free(nf_fates *fates)
{
    for (int k = 0; fates && k < NF_FATE_COUNT; k++) {
        for (uint64_t i = 0; fates->rings[k] && i < kinds[k].kept; i++)
            release(&fates->rings[k][i]);
        free(fates->rings[k]);
    }
    free(fates);
}

void nf_fates_add(nf_fates *fates, const nf_fated *event)
{
    nf_fate k = event->fate;
    if (!fates->rings[k])
        fates->rings[k] = nf_alloc(kinds[k].kept * sizeof(struct entry));
    struct entry *entry = &fates->rings[k][fates->count[k]++ % kinds[k].kept];
    release(entry);
    *entry = (struct entry){.event = event->event,
                            .at_ms = event->at_ms,
                            .first = event->first,
                            .hashed = event->hash != NULL,
                            .handler = nf_strdup(event->handler),
                            .task = nf_strdup(event->task),
                            .why = nf_strdup(event->why)};
    if (event->hash)
        memcpy(entry->hash, event->hash, NF_SHA256_SIZE);
}

uint64_t nf_fates_count(const nf_fates *fates, nf_fate fate)
{
    return fates->count[fate];
}

static json_t *entry_json(nf_fate fate, const struct entry *e)
{
    char at[NF_TIME_TEXT], hash[2 * NF_SHA256_SIZE + 1];
    json_t *row = json_pack(
        "{s:I, s:s, s:s, s:s?, s:s?, s:s?, s:s?}", "event", (json_int_t)e->event, "at",
        nf_clock_text(e->at_ms, at), "fate", kinds[fate].name, "handler", e->handler, "task",
        e->task, "hash", e->hashed ? nf_hex(e->hash, NF_SHA256_SIZE, hash) : NULL, "why", e->why);
    if (e->first)
        json_object_set_new(row, "first", json_integer(e->first));
    return row;
}

/* The entry that came `back` before the newest, or NULL. */
static const struct entry *entry_at(const nf_fates *fates, nf_fate fate, uint64_t back)
{
    uint64_t count = fates->count[fate], kept = kinds[fate].kept;
    return back < count && back < kept ? &fates->rings[fate][(count - 1 - back) % kept] : NULL;
}

json_t *nf_fates_json(const nf_fates *fates, nf_fate fate, size_t most)
{
    json_t *list = json_array();
    const struct entry *e;
    for (uint64_t back = 0; back < most && (e = entry_at(fates, fate, back)); back++)
        json_array_append_new(list, entry_json(fate, e));
    return list;
}

static bool is_meant(const struct entry *e, const char *what)
{
    char id[24], hash[2 * NF_SHA256_SIZE + 1];
    size_t n = strlen(what);
    snprintf(id, sizeof id, "%lld", (long long)e->event);
    if ((e->event && strcmp(id, what) == 0) || (e->task && strcmp(e->task, what) == 0))
        return true;
    return e->hashed && n >= LEAST_HASH
           && strncasecmp(nf_hex(e->hash, NF_SHA256_SIZE, hash), what, n) == 0;
}

void nf_fates_find(const nf_fates *fates, const char *what, json_t *list)
{
    for (int k = 0; k < NF_FATE_COUNT; k++) {
        const struct entry *e;
        for (uint64_t back = 0; (e = entry_at(fates, (nf_fate)k, back)); back++) {
            if (is_meant(e, what))
                json_array_append_new(list, entry_json((nf_fate)k, e));
        }
    }
}

nf_fate nf_fate_named(const char *name)
{
    int k = 0;
    while (k < NF_FATE_COUNT && strcmp(kinds[k].name, name) != 0)
        k++;
    return (nf_fate)k;
}
