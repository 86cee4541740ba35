/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_history.c: a tenant's history stays within its bytes and ages: the oldest details go, much later the summaries;
 * a run without an end is passed over and goes when it ended; another tenant is not touched; the file gets smaller.
 */
#include "store/store.h"

#include "unit.h"

#include <sqlite3.h>
#include <unistd.h>

enum { EVENTS = 400, DETAIL = 2000, BODY = 1000, LIMIT = 200000, OPEN_ONE = 300 };

static struct {
    nf_loop loop;
    nf_store *store;
    nf_timer *alive;
    char folder[UNIT_PATH], path[UNIT_PATH + 16], body[BODY + 1], detail[DETAIL + 1];
    int64_t runs[2][EVENTS], events[2][EVENTS];
    unsigned durable, wanted;
} w;

static void on_time_over(void *ctx)
{
    (void)ctx;
    abort();
}

static void on_done(void *ctx, const nf_error *err)
{
    (void)ctx;
    assert_null(err);
    if (++w.durable == w.wanted)
        nf_loop_stop(&w.loop);
}

static void open_store(void)
{
    nf_error err = {0};
    if (nf_store_open(&w.loop, w.folder, &w.store, &err) != NF_OK)
        fail_msg("%s", err.text);
}

/* One event with one run, which ends; `open`: it does not. */
static void add(int tenant, int i, const char *name, bool open)
{
    static nf_event_row events[2][EVENTS];
    static nf_run_row runs[2][EVENTS];
    nf_event_row *event = &events[tenant][i];
    nf_run_row *run = &runs[tenant][i];
    *event = (nf_event_row){.id = nf_store_new_id(w.store),
                            .tenant = name,
                            .trigger = "a.on",
                            .body = w.body,
                            .len = BODY};
    *run = (nf_run_row){.id = nf_store_new_id(w.store),
                        .event = event->id,
                        .tenant = name,
                        .handler = "h",
                        .file = "flows/h.lua"};
    w.events[tenant][i] = event->id;
    w.runs[tenant][i] = run->id;
    nf_store_add_event(w.store, event, run, 1, on_done, NULL);
    w.wanted++;
    if (open)
        return;
    nf_run_end end = {.id = run->id,
                      .tenant = name,
                      .outcome = NF_OUTCOME_DONE,
                      .started_ms = 1,
                      .ended_ms = 2,
                      .attempts = 1,
                      .detail = w.detail,
                      .len = DETAIL};
    nf_store_end_run(w.store, &end, on_done, NULL);
    w.wanted++;
}

static int64_t number(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(SQLITE_OK, sqlite3_open_v2(w.path, &db, SQLITE_OPEN_READONLY, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &s, NULL));
    assert_int_equal(SQLITE_ROW, sqlite3_step(s));
    int64_t value = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return value;
}

static bool has_detail(int64_t run)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM run_detail WHERE run = %lld", (long long)run);
    return number(sql) == 1;
}

static int64_t body_length(int64_t event)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT length(body) FROM event WHERE id = %lld", (long long)event);
    return number(sql);
}

static void wait_for_all(void)
{
    if (w.durable < w.wanted)
        nf_loop_run(&w.loop);
}

static int set_up(void **state)
{
    char parent[UNIT_PATH];
    (void)state;
    make_folder(parent);
    snprintf(w.folder, sizeof w.folder, "%.200s/data", parent);
    snprintf(w.path, sizeof w.path, "%s/nimflow.db", w.folder);
    snprintf(w.body, sizeof w.body, "{\"a\":\"%0*d\"}", BODY - 8, 0);
    snprintf(w.detail, sizeof w.detail, "{\"a\":\"%0*d\"}", DETAIL - 8, 0);
    assert_int_equal(NF_OK, nf_loop_open(&w.loop, NULL));
    w.alive = nf_timer_new(&w.loop, on_time_over, NULL);
    nf_timer_start(w.alive, 120000, 0);
    open_store();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    nf_store_close(w.store);
    nf_timer_close(w.alive);
    nf_loop_close(&w.loop);
    *strrchr(w.folder, '/') = '\0';
    remove_folder(w.folder);
    return 0;
}

