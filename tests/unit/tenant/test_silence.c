/* SPDX-License-Identifier: Apache-2.0 */
/* test_silence.c: weeks pass: a service that goes quiet is told once, one that is always quiet at that time is not. */
#include "tenant/silence.h"

#include "unit.h"

#include <stdbool.h>
#include <stdio.h>

#define HOUR_MS 3600000LL

struct told {
    int count;
    double expected;
    char service[64];
};

static void on_silent(void *ctx, const char *service, double expected, int64_t last_ms)
{
    struct told *told = ctx;
    (void)last_ms;
    told->count++;
    told->expected = expected;
    snprintf(told->service, sizeof told->service, "%s", service);
}

/* An event every `minutes` from 8 to 18 o'clock on working days, for `days`; looks every ten minutes. */
static int64_t work(nf_silence *s, int64_t from, int days, int minutes, struct told *told)
{
    int64_t end = from + days * 24 * HOUR_MS, t = from;
    for (; t < end; t += 60000) {
        int64_t hour = t / HOUR_MS % 24, day = (t / HOUR_MS / 24 + 4) % 7; /* 0: Sunday */
        bool open = hour >= 8 && hour < 18 && day >= 1 && day <= 5;
        if (open && t / 60000 % minutes == 0)
            nf_silence_note(s, "support@contoso.example", t);
        if (t / 60000 % 10 == 0)
            nf_silence_look(s, t, on_silent, told);
    }
    return t;
}

static const int64_t monday = 4 * 24 * HOUR_MS; /* 5 January 1970 */

static void nights_and_weekends_are_quiet(void **state)
{
    (void)state;
    struct told told = {0};
    nf_silence *s = nf_silence_new(0);
    work(s, monday, 28, 10, &told);
    assert_int_equal(0, told.count);
    nf_silence_free(s);
}

static void a_quiet_morning_is_told_once(void **state)
{
    (void)state;
    struct told told = {0};
    nf_silence *s = nf_silence_new(0);
    int64_t now = work(s, monday, 14, 10, &told), began = now;
    assert_int_equal(0, told.count);
    for (; told.count == 0 && now < began + 24 * HOUR_MS; now += 60000)
        nf_silence_look(s, now, on_silent, &told);
    assert_int_equal(1, told.count);
    assert_string_equal("support@contoso.example", told.service);
    assert_true(told.expected >= NF_SILENCE_EXPECTED);
    /* six an hour from eight on: the eighth is due twenty past nine */
    assert_in_range(now, began + 9 * HOUR_MS, began + 10 * HOUR_MS);
    for (int64_t later = now; later < now + 48 * HOUR_MS; later += 600000)
        nf_silence_look(s, later, on_silent, &told);
    assert_int_equal(1, told.count);
    assert_true(nf_silence_note(s, "support@contoso.example", now + 48 * HOUR_MS));
    assert_false(nf_silence_note(s, "support@contoso.example", now + 48 * HOUR_MS + 1));
    nf_silence_free(s);
}

static void a_rare_service_is_not_told_soon(void **state)
{
    (void)state;
    struct told told = {0};
    nf_silence *s = nf_silence_new(0);
    for (int64_t t = monday; t < monday + 21 * 24 * HOUR_MS; t += 12 * HOUR_MS)
        nf_silence_note(s, "rare@contoso.example", t);
    int64_t last = monday + 21 * 24 * HOUR_MS - 12 * HOUR_MS;
    nf_silence_look(s, last + 2 * 24 * HOUR_MS, on_silent, &told);
    assert_int_equal(0, told.count);
    nf_silence_look(s, last + 6 * 24 * HOUR_MS, on_silent, &told);
    assert_int_equal(1, told.count);
    nf_silence_free(s);
}

static void a_fixed_time(void **state)
{
    (void)state;
    struct told told = {0};
    nf_silence *s = nf_silence_new(5000);
    nf_silence_note(s, "new@contoso.example", monday);
    nf_silence_look(s, monday + 5000, on_silent, &told);
    assert_int_equal(0, told.count);
    nf_silence_look(s, monday + 5001, on_silent, &told);
    assert_int_equal(1, told.count);
    nf_silence_forget(s, "new@contoso.example");
    nf_silence_look(s, monday + 90000, on_silent, &told);
    assert_int_equal(1, told.count);
    nf_silence_free(s);
}

static void take_over(void *ctx, const char *service, const char *text, size_t len)
{
    nf_silence_load(ctx, service, text, len);
}

static void what_was_learned_is_kept(void **state)
{
    (void)state;
    struct told told = {0};
    nf_silence *before = nf_silence_new(0), *after = nf_silence_new(0);
    int64_t now = work(before, monday, 14, 10, &told);
    nf_silence_save(before, take_over, after);
    nf_silence_load(after, "nonsense", "{\"last\": 1, \"usual\": [1]}", 25);
    nf_silence_free(before);
    nf_silence_look(after, now + 8 * HOUR_MS, on_silent, &told);
    assert_int_equal(0, told.count);
    nf_silence_look(after, now + 10 * HOUR_MS, on_silent, &told);
    assert_int_equal(1, told.count);
    nf_silence_free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nights_and_weekends_are_quiet),
        cmocka_unit_test(a_quiet_morning_is_told_once),
        cmocka_unit_test(a_rare_service_is_not_told_soon),
        cmocka_unit_test(a_fixed_time),
        cmocka_unit_test(what_was_learned_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
