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

enum { TIMELINE_LIMIT = 4 << 20, MOST_CRASHES = 2 };

/* ---- start ---- */

void nf_run_make_ready(nf_run *run)
{
    run->state = NF_RUN_READY;
    nf_queued_add(run);
    nf_ready_push(&run->pool->ready, run);
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
    run->parked = spec->parked;
    run->ctx = ctx;
    run->journal = spec->journal ? spec->journal : nf_journal_new();
    if (spec->journal)
        nf_journal_recalled(run->journal, run);
    run->attempts = spec->attempts;
    run->spent_ms = spec->spent_ms;
    nf_run_set_limits(run);
    HASH_ADD(hh_pool, pool->runs, key, sizeof run->key, run);
    pool->runner->under_way++;
    if (!nf_lane_enter(run, spec))
        return NULL;
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

/* The first attempt since the run is in memory; the journal knows when it really began. */
static void begin(nf_run *run, const int64_t *now_ms)
{
    nf_journal *journal = run->journal;
    if (!journal->began_ms)
        journal->began_ms = *now_ms;
    run->began_ns = run->attempt_ns - (uint64_t)(*now_ms - journal->began_ms) * 1000000;
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
    run->attempt_ns = nf_clock_ns();
    if (!run->began_ns)
        begin(run, &head.now_ms);
    head.now_ms = run->journal->began_ms;
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
    crew->starting++;
    run->heard = false;
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

void nf_run_heard(nf_run *run)
{
    if (run->heard)
        return;
    run->heard = true;
    if (run->crew->starting-- == NF_STARTS_AT_A_TIME)
        nf_pool_dispatch(run->pool);
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
    crew->starting -= !run->heard;
    run->pool->running--;
    if (crew->alone == run)
        crew->alone = NULL;
    if (crew->active == 0)
        crew->idle_since_ns = nf_clock_ns();
    run->crew = NULL;
}

nf_run *nf_pool_find_run(const nf_pool *pool, int64_t id)
{
    nf_run *run;
    uint64_t key = (uint64_t)id;
    HASH_FIND(hh_pool, pool->runs, &key, sizeof key, run);
    return run;
}

static void free_run(nf_run *run)
{
    nf_effects_cancel_all(run);
    nf_effects_written(run);
    HASH_DELETE(hh_pool, run->pool->runs, run);
    run->pool->runner->under_way--;
    leave_crew(run);
    nf_gates_leave(run);
    nf_version_unref(run->version);
    nf_journal_free(run->journal);
    free(run->last_words);
    free(run->park_reason);
    free(run->why);
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
    nf_strbuf timeline = nf_strbuf_new(TIMELINE_LIMIT);
    nf_effects_give_up(run);
    nf_journal_timeline(run->journal, &timeline);
    report->id = run->id;
    report->started_ms = run->journal->began_ms;
    report->ended_ms = nf_clock_wall_ms();
    report->attempts = run->attempts;
    report->usage.of[NF_BUDGET_CPU].used += run->spent_ms;
    report->effects = nf_strbuf_text(&timeline);
    report->effects_len = timeline.len;
    report->mark = run->journal->mark;
    nf_shed_explain(run, report);
    run->ended(run->ctx, report);
    nf_strbuf_release(&timeline);
    free_run(run);
    nf_pool_dispatch(pool);
}

void nf_run_leave_memory(nf_run *run)
{
    nf_pool *pool = run->pool;
    run->park.attempts = run->attempts;
    run->park.spent_ms = run->spent_ms;
    run->parked(run->ctx, &run->park);
    free_run(run);
    nf_pool_dispatch(pool);
}

/* {"message", "where", "kind"}, as the worker words the end of a run. Owned by the caller. */
static char *words(nf_outcome outcome, const char *text, const char *where, size_t *len)
{
    nf_strbuf error = nf_strbuf_new(16384);
    nf_strbuf_puts(&error, "{\"message\":");
    nf_strbuf_add_json(&error, text, strlen(text));
    if (where) {
        nf_strbuf_puts(&error, ",\"where\":");
        nf_strbuf_add_json(&error, where, strlen(where));
        nf_strbuf_addf(&error, ",\"kind\":\"%s\",\"traceback\":[]", nf_outcome_name(outcome));
    }
    nf_strbuf_puts(&error, "}");
    *len = error.len;
    return nf_strbuf_take(&error);
}

/* An end that the worker did not tell: words in place of its JSON. */
void nf_run_end_with(nf_run *run, nf_outcome outcome, const char *text)
{
    nf_run_report report = {.outcome = outcome, .result = "", .log = ""};
    char *error = words(outcome, text, NULL, &report.error_len);
    report.error = error;
    for (int i = 0; i < NF_BUDGET_COUNT; i++)
        report.usage.of[i].limit = run->limits.of[i];
    finish(run, &report);
    free(error);
}

void nf_run_tell_end(nf_run *run, nf_outcome outcome, const char *text, const char *where)
{
    size_t len;
    if (run->told)
        return;
    if (!run->crew || run->held_by) {
        nf_run_end_with(run, outcome, text);
        return;
    }
    run->told = outcome;
    run->parking = false; /* it ends, rather than that it comes again */
    run->last_words = words(outcome, text, where, &len);
    nf_worker_send(run->crew->worker, NF_MSG_CANCEL, (uint16_t)outcome, run->key, NULL, 0, NULL, 0);
}

void nf_run_cancel(nf_run *run, const char *why)
{
    nf_run_tell_end(run, NF_OUTCOME_CANCELLED, why, NULL);
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

static bool by_itself(nf_outcome outcome)
{
    return outcome == NF_OUTCOME_DONE || outcome == NF_OUTCOME_SKIPPED
           || outcome == NF_OUTCOME_FAILED;
}

/* It ended, unless it leaves memory, or it did not do again all that it had done. */
static void end(nf_run *run, nf_run_report *report)
{
    const nf_entry *rest = by_itself(report->outcome) ? nf_journal_unasked(run->journal) : NULL;
    if (run->parking && (by_itself(report->outcome) || report->outcome == NF_OUTCOME_CANCELLED)) {
        run->spent_ms += report->usage.of[NF_BUDGET_CPU].used;
        nf_run_leave_memory(run);
    } else if (rest && !run->told) {
        char *why =
            nf_format("it ended before effect %u, %s, which was recorded; the run is not what "
                      "it was",
                      rest->row.number, rest->row.action);
        leave_crew(run);
        run->state = NF_RUN_WAITING;
        nf_run_hold(run, rest->row.number, why);
        free(why);
    } else {
        finish(run, report);
    }
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
    if (run->told && report.outcome == run->told) {
        report.error = run->last_words;
        report.error_len = strlen(run->last_words);
    }
    end(run, &report);
}

/* ---- a worker died ---- */

void nf_run_worker_lost(nf_run *run, bool was_on_cpu)
{
    run->crashes += was_on_cpu;
    if (run->told) {
        leave_crew(run);
        run->state = NF_RUN_WAITING;
        nf_run_report report = {.outcome = run->told, .result = "", .log = ""};
        report.error = run->last_words;
        report.error_len = strlen(run->last_words);
        finish(run, &report);
        return;
    }
    if (run->parking) {
        nf_run_leave_memory(run);
        return;
    }
    if (run->crashes >= MOST_CRASHES) {
        nf_run_end_with(run, NF_OUTCOME_LOST_WORKER,
                        "the worker died twice while it worked on this run");
        return;
    }
    leave_crew(run);
    run->effects_seen = 0;
    run->waits = false;
    nf_pending *pending;
    DL_FOREACH (run->pending, pending)
        pending->asked = false;
    nf_journal_rewind(run->journal);
    nf_run_make_ready(run);
}
