/* SPDX-License-Identifier: Apache-2.0 */
/* conformance.c: what every store promises: events, runs, ends, the history and what is found after a restart. The rest
 * is in conformance_durable.c and conformance_tables.c. */
#include "conformance.h"

enum { EVENTS = 300 };
static const char BODY[] = "{\"a\":1}";

const engine *conformance_engine;

int conformance_open(void **state)
{
    *state = world_open(conformance_engine);
    return 0;
}

int conformance_close(void **state)
{
    world_close(*state);
    return 0;
}

static struct {
    unsigned count;
    int64_t last;
} seen;

static void on_open(void *ctx, const nf_run_row *run, const nf_event_row *event)
{
    (void)ctx;
    assert_int_equal(run->event, event->id);
    assert_string_equal("acme", run->tenant);
    assert_string_equal("h", run->handler);
    assert_string_equal("flows/h.lua", run->file);
    assert_int_equal(1, run->version[0]);
    assert_string_equal("a.on", event->trigger);
    assert_int_equal(7, event->subscription);
    assert_int_equal(1000 + event->id, event->received_ms);
    assert_string_equal(BODY, event->body);
    assert_int_equal(strlen(BODY), event->len);
    assert_true(run->id > seen.last);
    seen.last = run->id;
    seen.count++;
}

static unsigned open_runs(world *w, const char *tenant)
{
    memset(&seen, 0, sizeof seen);
    assert_int_equal(NF_OK,
                     nf_store_each_open_run(w->store, tenant, 0, UINT_MAX, on_open, NULL, NULL));
    return seen.count;
}

static void events_runs_and_ends(void **state)
{
    world *w = *state;
    static nf_event_row events[EVENTS];
    static nf_run_row runs[EVENTS];
    int64_t highest = 0;
    for (int i = 0; i < EVENTS; i++) {
        events[i] = event_row(nf_store_new_id(w->store), BODY);
        runs[i] = run_row(nf_store_new_id(w->store), events[i].id);
        assert_true(runs[i].id > events[i].id && events[i].id > highest);
        highest = runs[i].id;
        nf_store_add_event(w->store, &events[i], &runs[i], 1, world_done, w);
    }
    assert_int_equal(0, w->durable); /* never from inside the call */
    world_wait(w, EVENTS);
    for (int i = 0; i < EVENTS / 2; i++) {
        nf_run_end end = end_row(runs[i].id, NF_OUTCOME_DONE, "{}");
        nf_store_end_run(w->store, &end, world_done, w);
    }
    world_restart(w); /* finishes what is queued */
    assert_int_equal(EVENTS + EVENTS / 2, w->durable);
    assert_int_equal(0, w->failed);
    assert_true(nf_store_new_id(w->store) > highest);
    assert_int_equal(EVENTS - EVENTS / 2, open_runs(w, "acme"));
    assert_int_equal(0, open_runs(w, "nobody"));
}

static void a_run_has_one_end(void **state)
{
    world *w = *state;
    nf_event_row event = event_row(nf_store_new_id(w->store), BODY);
    nf_run_row run = run_row(nf_store_new_id(w->store), event.id);
    nf_store_add_event(w->store, &event, &run, 1, world_done, w);
    nf_run_end first = end_row(run.id, NF_OUTCOME_FAILED, "{\"error\":{\"message\":\"first\"}}"),
               second = end_row(run.id, NF_OUTCOME_DONE, "{}"),
               stranger = end_row(nf_store_new_id(w->store), NF_OUTCOME_DONE, "{}");
    nf_store_end_run(w->store, &first, world_done, w);
    nf_store_end_run(w->store, &second, world_done, w);
    nf_store_end_run(w->store, &stranger, world_done, w); /* its event was refused */
    world_wait(w, 4);
    assert_int_equal(4, w->durable);
    json_t *rows = world_query(w, (nf_run_query){.limit = 10});
    assert_int_equal(1, json_array_size(rows));
    json_t *row = json_array_get(rows, 0);
    assert_string_equal("failed", json_string_value(json_object_get(row, "outcome")));
    json_t *error = json_object_get(row, "error");
    assert_string_equal("first", json_string_value(json_object_get(error, "message")));
}

static void on_recent(void *ctx, const nf_event_row *event)
{
    uint8_t hash[NF_SHA256_SIZE];
    (void)ctx;
    nf_sha256(BODY, strlen(BODY), hash);
    assert_memory_equal(hash, event->hash, sizeof hash);
    assert_int_equal(7, event->subscription);
    assert_true(event->id > seen.last);
    seen.last = event->id;
    seen.count++;
}

static void recent_events(void **state)
{
    world *w = *state;
    nf_event_row rows[3];
    for (int i = 0; i < 3; i++) {
        rows[i] = event_row(nf_store_new_id(w->store), BODY);
        rows[i].received_ms = 1000 * i;
        nf_store_add_event(w->store, &rows[i], NULL, 0, world_done, w);
    }
    world_wait(w, 3);
    memset(&seen, 0, sizeof seen);
    assert_int_equal(NF_OK, nf_store_each_recent(w->store, 1000, on_recent, NULL, NULL));
    assert_int_equal(2, seen.count);
}

