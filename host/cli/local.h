/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.h: a worker without a host: flows are loaded and run in exactly the sandbox and limits of a real run, with no
 * store and no Nimbus. For `run`, `check`,
 * `test` and what is done again on paper.
 */
#ifndef NF_CLI_LOCAL_H
#define NF_CLI_LOCAL_H

#include "act/lists.h"
#include "cli/command.h"
#include "run/run.h"

typedef struct nf_local {
    nf_loop loop;
    nf_runner *runner;
    nf_lists *lists;
    nf_effect_env env;
    nf_kv *kv;
    nf_pool *pool;
    uint64_t most_source;
    nf_allowed allowed;
} nf_local;

/** Open a worker; its loads and runs have these limits. */
nf_status nf_local_open(nf_local *local, const nf_cli *cli, bool dry_run, const nf_limits *limits,
                        nf_error *err);

/** Lists are read from `dir`, or, when it is NULL, from beside the flow: its folder, or ../lists for a folder flows/.
 */
void nf_local_use_lists(nf_local *local, const char *dir, const char *flow, const char *country);

/** From now on loads and runs have these limits, at most those it was opened with. */
void nf_local_limit(nf_local *local, const nf_limits *limits);

/** Forget what flows remember. */
void nf_local_forget(nf_local *local);

/** Close it; versions must have been let go of. */
void nf_local_close(nf_local *local);

/** Load a file and wait. NULL with `err` set when it does not load. */
nf_version *nf_local_load(nf_local *local, const char *path, bool script, nf_error *err);

/** The same with a source that is no file; `name` is how messages shall show it. */
nf_version *nf_local_load_source(nf_local *local, const char *name, const char *source, size_t len,
                                 bool script, nf_error *err);

/** Run a handler and wait; `ended` is called with the report. */
void nf_local_run(nf_local *local, const nf_run_spec *spec, nf_run_ended *ended, void *ctx);

/** The lines of a file around `line`, the line itself marked, as an error report shows them. */
void nf_local_excerpt(const char *path, int line, nf_strbuf *out);

/** Split "FILE:LINE"; the line, or 0. */
int nf_local_line(const char *where);

#endif
