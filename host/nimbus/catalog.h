/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.h: the values that Nimbus lists for the fields of a filter: services, events, modalities, directions.
 *
 * They are fetched, never hard-coded. A flow may name a value or its display name.
 */
#ifndef NF_NIMBUS_CATALOG_H
#define NF_NIMBUS_CATALOG_H

#include "nimbus/connection.h"

typedef struct nf_catalog nf_catalog;

/** An empty catalog for a connection. Owned by the caller. */
nf_catalog *nf_catalog_new(nf_nimbus *nimbus);

/** Free it, cancelling what is under way. NULL is allowed. */
void nf_catalog_free(nf_catalog *catalog);

/**
 * Fetch the lists of all filters of the triggers (each path once; `triggers` ends with NULL), then call `done` once,
 * from inside if there is nothing to fetch: `err` NULL when all are there. Lists that were there before stay in use
 * when a fetch fails. A refusal (NF_E_DENIED, NF_E_NOT_FOUND) concerns what that list is for only: it is also what
 * resolving says then; `err` is another failure if there was one.
 */
void nf_catalog_fetch(nf_catalog *catalog, const nf_trigger *const *triggers,
                      void (*done)(void *ctx, const nf_error *err), void *ctx);

/** Why the list `path` could not be had, or NULL. Borrowed until the next fetch. */
const nf_error *nf_catalog_refusal(const nf_catalog *catalog, const char *path);

/**
 * The value that `text` (value or display name; case and blanks do not count) stands for in the list `path`; borrowed
 * until the next fetch. NULL with `err` set ("unknown event '…'; did you mean '…'?", `what` being "event") when there
 * is none.
 */
const char *nf_catalog_resolve(const nf_catalog *catalog, const char *path, const char *what,
                               const char *text, nf_error *err);

/** Is the list here? Only those of triggers that flows use are fetched. */
bool nf_catalog_has(const nf_catalog *catalog, const char *path);

/** Number of values in a list; the value at an index. */
size_t nf_catalog_count(const nf_catalog *catalog, const char *path);
const char *nf_catalog_value(const nf_catalog *catalog, const char *path, size_t index);

/** Are two words the same but for case and blanks? */
bool nf_words_alike(const char *a, const char *b);

#endif
