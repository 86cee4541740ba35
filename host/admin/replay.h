/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h: what was recorded of runs, and runs done again.
 *
 *   GET /v1/recorded?tenant=&handler=&file=&outcome=&since=&before=&limit=&brief=1&first=1&undone=1
 *                              ended runs, newest first, as in store/recorded.h; `since` in ms since 1970
 *   GET /v1/recorded/ID        one run
 *   GET /v1/source?run=ID      {"file", "source", "lists", "country"}: the flow as it was for this run,
 *   GET /v1/source?tenant=&handler=      or as it is now
 *   POST /v1/replay            {"run": ID, "with": "current" or "original"}: 202 {"run": NEW ID}
 */
#ifndef NF_ADMIN_REPLAY_H
#define NF_ADMIN_REPLAY_H

#include "admin/admin.h"

/** Answer one of these; false: it is another path, and nothing was answered. */
bool nf_admin_replay(const nf_admin *admin, nf_http_exchange *x);

#endif
