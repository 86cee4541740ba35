/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fates.h: the last events that started no run, each with the reason: filtered, denied, duplicate, refused.
 *
 * In memory and bounded: a ring for each fate, so that many of one kind do not push out the others.
 */
#ifndef NF_TENANT_FATES_H
#define NF_TENANT_FATES_H

#include "base/secret.h"

#include <jansson.h>
#include <stdint.h>

/* X(NAME, text, how many are kept) */
#define NF_FATE_MAP(X)                                                                             \
    X(FILTERED, "filtered", 1000)   /* no handler that hears the subscription wants it */          \
    X(DENIED, "denied", 500)        /* the user of the handler's connection may not have it */     \
    X(DUPLICATE, "duplicate", 1000) /* the same came before */                                     \
    X(REFUSED, "refused", 500)      /* not taken: its sender was told so */

typedef enum nf_fate {
#define X(name, text, kept) NF_FATE_##name,
    NF_FATE_MAP(X)
#undef X
        NF_FATE_COUNT
} nf_fate;

typedef struct nf_fates nf_fates;

/** What is known of one such event. Texts are copied. */
typedef struct nf_fated {
    nf_fate fate;
    int64_t event, at_ms;
    const uint8_t *hash; /* SHA-256 of the body, or NULL */
    const char *task;    /* the value that orders events, or NULL */
    const char *handler; /* of a denied one */
    int64_t first;       /* of a duplicate: the event that it repeats */
    const char *why;
} nf_fated;

/** Empty. Owned by the caller. */
nf_fates *nf_fates_new(void);

/** Free it. NULL is allowed. */
void nf_fates_free(nf_fates *fates);

/** Add one; the oldest with the same fate goes when there are too many. */
void nf_fates_add(nf_fates *fates, const nf_fated *event);

/** How many had this fate since the start, those that went included. */
uint64_t nf_fates_count(const nf_fates *fates, nf_fate fate);

/** [{event, at, fate, handler, task, hash, first, why}] of one fate, newest first, at most `most`. A new reference. */
json_t *nf_fates_json(const nf_fates *fates, nf_fate fate, size_t most);

/**
 * Append to `list` those that somebody means: by the event's id, the task, or the beginning of the hash (8 hexadecimal
 * digits or more).
 */
void nf_fates_find(const nf_fates *fates, const char *what, json_t *list);

/** The fate of this name, or NF_FATE_COUNT. */
nf_fate nf_fate_named(const char *name);

#endif
