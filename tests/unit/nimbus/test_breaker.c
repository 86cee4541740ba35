/* SPDX-License-Identifier: Apache-2.0 */
/* test_breaker.c: when the breaker of a connection opens, lets a probe out, and closes. */
#include "nimbus/breaker.h"

#include "unit.h"

#define MS ((uint64_t)1000000)

static nf_breaker breaker;

static int set_up(void **state)
{
    (void)state;
    breaker = (nf_breaker){.most = 3, .probe_ms = 1000};
    return 0;
}

static void fail_at(uint64_t ms, bool opens)
{
    assert_int_equal(opens, nf_breaker_ended(&breaker, false, true, ms * MS));
}

static void open_it(void)
{
    fail_at(1, false);
    fail_at(2, false);
    fail_at(3, true);
}

static void what_counts(void **state)
{
    (void)state;
    static const struct {
        nf_status status;
        int http;
        bool counts;
    } cases[] = {
        {NF_OK, 200, false},         {NF_OK, 400, false},     {NF_OK, 401, false},
        {NF_OK, 404, false},         {NF_OK, 429, false},     {NF_OK, 500, true},
        {NF_OK, 501, false},         {NF_OK, 503, true},      {NF_OK, 504, true},
        {NF_E_UNREACHABLE, 0, true}, {NF_E_TIMEOUT, 0, true}, {NF_E_UNKNOWN, 0, true},
        {NF_E_PROTOCOL, 0, true},    {NF_E_LIMIT, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(cases[i].counts, nf_breaker_counts(cases[i].status, cases[i].http));
}

static void only_failures_in_a_row_open_it(void **state)
{
    (void)state;
    fail_at(1, false);
    fail_at(2, false);
    assert_false(nf_breaker_ended(&breaker, false, false, 3 * MS));
    open_it();
    assert_false(nf_breaker_lets(&breaker, 4 * MS));
    assert_int_equal(1, breaker.opened);
}

static void one_probe_at_a_time(void **state)
{
    (void)state;
    open_it();
    assert_int_equal(1000, nf_breaker_wait_ms(&breaker, 4 * MS));
    assert_false(nf_breaker_lets(&breaker, 1002 * MS));
    assert_true(nf_breaker_lets(&breaker, 1003 * MS));
    nf_breaker_sent(&breaker, 1003 * MS);
    assert_false(nf_breaker_lets(&breaker, 9000 * MS)); /* it is still under way */
    assert_false(nf_breaker_ended(&breaker, true, true, 9000 * MS));
    assert_true(breaker.open);
    assert_true(nf_breaker_lets(&breaker, 9000 * MS));
    nf_breaker_sent(&breaker, 9000 * MS);
    nf_breaker_lost(&breaker);
    assert_false(nf_breaker_lets(&breaker, 9999 * MS));
    assert_true(nf_breaker_lets(&breaker, 10000 * MS));
}

static void an_answer_closes_it(void **state)
{
    (void)state;
    open_it();
    nf_breaker_sent(&breaker, 1003 * MS);
    assert_true(nf_breaker_ended(&breaker, true, false, 1004 * MS));
    assert_true(nf_breaker_lets(&breaker, 1004 * MS));
    fail_at(1005, false); /* it counts anew */
    fail_at(1006, false);
    fail_at(1007, true);
    assert_int_equal(2, breaker.opened);
}

static void those_under_way_are_no_probes(void **state)
{
    (void)state;
    open_it();
    nf_breaker_sent(&breaker, 1003 * MS);
    assert_false(nf_breaker_ended(&breaker, false, true, 1500 * MS)); /* sent before it opened */
    assert_false(nf_breaker_lets(&breaker, 5000 * MS));
    assert_true(nf_breaker_ended(&breaker, false, false, 5001 * MS));
    assert_false(breaker.open);
}

static void none_without_a_number(void **state)
{
    (void)state;
    breaker.most = 0;
    for (unsigned i = 0; i < 100; i++)
        fail_at(i, false);
    assert_true(nf_breaker_lets(&breaker, 200 * MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts),
        cmocka_unit_test_setup(only_failures_in_a_row_open_it, set_up),
        cmocka_unit_test_setup(one_probe_at_a_time, set_up),
        cmocka_unit_test_setup(an_answer_closes_it, set_up),
        cmocka_unit_test_setup(those_under_way_are_no_probes, set_up),
        cmocka_unit_test_setup(none_without_a_number, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
