/* SPDX-License-Identifier: Apache-2.0 */
/* runs.h: the parts of nimflow runs: lists (runs.c), one run (runs_show.c), following (runs_tail.c), runs_do.c. */
#ifndef NF_CLI_RUNS_H
#define NF_CLI_RUNS_H

#include "base/strbuf.h"
#include "cli/command.h"

#include <jansson.h>

/** Add "?name=value" or "&name=value", when there is a value. */
void nf_runs_parameter(nf_strbuf *path, const char *name, const char *value);

/** One line for a run that ended or waits, as in a list. */
void nf_runs_print_row(const json_t *run);

/** The commands; each returns the exit status. */
int nf_runs_show(const nf_given *given, const char *id);
int nf_runs_tail(const nf_given *given);
int nf_runs_start(const nf_given *given);
int nf_runs_cancel(const nf_given *given);
int nf_runs_release(const nf_given *given);
int nf_runs_dismiss(const nf_given *given);

#endif
