/* SPDX-License-Identifier: Apache-2.0 */
/* sink.c: see sink.h. */
#include "sink.h"

#include "base/jscan.h"

#include <stdio.h>
#include <string.h>

_Static_assert((uint64_t)NF_SINK_MAX * 6 + (2u << 20) < NF_TEXT_INPUTS,
               "the worst quoting must fit the region");

nf_sink nf_sink_open(const nf_run *run, size_t cap)
{
    return (nf_sink){.base = run->text + run->log_len, .cap = NF_MIN(cap, (size_t)NF_SINK_MAX)};
}

static bool has_room(nf_sink *sink, size_t len)
{
    if (!sink->over && len > sink->cap - sink->len)
        sink->over = true;
    return !sink->over;
}

void nf_sink_bytes(nf_sink *sink, const char *text, size_t len)
{
    if (!has_room(sink, len))
        return;
    memcpy(sink->base + sink->len, text, len);
    sink->len += len;
}

void nf_sink_text(nf_sink *sink, const char *text)
{
    nf_sink_bytes(sink, text, strlen(text));
}

void nf_sink_quoted(nf_sink *sink, const char *text, size_t len)
{
    if (!has_room(sink, len + 2))
        return;
    size_t used = nf_json_quote(text, len, sink->base + sink->len);
    if (has_room(sink, used))
        sink->len += used;
}

void nf_sink_number(nf_sink *sink, int64_t number)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)number);
    nf_sink_bytes(sink, digits, (size_t)n);
}

nf_text nf_sink_close(nf_run *run, const nf_sink *sink)
{
    size_t peak = run->log_len + sink->len;
    if (peak > run->text_peak)
        run->text_peak = peak;
    return (nf_text){.at = sink->base, .len = sink->len};
}
