/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget.h: the budgets of a run, each with a name, a unit, a default and a ceiling; how a run ends; what it used.
 *
 * One list for the broker, the worker, the configuration and the command line. No libc state: the worker includes it.
 */
#ifndef NF_BASE_BUDGET_H
#define NF_BASE_BUDGET_H

#include "nf/error.h"

#include <stddef.h>
#include <stdint.h>

typedef enum nf_unit { NF_UNIT_MS, NF_UNIT_BYTES, NF_UNIT_COUNT } nf_unit;

/* X(NAME, name, unit, default, ceiling, what it bounds). Times in ms, sizes in bytes. */
#define NF_BUDGET_MAP(X)                                                                           \
    X(CPU, "cpu", MS, 1000, 60000, "CPU time of the script")                                       \
    X(WALL, "wall", MS, 30000, 900000,                                                             \
      "time from start to end, waiting included, sleeps above 5 s not")                            \
    X(MEMORY, "memory", BYTES, 32 << 20, 80 << 20, "memory of the script")                         \
    X(EFFECTS, "effects", COUNT, 100, 10000, "effects (updates, requests, sleeps)")                \
    X(LOOKUPS, "lookups", COUNT, 1000, 100000, "look-ups in lists")                                \
    X(IN_FLIGHT, "in_flight", COUNT, 8, 8, "effects at one time (`flow.all`); more wait")          \
    X(LOG, "log", BYTES, 64 << 10, 1 << 20, "bytes of log lines")                                  \
    X(LOG_LINES, "log_lines", COUNT, 1000, 100000, "log lines")                                    \
    X(RESULT, "result", BYTES, 64 << 10, 1 << 20, "bytes of the returned value as JSON")           \
    X(SOURCE, "source", BYTES, 1 << 20, 1 << 20, "bytes of the flow's source")                     \
    X(LOAD, "load", MS, 1000, 10000, "CPU time for loading the flow, once per version")            \
    X(LIFETIME, "lifetime", MS, 2592000000, 31622400000,                                           \
      "time from start to end, all sleeps included")

typedef enum nf_budget {
#define X(name, text, unit, standard, ceiling, doc) NF_BUDGET_##name,
    NF_BUDGET_MAP(X)
#undef X
        NF_BUDGET_COUNT
} nf_budget;

/*
 * Who set a limit. X(NAME, text), as it stands behind both numbers: "1003 ms of 1000 ms, set in tenant.yaml".
 */
#define NF_SETTER_MAP(X)                                                                           \
    X(STANDARD, "the standard limit")                                                              \
    X(HOST, "set in nimflow.yaml")                                                                 \
    X(TENANT, "set in tenant.yaml")                                                                \
    X(ADMIN, "set by 'nimflow limits'")                                                            \
    X(FLOW, "set by the flow")                                                                     \
    X(COMMAND, "set by --limit")

typedef enum nf_setter {
#define X(name, text) NF_SETTER_##name,
    NF_SETTER_MAP(X)
#undef X
        NF_SETTER_COUNT
} nf_setter;

/** One limit per budget, in the budget's unit, and who set it (an nf_setter). */
typedef struct nf_limits {
    uint64_t of[NF_BUDGET_COUNT];
    uint8_t set_by[NF_BUDGET_COUNT];
} nf_limits;

/** What one run used of a budget: the limit it had, what it used in all, and the most at one time. */
typedef struct nf_usage_row {
    uint64_t limit, used, peak;
} nf_usage_row;

typedef struct nf_usage {
    nf_usage_row of[NF_BUDGET_COUNT];
} nf_usage;

/*
 * How a run ended; a closed list. X(NAME, text)
 */
#define NF_OUTCOME_MAP(X)                                                                          \
    X(DONE, "done")       /* the handler returned */                                               \
    X(SKIPPED, "skipped") /* flow.skip: nothing to do, with a reason */                            \
    X(FAILED, "failed")   /* an uncaught error of the script */                                    \
    X(OVER_CPU, "over-cpu")                                                                        \
    X(OVER_TIME, "over-time")                                                                      \
    X(OVER_MEMORY, "over-memory")   /* also the C stack */                                         \
    X(OVER_EFFECTS, "over-effects") /* effects or look-ups */                                      \
    X(OVER_OUTPUT, "over-output")   /* log or result */                                            \
    X(CANCELLED, "cancelled")                                                                      \
    X(LOST_WORKER, "lost-worker")

typedef enum nf_outcome {
    NF_OUTCOME_NONE = 0, /* not ended */
#define X(name, text) NF_OUTCOME_##name,
    NF_OUTCOME_MAP(X)
#undef X
        NF_OUTCOME_COUNT
} nf_outcome;

/** The text of an outcome, e.g. "over-cpu"; "running" for NF_OUTCOME_NONE, NULL outside the list. Static. */
const char *nf_outcome_name(nf_outcome outcome);

/** The name of a budget, e.g. "memory". Static. */
const char *nf_budget_name(nf_budget budget);

/** The member of a usage report, which carries the unit: "cpu_ms", "memory_bytes", "effects". Static. */
const char *nf_budget_report_name(nf_budget budget);

/** The standard limits of a run. */
nf_limits nf_limits_standard(void);

/** The highest limits anybody may set. */
nf_limits nf_limits_ceiling(void);

/**
 * Set one limit by name from text: "cpu" "100ms", "memory" "40MiB", "effects" "10"; `setter` is who does. The value
 * must be at least 1 and at most `ceiling`'s; the error names the limit, the text and the range.
 */
nf_status nf_limits_set(nf_limits *limits, const nf_limits *ceiling, nf_setter setter,
                        const char *name, const char *value, nf_error *err);

/**
 * Read one value of a limit `name`: at least 1 and at most `most`. The error names the limit, the text and the range;
 * `value` is then as it was.
 */
nf_status nf_amount_parse(const char *name, nf_unit unit, const char *text, uint64_t most,
                          uint64_t *value, nf_error *err);

/** Lower every limit of which `own` has a smaller one; 0 in `own` says nothing. */
void nf_limits_tighten(nf_limits *limits, const nf_limits *own);

/** Who set a limit, as it stands behind a number: "set in tenant.yaml". Static. */
const char *nf_setter_text(nf_setter setter);

/** The unit of a budget. */
nf_unit nf_budget_unit(nf_budget budget);

enum { NF_AMOUNT_MAX = 32 };

/** A value as an admin writes it: "250ms", "2min", "40MiB", "100". */
void nf_amount_text(nf_unit unit, uint64_t value, char out[NF_AMOUNT_MAX]);

/** Read "1500", "100ms", "2s", "5min", "1h", "2d": to ms. A bare number counts `bare_ms` each (0: refused). */
nf_status nf_duration_parse(const char *text, uint64_t bare_ms, uint64_t *ms, nf_error *err);

/** Read "4096", "64KiB", "40MiB", "1GiB" (also KB, MB, GB = 1000s): to bytes. */
nf_status nf_size_parse(const char *text, uint64_t *bytes, nf_error *err);

#endif
