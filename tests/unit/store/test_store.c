/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c: SQLite keeps what every store promises (conformance.c); one process at a time; another version is
 * refused. */
#include "world.h"

#include <sqlite3.h>

static int open_world(void **state)
{
    *state = world_open(&sqlite_engine);
    return 0;
}

static int close_world(void **state)
{
    world_close(*state);
    return 0;
}

static void one_at_a_time(void **state)
{
    world *w = *state;
    nf_store *second = NULL;
    nf_error err = {0};
    assert_int_equal(NF_E_CONFIG, nf_store_open(&w->loop, w->place, &second, &err));
    assert_contains(err.text, "is in use by another nimflow");
    world_restart(w);
}

static void another_version(void **state)
{
    world *w = *state;
    char path[UNIT_PATH + 16];
    sqlite3 *db;
    nf_store *store = NULL;
    nf_error err = {0};
    nf_store_close(w->store);
    w->store = NULL;
    snprintf(path, sizeof path, "%s/nimflow.db", w->place);
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL));
    sqlite3_close(db);
    assert_int_not_equal(NF_OK, nf_store_open(&w->loop, w->place, &store, &err));
    assert_contains(err.text,
                    "nimflow.db: the database has version 99, this program knows version");
    assert_null(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_at_a_time, open_world, close_world),
        cmocka_unit_test_setup_teardown(another_version, open_world, close_world),
    };
    return conformance(&sqlite_engine) + cmocka_run_group_tests(tests, NULL, NULL);
}
