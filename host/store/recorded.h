/* SPDX-License-Identifier: Apache-2.0 */
/* recorded.h: ended runs with everything that is kept of them, to do them again: really, on paper, or as a test. */
#ifndef NF_STORE_RECORDED_H
#define NF_STORE_RECORDED_H

#include "store/questions.h"

typedef struct nf_recorded_query {
    const char *tenant, *handler, *file; /* NULL: all */
    nf_outcome outcome;                  /* NF_OUTCOME_NONE: all */
    int64_t since_ms;                    /* events received since; 0: all */
    int64_t before;                      /* ids below this one; 0: from the newest */
    int64_t id; /* only this run, which may be one without an end; 0: all */
    unsigned limit;
    bool first;  /* only runs that do no other one again */
    bool undone; /* only runs that no other one has done again with a good end */
    bool brief;  /* neither event nor detail nor source */
    bool source; /* with the source of the flow version, if it is kept, byte for byte */
} nf_recorded_query;

/**
 * Runs, newest first: {"id", "tenant", "handler", "file", "version" (64 hex digits), "outcome", "received_ms",
 * "started_ms", "replay_of", "trigger", "kept": is the event still there?, "event": its JSON as a text, or null,
 * "detail": as in nf_run_end, or null, "source"}. A long answer is cut: ask on before its last id until none comes.
 */
void nf_store_query_recorded(nf_store *store, const nf_recorded_query *query,
                             nf_store_answer *answer, void *ctx);

#endif
