/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c: the life of one run, from its lane to its report. See run.h for the picture.
 *
 * A run is freed in exactly one place, finish(), after its owner was told (or by nf_run_drop, when the pool closes).
 */
#include "run/run.h"

#include "act/stand_in.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/jscan.h"
#include "base/macros.h"
#include "run/internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMELINE_LIMIT = 4 << 20, MOST_CRASHES = 2, USAGE_SIZE = 1400 };

/* ---- start ---- */

void nf_run_make_ready(nf_run *run)
{
    run->state = NF_RUN_READY;
    if (run->attempts > 0)
        DL_PREPEND(run->pool->ready, run); /* it was there before the others */
    else
        DL_APPEND(run->pool->ready, run);
}

nf_run *nf_run_start(nf_pool *pool, const nf_run_spec *spec, nf_run_ended *ended, void *ctx)
{
    nf_run *run = nf_alloc(sizeof *run);
    run->pool = pool;
    run->id = spec->id;
    run->key = (uint64_t)spec->id;
    run->handler = spec->handler;
    run->version = nf_version_ref(spec->handler->version);
    run->env = spec->env ? spec->env : pool->env;
    run->event = spec->event;
    run->len = spec->len;
    run->ended = ended;
    run->ctx = ctx;
    nf_run_set_limits(run);
    run->timeline = nf_strbuf_new(TIMELINE_LIMIT);
    nf_strbuf_reserve(&run->timeline, 256); /* two effects, the usual case */
    pool->waiting++;
    if (spec->partition)
        nf_lane_join(run, spec->partition);
    if (!run->lane || run->lane->runs == run)
        nf_run_make_ready(run);
    nf_pool_dispatch(pool);
    nf_cap_note(&pool->use, NF_CAP_QUEUED_EVENTS, pool->waiting);
    return run;
}

/* math.random of a run must draw the same numbers when the run is done again: its seed comes from the id (splitmix64).
 */
static void seed_from_id(uint64_t id, uint64_t seed[4])
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = (id += 0x9E3779B97F4A7C15u);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        seed[i] = z ^ (z >> 31);
    }
}

static uint32_t trigger_index(const nf_runner *runner, const nf_trigger *trigger)
{
    for (uint32_t i = 0; trigger && runner->triggers[i]; i++) {
        if (runner->triggers[i] == trigger)
            return i;
    }
    return UINT32_MAX;
}

void nf_run_set_limits(nf_run *run)
{
    const nf_limits *now = &run->limits;
    run->limits = run->pool->allowed.run;
    nf_limits_tighten(&run->limits, &run->handler->own);
    uint64_t most = now->of[NF_BUDGET_EFFECTS] + now->of[NF_BUDGET_LOOKUPS];
    run->effects_most = NF_MAX(run->effects_most, most);
}

/* The limits changed: a run under way obeys from its next slice. */
void nf_run_obey(nf_run *run)
{
    nf_limits before = run->limits;
    nf_run_set_limits(run);
    if (!run->held_by && memcmp(&before, &run->limits, sizeof before) != 0)
        nf_worker_send(run->crew->worker, NF_MSG_LIMITS, 0, run->key, &run->limits,
                       sizeof run->limits, NULL, 0);
}

static void send_start(nf_run *run)
{
    nf_pool *pool = run->pool;
    nf_msg_start head = {
        .version = run->version->id,
        .handler = run->handler->index,
        .trigger = trigger_index(pool->runner, run->handler->trigger),
        .now_ms = nf_effect_now_ms(run->env),
    };
    nf_run_set_limits(run);
    head.limits = run->limits;
    seed_from_id(run->key, head.seed);
    run->started_ms = head.now_ms;
    run->started_ns = nf_clock_ns();
    nf_worker_send(run->crew->worker, NF_MSG_START, 0, run->key, &head, sizeof head, run->event,
                   run->len);
}

