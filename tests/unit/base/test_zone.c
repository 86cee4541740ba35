/* SPDX-License-Identifier: Apache-2.0 */
/* test_zone.c: time zones at their changes, their names, and files that are none. */
#include "base/zone.h"

#include "unit.h"

#include <unistd.h>

static nf_zone *zone_of(const char *name)
{
    nf_error err = {0};
    nf_zone *zone = nf_zone_open(name, &err);
    if (!zone && access("/usr/share/zoneinfo/Europe/Zurich", R_OK) != 0)
        skip();
    if (!zone)
        fail_msg("%s", err.text);
    return zone;
}

static void offsets(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int64_t at;
        int32_t offset;
        bool dst;
    } CASES[] = {
        {"UTC", 0, 0, false},
        {"UTC", INT64_MAX, 0, false},
        {"Europe/Zurich", 1774745999, 3600, false}, /* 2026-03-29T00:59:59Z */
        {"Europe/Zurich", 1774746000, 7200, true},
        {"Europe/Zurich", 1792889999, 7200, true}, /* 2026-10-25T00:59:59Z */
        {"Europe/Zurich", 1792890000, 3600, false},
        {"Europe/Zurich", 4118086800, 7200, true}, /* 2100-06-30: the rule behind the table */
        {"Europe/Zurich", INT64_MIN, 2048, false}, /* the sun's time of Zurich */
        {"Asia/Kathmandu", 1774746000, 20700, false},
        {"Pacific/Chatham", 1774746000, 49500, true},
        {"Australia/Lord_Howe", 1774746000, 39600, true},
        {"Australia/Lord_Howe", 1782000000, 37800, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        nf_zone *zone = zone_of(CASES[i].zone);
        bool dst;
        int32_t offset = nf_zone_offset(zone, CASES[i].at, &dst);
        if (offset != CASES[i].offset || dst != CASES[i].dst)
            fail_msg("%s at %lld: %d %d", CASES[i].zone, (long long)CASES[i].at, offset, dst);
        nf_zone_close(zone);
    }
}

static void local_times(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int64_t local;
        nf_local want;
    } CASES[] = {
        {"UTC", 1000, {NF_LOCAL_ONCE, 1000, 1000}},
        {"Europe/Zurich", 1774749599, {NF_LOCAL_ONCE, 1774745999, 1774745999}}, /* 01:59:59 */
        {"Europe/Zurich", 1774749600, {NF_LOCAL_GAP, 1774746000, 1774746000}},  /* 02:00:00 */
        {"Europe/Zurich", 1774753199, {NF_LOCAL_GAP, 1774746000, 1774746000}},
        {"Europe/Zurich", 1774753200, {NF_LOCAL_ONCE, 1774746000, 1774746000}}, /* 03:00:00 */
        {"Europe/Zurich", 1792893599, {NF_LOCAL_ONCE, 1792886399, 1792886399}}, /* 01:59:59 */
        {"Europe/Zurich", 1792893600, {NF_LOCAL_TWICE, 1792886400, 1792890000}},
        {"Europe/Zurich", 1792897200, {NF_LOCAL_ONCE, 1792893600, 1792893600}},
        /* the day that Samoa left out, 2011-12-30 */
        {"Pacific/Apia", 1325246400, {NF_LOCAL_GAP, 1325239200, 1325239200}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        nf_zone *zone = zone_of(CASES[i].zone);
        nf_local got = nf_zone_local(zone, CASES[i].local), want = CASES[i].want;
        if (got.kind != want.kind || got.first != want.first || got.second != want.second)
            fail_msg("%s at %lld: %d %lld %lld", CASES[i].zone, (long long)CASES[i].local, got.kind,
                     (long long)got.first, (long long)got.second);
        nf_zone_close(zone);
    }
}

static void refuse(const char *name, nf_status status, const char *text)
{
    nf_error err = {0};
    assert_null(nf_zone_open(name, &err));
    assert_contains(err.text, text);
    assert_int_equal(status, err.status);
}

