/* SPDX-License-Identifier: Apache-2.0 */
/* redo.h: a run done again: a new run for the same event, under the current version of its handler or the old one. */
#ifndef NF_REDO_H
#define NF_REDO_H

#include "pipeline.h"

/** What to do again. Borrowed during the call. */
typedef struct nf_replay {
    int64_t run;         /* that is done again */
    const char *trigger; /* of its event */
    const char *body;
    size_t len;
    const char *handler; /* its name */
    const char *file;
    const char *source; /* the flow version to run; NULL: the current one of the handler */
    size_t source_len;
    /** The new run is durable, or `err` says why it is not. Called once, unless an error was returned. */
    void (*started)(void *ctx, int64_t run, const nf_error *err);
    void *ctx;
} nf_replay;

/**
 * Start it. Neither filters nor de-duplication are asked; each effect is decided as always. The event is written once
 * more, so that neither run depends on how long the other's is kept.
 */
nf_status nf_pipeline_replay(void *pipeline, nf_tenant *tenant, const nf_replay *replay,
                             nf_error *err);

#endif
