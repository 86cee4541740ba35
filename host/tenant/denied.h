/* SPDX-License-Identifier: Apache-2.0 */
/* denied.h: the last events that a handler wanted and its connection's user may not have, each with the reason. */
#ifndef NF_TENANT_DENIED_H
#define NF_TENANT_DENIED_H

#include <jansson.h>
#include <stdint.h>

enum { NF_DENIED_KEPT = 500 };

typedef struct nf_denied nf_denied;

/** An empty list. Owned by the caller. */
nf_denied *nf_denied_new(void);

/** Free it. NULL is allowed. */
void nf_denied_free(nf_denied *denied);

/** Add one; the oldest goes when there are too many. The texts are copied; `task` may be NULL. */
void nf_denied_add(nf_denied *denied, int64_t event, int64_t at_ms, const char *handler,
                   const char *task, const char *why);

/** How many there were since the start, those that went included. */
uint64_t nf_denied_count(const nf_denied *denied);

/** [{event, at, handler, task, why}], newest first, at most `most`. A new reference. */
json_t *nf_denied_json(const nf_denied *denied, size_t most);

#endif
