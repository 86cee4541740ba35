/* SPDX-License-Identifier: Apache-2.0 */
/* conformance_durable.c: journals, and runs that are not in memory: asleep, or held for a person. */
#include "conformance.h"

static const char BODY[] = "{\"a\":1}";

/* An event with `count` runs, durable. */
static void add_runs(world *w, nf_run_row *runs, unsigned count)
{
    nf_event_row event = event_row(nf_store_new_id(w->store), BODY);
    for (unsigned i = 0; i < count; i++)
        runs[i] = run_row(nf_store_new_id(w->store), event.id);
    nf_store_add_event(w->store, &event, runs, count, world_done, w);
    world_wait(w, 1);
}

static nf_entry_row entry_row(int64_t run, uint32_t number, nf_entry_state state, uint32_t turn,
                              const char *result)
{
    static const char args[] = "{\"b\":2,\"a\":1}", line[] = "\"n\":1";
    return (nf_entry_row){.run = run,
                          .number = number,
                          .action = "nimbus.tasks.update",
                          .state = state,
                          .turn = turn,
                          .began_ms = 50,
                          .at_ms = 60 + number,
                          .args = args,
                          .args_len = sizeof args - 1,
                          .line = line,
                          .line_len = sizeof line - 1,
                          .result = result,
                          .len = strlen(result)};
}

static struct {
    unsigned count;
    nf_entry_state states[8];
    uint32_t turns[8];
    char results[8][16], line[40];
    uint8_t hash[NF_SHA256_SIZE];
} found;

static void on_entry(void *ctx, const nf_entry_row *row)
{
    (void)ctx;
    assert_true(found.count < 8);
    assert_int_equal(found.count + 1, row->number); /* in order, without gaps in these tests */
    assert_string_equal("nimbus.tasks.update", row->action);
    assert_int_equal(50, row->began_ms);
    snprintf(found.results[found.count], 16, "%.*s", (int)row->len, row->result);
    snprintf(found.line, sizeof found.line, "%.*s", (int)row->line_len, row->line);
    memcpy(found.hash, row->hash, sizeof found.hash);
    found.turns[found.count] = row->turn;
    found.states[found.count++] = row->state;
}

static unsigned entries(world *w, int64_t run)
{
    memset(&found, 0, sizeof found);
    assert_int_equal(NF_OK, nf_store_each_entry(w->store, run, on_entry, NULL, NULL));
    return found.count;
}

static void put(world *w, const nf_entry_row *row, nf_journal_mark *mark)
{
    nf_store_put_entry(w->store, row, mark, world_done, w);
}

static void a_journal(void **state)
{
    world *w = *state;
    nf_run_row run;
    nf_journal_mark mark = {0};
    uint8_t hash[NF_SHA256_SIZE];
    add_runs(w, &run, 1);
    nf_entry_row intent = entry_row(run.id, 1, NF_ENTRY_INTENT, 0, ""),
                 result = entry_row(run.id, 1, NF_ENTRY_RESULT, 1, "{\"id\":1}"),
                 error = entry_row(run.id, 2, NF_ENTRY_ERROR, 2, "{\"kind\":1}"),
                 sleep = entry_row(run.id, 3, NF_ENTRY_SLEEP, 0, "");
    put(w, &intent, &mark);
    world_wait(w, 1);
    assert_int_equal(1, entries(w, run.id));
    assert_int_equal(NF_ENTRY_INTENT, found.states[0]);
    put(w, &result, &mark);
    put(w, &error, &mark);
    put(w, &sleep, &mark);
    world_restart(w);
    assert_int_equal(3, entries(w, run.id));
    assert_int_equal(NF_ENTRY_RESULT, found.states[0]);
    assert_int_equal(NF_ENTRY_ERROR, found.states[1]);
    assert_int_equal(NF_ENTRY_SLEEP, found.states[2]);
    assert_string_equal("{\"id\":1}", found.results[0]);
    assert_int_equal(2, found.turns[1]);
    /* the hash does not depend on the order of keys */
    nf_entry_row other = entry_row(run.id, 3, NF_ENTRY_SLEEP, 0, "");
    memcpy(hash, found.hash, sizeof hash);
    other.args = "{\"a\":1,\"b\":2}";
    put(w, &other, &mark);
    world_wait(w, 1);
    entries(w, run.id);
    assert_memory_equal(hash, found.hash, sizeof hash);
}

static void a_journal_ends_with_its_run(void **state)
{
    world *w = *state;
    nf_run_row runs[2];
    nf_journal_mark mark = {0};
    add_runs(w, runs, 2);
    nf_entry_row early = entry_row(runs[0].id, 1, NF_ENTRY_RESULT, 1, "1"),
                 late = entry_row(runs[0].id, 2, NF_ENTRY_RESULT, 2, "2"),
                 beside = entry_row(runs[1].id, 1, NF_ENTRY_RESULT, 1, "3");
    nf_run_end end = end_row(runs[0].id, NF_OUTCOME_DONE, "{}");
    end.mark = &mark;
    put(w, &early, &mark);
    put(w, &beside, NULL);
    world_wait(w, 2);
    put(w, &late, &mark);
    nf_store_end_run(w->store, &end, world_done, w);
    world_restart(w);
    assert_int_equal(0, w->failed);
    assert_int_equal(0, entries(w, runs[0].id));
    assert_int_equal(1, entries(w, runs[1].id));
}

