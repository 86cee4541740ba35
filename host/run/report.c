/* SPDX-License-Identifier: Apache-2.0 */
/* report.c: how a run ended, as the history keeps it. Written for every run: no formatted printing. */
#include "run/run.h"

enum { USAGE_SIZE = 1600 };

void nf_usage_json(const nf_usage *usage, nf_strbuf *out)
{
    for (int i = 0; i < NF_BUDGET_COUNT; i++) {
        const nf_usage_row *row = &usage->of[i];
        nf_strbuf_puts(out, i ? ",\"" : "{\"");
        nf_strbuf_puts(out, nf_budget_report_name((nf_budget)i));
        nf_strbuf_puts(out, "\":{\"limit\":");
        nf_strbuf_add_u64(out, row->limit);
        nf_strbuf_puts(out, ",\"used\":");
        nf_strbuf_add_u64(out, row->used);
        nf_strbuf_puts(out, ",\"peak\":");
        nf_strbuf_add_u64(out, row->peak);
        nf_strbuf_puts(out, "}");
    }
    nf_strbuf_puts(out, "}");
}

static void add_part(nf_strbuf *out, const char *name, const char *text, size_t len,
                     const char *otherwise)
{
    nf_strbuf_puts(out, "\"");
    nf_strbuf_puts(out, name);
    nf_strbuf_puts(out, "\":");
    if (len)
        nf_strbuf_add(out, text, len);
    else
        nf_strbuf_puts(out, otherwise);
}

char *nf_run_report_json(const nf_run_report *report, size_t *len)
{
    nf_strbuf out = nf_strbuf_new((size_t)NF_FRAME_MAX * 4);
    nf_strbuf_reserve(&out, USAGE_SIZE + report->effects_len + report->result_len
                                + report->error_len + report->log_len);
    nf_strbuf_puts(&out, "{");
    add_part(&out, "error", report->error, report->error_len, "null");
    nf_strbuf_puts(&out, ",");
    add_part(&out, "result", report->result, report->result_len, "null");
    nf_strbuf_puts(&out, ",\"usage\":");
    nf_usage_json(&report->usage, &out);
    nf_strbuf_puts(&out, ",\"effects\":[");
    nf_strbuf_add(&out, report->effects, report->effects_len);
    nf_strbuf_puts(&out, "],");
    add_part(&out, "log", report->log, report->log_len, "[]");
    nf_strbuf_puts(&out, "}");
    *len = out.len;
    return nf_strbuf_take(&out);
}
