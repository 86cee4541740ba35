/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c: what was written is there after the next start; one process at a time; another version is refused. */
#include "store/questions.h"
#include "store/store.h"

#include "unit.h"

#include <sqlite3.h>

enum { EVENTS = 300 };

struct world {
    nf_loop loop;
    nf_store *store;
    nf_timer *alive; /* the store alone does not keep the loop running */
    char folder[UNIT_PATH];
    unsigned durable, failed, wanted;
    unsigned seen, seen_open;
    int64_t last;
};

static void open_store(struct world *w)
{
    nf_error err = {0};
    if (nf_store_open(&w->loop, w->folder, &w->store, &err) != NF_OK)
        fail_msg("%s", err.text);
}

static void close_store(struct world *w)
{
    nf_store_close(w->store);
    w->store = NULL;
}

static void on_time_over(void *ctx)
{
    (void)ctx;
    abort();
}

static int open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char parent[UNIT_PATH];
    make_folder(parent);
    snprintf(w->folder, sizeof w->folder, "%.200s/data", parent);
    assert_int_equal(NF_OK, nf_loop_open(&w->loop, NULL));
    w->alive = nf_timer_new(&w->loop, on_time_over, w);
    nf_timer_start(w->alive, 60000, 0);
    open_store(w);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    close_store(w);
    nf_timer_close(w->alive);
    nf_loop_close(&w->loop);
    *strrchr(w->folder, '/') = '\0';
    remove_folder(w->folder);
    free(w);
    return 0;
}

static void on_done(void *ctx, const nf_error *err)
{
    struct world *w = ctx;
    *(err ? &w->failed : &w->durable) += 1;
    if (w->durable + w->failed == w->wanted)
        nf_loop_stop(&w->loop);
}

static void wait_for(struct world *w, unsigned writes)
{
    w->wanted = w->durable + w->failed + writes;
    nf_loop_run(&w->loop);
}

static nf_event_row event_row(int64_t id, const char *body)
{
    nf_event_row row = {
        .id = id, .tenant = "acme", .subscription = 7, .trigger = "a.on", .received_ms = 1000 + id};
    row.body = body;
    row.len = strlen(body);
    nf_sha256(body, row.len, row.hash);
    return row;
}

static nf_run_row run_row(int64_t id, int64_t event)
{
    return (nf_run_row){.id = id,
                        .event = event,
                        .tenant = "acme",
                        .handler = "h",
                        .file = "flows/h.lua",
                        .version = {1}};
}

static void on_open(void *ctx, const nf_run_row *run, const nf_event_row *event)
{
    struct world *w = ctx;
    assert_int_equal(run->event, event->id);
    assert_string_equal("h", run->handler);
    assert_string_equal("flows/h.lua", run->file);
    assert_int_equal(1, run->version[0]);
    assert_string_equal("a.on", event->trigger);
    assert_int_equal(7, event->subscription);
    assert_memory_equal("{\"a\":1}", event->body, 7);
    assert_int_equal(7, event->len);
    assert_true(run->id > w->last);
    w->last = run->id;
    w->seen_open++;
}

static void events_runs_and_ends(void **state)
{
    struct world *w = *state;
    static nf_event_row events[EVENTS];
    static nf_run_row runs[EVENTS];
    int64_t highest = 0;
    for (int i = 0; i < EVENTS; i++) {
        events[i] = event_row(nf_store_new_id(w->store), "{\"a\":1}");
        runs[i] = run_row(nf_store_new_id(w->store), events[i].id);
        highest = runs[i].id;
        nf_store_add_event(w->store, &events[i], &runs[i], 1, on_done, w);
    }
    assert_int_equal(0, w->durable); /* never from inside the call */
    wait_for(w, EVENTS);
    for (int i = 0; i < EVENTS / 2; i++) {
        nf_run_end end = {runs[i].id, "acme", NF_OUTCOME_DONE, 1, 2, 1, "{}", 2, NULL};
        nf_store_end_run(w->store, &end, on_done, w);
    }
    close_store(w); /* finishes what is queued */
    assert_int_equal(EVENTS + EVENTS / 2, w->durable);
    assert_int_equal(0, w->failed);
    open_store(w);
    assert_true(nf_store_new_id(w->store) > highest);
    assert_int_equal(NF_OK, nf_store_each_open_run(w->store, "acme", on_open, w, NULL));
    assert_int_equal(EVENTS - EVENTS / 2, w->seen_open);
}

