/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flows.h: the flow files of a tenant, kept in step with their folder.
 *
 * A changed file is loaded beside the old version; when it fails to load, the last good version goes on running and the
 * error is shown. Handlers' names are unique per tenant: a file that takes a name another one has does not load.
 */
#ifndef NF_TENANT_FLOWS_H
#define NF_TENANT_FLOWS_H

#include "run/run.h"

typedef struct nf_flows nf_flows;

typedef struct nf_flow {
    char *file;          /* "flows/show-caller.lua" */
    nf_version *version; /* the one that runs, or NULL */
    char *error;         /* why the newest source does not run, or NULL */
} nf_flow;

/** The flows of `folder` (".lua" files, not hidden, no tests). Nothing is loaded yet. `dir` is copied. */
nf_flows *nf_flows_new(nf_pool *pool, const char *dir, uint64_t most_source);

/** Free; versions are let go. NULL is allowed. */
void nf_flows_free(nf_flows *flows);

/**
 * Read the folder; load what is new or changed, drop what is gone. `settled` is called once when all loads have ended
 * (at once if there are none): `changed` says whether any handler came, went or got a new version. While a scan is
 * under way another call is remembered and done after it.
 */
void nf_flows_scan(nf_flows *flows, void (*settled)(void *ctx, bool changed), void *ctx);

/** All flows, in the order of their names. Borrowed until the loop goes on. */
const nf_flow *nf_flows_list(const nf_flows *flows, size_t *count);

/** Is it, by its name, a file of tests ("show-caller.test.lua") and not a flow? */
bool nf_flow_is_test(const char *file);

/** Read a whole file of at most `most` bytes; owned by the caller. The error names the file. */
nf_status nf_file_read(const char *path, size_t most, char **bytes, size_t *len, nf_error *err);

#endif
