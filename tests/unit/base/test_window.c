/* SPDX-License-Identifier: Apache-2.0 */
/* test_window.c: the sum over the last stretch of time, against a plain list of what was added. */
#include "base/window.h"

#include "unit.h"

#define MS ((uint64_t)1000000)

static void holds_what_came_in_the_last_minute(void **state)
{
    (void)state;
    nf_window w = nf_window_new(60000);
    uint64_t start = 5000 * MS;
    assert_int_equal(0, nf_window_sum(&w, start));
    assert_int_equal(0, nf_window_wait_ms(&w, start));
    nf_window_add(&w, start, 7);
    nf_window_add(&w, start + 30000 * MS, 5);
    assert_int_equal(12, nf_window_sum(&w, start + 59000 * MS));
    assert_int_equal(5, nf_window_sum(&w, start + 61000 * MS));
    assert_int_equal(0, nf_window_sum(&w, start + 91000 * MS));
    assert_int_equal(0, nf_window_sum(&w, start + 900000 * MS));
}

static void tells_when_it_gets_less(void **state)
{
    (void)state;
    nf_window w = nf_window_new(1000);
    uint64_t start = 123456 * MS;
    nf_window_add(&w, start, 3);
    uint64_t wait = nf_window_wait_ms(&w, start);
    assert_true(wait >= 980 && wait <= 1001);
    assert_int_equal(3, nf_window_sum(&w, start + (wait - 20) * MS));
    assert_int_equal(0, nf_window_sum(&w, start + wait * MS));
}

/* Against a list, with an amount every few milliseconds and pauses: never less than the last 59 parts, never more than
 * the last 60. */
static void is_never_further_off_than_a_part(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static uint64_t at[COUNT], amount[COUNT];
    uint64_t now = 77 * MS, seed = 42;
    nf_window w = nf_window_new(600);
    for (int i = 0; i < COUNT; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        now += (seed >> 60) == 0 ? 700 * MS : (seed >> 33) % (5 * MS);
        at[i] = now;
        amount[i] = 1 + (seed >> 40) % 100;
        nf_window_add(&w, now, amount[i]);
        uint64_t least = 0, most = 0;
        for (int k = 0; k <= i; k++) {
            least += now - at[k] < 590 * MS ? amount[k] : 0;
            most += now - at[k] <= 600 * MS ? amount[k] : 0;
        }
        uint64_t sum = nf_window_sum(&w, now);
        assert_true(sum >= least && sum <= most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(holds_what_came_in_the_last_minute),
                                       cmocka_unit_test(tells_when_it_gets_less),
                                       cmocka_unit_test(is_never_further_off_than_a_part)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