static void on_recent(void *ctx, const nf_event_row *event)
{
    struct world *w = ctx;
    uint8_t hash[NF_SHA256_SIZE];
    nf_sha256("{\"a\":1}", 7, hash);
    assert_memory_equal(hash, event->hash, sizeof hash);
    assert_int_equal(7, event->subscription);
    assert_true(event->id > w->last);
    w->last = event->id;
    w->seen++;
}

static void recent_events(void **state)
{
    struct world *w = *state;
    nf_event_row rows[3];
    for (int i = 0; i < 3; i++) {
        rows[i] = event_row(nf_store_new_id(w->store), "{\"a\":1}");
        rows[i].received_ms = 1000 * i;
        nf_store_add_event(w->store, &rows[i], NULL, 0, on_done, w);
    }
    nf_store_add_duplicate(w->store, rows[0].id, on_done, w);
    wait_for(w, 4);
    assert_int_equal(4, w->durable);
    assert_int_equal(NF_OK, nf_store_each_recent(w->store, 1000, on_recent, w, NULL));
    assert_int_equal(2, w->seen);
}

/* In one group with good writes: only this one fails. */
static void a_duplicate_of_nothing(void **state)
{
    struct world *w = *state;
    nf_event_row row = event_row(nf_store_new_id(w->store), "{\"a\":1}");
    nf_store_add_duplicate(w->store, 12345, on_done, w);
    nf_store_add_event(w->store, &row, NULL, 0, on_done, w);
    wait_for(w, 2);
    assert_int_equal(1, w->durable);
    assert_int_equal(1, w->failed);
    assert_false(nf_store_failing(w->store));
}

static void on_subscription(void *ctx, const nf_subscription_row *row)
{
    struct world *w = ctx;
    assert_string_equal("acme", row->tenant);
    assert_string_equal("sales", row->connection);
    assert_int_equal(7, row->sign_in);
    assert_string_equal("{}", row->filter);
    assert_string_equal("http://x", row->callback);
    assert_string_equal(row->id == 1 ? "/l/1" : "", row->location);
    assert_int_equal(9, row->secret_hash[31]);
    w->seen++;
}

static void subscriptions(void **state)
{
    struct world *w = *state;
    nf_subscription_row row = {.id = 1,
                               .tenant = "acme",
                               .connection = "sales",
                               .sign_in = 7,
                               .trigger = "a.on",
                               .filter = "{}",
                               .callback = "http://x",
                               .location = "",
                               .created_ms = 5};
    row.secret_hash[31] = 9;
    nf_store_put_subscription(w->store, &row, on_done, w);
    row.location = "/l/1"; /* the row is copied, its texts are borrowed */
    nf_store_put_subscription(w->store, &row, on_done, w);
    nf_subscription_row second = row, third = row;
    second.id = 2;
    second.location = "";
    third.id = 3;
    nf_store_put_subscription(w->store, &second, on_done, w);
    nf_store_put_subscription(w->store, &third, on_done, w);
    nf_store_drop_subscription(w->store, 3, on_done, w);
    wait_for(w, 5);
    close_store(w);
    open_store(w);
    assert_int_equal(NF_OK, nf_store_each_subscription(w->store, on_subscription, w, NULL));
    assert_int_equal(2, w->seen);
}

static void versions(void **state)
{
    struct world *w = *state;
    uint8_t hash[NF_SHA256_SIZE] = {1}, other[NF_SHA256_SIZE] = {2};
    char *source = NULL;
    size_t len = 0;
    nf_error err = {0};
    nf_store_put_version(w->store, hash, "acme", "flows/x.lua", "return \0 1", 10, on_done, w);
    nf_store_put_version(w->store, hash, "acme", "flows/x.lua", "return \0 1", 10, on_done, w);
    wait_for(w, 2);
    assert_int_equal(NF_OK, nf_store_get_version(w->store, hash, &source, &len, NULL));
    assert_int_equal(10, len);
    assert_memory_equal("return \0 1", source, 10);
    free(source);
    assert_int_equal(NF_E_NOT_FOUND, nf_store_get_version(w->store, other, &source, &len, &err));
}

