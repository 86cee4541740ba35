/* SPDX-License-Identifier: Apache-2.0 */
/* because.h: answers to "why" as sentences, made of what the history and the pools say. */
#ifndef NF_ADMIN_BECAUSE_H
#define NF_ADMIN_BECAUSE_H

#include "admin/admin.h"

/** What a run waits for or why it ended, and what helps: sentences. `run` is as it is shown. A new reference. */
json_t *nf_because_run(const nf_admin *admin, const json_t *run);

/** What became of the events of {"events", "fates"}. A new reference. */
json_t *nf_because_event(const json_t *found);

#endif
