/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passage.h: one event on its way through the pipeline, from step 2 until its 202 is out and each of its runs is
 * recorded.
 *
 * Invariant: `refs` counts who still needs it: the function that works on it, its write under way, each run and record.
 */
#ifndef NF_PASSAGE_H
#define NF_PASSAGE_H

#include "pipeline.h"

enum { NF_MOST_TENANTS = 1000 };

struct nf_pipeline {
    nf_store *store;
    nf_tenant *tenants[NF_MOST_TENANTS];
    size_t tenant_count;
    size_t unanswered;            /* events on their way to the disk */
    bool ending;                  /* no new events are taken */
    struct nf_resuming *resuming; /* tenants whose runs of before the restart are being read */
    nf_timer *alarm_clock;        /* of sleeping runs; wake.c */
    int64_t next_wake_ms;         /* that it is set to; 0: it is not */
    nf_sleeper woken;             /* up to here, of those that wake now */
    void (*ended)(void *ctx, const nf_run_row *row, const nf_event_row *event,
                  const nf_run_report *report); /* see nf_pipeline_on_end */
    void *ended_ctx;
};

typedef struct nf_passage {
    nf_pipeline *pipeline;
    nf_tenant *tenant;
    nf_subscription *subscription; /* valid only until the request's handler returns */
    nf_event *event;
    nf_http_exchange *exchange; /* until it was answered */
    nf_listener **wanted;       /* listeners that want it; valid as long as the subscription */
    size_t count;               /* of listeners that want it, rows and runs */
    nf_run_row *rows;           /* one per run */
    nf_run **runs;              /* NULL when it has ended */
    bool refused;               /* it could not be stored: its runs count for nothing */
    char *schedule;             /* of a schedule: the handler's name */
    int64_t replay_of;          /* the run that is done again, or 0 */
    void (*stored)(void *ctx, const nf_error *err); /* these three: see nf_occurrence */
    void (*ended)(void *ctx);
    void *ctx;
    int refs;
} nf_passage;

/** A passage with one reference; steals `event`. */
nf_passage *nf_passage_new(nf_pipeline *pipeline, nf_tenant *tenant, nf_event *event);

/** One reference less; the last frees it. */
void nf_passage_unref(nf_passage *passage);

/** Answer the notification, unless it was answered or came from the database. 202 has no body. */
void nf_passage_answer(nf_passage *passage, int status, const char *headers, const char *text);

/** Did run number `index` leave its lane before, to sleep or for a person? */
bool nf_passage_left_lane(const nf_passage *passage, size_t index);

/** The most urgent of the runs that it will start. */
nf_urgency nf_passage_urgency(const nf_passage *passage);

/**
 * May an event of this tenant come in now? Room is made for it when less urgent runs wait. If not, why; its sender is
 * asked to come again. Static.
 */
const char *nf_pipeline_not_now(const nf_pipeline *pipeline, nf_tenant *tenant, nf_urgency urgency);

/** Forget which runs were to be resumed; they are found again at the next start. */
void nf_pipeline_resume_no_more(nf_pipeline *pipeline);

/** Raise the alarm that events or runs are lost. */
void nf_pipeline_tell_loss(nf_tenant *tenant);

/** Step 4, when it repeats the event `first`: 202 when that is durable, 503 when it could not be stored after all. */
void nf_passage_repeat(nf_passage *passage, int64_t first);

/** Step 4: write it down with a run for each that wants it. */
void nf_passage_enqueue(nf_passage *passage);

/** Step 5: start them all. */
void nf_passage_run_all(nf_passage *passage);

/** Handlers that did not want an event, and by which filter; texts are borrowed. */
enum { NF_REFUSALS_KEPT = 6 };
typedef struct nf_refusals {
    const char *handler[NF_REFUSALS_KEPT], *filter[NF_REFUSALS_KEPT];
    size_t count; /* of all */
} nf_refusals;

static inline void nf_refusals_add(nf_refusals *r, const char *handler, const char *filter)
{
    if (r->count < NF_REFUSALS_KEPT) {
        r->handler[r->count] = handler;
        r->filter[r->count] = filter;
    }
    r->count++;
}

/** Kept for who asks why an event started no run; see tenant/fates.h. `event` may be NULL: then its body counts. */
void nf_fate_filtered(const nf_passage *passage, const nf_refusals *refusals);
void nf_fate_duplicate(const nf_passage *passage, int64_t first);
void nf_fate_refused(const nf_tenant *tenant, const nf_event *event, const char *body, size_t len,
                     const char *why);

/** Let the flows know that listen for failures, if this run is one. Before its end is recorded. */
void nf_pipeline_tell_failure(nf_passage *passage, size_t index, const nf_run_report *report);

/** Start run number `index` of the passage with this handler; its end will be recorded. `journal` is of one that began
 * before, and stolen; NULL: it is new. */
void nf_passage_run(nf_passage *passage, size_t index, const nf_handler *handler,
                    struct nf_journal *journal);

/** resume.c: let a run that was read from the store go on, in a passage of its own. */
void nf_passage_resume(nf_pipeline *pipeline, nf_tenant *tenant, const nf_run_row *row,
                       const nf_event_row *event);

/** resume.c: a passage of one run that was read from the store; steals `event`, copies the rest. */
nf_passage *nf_passage_of_run(nf_pipeline *pipeline, nf_tenant *tenant, nf_event *event,
                              const nf_run_row *row);

/** held.c: an alarm about a run that is held; about all of a tenant's; and one of them is held no longer. */
void nf_pipeline_tell_held(nf_tenant *tenant, int64_t run, const char *handler, const char *reason);
void nf_pipeline_tell_all_held(nf_pipeline *pipeline, nf_tenant *tenant);
void nf_pipeline_calm_held(nf_pipeline *pipeline, nf_tenant *tenant, int64_t run,
                           const char *handler);

/** wake.c: a run sleeps until then. */
void nf_pipeline_wake_at(nf_pipeline *pipeline, int64_t wake_ms);

/** Record an end of run number `index` that did not start here, with the reason. */
void nf_passage_fail(nf_passage *passage, size_t index, nf_outcome outcome, const char *why);

#endif
