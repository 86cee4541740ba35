/* SPDX-License-Identifier: Apache-2.0 */
/* end.c: see end.h. The report of an exceeded budget names the budget, both numbers and who set the limit. */
#include "end.h"

#include "cpu.h"
#include "sample.h"
#include "sink.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 300, REPORT_MAX = 8 << 10, MEBI = 1 << 20, NS_PER_MS = 1000000 };

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

static const char *const setters[NF_SETTER_COUNT] = {
#define X(name, text) text,
    NF_SETTER_MAP(X)
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

static bool is_time(nf_budget budget)
{
    return budgets[budget].unit == NF_UNIT_MS;
}

static const char *setter_of(const nf_run *run)
{
    unsigned setter = run->limits.set_by[run->over_budget];
    return setters[setter < NF_SETTER_COUNT ? setter : 0];
}

static void message_of(const nf_run *run, const nf_usage *usage, char out[TEXT_MAX])
{
    char used[64], limit[64];
    nf_budget budget = run->over_budget;
    if (run->outcome == NF_OUTCOME_CANCELLED) {
        snprintf(out, TEXT_MAX, "cancelled");
        return;
    }
    if (run->over_text) {
        snprintf(out, TEXT_MAX, "%s", run->over_text);
        return;
    }
    uint64_t over_used = is_time(budget) ? usage->of[budget].used : run->over_used;
    bool full = budget == NF_BUDGET_MEMORY && over_used <= run->limits.of[budget];
    amount(used, budgets[budget].unit, over_used);
    amount(limit, budgets[budget].unit, run->limits.of[budget]);
    snprintf(out, TEXT_MAX, "%s budget exceeded: %s%s of %s, %s",
             budget == NF_BUDGET_CPU ? "CPU" : budgets[budget].name, used,
             full ? ", none of it garbage," : "", limit, setter_of(run));
}

/* The line at the end of run->where, or 0. */
static int where_line(const nf_run *run)
{
    const char *digit = strrchr(run->where, ':');
    int line = 0;
    while (digit && digit[1] >= '0' && digit[1] <= '9')
        line = line * 10 + (*++digit - '0');
    return line;
}

/* ,"cpu_lines":[{"line":12,"ms":840}, ...]; the time since the last sample is that of the line where it ended. */
static void write_lines(nf_sink *sink, nf_run *run)
{
    nf_sample top[NF_SAMPLES_TOP];
    nf_sample_take(run, where_line(run), run->cpu_ns);
    unsigned count = nf_sample_top(run, top);
    while (count > 0 && top[count - 1].ns < NS_PER_MS)
        count--;
    for (unsigned i = 0; i < count; i++) {
        nf_sink_text(sink, i ? ",{\"line\":" : ",\"cpu_lines\":[{\"line\":");
        nf_sink_number(sink, top[i].line);
        nf_sink_text(sink, ",\"ms\":");
        nf_sink_number(sink, (int64_t)(top[i].ns / NS_PER_MS));
        nf_sink_text(sink, "}");
    }
    if (count > 0)
        nf_sink_text(sink, "]");
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
    const char *where = *run->where ? run->where : run->file;
    nf_sink sink = nf_sink_open(run, REPORT_MAX);
    nf_sink_text(&sink, "{\"message\":");
    nf_sink_quoted(&sink, message, strlen(message));
    nf_sink_text(&sink, ",\"where\":");
    nf_sink_quoted(&sink, where, strlen(where));
    nf_sink_text(&sink, ",\"kind\":");
    nf_sink_quoted(&sink, outcomes[run->outcome], strlen(outcomes[run->outcome]));
    if (run->outcome == NF_OUTCOME_OVER_CPU)
        write_lines(&sink, run);
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

void nf_end_refused(nf_port *port, const nf_frame *frame)
{
    static const char error[] =
        "{\"message\":\"the worker has no memory for another run\",\"where\":\"\","
        "\"kind\":\"worker\",\"traceback\":[]}";
    size_t len = sizeof error - 1;
    if (frame->type == NF_MSG_LOAD) {
        nf_port_begin(port, NF_MSG_LOADED, 1, frame->id, len);
    } else {
        nf_msg_end end = {.error_len = (uint32_t)len};
        nf_port_begin(port, NF_MSG_END, NF_OUTCOME_FAILED, frame->id, sizeof end + len);
        nf_port_put(port, &end, sizeof end);
    }
    nf_port_put(port, error, len);
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