void nf_run_give_to(nf_run *run, nf_crew *crew)
{
    run->state = NF_RUN_ON_WORKER;
    run->crew = crew;
    run->attempts++;
    if (run->crashes > 0)
        crew->alone = run;
    HASH_ADD(hh, crew->runs, key, sizeof run->key, run);
    crew->active++;
    run->pool->running++;
    if (run->attempts == 1)
        nf_window_add(&run->pool->begun, nf_clock_ns(), 1);
    nf_known *known = nf_crew_give_version(crew, run->version);
    if (known->loaded) {
        send_start(run);
    } else {
        run->held_by = known;
        DL_APPEND(known->held, run);
    }
}

void nf_run_release_held(nf_known *known, const char *failure)
{
    while (known->held) {
        nf_run *run = known->held;
        DL_DELETE(known->held, run);
        run->held_by = NULL;
        if (failure)
            nf_run_end_with(run, NF_OUTCOME_FAILED, failure);
        else
            send_start(run);
    }
}

nf_run *nf_crew_find_run(nf_crew *crew, uint64_t id)
{
    nf_run *run;
    HASH_FIND(hh, crew->runs, &id, sizeof id, run);
    return run;
}

/* ---- end ---- */

static void leave_crew(nf_run *run)
{
    nf_crew *crew = run->crew;
    if (!crew)
        return;
    if (run->held_by)
        DL_DELETE(run->held_by->held, run);
    run->held_by = NULL;
    HASH_DEL(crew->runs, run);
    crew->active--;
    run->pool->running--;
    if (crew->alone == run)
        crew->alone = NULL;
    if (crew->active == 0)
        crew->idle_since_ns = nf_clock_ns();
    run->crew = NULL;
}

static void free_run(nf_run *run)
{
    nf_effects_cancel_all(run);
    if (run->state == NF_RUN_READY)
        DL_DELETE(run->pool->ready, run);
    if (run->state != NF_RUN_ON_WORKER)
        run->pool->waiting--;
    leave_crew(run);
    nf_lane_leave(run);
    nf_version_unref(run->version);
    nf_strbuf_release(&run->timeline);
    free(run->too_long);
    free(run);
}

void nf_run_drop(nf_run *run)
{
    run->ended(run->ctx, NULL);
    free_run(run);
}

static void finish(nf_run *run, nf_run_report *report)
{
    nf_pool *pool = run->pool;
    nf_effects_cancel_all(run);
    report->id = run->id;
    report->started_ms = run->started_ms;
    report->ended_ms = nf_clock_wall_ms();
    report->attempts = run->attempts;
    report->effects = nf_strbuf_text(&run->timeline);
    report->effects_len = run->timeline.len;
    run->ended(run->ctx, report);
    free_run(run);
    nf_pool_dispatch(pool);
}

/* An end that the worker did not tell: words in place of its JSON. */
void nf_run_end_with(nf_run *run, nf_outcome outcome, const char *text)
{
    nf_strbuf error = nf_strbuf_new(4096);
    nf_strbuf_puts(&error, "{\"message\":");
    nf_strbuf_add_json(&error, text, strlen(text));
    nf_strbuf_puts(&error, "}");
    nf_run_report report = {
        .outcome = outcome, .error = error.bytes, .error_len = error.len, .result = "", .log = ""};
    for (int i = 0; i < NF_BUDGET_COUNT; i++)
        report.usage.of[i].limit = run->limits.of[i];
    finish(run, &report);
    nf_strbuf_release(&error);
}

void nf_run_cancel(nf_run *run)
{
    if (run->state == NF_RUN_ON_WORKER && !run->held_by)
        nf_worker_send(run->crew->worker, NF_MSG_CANCEL, NF_OUTCOME_CANCELLED, run->key, NULL, 0,
                       NULL, 0);
    else
        nf_run_end_with(run, NF_OUTCOME_CANCELLED, "cancelled before it started");
}