/* An intent without a run must not be acted on; everything else of such a run is of no use. */
static void entries_of_nothing(void **state)
{
    world *w = *state;
    nf_entry_row intent = entry_row(4711, 1, NF_ENTRY_INTENT, 0, ""),
                 result = entry_row(4711, 1, NF_ENTRY_RESULT, 1, "1");
    put(w, &intent, NULL);
    put(w, &result, NULL);
    world_wait(w, 2);
    assert_int_equal(1, w->failed);
    assert_int_equal(NF_E_NOT_FOUND, w->error.status);
    assert_int_equal(0, entries(w, 4711));
}

/* ---- parked runs ---- */

static struct {
    unsigned count, attempts;
    uint64_t spent_ms;
    int64_t runs[16];
} parked;

static void on_run(void *ctx, const nf_run_row *run, const nf_event_row *event)
{
    (void)ctx;
    assert_true(parked.count < 16);
    assert_string_equal(BODY, event->body);
    parked.attempts = run->attempts;
    parked.spent_ms = run->spent_ms;
    parked.runs[parked.count++] = run->id;
}

static unsigned open_runs(world *w)
{
    memset(&parked, 0, sizeof parked);
    assert_int_equal(NF_OK,
                     nf_store_each_open_run(w->store, "acme", 0, UINT_MAX, on_run, NULL, NULL));
    return parked.count;
}

static unsigned due(world *w, int64_t now, nf_sleeper *after, unsigned limit)
{
    size_t count = 0;
    memset(&parked, 0, sizeof parked);
    assert_int_equal(NF_OK,
                     nf_store_each_due(w->store, now, after, limit, on_run, NULL, &count, NULL));
    assert_int_equal(parked.count, count);
    return parked.count;
}

static void park(world *w, int64_t run, int64_t wake_ms)
{
    nf_parking parking = {.run = run,
                          .wake_ms = wake_ms,
                          .number = wake_ms ? 0 : 3,
                          .reason = wake_ms ? "" : "who knows",
                          .attempts = 2,
                          .spent_ms = 33};
    nf_store_park_run(w->store, &parking, world_done, w);
}

static int64_t next_due(world *w, int64_t now)
{
    int64_t wake = -1;
    assert_int_equal(NF_OK, nf_store_next_due(w->store, now, &wake, NULL));
    return wake;
}

static void sleepers(void **state)
{
    world *w = *state;
    nf_run_row runs[5];
    nf_sleeper after = {0};
    add_runs(w, runs, 5);
    assert_int_equal(0, next_due(w, 0));
    park(w, runs[0].id, 3000);
    park(w, runs[1].id, 1000);
    park(w, runs[2].id, 2000);
    park(w, runs[3].id, 1000);
    world_restart(w);
    assert_int_equal(1, open_runs(w)); /* a start does not look at those that sleep */
    assert_int_equal(runs[4].id, parked.runs[0]);
    assert_int_equal(0, due(w, 999, &after, 10));
    assert_int_equal(1000, next_due(w, 999));
    assert_int_equal(2, due(w, 2500, &after, 2)); /* in pieces, in the order of time, then of ids */
    assert_int_equal(runs[1].id, parked.runs[0]);
    assert_int_equal(runs[3].id, parked.runs[1]);
    assert_int_equal(2, parked.attempts);
    assert_int_equal(33, parked.spent_ms);
    assert_int_equal(1, due(w, 2500, &after, 2));
    assert_int_equal(runs[2].id, parked.runs[0]);
    assert_int_equal(3000, next_due(w, 2500));
    nf_store_unpark_run(w->store, runs[1].id);
    nf_run_end end = end_row(runs[3].id, NF_OUTCOME_CANCELLED, "{}");
    nf_store_end_run(w->store, &end, world_done, w);
    world_restart(w);
    assert_int_equal(2, open_runs(w));
    after = (nf_sleeper){0};
    assert_int_equal(2, due(w, 5000, &after, 10));
}

