/* SPDX-License-Identifier: Apache-2.0 */
/* recorded.h: what a running host has recorded of its runs, asked over its admin socket (admin/replay.h). */
#ifndef NF_CLI_RECORDED_H
#define NF_CLI_RECORDED_H

#include "cli/fetch.h"

enum { NF_RECORDED_MOST = 100000 };

/** The options that say which runs. */
#define NF_RECORDED_OPTIONS                                                                        \
    {"tenant", "NAME", "only runs of this tenant", false},                                         \
        {"handler", "NAME", "only runs of this handler", false},                                   \
        {"outcome", "OUTCOME", "only runs that ended so: done, skipped, failed, over-cpu, …",      \
         false},                                                                                   \
        {"since", "DURATION", "only events of so long ago or less: 30min, 24h, 7d", false},        \
    {                                                                                              \
        "limit", "N", "at most so many, the newest", false                                         \
    }

/** A question for ended runs that do no other one again; what the options above say is added to it. */
typedef struct nf_recorded {
    const nf_given *given;
    const char *command;        /* whose options they are, for messages */
    const char *handler, *file; /* or NULL */
    int64_t since_ms;           /* 0: all */
    bool undone;                /* only those that were not done again with a good end */
    long most;                  /* runs in all */
} nf_recorded;

/** Read the options. NF_EXIT_OK, or the exit status after printing what is wrong. */
int nf_recorded_read(nf_recorded *recorded, const nf_given *given, const char *command,
                     long otherwise);

/**
 * Runs older than `before` (0: the newest), at most `limit`: a new reference, newest first, perhaps fewer than there
 * are; NULL with `err` set. `brief`: without their events and details.
 */
json_t *nf_recorded_page(const nf_recorded *recorded, bool brief, int64_t before, long limit,
                         nf_error *err);

/** One run, whole; a new reference, or NULL with `err` set. */
json_t *nf_recorded_run(const nf_given *given, const char *id, nf_error *err);

#endif
