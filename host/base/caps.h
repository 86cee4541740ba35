/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caps.h: what a tenant may use as a whole, beside the budgets that each of its runs has (base/budget.h).
 *
 * Both lists share one name space: in `limits:` of the configuration and in `nimflow limits` an admin writes
 * "cpu_per_minute" beside "cpu". A value may be anything from 1 up to the ceiling; a flow can set budgets only.
 */
#ifndef NF_BASE_CAPS_H
#define NF_BASE_CAPS_H

#include "base/budget.h"

/* X(NAME, name, unit, default, ceiling, what it bounds). Default 0: one per
 * core but one, so that no tenant alone can occupy every core: a task that wakes up waits for up to two ticks of the
 * kernel (8 ms) where all cores compute, whatever its priority. */
#define NF_CAP_MAP(X)                                                                              \
    X(CPU_PER_MINUTE, "cpu_per_minute", MS, 120000, 3600000,                                       \
      "CPU time of all its workers in any minute; beyond it they pause")                           \
    X(WORKERS, "workers", COUNT, 0, 256, "worker processes at a time")                             \
    X(CONCURRENT_RUNS, "concurrent_runs", COUNT, 512, 10000, "runs at a time; more wait")          \
    X(RUNS_PER_MINUTE, "runs_per_minute", COUNT, 1000000, 10000000,                                \
      "runs begun in any minute; more wait")                                                       \
    X(QUEUED_EVENTS, "queued_events", COUNT, 100000, 100000,                                       \
      "runs that wait; beyond it notifications are answered with 503")                             \
    X(REQUESTS_PER_SECOND, "requests_per_second", COUNT, 20000, 100000,                            \
      "requests that each connection sends out in any second; more wait")                          \
    X(RUNS_PER_CONNECTION, "runs_per_connection", COUNT, 10000, 10000,                             \
      "runs at a time that act by one connection; more wait")                                      \
    X(HISTORY, "history", BYTES, (uint64_t)4 << 30, (uint64_t)1 << 40,                             \
      "bytes kept of ended runs; beyond it the details of the oldest go")                          \
    X(KV, "kv", BYTES, 16 << 20, 256 << 20, "bytes that flows remember with `kv.set`")             \
    X(WEIGHT, "weight", COUNT, 100, 100,                                                           \
      "its part of processors and connections when tenants compete")

typedef enum nf_cap {
#define X(name, text, unit, standard, ceiling, doc) NF_CAP_##name,
    NF_CAP_MAP(X)
#undef X
        NF_CAP_COUNT
} nf_cap;

/** One value per cap, in the cap's unit, and who set it (an nf_setter). */
typedef struct nf_caps {
    uint64_t of[NF_CAP_COUNT];
    uint8_t set_by[NF_CAP_COUNT];
} nf_caps;

/** All that bounds a tenant: each of its runs, and all of them together. */
typedef struct nf_allowed {
    nf_limits run;
    nf_caps tenant;
} nf_allowed;

/** What a cap was used: now or in its last stretch of time, and the most since the host started. */
typedef struct nf_cap_use {
    uint64_t used[NF_CAP_COUNT], peak[NF_CAP_COUNT];
} nf_cap_use;

/** The name of a cap, its unit, and what it bounds. Static. */
const char *nf_cap_name(nf_cap cap);
nf_unit nf_cap_unit(nf_cap cap);
const char *nf_cap_doc(nf_cap cap);

/** The standard values and the ceilings. */
nf_allowed nf_allowed_standard(void);
nf_allowed nf_allowed_ceiling(void);

/**
 * Set a budget or a cap by its name from text ("250ms", "40MiB", "100"). The error names the limit, the text and the
 * range; an unknown name gets a suggestion.
 */
nf_status nf_allowed_set(nf_allowed *allowed, nf_setter setter, const char *name, const char *value,
                         nf_error *err);

/** Is there a budget or cap of this name? */
bool nf_allowed_has(const char *name);

/** Raise a mark to what is used now. */
void nf_cap_note(nf_cap_use *use, nf_cap cap, uint64_t used);

#endif
