/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink.h: writing text of bounded size behind the log lines of a run.
 *
 * One sink is open at a time, and no Lua code runs while it is. Invariant: nothing is written
 * beyond `cap`; once that would happen `over` is set and the sink takes no more.
 */
#ifndef NF_WORKER_SINK_H
#define NF_WORKER_SINK_H

#include "run.h"

enum {
    NF_SINK_MAX = 4 << 20
}; /* the largest cap: quoting this much in the worst way still fits the region */

typedef struct nf_sink {
    char *base;
    size_t len, cap;
    bool over;
} nf_sink;

/** An empty sink in the run's text region. */
nf_sink nf_sink_open(const nf_run *run, size_t cap);

/** Append bytes, a C string, a JSON string (quotes added; invalid UTF-8 becomes U+FFFD), a number.
 */
void nf_sink_bytes(nf_sink *sink, const char *text, size_t len);
void nf_sink_text(nf_sink *sink, const char *text);
void nf_sink_quoted(nf_sink *sink, const char *text, size_t len);
void nf_sink_number(nf_sink *sink, int64_t number);

/** What was written, and remember how much of the region was touched. */
nf_text nf_sink_close(nf_run *run, const nf_sink *sink);

#endif
