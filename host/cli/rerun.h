/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rerun.h: a recorded run done again on paper: its event, the recorded results, the clock of then. Nothing is sent.
 *
 * An effect gets the recorded result of the one with the same action and arguments, else of the next one of its action;
 * one that was never recorded gets what a dry run gives (lists are read for real, cli/answers.h).
 */
#ifndef NF_CLI_RERUN_H
#define NF_CLI_RERUN_H

#include "cli/compare.h"
#include "cli/local.h"

typedef struct nf_rerun {
    nf_local local;
    const nf_action *const *actions;
    /* how many of each kind there were */
    unsigned runs, same, effects, outcomes, trimmed, newly_failing;
} nf_rerun;

/** The words for differences to what was done. */
extern const nf_compare_words nf_rerun_words;

/** Open a worker. */
nf_status nf_rerun_open(nf_rerun *rerun, const nf_cli *cli, nf_error *err);

/** Close it; versions must have been let go of. */
void nf_rerun_close(nf_rerun *rerun);

/**
 * Do `record` (store/recorded.h) again with this handler, and count it. A new reference: {"run", "handler", "received",
 * "was", "outcome", "differences", "error"?, "newly_failing"}; an event that was trimmed: {"run", "trimmed": true}.
 */
json_t *nf_rerun_one(nf_rerun *rerun, const nf_handler *handler, const json_t *record);

/** One line for it, and one for each difference. Nothing for a run that is the same, unless `all`. */
void nf_rerun_text(const json_t *verdict, bool all, nf_strbuf *out);

/** "12 runs: 9 the same, …". Owned by the caller. */
char *nf_rerun_summary(const nf_rerun *rerun);

#endif