/* In one group with good writes: only the wrong one fails. */
static void duplicates(void **state)
{
    world *w = *state;
    nf_event_row event = event_row(nf_store_new_id(w->store), BODY);
    nf_run_row run = run_row(nf_store_new_id(w->store), event.id);
    nf_store_add_duplicate(w->store, 12345, world_done, w);
    nf_store_add_event(w->store, &event, &run, 1, world_done, w);
    nf_store_add_duplicate(w->store, event.id, world_done, w); /* on its way */
    world_wait(w, 3);
    assert_int_equal(2, w->durable);
    assert_int_equal(1, w->failed);
    assert_int_equal(NF_E_NOT_FOUND, w->error.status);
    assert_false(nf_store_failing(w->store));
    world_restart(w);
    json_t *rows = world_query(w, (nf_run_query){.limit = 10});
    assert_int_equal(1, json_integer_value(json_object_get(json_array_get(rows, 0), "duplicates")));
}

static void expect(world *w, nf_run_query q, unsigned rows, int64_t newest)
{
    json_t *answer = world_query(w, q);
    assert_int_equal(rows, json_array_size(answer));
    if (rows)
        assert_int_equal(newest,
                         json_integer_value(json_object_get(json_array_get(answer, 0), "id")));
}

static void questions(void **state)
{
    world *w = *state;
    nf_event_row event = event_row(nf_store_new_id(w->store), BODY);
    nf_run_row runs[3];
    for (int i = 0; i < 3; i++)
        runs[i] = run_row(nf_store_new_id(w->store), event.id);
    runs[2].handler = "other";
    nf_store_add_event(w->store, &event, runs, 3, world_done, w);
    nf_run_end end = end_row(runs[1].id, NF_OUTCOME_FAILED, "{\"error\":{\"message\":\"x\"}}");
    nf_store_end_run(w->store, &end, world_done, w);
    world_wait(w, 2);
    expect(w, (nf_run_query){.limit = 10}, 3, runs[2].id);
    expect(w, (nf_run_query){.limit = 1}, 1, runs[2].id);
    expect(w, (nf_run_query){.limit = 10, .before = runs[1].id}, 1, runs[0].id);
    expect(w, (nf_run_query){.kind = NF_RUNS_ENDED, .outcome = NF_OUTCOME_FAILED, .limit = 10}, 1,
           runs[1].id);
    expect(w, (nf_run_query){.kind = NF_RUNS_OPEN, .limit = 10}, 2, runs[2].id);
    expect(w, (nf_run_query){.handler = "h", .limit = 10}, 2, runs[1].id);
    expect(w, (nf_run_query){.tenant = "nobody", .limit = 10}, 0, 0);
    expect(w, (nf_run_query){.kind = NF_RUNS_DEAD, .limit = 10}, 1, runs[1].id);
    expect(w, (nf_run_query){.flow = "h", .limit = 10}, 3, runs[2].id);
    assert_int_equal(runs[1].id,
                     json_integer_value(json_object_get(world_run(w, runs[1].id), "id")));
}

struct order {
    world *w;
    unsigned number, *next;
};

static void on_ordered(void *ctx, const nf_error *err)
{
    struct order *order = ctx;
    assert_int_equal(order->number, *order->next);
    ++*order->next;
    world_done(order->w, err);
}

/* Writes are done in the order in which they were queued, and each reports once. */
static void in_order(void **state)
{
    enum { WRITES = 2000 };
    world *w = *state;
    static struct order orders[WRITES];
    static char values[WRITES][16];
    unsigned next = 0;
    for (unsigned i = 0; i < WRITES; i++) {
        int len = snprintf(values[i], sizeof values[i], "%u", i);
        nf_kv_row row = {"acme", "same", values[i], (size_t)len, 0};
        orders[i] = (struct order){w, i, &next};
        nf_store_put_kv(w->store, &row, on_ordered, &orders[i]);
    }
    world_wait(w, WRITES);
    assert_int_equal(WRITES, w->durable);
}

static void versions(void **state)
{
    world *w = *state;
    uint8_t hash[NF_SHA256_SIZE] = {1}, other[NF_SHA256_SIZE] = {2};
    char *source = NULL;
    size_t len = 0;
    nf_error err = {0};
    nf_store_put_version(w->store, hash, "acme", "flows/x.lua", "return \0 1", 10, world_done, w);
    nf_store_put_version(w->store, hash, "acme", "flows/x.lua", "return \0 1", 10, world_done, w);
    world_wait(w, 2);
    world_restart(w);
    assert_int_equal(NF_OK, nf_store_get_version(w->store, hash, &source, &len, NULL));
    assert_int_equal(10, len);
    assert_memory_equal("return \0 1", source, 10);
    free(source);
    assert_int_equal(NF_E_NOT_FOUND, nf_store_get_version(w->store, other, &source, &len, &err));
}

int conformance(const engine *kind)
{
    const struct CMUnitTest tests[] = {
        CONFORMS(events_runs_and_ends),
        CONFORMS(a_run_has_one_end),
        CONFORMS(recent_events),
        CONFORMS(duplicates),
        CONFORMS(questions),
        CONFORMS(in_order),
        CONFORMS(versions),
    };
    conformance_engine = kind;
    int failed = cmocka_run_group_tests_name("events and runs", tests, NULL, NULL);
    failed += conformance_durable();
    failed += conformance_tables();
    return failed;
}