static void held(void **state)
{
    world *w = *state;
    nf_run_row runs[2];
    nf_sleeper after = {0};
    nf_parked how = {0};
    nf_error err = {0};
    add_runs(w, runs, 2);
    park(w, runs[0].id, 0);
    world_restart(w);
    assert_int_equal(1, open_runs(w));
    assert_int_equal(0, due(w, INT64_MAX, &after, 10));
    memset(&parked, 0, sizeof parked);
    assert_int_equal(NF_OK, nf_store_find_open(w->store, runs[0].id, &how, on_run, NULL, &err));
    assert_int_equal(1, parked.count);
    assert_int_equal(0, how.wake_ms);
    assert_int_equal(3, how.number);
    assert_string_equal("who knows", how.reason);
    assert_true(how.since_ms > 0);
    assert_int_equal(NF_OK, nf_store_find_open(w->store, runs[1].id, &how, NULL, NULL, &err));
    assert_int_equal(0, how.number);
    nf_store_unpark_run(w->store, runs[0].id);
    nf_run_end end = end_row(runs[1].id, NF_OUTCOME_DONE, "{}");
    nf_store_end_run(w->store, &end, world_done, w);
    world_restart(w);
    assert_int_equal(1, open_runs(w));
    assert_int_equal(NF_OK, nf_store_find_open(w->store, runs[0].id, &how, NULL, NULL, &err));
    assert_int_equal(0, how.number);
    assert_int_equal(NF_E_NOT_FOUND,
                     nf_store_find_open(w->store, runs[1].id, &how, NULL, NULL, &err));
    assert_int_equal(NF_E_NOT_FOUND, nf_store_find_open(w->store, 4711, &how, NULL, NULL, &err));
}

static void a_person_decides(void **state)
{
    world *w = *state;
    nf_run_row runs[2];
    add_runs(w, runs, 2);
    for (int i = 0; i < 2; i++) {
        nf_entry_row first = entry_row(runs[i].id, 1, NF_ENTRY_RESULT, 1, "1"),
                     second = entry_row(runs[i].id, 2, NF_ENTRY_INTENT, 0, "");
        put(w, &first, NULL);
        put(w, &second, NULL);
        world_wait(w, 2);
        park(w, runs[i].id, 0);
    }
    nf_entry_row done = {.run = runs[0].id, .number = 2, .at_ms = 99};
    done.result = "\"so\"";
    done.len = 4;
    done.line = ",\"by\":1";
    done.line_len = strlen(done.line);
    nf_entry_row again = {.run = runs[1].id, .number = 2, .line = "", .at_ms = 99};
    nf_store_answer_entry(w->store, &done, world_done, w);
    nf_store_answer_entry(w->store, &again, world_done, w);
    world_restart(w);
    assert_int_equal(0, w->failed);
    assert_int_equal(2, entries(w, runs[0].id));
    assert_int_equal(NF_ENTRY_RESULT, found.states[1]);
    assert_int_equal(2, found.turns[1]);
    assert_string_equal("\"so\"", found.results[1]);
    assert_string_equal("\"n\":1,\"by\":1", found.line);
    assert_int_equal(1, entries(w, runs[1].id)); /* to be sent again */
}

/* A sleeping run needs its event however full the history is; so does its brother's that has an end. */
static void history_leaves_parked_runs_alone(void **state)
{
    enum { MORE = 60, DETAIL = 20000 };
    world *w = *state;
    static char detail[DETAIL];
    static nf_run_row more[MORE];
    nf_run_row runs[2];
    nf_sleeper after = {0};
    nf_history *history = nf_store_open_history(w->store, "acme", 100000);
    memset(detail, ' ', sizeof detail);
    detail[0] = '{';
    detail[DETAIL - 2] = '}';
    detail[DETAIL - 1] = '\0';
    add_runs(w, runs, 2);
    park(w, runs[0].id, 1000);
    nf_run_end end = end_row(runs[1].id, NF_OUTCOME_DONE, detail);
    nf_store_end_run(w->store, &end, world_done, w);
    world_wait(w, 2);
    for (int i = 0; i < MORE; i++) {
        add_runs(w, &more[i], 1);
        end = end_row(more[i].id, NF_OUTCOME_DONE, detail);
        nf_store_end_run(w->store, &end, world_done, w);
        world_wait(w, 1);
    }
    for (int i = 0; i < 1000 && nf_history_bytes(history) > 100000; i++) {
        nf_kv_row row = {"acme", "k", "1", 1, 0}; /* a piece goes after each group */
        nf_store_put_kv(w->store, &row, world_done, w);
        world_wait(w, 1);
    }
    assert_true(nf_history_bytes(history) <= 100000);
    assert_null(json_object_get(world_run(w, runs[1].id), "error")); /* its detail has gone */
    assert_int_equal(1, due(w, 5000, &after, 10));                   /* compares the body */
    assert_int_equal(runs[0].id, parked.runs[0]);
}

int conformance_durable(void)
{
    const struct CMUnitTest tests[] = {
        CONFORMS(a_journal),
        CONFORMS(a_journal_ends_with_its_run),
        CONFORMS(entries_of_nothing),
        CONFORMS(sleepers),
        CONFORMS(held),
        CONFORMS(a_person_decides),
        CONFORMS(history_leaves_parked_runs_alone),
    };
    return cmocka_run_group_tests_name("journals and parked runs", tests, NULL, NULL);
}
