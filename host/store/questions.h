/* SPDX-License-Identifier: Apache-2.0 */
/*
 * questions.h: what people ask the history. Answered on a thread of their own; `answer` is called on the loop.
 *
 * Invariant: the work of one question is bounded, however much is kept. What could not be looked at is said in the
 * answer, with where to go on.
 */
#ifndef NF_STORE_QUESTIONS_H
#define NF_STORE_QUESTIONS_H

#include "store/store.h"

#include <jansson.h>

/** Steals `rows` to the callee: the answer; NULL with `err` set on failure. */
typedef void nf_store_answer(void *ctx, json_t *rows, const nf_error *err);

typedef enum nf_run_kind {
    NF_RUNS_ALL,
    NF_RUNS_OPEN,    /* without an end: waiting, running, sleeping, held */
    NF_RUNS_ENDED,   /* with `outcome` */
    NF_RUNS_DEAD,    /* dead letters that nobody has dismissed: failed, over a budget, lost */
    NF_RUNS_BY_FLOW, /* dead letters, counted by handler */
} nf_run_kind;

typedef struct nf_run_query {
    const char *tenant;  /* NULL: all */
    const char *handler; /* NULL: all */
    const char *flow; /* a file, with or without its folder and ".lua", or a handler; NULL: all */
    nf_run_kind kind;
    nf_outcome outcome;
    int64_t before;             /* ids below this one; 0: from the newest */
    int64_t since_ms, until_ms; /* of events that were received in this time; 0: any */
    unsigned limit;             /* at most this many, 1 to 1,000 */
} nf_run_query;

/**
 * List runs, newest first: {"runs": [...], "complete": bool, "before": id, "looked_back_to": time}. Not complete: there
 * may be more, to be asked for with `before`. By flow: {"flows": [...], "complete"}, most failures first.
 */
void nf_store_query_runs(nf_store *store, const nf_run_query *query, nf_store_answer *answer,
                         void *ctx);

/**
 * One run with its detail and event, or null. `times` splits the time from the event to the end (times.h). One without
 * an end has its journal as `effects`; one that is held the reason.
 */
void nf_store_query_run(nf_store *store, int64_t id, nf_store_answer *answer, void *ctx);

/**
 * What became of an event: {"events": [{id, received, trigger, hash, duplicates, tenant, runs: [...]}], "complete",
 * "looked_back_to"}. `what` is an id, the beginning of the body's SHA-256 (8 hexadecimal digits or more), or a text
 * that stands in the body.
 */
void nf_store_query_event(nf_store *store, const char *tenant, const char *what,
                          nf_store_answer *answer, void *ctx);

/** The newest `limit` audit entries, newest first; `tenant` NULL: of all. */
void nf_store_query_audit(nf_store *store, const char *tenant, unsigned limit,
                          nf_store_answer *answer, void *ctx);

#endif
