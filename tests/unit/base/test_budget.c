/* SPDX-License-Identifier: Apache-2.0 */
/* test_budget.c: durations, sizes and limits as people write them. */
#include "base/budget.h"

#include "unit.h"

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"0ms", 0},        {"1ms", 1},       {"100 ms", 100}, {"2s", 2000},
                {"3m", 180000},    {"3min", 180000}, {"1h", 3600000}, {"2d", 172800000},
                {"1w", 604800000}, {"007s", 7000}};
    static const char *const bad[] = {"",
                                      "s",
                                      "1",
                                      "-1s",
                                      "1.5s",
                                      "1 x",
                                      "1ss",
                                      "1s ",
                                      " 1s",
                                      "1S",
                                      "0x1s",
                                      "1e3s",
                                      "+1s",
                                      "18446744073709551616ms",
                                      "18446744073709551615s"};
    uint64_t ms;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(NF_OK, nf_duration_parse(good[i].text, 0, &ms, NULL));
        assert_int_equal(good[i].ms, ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nf_error err = {0};
        if (nf_duration_parse(bad[i], 0, &ms, &err) == NF_OK)
            fail_msg("'%s' was taken", bad[i]);
        assert_contains(err.text, "is not a duration");
    }
    assert_int_equal(NF_OK, nf_duration_parse("5", 1000, &ms, NULL));
    assert_int_equal(5000, ms);
    assert_int_equal(NF_OK, nf_duration_parse("18446744073709551615ms", 0, &ms, NULL));
    assert_true(ms == UINT64_MAX);
}

static void sizes(void **state)
{
    (void)state;
    uint64_t bytes;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"4096", 4096},     {"4096B", 4096}, {"64KiB", 65536}, {"40MiB", 40u << 20},
                {"1GiB", 1u << 30}, {"1KB", 1000},   {"2MB", 2000000}, {"1 MiB", 1 << 20}};
    static const char *const bad[] = {
        "", "B", "1.5MiB", "-1", "1 mib", "1KiBx", "99999999999999999999GiB"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(NF_OK, nf_size_parse(good[i].text, &bytes, NULL));
        assert_int_equal(good[i].bytes, bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (nf_size_parse(bad[i], &bytes, NULL) == NF_OK)
            fail_msg("'%s' was taken", bad[i]);
    }
}

static void refused(const char *name, const char *value, const char *part)
{
    nf_limits limits = nf_limits_standard(), before = limits, ceiling = nf_limits_ceiling();
    nf_error err = {0};
    assert_int_not_equal(NF_OK,
                         nf_limits_set(&limits, &ceiling, NF_SETTER_FLOW, name, value, &err));
    assert_contains(err.text, part);
    assert_memory_equal(&before, &limits, sizeof limits);
}

static void limits(void **state)
{
    (void)state;
    nf_limits limits = nf_limits_standard(), ceiling = nf_limits_ceiling();
    for (int i = 0; i < NF_BUDGET_COUNT; i++) {
        assert_true(limits.of[i] >= 1 && limits.of[i] <= ceiling.of[i]);
        assert_non_null(nf_budget_name((nf_budget)i));
        assert_non_null(nf_budget_report_name((nf_budget)i));
    }
    assert_int_equal(NF_OK, nf_limits_set(&limits, &ceiling, NF_SETTER_FLOW, "cpu", "100ms", NULL));
    assert_int_equal(NF_OK,
                     nf_limits_set(&limits, &ceiling, NF_SETTER_FLOW, "memory", "80MiB", NULL));
    assert_int_equal(NF_OK, nf_limits_set(&limits, &ceiling, NF_SETTER_FLOW, "effects", "1", NULL));
    assert_int_equal(100, limits.of[NF_BUDGET_CPU]);
    assert_int_equal(80 << 20, limits.of[NF_BUDGET_MEMORY]);
    assert_int_equal(1, limits.of[NF_BUDGET_EFFECTS]);
    refused("cpu", "0ms", "limit cpu: 0ms is out of range; allowed are 1 to 60000 ms");
    refused("cpu", "60001ms", "out of range");
    refused("memory", "81MiB", "allowed are 1 to 83886080 bytes");
    refused("effects", "10001", "allowed are 1 to 10000");
    refused("effects", "1s", "limit effects: '1s' is not a whole number");
    refused("cpu", "lots", "limit cpu: 'lots' is not a duration");
    refused("cpuu", "1s", "did you mean 'cpu'?");
    refused("", "1s", "known: cpu, wall, memory");
    ceiling.of[NF_BUDGET_CPU] = 50;
    assert_int_equal(NF_E_LIMIT,
                     nf_limits_set(&limits, &ceiling, NF_SETTER_FLOW, "cpu", "51ms", NULL));
}

static void outcomes(void **state)
{
    (void)state;
    assert_string_equal("running", nf_outcome_name(NF_OUTCOME_NONE));
    assert_string_equal("done", nf_outcome_name(NF_OUTCOME_DONE));
    assert_string_equal("lost-worker", nf_outcome_name(NF_OUTCOME_LOST_WORKER));
    assert_null(nf_outcome_name(NF_OUTCOME_COUNT));
    assert_null(nf_outcome_name((nf_outcome)1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(limits),
        cmocka_unit_test(outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