static void names(void **state)
{
    (void)state;
    refuse("", NF_E_ARG, "'' is no time zone; it must be a name of the IANA database");
    refuse("../../etc/passwd", NF_E_ARG, "is no time zone");
    refuse("/etc/localtime", NF_E_ARG, "is no time zone");
    refuse("Europe//Zurich", NF_E_ARG, "is no time zone");
    refuse("tzdata.zi", NF_E_ARG, "is no time zone");
    refuse("Europe/Z\xc3\xbcrich", NF_E_ARG, "is no time zone");
    nf_zone_close(zone_of("Europe/Zurich"));
    refuse("Europe/Zurrich", NF_E_NOT_FOUND, "did you mean 'Europe/Zurich'?");
    refuse("europe/zurich", NF_E_NOT_FOUND, "did you mean 'Europe/Zurich'?");
    refuse("zurich", NF_E_NOT_FOUND, "did you mean 'Europe/Zurich'?");
    refuse("Europe", NF_E_NOT_FOUND, "unknown time zone 'Europe'");
    refuse("Nowhere/At-All-In-This-World", NF_E_NOT_FOUND, "such as 'Europe/Zurich'");
}

static void folder_of_the_environment(void **state)
{
    (void)state;
    char folder[UNIT_PATH], path[UNIT_PATH + 32];
    make_folder(folder);
    assert_int_equal(0, setenv("TZDIR", folder, 1));
    snprintf(path, sizeof path, "%s/Mine", folder);
    write_file(path, "TZif");
    refuse("Mine", NF_E_PARSE, "time zone 'Mine': its file is not a time zone file");
    snprintf(path, sizeof path, "%s/Large", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(0, fseek(file, 70000, SEEK_SET));
    fputc(0, file);
    fclose(file);
    refuse("Large", NF_E_LIMIT, "more than 65536 bytes");
    refuse("Europe/Zurich", NF_E_NOT_FOUND, "unknown time zone");
    remove_folder(folder);
    refuse("Europe/Zurich", NF_E_NOT_FOUND, "install the package tzdata");
    nf_zone_close(nf_zone_open("UTC", NULL));
    unsetenv("TZDIR");
}

enum { BLOCK = 44 };

/* a file without changes: `kinds` of which one stands in it, and a rule */
static void refuse_bytes(uint8_t version, uint8_t leaps, uint8_t kinds, const char *rule,
                         const char *text)
{
    uint8_t bytes[200] = "TZif", *second = bytes + BLOCK;
    bytes[4] = version;
    memcpy(second, "TZif2", 5);
    second[31] = leaps;
    second[39] = kinds;
    second[43] = 4;
    memcpy(second + BLOCK + 6, "ABC", 4);
    int len = snprintf((char *)second + BLOCK + 10, 60, "%s", rule);
    nf_error err = {0};
    nf_zone *zone = nf_zone_parse(bytes, BLOCK + BLOCK + 10 + (size_t)len, "X", &err);
    nf_zone_close(zone);
    if (*text)
        assert_contains(err.text, text);
    assert_int_equal(*text ? NF_E_PARSE : NF_OK, err.status);
}

static void files_that_are_none(void **state)
{
    (void)state;
    refuse_bytes('2', 0, 1, "\nABC0\n", "");
    refuse_bytes('2', 0, 1, "\n\n", "");
    refuse_bytes('3', 0, 1, "\nA-B", "no line with the rule");
    refuse_bytes(0, 0, 1, "\nABC0\n", "version 1");
    refuse_bytes('2', 1, 1, "\nABC0\n", "leap seconds");
    refuse_bytes('2', 0, 0, "\nABC0\n", "wrong counts");
    refuse_bytes('2', 0, 200, "\nABC0\n", "cut short");
    refuse_bytes('2', 0, 1, "\nABC\n", "cannot be read");
    refuse_bytes('2', 0, 1, "\nABC25\n", "cannot be read");
    refuse_bytes('2', 0, 1, "\nABC0DEF\n", "cannot be read");
    refuse_bytes('2', 0, 1, "\nABC0DEF,M13.1.0,M10.1.0\n", "cannot be read");
    refuse_bytes('2', 0, 1, "\n<+01>-1<+02>,J60/-1,300/26:30:01\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets),
        cmocka_unit_test(local_times),
        cmocka_unit_test(names),
        cmocka_unit_test(folder_of_the_environment),
        cmocka_unit_test(files_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
