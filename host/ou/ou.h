/* SPDX-License-Identifier: Apache-2.0 */
/* ou.h: what decides in one tenant now: its directory, and which task belongs to which service. */
#ifndef NF_OU_OU_H
#define NF_OU_OU_H

#include "ou/decide.h"
#include "ou/seen.h"

typedef struct nf_ou {
    nf_directory *directory; /* in force; NULL: none, Nimbus alone decides */
    nf_seen *seen;
} nf_ou;

/**
 * Answer a person's question as nf_ou_verdict_json. `operation` is a name or title; `entity` a service's UPN, the id of
 * a task (when it was seen here), or an address book; NULL where the operation needs none. NULL with `err` set when the
 * question makes no sense.
 */
json_t *nf_ou_why(const nf_ou *ou, const char *upn, const char *operation, const char *entity,
                  nf_error *err);

#endif
