/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c: an effect as its run's journal has it: the line of the timeline, what came back, and an error as JSON. */
#include "base/clock.h"
#include "run/internal.h"

#include <string.h>

enum { LONGEST_LINE = 2 << 20 };

/* Milliseconds with three digits after the point, without formatted printing: this is written for every effect. */
static void add_ms(nf_strbuf *out, const char *name, uint64_t ns)
{
    uint64_t us = ns / 1000, rest = us % 1000;
    nf_strbuf_puts(out, name);
    nf_strbuf_add_u64(out, us / 1000);
    nf_strbuf_puts(out, rest < 10 ? ".00" : rest < 100 ? ".0" : ".");
    nf_strbuf_add_u64(out, rest);
}

/* The effect's members in the timeline, without braces. Owned by the caller. */
static nf_strbuf line_of(const nf_pending *pending, const nf_error *err)
{
    nf_strbuf out = nf_strbuf_new(LONGEST_LINE);
    nf_strbuf_reserve(&out, 256 + pending->args_len);
    nf_strbuf_puts(&out, "\"n\":");
    nf_strbuf_add_u64(&out, pending->number);
    nf_strbuf_puts(&out, ",\"action\":\"");
    nf_strbuf_puts(&out, pending->action->name);
    nf_strbuf_puts(&out, "\",\"where\":");
    nf_strbuf_add_json(&out, pending->where, strlen(pending->where));
    add_ms(&out, ",\"at_ms\":", pending->started_ns - pending->run->began_ns);
    add_ms(&out, ",\"took_ms\":", nf_clock_ns() - pending->started_ns);
    if (pending->args_len && nf_run_readable(pending->args, pending->args_len)) {
        nf_strbuf_puts(&out, ",\"args\":");
        nf_strbuf_add(&out, pending->args, pending->args_len);
    }
    if (err) {
        nf_strbuf_puts(&out, ",\"ok\":false,\"kind\":\"");
        nf_strbuf_puts(&out, nf_status_kind(err->status));
        nf_strbuf_puts(&out, "\",\"message\":");
        nf_strbuf_add_json(&out, err->text, strlen(err->text));
    } else {
        nf_strbuf_puts(&out, ",\"ok\":true");
    }
    return out;
}

nf_entry *nf_pending_put(const nf_pending *pending, nf_entry_state state, int64_t at_ms,
                         const nf_error *err, const char *result, size_t len)
{
    nf_run *run = pending->run;
    nf_strbuf line = line_of(pending, err);
    nf_entry *entry = nf_journal_put(run->journal, run, pending->action,
                                     &(nf_entry_row){
                                         .run = run->id,
                                         .number = pending->number,
                                         .action = pending->action->name,
                                         .state = state,
                                         .at_ms = at_ms,
                                         .args = pending->args,
                                         .args_len = pending->args_len,
                                         .line = line.bytes,
                                         .line_len = line.len,
                                         .result = result,
                                         .len = len,
                                     });
    entry->asked = pending->asked;
    nf_strbuf_release(&line);
    return entry;
}

/* May a script do it again? An unsafe effect only when it is known that nothing was done. */
static bool retryable(const nf_action *action, nf_status status)
{
    if (action->class == NF_UNSAFE && status != NF_E_RATE && status != NF_E_UNREACHABLE)
        return false;
    return nf_status_retryable(status);
}

char *nf_pending_error(const nf_action *action, const nf_error *err, size_t *len)
{
    nf_strbuf out = nf_strbuf_new(16384);
    nf_strbuf_addf(&out, "{\"kind\":\"%s\",\"message\":", nf_status_kind(err->status));
    nf_strbuf_add_json(&out, err->text, strlen(err->text));
    if (err->http_status)
        nf_strbuf_addf(&out, ",\"status\":%d", err->http_status);
    nf_strbuf_addf(
        &out, ",\"retryable\":%s,\"hint\":", retryable(action, err->status) ? "true" : "false");
    nf_strbuf_add_json(&out, err->hint, strlen(err->hint));
    nf_strbuf_puts(&out, "}");
    *len = out.len;
    return nf_strbuf_take(&out);
}
