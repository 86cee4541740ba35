/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_retry.c: which attempts are repeated, and after how long; whose word counts. */
#include "net/http_retry.h"

#include "unit.h"

static nf_retry policy;

static int set_up(void **state)
{
    (void)state;
    policy = nf_retry_standard();
    return 0;
}

static nf_retry_verdict decide(unsigned number, bool repeatable, nf_status status, int http,
                               uint32_t after)
{
    nf_attempt attempt = {number, repeatable, status, http, after, UINT64_MAX};
    uint64_t wait;
    return nf_retry_decide(&policy, &attempt, 0, &wait);
}

static uint64_t wait_of(unsigned number, uint32_t after, uint16_t jitter)
{
    nf_attempt attempt = {number, true, NF_OK, 503, after, UINT64_MAX};
    uint64_t wait;
    assert_int_equal(NF_RETRY_AGAIN, nf_retry_decide(&policy, &attempt, jitter, &wait));
    return wait;
}

static void what_is_repeated(void **state)
{
    (void)state;
#define F NF_ATTEMPT_FINAL
#define R NF_ATTEMPT_REFUSED
#define U NF_ATTEMPT_UNKNOWN
    static const struct {
        nf_status status;
        int http;
        nf_attempt_end end;
    } cases[] = {
        {NF_OK, 200, F},          {NF_OK, 201, F},       {NF_OK, 400, F},      {NF_OK, 401, F},
        {NF_OK, 403, F},          {NF_OK, 404, F},       {NF_OK, 409, F},      {NF_OK, 501, F},
        {NF_OK, 505, F},          {NF_OK, 429, R},       {NF_OK, 503, R},      {NF_OK, 408, U},
        {NF_OK, 500, U},          {NF_OK, 502, U},       {NF_OK, 504, U},      {NF_OK, 520, U},
        {NF_E_UNREACHABLE, 0, R}, {NF_E_UNKNOWN, 0, U},  {NF_E_TIMEOUT, 0, U}, {NF_E_ARG, 0, F},
        {NF_E_CANCELLED, 0, F},   {NF_E_PROTOCOL, 0, U}, {NF_E_SIGN_IN, 0, F}, {NF_E_LIMIT, 0, F},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(cases[i].end, nf_attempt_judge(cases[i].status, cases[i].http));
        assert_int_equal(cases[i].end == F ? NF_RETRY_USELESS : NF_RETRY_AGAIN,
                         decide(1, true, cases[i].status, cases[i].http, 0));
        assert_int_equal(cases[i].end == F   ? NF_RETRY_USELESS
                         : cases[i].end == U ? NF_RETRY_UNSAFE
                                             : NF_RETRY_AGAIN,
                         decide(1, false, cases[i].status, cases[i].http, 0));
    }
}

static void how_long(void **state)
{
    (void)state;
    static const unsigned steps[] = {250, 500, 1000, 2000, 4000};
    for (unsigned number = 1; number < NF_RETRY_TIMES; number++) {
        uint64_t step = steps[number - 1];
        assert_int_equal(step / 2, wait_of(number, 0, 0));
        uint64_t most = wait_of(number, 0, 65535);
        assert_true(most > step * 9 / 10 && most <= step);
    }
    assert_int_equal(NF_RETRY_EXHAUSTED, decide(NF_RETRY_TIMES, true, NF_OK, 503, 0));
    policy = (nf_retry){.times = 100, .backoff_ms = 100, .longest_ms = 1000, .obeyed_ms = 1};
    assert_int_equal(500, wait_of(99, 0, 0)); /* no step is longer than the longest */
    policy.longest_ms = 50;
    assert_int_equal(25, wait_of(1, 0, 0));
}

static void retry_after(void **state)
{
    (void)state;
    assert_int_equal(3000, wait_of(1, 3000, 0));
    assert_int_equal(125, wait_of(1, 1, 0));
    assert_int_equal(NF_RETRY_OBEYED_MS, wait_of(1, NF_RETRY_OBEYED_MS, 0));
    assert_int_equal(NF_RETRY_TOO_LONG, decide(1, true, NF_OK, 429, NF_RETRY_OBEYED_MS + 1));
}

static void no_time_left(void **state)
{
    (void)state;
    nf_attempt attempt = {1, true, NF_OK, 429, 3000, 3000};
    uint64_t wait;
    assert_int_equal(NF_RETRY_NO_TIME, nf_retry_decide(&policy, &attempt, 0, &wait));
    assert_int_equal(3000, wait);
    attempt.left_ms = 3001;
    assert_int_equal(NF_RETRY_AGAIN, nf_retry_decide(&policy, &attempt, 0, &wait));
}

static void the_nearest_word_counts(void **state)
{
    (void)state;
    nf_retry tenant = {.times = 9, .longest_ms = 700}, call = {.times = 2, .backoff_ms = 10};
    nf_retry all = nf_retry_over(&policy, &tenant);
    all = nf_retry_over(&all, NULL);
    all = nf_retry_over(&all, &call);
    assert_int_equal(2, all.times);
    assert_int_equal(10, all.backoff_ms);
    assert_int_equal(700, all.longest_ms);
    assert_int_equal(NF_RETRY_OBEYED_MS, all.obeyed_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_repeated, set_up),
        cmocka_unit_test_setup(how_long, set_up),
        cmocka_unit_test_setup(retry_after, set_up),
        cmocka_unit_test_setup(no_time_left, set_up),
        cmocka_unit_test_setup(the_nearest_word_counts, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