/* Does the number fit what the readers of the history have: 64 bits, or a finite double? */
static bool fits(const nf_jscan *scan)
{
    char text[64], *end;
    if (scan->len >= sizeof text)
        return false;
    memcpy(text, scan->text, scan->len);
    text[scan->len] = '\0';
    errno = 0;
    if (strcspn(text, ".eE") < scan->len)
        return isfinite(strtod(text, &end));
    strtoll(text, &end, 10);
    return errno == 0;
}

bool nf_run_readable(const char *text, size_t len)
{
    nf_jscan scan;
    nf_jtoken token;
    nf_jscan_init(&scan, text, len);
    do {
        token = nf_jscan_next(&scan);
        if (token == NF_J_NUMBER && !fits(&scan))
            return false;
        if (token == NF_J_KEY && scan.escaped && memmem(scan.text, scan.len, "\\u0000", 6))
            return false;
    } while (token != NF_J_END && token != NF_J_ERROR);
    return token == NF_J_END;
}

static bool valid_part(const char *text, size_t len)
{
    return len == 0 || nf_run_readable(text, len);
}

static bool valid_usage(const nf_usage *usage)
{
    for (int i = 0; i < NF_BUDGET_COUNT; i++) {
        const nf_usage_row *row = &usage->of[i];
        if (row->limit > INT64_MAX || row->used > INT64_MAX || row->peak > INT64_MAX)
            return false;
    }
    return true;
}

void nf_run_on_end(nf_crew *crew, const nf_frame *frame, const char *payload)
{
    nf_run *run = nf_crew_find_run(crew, frame->id);
    nf_msg_end head;
    if (!run) {
        nf_crew_broke(crew, "END of a run that it does not have");
        return;
    }
    if (frame->size < sizeof head || frame->aux == NF_OUTCOME_NONE
        || frame->aux >= NF_OUTCOME_COUNT) {
        nf_crew_broke(crew, "END without its parts");
        return;
    }
    memcpy(&head, payload, sizeof head);
    uint64_t total = (uint64_t)head.result_len + head.error_len + head.log_len;
    const char *result = payload + sizeof head;
    if (total != frame->size - sizeof head) {
        nf_crew_broke(crew, "END with wrong lengths");
        return;
    }
    const char *error = result + head.result_len, *log = error + head.error_len;
    if (!valid_part(result, head.result_len) || !valid_part(error, head.error_len)
        || !valid_part(log, head.log_len) || !valid_usage(&head.usage)) {
        nf_crew_broke(crew, "END with text that is no JSON, or with impossible numbers");
        return;
    }
    nf_run_report report = {
        .outcome = (nf_outcome)frame->aux,
        .usage = head.usage,
        .result = result,
        .result_len = head.result_len,
        .error = error,
        .error_len = head.error_len,
        .log = log,
        .log_len = head.log_len,
    };
    if (run->too_long && report.outcome == NF_OUTCOME_OVER_TIME) {
        report.error = run->too_long;
        report.error_len = strlen(run->too_long);
    }
    finish(run, &report);
}

/* ---- a worker died ---- */

void nf_run_worker_lost(nf_run *run, bool was_on_cpu)
{
    nf_effects_cancel_all(run);
    run->crashes += was_on_cpu;
    if (run->unsafe) {
        nf_run_end_with(run, NF_OUTCOME_LOST_WORKER,
                        "the worker died after an effect that must not be repeated");
        return;
    }
    if (run->crashes >= MOST_CRASHES) {
        nf_run_end_with(run, NF_OUTCOME_LOST_WORKER,
                        "the worker died twice while it worked on this run");
        return;
    }
    leave_crew(run);
    run->effects_seen = 0;
    nf_strbuf_clear(&run->timeline);
    run->pool->waiting++;
    nf_run_make_ready(run);
}

/* ---- report ---- */

void nf_usage_json(const nf_usage *usage, nf_strbuf *out)
{
    /* written for every run: no formatted printing */
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
