/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_retry.c: which attempts are repeated, and after how long. */
#include "net/http_retry.h"

#include "unit.h"

static long wait_of(unsigned number, bool repeatable, nf_status status, int http, uint32_t after,
                    uint16_t jitter)
{
    nf_attempt attempt = {number, repeatable, status, http, after};
    return nf_retry_wait(&attempt, jitter);
}

static void what_is_repeated(void **state)
{
    (void)state;
    static const struct {
        nf_status status;
        int http;
        bool safe, unsafe; /* repeated when repeating is safe; when it is not */
    } cases[] = {
        {NF_OK, 200, false, false},        {NF_OK, 201, false, false},
        {NF_OK, 400, false, false},        {NF_OK, 401, false, false},
        {NF_OK, 403, false, false},        {NF_OK, 404, false, false},
        {NF_OK, 409, false, false},        {NF_OK, 429, true, true},
        {NF_OK, 500, true, false},         {NF_OK, 502, true, false},
        {NF_OK, 503, true, true},          {NF_OK, 504, true, false},
        {NF_E_UNREACHABLE, 0, true, true}, {NF_E_TIMEOUT, 0, true, false},
        {NF_E_ARG, 0, false, false},       {NF_E_CANCELLED, 0, false, false},
        {NF_E_PROTOCOL, 0, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(cases[i].safe,
                         wait_of(1, true, cases[i].status, cases[i].http, 0, 0) >= 0);
        assert_int_equal(cases[i].unsafe,
                         wait_of(1, false, cases[i].status, cases[i].http, 0, 0) >= 0);
    }
}

static void how_long(void **state)
{
    (void)state;
    for (unsigned number = 1; number < NF_RETRY_ATTEMPTS; number++) {
        long step = 250L << (number - 1);
        assert_int_equal(step / 2, wait_of(number, true, NF_OK, 503, 0, 0));
        long most = wait_of(number, true, NF_OK, 503, 0, 65535);
        assert_true(most > step * 9 / 10 && most <= step);
    }
    assert_int_equal(-1, wait_of(NF_RETRY_ATTEMPTS, true, NF_OK, 503, 0, 0));
}

static void retry_after(void **state)
{
    (void)state;
    assert_int_equal(3000, wait_of(1, true, NF_OK, 429, 3000, 0));
    assert_int_equal(125, wait_of(1, true, NF_OK, 429, 1, 0));
    assert_int_equal(NF_RETRY_MOST_MS, wait_of(1, true, NF_OK, 429, NF_RETRY_MOST_MS, 0));
    assert_int_equal(-1, wait_of(1, true, NF_OK, 429, NF_RETRY_MOST_MS + 1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_repeated),
        cmocka_unit_test(how_long),
        cmocka_unit_test(retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