static void the_oldest_details_go(void **state)
{
    (void)state;
    nf_history *history = nf_store_open_history(w.store, "acme", LIMIT);
    nf_history *other = nf_store_open_history(w.store, "beta", 100 * LIMIT);
    for (int i = 0; i < EVENTS; i++) {
        add(0, i, "acme", i == OPEN_ONE);
        add(1, i, "beta", false);
        if (i % 10 == 0)
            wait_for_all();
    }
    wait_for_all();
    nf_store_close(
        w.store); /* finishes what is to be trimmed of the last groups or leaves it for later */
    open_store();
    history = nf_store_open_history(w.store, "acme", LIMIT);
    other = nf_store_open_history(w.store, "beta", 100 * LIMIT);
    add(1, 0, "beta", false);
    wait_for_all();
    for (int i = 0; i < 3000 && nf_history_bytes(history) > LIMIT; i++)
        usleep(10000);
    assert_in_range(nf_history_bytes(history), LIMIT - LIMIT / 16 - 2 * (BODY + DETAIL), LIMIT);
    assert_int_equal((EVENTS + 1) * (BODY + DETAIL), nf_history_bytes(other));
    assert_int_equal(2 * EVENTS + 1, number("SELECT count(*) FROM run"));
    assert_false(has_detail(w.runs[0][0]));
    assert_int_equal(0, body_length(w.events[0][0]));
    assert_int_equal(BODY, body_length(w.events[0][OPEN_ONE])); /* it will be needed */
    assert_false(has_detail(w.runs[0][OPEN_ONE + 1]));
    assert_int_equal(0, body_length(w.events[0][OPEN_ONE + 1]));
    assert_true(has_detail(w.runs[0][EVENTS - 1]));
    assert_true(has_detail(w.runs[1][1]));
    assert_int_equal(BODY, body_length(w.events[1][1]));
    int64_t counted = number("SELECT bytes FROM history WHERE tenant = 'acme'");
    assert_int_equal(counted,
                     number("SELECT (SELECT sum(length(body)) FROM event WHERE tenant = 'acme') +"
                            " (SELECT sum(length(detail)) FROM run_detail d JOIN run r ON r.id ="
                            " d.run WHERE r.tenant = 'acme')"));
    assert_int_equal(counted, nf_history_bytes(history));
}

static void a_lower_limit_holds_at_the_next_write(void **state)
{
    (void)state;
    nf_run_end end = {.id = w.runs[0][OPEN_ONE],
                      .tenant = "acme",
                      .outcome = NF_OUTCOME_DONE,
                      .started_ms = 1,
                      .ended_ms = 2,
                      .attempts = 1,
                      .detail = w.detail,
                      .len = DETAIL};
    nf_store_close(w.store);
    open_store();
    nf_history *history = nf_store_open_history(w.store, "acme", LIMIT);
    nf_store_open_history(w.store, "beta", 100 * LIMIT);
    nf_history_limit(history, 50000);
    nf_store_end_run(w.store, &end, on_done, NULL);
    w.wanted++;
    wait_for_all();
    for (int i = 0; i < 3000 && nf_history_bytes(history) > 50000; i++)
        usleep(10000);
    assert_in_range(nf_history_bytes(history), 50000 - 50000 / 16 - 2 * (BODY + DETAIL), 50000);
    assert_true(has_detail(w.runs[0][EVENTS - 1]));
    assert_true(has_detail(w.runs[0][OPEN_ONE])); /* it ended last, so it is the newest */
    nf_history_limit(history, 1);
    add(1, 1, "beta", false);
    wait_for_all();
    for (int i = 0; i < 3000 && nf_history_bytes(history) > 0; i++)
        usleep(10000);
    assert_int_equal(0, nf_history_bytes(history));
    assert_false(has_detail(w.runs[0][OPEN_ONE]));
    assert_int_equal(0, body_length(w.events[0][OPEN_ONE]));
}

static void wait_until_zero(const char *sql)
{
    for (int i = 0; i < 3000 && number(sql) > 0; i++)
        usleep(10000);
    assert_int_equal(0, number(sql));
}

static void what_is_old_goes(void **state)
{
    (void)state;
    nf_store_close(w.store);
    open_store();
    nf_history *beta = nf_store_open_history(w.store, "beta", 100 * LIMIT);
    nf_history_keep(beta, 1000, 0);
    int64_t pages = number("PRAGMA page_count");
    add(1, 2, "beta", true);
    wait_for_all();
    /* the times of the ends in this test are those of 1970 */
    wait_until_zero(
        "SELECT count(*) FROM run_detail d JOIN run r ON r.id = d.run WHERE r.tenant = 'beta'");
    assert_int_equal(BODY, body_length(w.events[1][2]));
    assert_int_equal(2 * EVENTS + 3, number("SELECT count(*) FROM run"));
    assert_int_equal(BODY, (int64_t)nf_history_bytes(beta));
    nf_history_keep(beta, 1000, 2000);
    add(1, 3, "beta", false);
    add(1, 4, "beta", false);
    wait_for_all();
    wait_until_zero("SELECT count(*) FROM run WHERE tenant = 'beta' AND outcome <> 0 AND id <"
                    " (SELECT max(id) FROM run)");
    wait_until_zero("SELECT count(*) FROM event e WHERE tenant = 'beta' AND NOT EXISTS"
                    " (SELECT 1 FROM run r WHERE r.event = e.id)");
    assert_int_equal(1, number("SELECT count(*) FROM run WHERE id = (SELECT max(id) FROM run)"));
    assert_int_equal(1, number("SELECT count(*) FROM run WHERE tenant = 'beta' AND outcome = 0"));
    /* pages that are free go back to the system, but for some */
    for (int i = 0; i < 3000 && number("PRAGMA freelist_count") > 300; i++)
        usleep(10000);
    assert_true(number("PRAGMA freelist_count") <= 300);
    assert_true(number("PRAGMA page_count") < pages / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_oldest_details_go),
                                       cmocka_unit_test(a_lower_limit_holds_at_the_next_write),
                                       cmocka_unit_test(what_is_old_goes)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
