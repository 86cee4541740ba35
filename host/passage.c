/* SPDX-License-Identifier: Apache-2.0 */
/* passage.c: see passage.h; step 5 starts here and step 7 ends here. */
#include "passage.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "log/log.h"
#include "run/journal.h"

#include <stdlib.h>
#include <string.h>

/* One run of a passage until its end is durable. */
struct record {
    nf_passage *passage;
    size_t index;
    nf_run_end end;
    char *detail;
    nf_counted_mark *mark;
    nf_parking parking; /* in place of an end */
    char *reason;
};

nf_passage *nf_passage_new(nf_pipeline *p, nf_tenant *tenant, nf_event *event)
{
    nf_passage *passage = nf_alloc(sizeof *passage);
    passage->pipeline = p;
    passage->tenant = tenant;
    passage->event = event;
    passage->refs = 1;
    return passage;
}

void nf_passage_unref(nf_passage *passage)
{
    if (--passage->refs > 0)
        return;
    nf_event_unref(passage->event);
    for (size_t i = 0; passage->rows && i < passage->count; i++) {
        free((char *)passage->rows[i].handler);
        free((char *)passage->rows[i].file);
    }
    if (passage->ended)
        passage->ended(passage->ctx);
    free(passage->schedule);
    free(passage->wanted);
    free(passage->rows);
    free(passage->runs);
    free(passage);
}

void nf_passage_answer(nf_passage *passage, int status, const char *headers, const char *text)
{
    nf_http_exchange *x = passage->exchange;
    passage->exchange = NULL;
    if (!x)
        return;
    if (status == 202)
        nf_http_answer(x, status, NULL, headers, NULL, 0);
    else
        nf_http_answer(x, status, "text/plain", headers, text, strlen(text));
}

/* ---- 7 record ---- */

static void on_recorded(void *ctx, const nf_error *err)
{
    struct record *record = ctx;
    (void)err; /* given up only when the host ends; then the run is found open at the next start */
    nf_passage_unref(record->passage);
    nf_mark_unref(record->mark);
    free(record->detail);
    free(record->reason);
    free(record);
}

/* What the flow logged, line by line, for an admin who asked for everything (and for nimflow dev). */
static void log_lines(const nf_run_report *report, const nf_run_row *row)
{
    json_t *lines = json_loadb(report->log, report->log_len, JSON_ALLOW_NUL, NULL), *line;
    size_t i;
    json_array_foreach (lines, i, line)
        nf_log_debug("flow", "%s: run %lld: %s: %s", row->tenant, (long long)report->id,
                     nf_json_string(line, "level"), nf_json_string(line, "text"));
    json_decref(lines);
}

static void log_end(const nf_run_report *report, const nf_run_row *row)
{
    bool good = report->outcome == NF_OUTCOME_DONE || report->outcome == NF_OUTCOME_SKIPPED
                || report->shed == NF_SHED_OUTDATED; /* the flow asked for that */
    nf_log_level level = good ? NF_LOG_DEBUG : NF_LOG_WARN;
    if (!nf_log_wants(level))
        return;
    json_t *error = json_loadb(report->error, report->error_len, JSON_ALLOW_NUL, NULL);
    const char *where = nf_json_string(error, "where"), *message = nf_json_string(error, "message");
    if (nf_log_wants(NF_LOG_DEBUG) && report->log_len)
        log_lines(report, row);
    nf_log(level, "run", "%s: run %lld of '%s' ended %s%s%s%s%s", row->tenant,
           (long long)report->id, row->handler, nf_outcome_name(report->outcome),
           message ? ": " : "", where ? where : "", where && message ? ": " : "",
           message ? message : "");
    json_decref(error);
}

/* Several that end badly, one after the other, are a reason for an alarm. */
static void note_end(const nf_passage *passage, const nf_run_row *row, const nf_run_report *report)
{
    json_t *error = nf_outcome_is_dead(report->outcome)
                        ? json_loadb(report->error, report->error_len, JSON_ALLOW_NUL, NULL)
                        : NULL;
    nf_poison_note(passage->tenant->poison, row->handler, report->outcome, row->id,
                   nf_json_string(error, "message"));
    json_decref(error);
}

