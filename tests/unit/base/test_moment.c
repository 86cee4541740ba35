/* SPDX-License-Identifier: Apache-2.0 */
/* test_moment.c: times as an admin writes them. */
#include "base/moment.h"

#include "unit.h"

#define NOW INT64_C(1795000000000)

static int64_t read_moment(const char *text)
{
    int64_t ms = -1;
    nf_error err = {0};
    nf_status status = nf_moment_parse(text, NOW, &ms, &err);
    if (status != NF_OK)
        assert_non_null(strstr(err.text, text));
    return status == NF_OK ? ms : -1;
}

static void times_and_durations(void **state)
{
    (void)state;
    assert_int_equal(NOW - 86400000, read_moment("24h"));
    assert_int_equal(NOW - 90000, read_moment("90s"));
    assert_int_equal(INT64_C(1764028800000), read_moment("2025-11-25"));
    assert_int_equal(INT64_C(1764058500000), read_moment("2025-11-25T08:15"));
    assert_int_equal(INT64_C(1764058504000), read_moment("2025-11-25 08:15:04"));
    assert_int_equal(INT64_C(1764058504120), read_moment("2025-11-25T08:15:04.12Z"));
    static const char *const wrong[] = {"",
                                        "24",
                                        "2025-13-01",
                                        "2025-02-30T00:00:00.",
                                        "2025-11-25T",
                                        "2025-11-25T8",
                                        "yesterday",
                                        "2025-11-25T08:15:04+01:00",
                                        "2025-11-25T24:00"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(-1, read_moment(wrong[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times_and_durations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
