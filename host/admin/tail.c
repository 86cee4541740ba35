/* SPDX-License-Identifier: Apache-2.0 */
/* tail.c: see tail.h. Ends in the ring have the numbers next - count … next - 1. */
#include "admin/tail.h"

#include "admin/internal.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { KEPT = 2000, WATCHED_MS = 60000, WAIT_MS = 20000, LOOK_MS = 1000, MOST_WAITING = 64 };

typedef struct waiting {
    nf_http_exchange *exchange;
    int64_t after;
    uint64_t until_ns;
    char *tenant, *flow;
    bool any_outcome;
    nf_outcome outcome;
    struct waiting *prev, *next;
} waiting;

struct nf_tail {
    json_t *ring[KEPT];
    int64_t base, next; /* the first number of this start, and that of the next end */
    uint64_t watched_until_ns;
    waiting *waiting;
    nf_timer *timer;
};

static void on_timer(void *ctx);

nf_tail *nf_tail_new(nf_loop *loop)
{
    nf_tail *tail = nf_alloc(sizeof *tail);
    /* numbers of an earlier start are lower, so that they are not taken for ours */
    tail->base = tail->next = nf_clock_wall_ms() * 1024;
    tail->timer = nf_timer_new(loop, on_timer, tail);
    return tail;
}

static void forget_ring(nf_tail *tail)
{
    for (size_t i = 0; i < KEPT; i++) {
        json_decref(tail->ring[i]);
        tail->ring[i] = NULL;
    }
}

/* ---- ends ---- */

static json_t *end_json(const nf_run_row *row, const nf_event_row *event,
                        const nf_run_report *report)
{
    char received[NF_TIME_TEXT], ended[NF_TIME_TEXT];
    json_t *error = json_loadb(report->error, report->error_len, JSON_ALLOW_NUL, NULL);
    json_t *line =
        json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o*}", "id", (json_int_t)row->id,
                  "event", (json_int_t)row->event, "tenant", row->tenant, "handler", row->handler,
                  "file", row->file, "outcome", nf_outcome_name(report->outcome), "received",
                  nf_clock_text(event->received_ms, received), "ended",
                  nf_clock_text(report->ended_ms, ended), "took_ms",
                  (json_int_t)(report->ended_ms - event->received_ms), "error", error);
    if (report->outcome == NF_OUTCOME_SKIPPED)
        json_object_set_new(
            line, "reason",
            json_loadb(report->result, report->result_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
    return line;
}

static bool fits(const waiting *w, const json_t *line)
{
    const char *handler = nf_json_string(line, "handler"), *file = nf_json_string(line, "file");
    if (w->tenant && strcmp(w->tenant, nf_json_string(line, "tenant")) != 0)
        return false;
    if (!w->any_outcome
        && strcmp(nf_outcome_name(w->outcome), nf_json_string(line, "outcome")) != 0)
        return false;
    return !w->flow || strcmp(w->flow, handler) == 0 || nf_admin_same_file(w->flow, file);
}

/* The ends that it waits for; the answer owns them. */
static json_t *ends_for(const nf_tail *tail, const waiting *w, int64_t *missed)
{
    json_t *list = json_array();
    int64_t oldest = tail->next - KEPT > tail->base ? tail->next - KEPT : tail->base;
    *missed = w->after >= tail->base && w->after < oldest ? oldest - w->after : 0;
    for (int64_t n = w->after > oldest ? w->after : oldest; n < tail->next; n++) {
        json_t *line = tail->ring[n % KEPT];
        if (line && fits(w, line))
            json_array_append(list, line);
    }
    return list;
}

static void finish(nf_tail *tail, waiting *w, json_t *list, int64_t missed)
{
    nf_http_answer_json(w->exchange, 200,
                        json_pack("{s:I, s:o, s:I}", "after", (json_int_t)tail->next, "runs", list,
                                  "missed", (json_int_t)missed));
    free(w->tenant);
    free(w->flow);
    free(w);
}

/* Answer those for whom there is something, or whose time is over. */
static void look(nf_tail *tail, bool all)
{
    waiting *w, *next;
    uint64_t now = nf_clock_ns();
    DL_FOREACH_SAFE (tail->waiting, w, next) {
        int64_t missed;
        json_t *list = ends_for(tail, w, &missed);
        if (json_array_size(list) == 0 && !missed && !all && now < w->until_ns) {
            json_decref(list);
            continue;
        }
        DL_DELETE(tail->waiting, w);
        finish(tail, w, list, missed);
    }
}

static void on_timer(void *ctx)
{
    nf_tail *tail = ctx;
    look(tail, false);
    if (!tail->waiting && nf_clock_ns() > tail->watched_until_ns) {
        nf_timer_stop(tail->timer);
        forget_ring(tail);
    }
}

void nf_tail_note(void *ctx, const nf_run_row *row, const nf_event_row *event,
                  const nf_run_report *report)
{
    nf_tail *tail = ctx;
    if (nf_clock_ns() > tail->watched_until_ns)
        return;
    json_decref(tail->ring[tail->next % KEPT]);
    tail->ring[tail->next % KEPT] = end_json(row, event, report);
    tail->next++;
    look(tail, false);
}

/* ---- questions ---- */

static bool read_question(waiting *w, const char *query, nf_error *err)
{
    char *after = nf_admin_parameter(query, "after"),
         *outcome = nf_admin_parameter(query, "outcome");
    w->tenant = nf_admin_parameter(query, "tenant");
    w->flow = nf_admin_parameter(query, "flow");
    w->any_outcome = !outcome;
    if (outcome)
        nf_admin_outcome(outcome, &w->outcome, err);
    if (after && !nf_admin_whole(after, &w->after))
        nf_error_set(err, NF_E_ARG, "after is a number that an answer gave");
    free(after);
    free(outcome);
    return err->status == NF_OK;
}

static size_t waiting_now(const nf_tail *tail)
{
    const waiting *w;
    size_t count = 0;
    DL_FOREACH (tail->waiting, w)
        count++;
    return count;
}

void nf_admin_tail(nf_tail *tail, nf_http_exchange *x)
{
    nf_error err = {0};
    waiting *w = nf_alloc(sizeof *w);
    w->exchange = x;
    w->until_ns = nf_clock_ns() + (uint64_t)WAIT_MS * 1000000;
    bool read = read_question(w, nf_http_query(x), &err);
    if (read && waiting_now(tail) >= MOST_WAITING)
        nf_error_set(&err, NF_E_FULL, "%d are following already", MOST_WAITING);
    if (err.status != NF_OK) {
        nf_http_answer_error(x, err.status == NF_E_FULL ? 503 : 400, "%s", err.text);
        free(w->tenant);
        free(w->flow);
        free(w);
        return;
    }
    tail->watched_until_ns = nf_clock_ns() + (uint64_t)WATCHED_MS * 1000000;
    nf_timer_start(tail->timer, LOOK_MS, LOOK_MS);
    if (!w->after) {
        finish(tail, w, json_array(), 0);
        return;
    }
    DL_APPEND(tail->waiting, w);
    look(tail, false);
}

void nf_tail_close(nf_tail *tail)
{
    if (!tail)
        return;
    look(tail, true);
    nf_timer_close(tail->timer);
    forget_ring(tail);
    free(tail);
}