static void on_run_ended(void *ctx, const nf_run_report *report)
{
    struct record *record = ctx;
    nf_passage *passage = record->passage;
    size_t len;
    passage->runs[record->index] = NULL;
    if (!report || passage->refused) {
        on_recorded(record, NULL);
        return;
    }
    record->detail = nf_run_report_json(report, &len);
    record->end = (nf_run_end){
        .id = report->id,
        .tenant = passage->tenant->config->name,
        .outcome = report->outcome,
        .started_ms = report->started_ms,
        .ended_ms = report->ended_ms,
        .attempts = report->attempts,
        .detail = record->detail,
        .len = len,
    };
    if (report->mark) {
        record->mark = nf_mark_ref(report->mark);
        record->end.mark = &record->mark->mark;
    }
    passage->tenant->count.ended[report->outcome]++;
    log_end(report, &passage->rows[record->index]);
    note_end(passage, &passage->rows[record->index], report);
    if (passage->pipeline->ended)
        passage->pipeline->ended(passage->pipeline->ended_ctx, &passage->rows[record->index],
                                 &passage->event->row, report);
    nf_pipeline_tell_failure(passage, record->index, report);
    nf_store_end_run(passage->pipeline->store, &record->end, on_recorded, record);
}

/* ---- it leaves memory without an end ---- */

static void on_parked(void *ctx, const nf_error *err)
{
    struct record *record = ctx;
    if (!err && record->parking.wake_ms)
        nf_pipeline_wake_at(record->passage->pipeline, record->parking.wake_ms);
    on_recorded(record, err);
}

static void on_run_parked(void *ctx, const nf_parking *parking)
{
    struct record *record = ctx;
    nf_passage *passage = record->passage;
    const nf_run_row *row = &passage->rows[record->index];
    passage->runs[record->index] = NULL;
    if (passage->refused) {
        on_recorded(record, NULL);
        return;
    }
    record->parking = *parking;
    record->parking.reason = record->reason = nf_strdup(parking->reason);
    if (!parking->wake_ms) {
        nf_log_warn("run", "%s: run %lld of '%s' is held: %s", row->tenant, (long long)row->id,
                    row->handler, parking->reason);
        nf_pipeline_tell_held(passage->tenant, row->id, row->handler, parking->reason);
    }
    nf_store_park_run(passage->pipeline->store, &record->parking, on_parked, record);
}

/* Its attempts are kept when it leaves memory, and with it its lane. */
bool nf_passage_left_lane(const nf_passage *passage, size_t index)
{
    return passage->rows[index].attempts > 0;
}

/* ---- 5 run (6, act, happens in there) ---- */

/* What is done again is older than what comes live: it must neither end that nor be in its way. */
static bool stands_aside(const nf_run_row *row, const nf_handler *handler)
{
    return row->replay_of && (handler->mode == NF_MODE_LATEST || handler->mode == NF_MODE_SINGLE);
}

void nf_passage_run(nf_passage *passage, size_t index, const nf_handler *handler,
                    nf_journal *journal)
{
    const nf_event *event = passage->event;
    const nf_run_row *row = &passage->rows[index];
    bool again = row->replay_of != 0;
    struct record *record = nf_alloc(sizeof *record);
    record->passage = passage;
    record->index = index;
    passage->refs++;
    passage->runs[index] = nf_run_start(
        passage->tenant->pool,
        &(nf_run_spec){
            .id = passage->rows[index].id,
            .handler = handler,
            .event = event->row.body,
            .len = event->row.len,
            .partition = event->partition,
            .urgency = again ? NF_URGENCY_BATCH : nf_event_urgency(event),
            .last = !again && nf_event_over(event),
            .no_lane = nf_passage_left_lane(passage, index) || stands_aside(row, handler),
            .env = nf_tenant_env(passage->tenant, handler),
            .parked = on_run_parked,
            .journal = journal,
            .attempts = passage->rows[index].attempts,
            .spent_ms = passage->rows[index].spent_ms,
        },
        on_run_ended, record);
}

void nf_passage_fail(nf_passage *passage, size_t index, nf_outcome outcome, const char *why)
{
    nf_strbuf error = nf_strbuf_new(4096);
    nf_strbuf_puts(&error, "{\"message\":");
    nf_strbuf_add_json(&error, why, strlen(why));
    nf_strbuf_puts(&error, "}");
    struct record *record = nf_alloc(sizeof *record);
    record->passage = passage;
    record->index = index;
    passage->refs++;
    int64_t now = nf_clock_wall_ms();
    nf_run_report report = {
        .id = passage->rows[index].id,
        .outcome = outcome,
        .started_ms = now,
        .ended_ms = now,
        .error = error.bytes,
        .error_len = error.len,
        .result = "",
        .log = "",
        .effects = "",
    };
    on_run_ended(record, &report);
    nf_strbuf_release(&error);
}
