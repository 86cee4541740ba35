/* SPDX-License-Identifier: Apache-2.0 */
/* conformance_tables.c: what is kept by name: subscriptions, sign-ins, values of flows, limits, schedules. */
#include "conformance.h"

static char said[4096]; /* what a reading function gave, as text */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list args;
    size_t at = strlen(said);
    va_start(args, format);
    vsnprintf(said + at, sizeof said - at, format, args);
    va_end(args);
}

static void on_subscription(void *ctx, const nf_subscription_row *row)
{
    (void)ctx;
    assert_int_equal(9, row->secret_hash[31]);
    say("%lld %s %s %lld %s %s %s [%s] %lld; ", (long long)row->id, row->tenant, row->connection,
        (long long)row->sign_in, row->trigger, row->filter, row->callback, row->location,
        (long long)row->created_ms);
}

static void subscriptions(void **state)
{
    world *w = *state;
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
    nf_store_put_subscription(w->store, &row, world_done, w);
    row.location = "/l/1"; /* the row is copied, its texts are borrowed */
    nf_store_put_subscription(w->store, &row, world_done, w);
    nf_subscription_row second = row, third = row;
    second.id = 2;
    second.location = "";
    third.id = 3;
    nf_store_put_subscription(w->store, &second, world_done, w);
    nf_store_put_subscription(w->store, &third, world_done, w);
    nf_store_drop_subscription(w->store, 3, world_done, w);
    world_restart(w);
    said[0] = '\0';
    assert_int_equal(NF_OK, nf_store_each_subscription(w->store, on_subscription, NULL, NULL));
    assert_string_equal("1 acme sales 7 a.on {} http://x [/l/1] 5; "
                        "2 acme sales 7 a.on {} http://x [] 5; ",
                        said);
}

static void on_sign_in(void *ctx, const nf_sign_in_row *row)
{
    (void)ctx;
    say("%lld %s %s %.*s %d %lld; ", (long long)row->id, row->connection, row->upn, (int)row->len,
        (const char *)row->secret, row->retired, (long long)row->created_ms);
}

static void sign_ins(void **state)
{
    world *w = *state;
    nf_sign_in_row row = {1, "acme", "nimbus", "a@x", "sealed", 6, false, 5}, again = row,
                   other = row, gone = row;
    again.secret = "anew";
    again.len = 4;
    again.retired = true;
    other.id = 2;
    other.tenant = "another";
    gone.id = 3;
    nf_store_put_sign_in(w->store, &row, world_done, w);
    nf_store_put_sign_in(w->store, &again, world_done, w);
    nf_store_put_sign_in(w->store, &other, world_done, w);
    nf_store_put_sign_in(w->store, &gone, world_done, w);
    nf_store_drop_sign_in(w->store, 3, world_done, w);
    world_restart(w);
    said[0] = '\0';
    assert_int_equal(NF_OK, nf_store_each_sign_in(w->store, "acme", on_sign_in, NULL, NULL));
    assert_string_equal("1 nimbus a@x anew 1 5; ", said);
}

static void on_value(void *ctx, const char *key, const char *value, size_t len, int64_t expires_ms)
{
    (void)ctx;
    say("%s=%.*s@%lld ", key, (int)len, value, (long long)expires_ms);
}

static const char *values(world *w, const char *tenant)
{
    said[0] = '\0';
    assert_int_equal(NF_OK, nf_store_each_kv(w->store, tenant, on_value, NULL, NULL));
    return said;
}

static void put_kv(world *w, const char *tenant, const char *key, const char *value,
                   int64_t expires_ms)
{
    nf_kv_row row = {tenant, key, value, value ? strlen(value) : 0, expires_ms};
    nf_store_put_kv(w->store, &row, world_done, w);
}

