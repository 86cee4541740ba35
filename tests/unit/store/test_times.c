/* SPDX-License-Identifier: Apache-2.0 */
/* test_times.c: effects that overlap count once, sleep only where nothing else goes on, parts never exceed a run. */
#include "store/times.h"

#include "unit.h"

static json_t *times;

static double part(const char *name)
{
    return json_number_value(json_object_get(times, name));
}

static void split(int64_t received, int64_t started, int64_t ended, const char *detail)
{
    json_t *value = detail ? json_loads(detail, 0, NULL) : NULL;
    json_decref(times);
    times = nf_run_times(received, started, ended, value);
    json_decref(value);
}

#define EFFECT(action, at, took) "{\"action\":\"" action "\",\"at_ms\":" at ",\"took_ms\":" took "}"
#define DETAIL(effects, cpu)     "{\"effects\":[" effects "],\"usage\":{\"cpu_ms\":{\"used\":" cpu "}}}"

static void overlapping_effects_count_once(void **state)
{
    (void)state;
    split(1000, 1020, 1120,
          DETAIL(EFFECT("a.b", "10", "30.5") "," EFFECT("a.b", "20", "40") "," EFFECT("a.c", "25",
                                                                                      "5"),
                 "12"));
    assert_float_equal(120, part("total_ms"), 0.001);
    assert_float_equal(20, part("queued_ms"), 0.001);
    assert_float_equal(100, part("run_ms"), 0.001);
    assert_float_equal(50, part("effects_ms"), 0.001);
    assert_float_equal(0, part("asleep_ms"), 0.001);
    assert_float_equal(12, part("cpu_ms"), 0.001);
    assert_float_equal(38, part("other_ms"), 0.001);
}

static void sleep_beside_an_effect_is_no_sleep(void **state)
{
    (void)state;
    split(0, 1000, 1100,
          DETAIL(EFFECT("flow.sleep", "0", "60") "," EFFECT("a.b", "10", "20"), "0"));
    assert_float_equal(20, part("effects_ms"), 0.001);
    assert_float_equal(40, part("asleep_ms"), 0.001);
    assert_float_equal(0, part("queued_ms"), 0.001);
}

static void parts_stay_within_the_run(void **state)
{
    (void)state;
    /* an effect that is said to go on after the end, more CPU time than is left */
    split(1000, 990, 1090, DETAIL(EFFECT("a.b", "-5", "500"), "70"));
    assert_float_equal(0, part("queued_ms"), 0.001);
    assert_float_equal(100, part("effects_ms"), 0.001);
    assert_float_equal(0, part("other_ms"), 0.001);
}

static void without_a_start_or_a_detail(void **state)
{
    (void)state;
    split(1000, 0, 0, NULL);
    assert_null(times);
    split(1000, 1010, 1020, NULL);
    assert_float_equal(10, part("other_ms"), 0.001);
    json_decref(times);
    times = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlapping_effects_count_once),
        cmocka_unit_test(sleep_beside_an_effect_is_no_sleep),
        cmocka_unit_test(parts_stay_within_the_run),
        cmocka_unit_test(without_a_start_or_a_detail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