static void one_at_a_time(void **state)
{
    struct world *w = *state;
    nf_store *second = NULL;
    nf_error err = {0};
    assert_int_equal(NF_E_CONFIG, nf_store_open(&w->loop, w->folder, &second, &err));
    assert_contains(err.text, "is in use by another nimflow");
    close_store(w);
    open_store(w);
}

static void another_version(void **state)
{
    struct world *w = *state;
    char path[UNIT_PATH + 16];
    sqlite3 *db;
    nf_store *store = NULL;
    nf_error err = {0};
    close_store(w);
    snprintf(path, sizeof path, "%s/nimflow.db", w->folder);
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL));
    sqlite3_close(db);
    assert_int_not_equal(NF_OK, nf_store_open(&w->loop, w->folder, &store, &err));
    assert_contains(err.text,
                    "nimflow.db: the database has version 99, this program knows version");
    assert_null(store);
}

static void on_rows(void *ctx, json_t *rows, const nf_error *err)
{
    struct world *w = ctx;
    assert_null(err);
    const json_t *runs = json_object_get(rows, "runs");
    w->seen = (unsigned)json_array_size(runs);
    if (w->seen)
        w->last = json_integer_value(json_object_get(json_array_get(runs, 0), "id"));
    json_decref(rows);
    nf_loop_stop(&w->loop);
}

static void query(struct world *w, nf_run_query q, unsigned rows, int64_t newest)
{
    nf_store_query_runs(w->store, &q, on_rows, w);
    nf_loop_run(&w->loop);
    assert_int_equal(rows, w->seen);
    if (rows)
        assert_int_equal(newest, w->last);
}

static void questions(void **state)
{
    struct world *w = *state;
    nf_event_row event = event_row(nf_store_new_id(w->store), "{\"a\":1}");
    nf_run_row runs[3];
    for (int i = 0; i < 3; i++)
        runs[i] = run_row(nf_store_new_id(w->store), event.id);
    runs[2].handler = "other";
    nf_store_add_event(w->store, &event, runs, 3, on_done, w);
    nf_run_end end = {
        runs[1].id, "acme", NF_OUTCOME_FAILED, 1, 2, 1, "{\"error\":{\"message\":\"x\"}}",
        25,         NULL};
    nf_store_end_run(w->store, &end, on_done, w);
    wait_for(w, 2);
    query(w, (nf_run_query){.limit = 10}, 3, runs[2].id);
    query(w, (nf_run_query){.limit = 1}, 1, runs[2].id);
    query(w, (nf_run_query){.limit = 10, .before = runs[1].id}, 1, runs[0].id);
    query(w, (nf_run_query){.kind = NF_RUNS_ENDED, .outcome = NF_OUTCOME_FAILED, .limit = 10}, 1,
          runs[1].id);
    query(w, (nf_run_query){.kind = NF_RUNS_OPEN, .limit = 10}, 2, runs[2].id);
    query(w, (nf_run_query){.handler = "h", .limit = 10}, 2, runs[1].id);
    query(w, (nf_run_query){.tenant = "nobody", .limit = 10}, 0, 0);
    query(w, (nf_run_query){.kind = NF_RUNS_DEAD, .limit = 10}, 1, runs[1].id);
    query(w, (nf_run_query){.flow = "h", .limit = 10}, 3, runs[2].id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_runs_and_ends, open_world, close_world),
        cmocka_unit_test_setup_teardown(recent_events, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_duplicate_of_nothing, open_world, close_world),
        cmocka_unit_test_setup_teardown(subscriptions, open_world, close_world),
        cmocka_unit_test_setup_teardown(versions, open_world, close_world),
        cmocka_unit_test_setup_teardown(one_at_a_time, open_world, close_world),
        cmocka_unit_test_setup_teardown(another_version, open_world, close_world),
        cmocka_unit_test_setup_teardown(questions, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