static void values_of_flows(void **state)
{
    world *w = *state;
    put_kv(w, "acme", "a", "1", 0);
    put_kv(w, "acme", "b", "{\"x\":\"\\u0000\"}", 500);
    put_kv(w, "acme", "a", "2", 0);
    put_kv(w, "acme", "c", "3", 400);
    put_kv(w, "acme", "d", "4", 0);
    put_kv(w, "another", "a", "5", 300);
    put_kv(w, "acme", "d", NULL, 0);     /* remove it */
    put_kv(w, "acme", "never", NULL, 0); /* what is not there */
    put_kv(w, "acme", NULL, NULL, 450);  /* all that are over, of this tenant */
    world_restart(w);
    assert_int_equal(0, w->failed);
    assert_string_equal("a=2@0 b={\"x\":\"\\u0000\"}@500 ", values(w, "acme"));
    assert_string_equal("a=5@300 ", values(w, "another"));
}

static void on_limit(void *ctx, const char *name, const char *value)
{
    (void)ctx;
    say("%s=%s ", name, value);
}

static void on_audit(void *ctx, json_t *rows, const nf_error *err)
{
    world *w = ctx;
    assert_null(err);
    json_decref(w->rows);
    w->rows = rows;
    nf_loop_stop(&w->loop);
}

static const char *audit(world *w, size_t index, const char *member)
{
    return json_string_value(json_object_get(json_array_get(w->rows, index), member));
}

static void limits(void **state)
{
    world *w = *state;
    const nf_limit_change first[] = {{"cpu", "250", "1 s", "250 ms"}, {"memory", "9", "8", "9"}},
                          second[] = {{"cpu", NULL, "250 ms", "1 s"}};
    nf_limit_changes one = {"acme", "uid 1", 1000, first, 2},
                     two = {"acme", "uid 2", 2000, second, 1};
    nf_store_put_limits(w->store, &one, world_done, w);
    nf_store_put_limits(w->store, &two, world_done, w);
    world_restart(w);
    said[0] = '\0';
    assert_int_equal(NF_OK, nf_store_each_limit(w->store, "acme", on_limit, NULL, NULL));
    assert_string_equal("memory=9 ", said);
    nf_store_query_audit(w->store, "acme", 10, on_audit, w);
    nf_loop_run(&w->loop);
    assert_int_equal(3, json_array_size(w->rows));
    assert_string_equal("uid 2", audit(w, 0, "who")); /* the newest first */
    assert_string_equal("250 ms", audit(w, 0, "old"));
    assert_string_equal("1 s", audit(w, 0, "new"));
    assert_string_equal("memory", audit(w, 1, "name"));
    nf_store_query_audit(w->store, "nobody", 10, on_audit, w);
    nf_loop_run(&w->loop);
    assert_int_equal(0, json_array_size(w->rows));
}

static void on_schedule(void *ctx, const char *handler, int64_t due_ms)
{
    (void)ctx;
    say("%s=%lld ", handler, (long long)due_ms);
}

/* A time that was done with, by itself or with its event in one write. */
static void schedules(void **state)
{
    world *w = *state;
    nf_event_row event = event_row(nf_store_new_id(w->store), "{}");
    event.schedule = "nightly";
    event.due_ms = 700;
    nf_store_put_schedule(w->store, "acme", "hourly", 100);
    nf_store_put_schedule(w->store, "acme", "hourly", 200);
    nf_store_put_schedule(w->store, "another", "hourly", 300);
    nf_store_add_event(w->store, &event, NULL, 0, world_done, w);
    world_restart(w);
    said[0] = '\0';
    assert_int_equal(NF_OK, nf_store_each_schedule(w->store, "acme", on_schedule, NULL, NULL));
    if (strcmp(said, "nightly=700 hourly=200 ") != 0) /* their order is not promised */
        assert_string_equal("hourly=200 nightly=700 ", said);
}

int conformance_tables(void)
{
    const struct CMUnitTest tests[] = {
        CONFORMS(subscriptions), CONFORMS(sign_ins),  CONFORMS(values_of_flows),
        CONFORMS(limits),        CONFORMS(schedules),
    };
    return cmocka_run_group_tests_name("what is kept by name", tests, NULL, NULL);
}
