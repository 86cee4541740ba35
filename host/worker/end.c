/* SPDX-License-Identifier: Apache-2.0 */
/* end.c: see end.h. The report of an exceeded budget names the budget and both numbers. */
#include "end.h"

#include "cpu.h"
#include "sink.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 300, REPORT_MAX = 8 << 10, MEBI = 1 << 20 };

static const struct {
    const char *name;
    nf_unit unit;
} budgets[NF_BUDGET_COUNT] = {
#define X(name, text, unit, standard, ceiling, doc) {text, NF_UNIT_##unit},
    NF_BUDGET_MAP(X)
#undef X
};

static const char *const outcomes[NF_OUTCOME_COUNT] = {"running",
#define X(name, text) text,
                                                       NF_OUTCOME_MAP(X)
#undef X
};

/* "1003 ms", "33.4 MiB", "70000 bytes", "101" */
static void amount(char out[64], nf_unit unit, uint64_t value)
{
    unsigned long long v = value;
    if (unit == NF_UNIT_MS)
        snprintf(out, 64, "%llu ms", v);
    else if (unit == NF_UNIT_BYTES && value >= MEBI)
        snprintf(out, 64, "%llu.%llu MiB", v / MEBI, v % MEBI * 10 / MEBI);
    else
        snprintf(out, 64, unit == NF_UNIT_BYTES ? "%llu bytes" : "%llu", v);
}

static uint64_t used_of(const nf_run *run, const nf_usage *usage)
{
    if (run->over_budget == NF_BUDGET_CPU || run->over_budget == NF_BUDGET_WALL)
        return usage->of[run->over_budget].used;
    return run->over_used;
}

static void message_of(const nf_run *run, const nf_usage *usage, char out[TEXT_MAX])
{
    char used[64], limit[64];
    const char *name = budgets[run->over_budget].name;
    if (run->outcome == NF_OUTCOME_CANCELLED) {
        snprintf(out, TEXT_MAX, "cancelled");
        return;
    }
    if (run->over_text) {
        snprintf(out, TEXT_MAX, "%s", run->over_text);
        return;
    }
    amount(used, budgets[run->over_budget].unit, used_of(run, usage));
    amount(limit, budgets[run->over_budget].unit, run->limits.of[run->over_budget]);
    if (run->over_budget == NF_BUDGET_CPU) /* an acronym, the others are words */
        name = "CPU";
    bool full =
        run->over_budget == NF_BUDGET_MEMORY && run->over_used <= run->limits.of[NF_BUDGET_MEMORY];
    snprintf(out, TEXT_MAX, "%s budget exceeded: %s of %s%s", name, used, limit,
             full ? ", and none of it is garbage" : "");
}

/* The error of a run that did not end by itself, behind its log lines. */
static nf_text report(nf_run *run, const nf_usage *usage)
{
    char message[TEXT_MAX];
    if (run->outcome == NF_OUTCOME_DONE || run->outcome == NF_OUTCOME_SKIPPED)
        return (nf_text){0};
    if (run->outcome == NF_OUTCOME_FAILED)
        return run->error;
    message_of(run, usage, message);
    nf_sink sink = nf_sink_open(run, REPORT_MAX);
    nf_sink_text(&sink, "{\"message\":");
    nf_sink_quoted(&sink, message, strlen(message));
    nf_sink_text(&sink, ",\"where\":");
    nf_sink_quoted(&sink, run->where, strlen(run->where));
    nf_sink_text(&sink, ",\"kind\":");
    nf_sink_quoted(&sink, outcomes[run->outcome], strlen(outcomes[run->outcome]));
    nf_sink_text(&sink, ",\"traceback\":[]}");
    return nf_sink_close(run, &sink);
}

void nf_end_run(nf_port *port, nf_run *run)
{
    nf_msg_end end = {.usage = nf_run_usage(run), .cpu_ns = run->cpu_ns};
    bool has_result = run->outcome == NF_OUTCOME_DONE || run->outcome == NF_OUTCOME_SKIPPED;
    nf_text result = has_result ? run->payload : (nf_text){0}, error = report(run, &end.usage);
    size_t log_len = run->log_len ? run->log_len + 1 : 0;
    end.result_len = (uint32_t)result.len;
    end.error_len = (uint32_t)error.len;
    end.log_len = (uint32_t)log_len;
    nf_port_begin(port, NF_MSG_END, (uint16_t)run->outcome, run->id,
                  sizeof end + result.len + error.len + log_len);
    nf_port_put(port, &end, sizeof end);
    nf_port_put(port, result.at, result.len);
    nf_port_put(port, error.at, error.len);
    if (log_len) {
        nf_port_put(port, run->text, run->log_len);
        nf_port_put(port, "]", 1);
    }
    nf_run_free(run);
}

/* ,"usage":{"cpu":[limit, used, peak], ...} */
static size_t write_usage(char *out, size_t size, const nf_usage *usage)
{
    int n = snprintf(out, size, ",\"usage\":{");
    for (int i = 0; i < NF_BUDGET_COUNT; i++) {
        const nf_usage_row *row = &usage->of[i];
        n += snprintf(out + n, size - (size_t)n, "%s\"%s\":[%llu,%llu,%llu]", i ? "," : "",
                      budgets[i].name, (unsigned long long)row->limit,
                      (unsigned long long)row->used, (unsigned long long)row->peak);
    }
    n += snprintf(out + n, size - (size_t)n, "}");
    return (size_t)n;
}

void nf_end_load(nf_port *port, nf_run *run)
{
    static const char before_log[] = ",\"log\":";
    char usage_text[1200];
    nf_usage usage = nf_run_usage(run);
    bool loaded = run->outcome == NF_OUTCOME_DONE;
    nf_text answer = loaded ? run->payload : report(run, &usage);
    if (!loaded)
        answer.len--; /* the closing brace comes at the end */
    size_t usage_len = write_usage(usage_text, sizeof usage_text, &usage);
    size_t log_len = run->log_len ? sizeof before_log - 1 + run->log_len + 1 : 0;
    nf_port_begin(port, NF_MSG_LOADED, !loaded, run->id, answer.len + usage_len + log_len + 1);
    nf_port_put(port, answer.at, answer.len);
    nf_port_put(port, usage_text, usage_len);
    if (log_len) {
        nf_port_put(port, before_log, sizeof before_log - 1);
        nf_port_put(port, run->text, run->log_len);
        nf_port_put(port, "]", 1);
    }
    nf_port_put(port, "}", 1);
    nf_run_free(run);
}
