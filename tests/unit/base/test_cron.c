/* SPDX-License-Identifier: Apache-2.0 */
/* test_cron.c: what cron expressions mean, when they fire, also where clocks are changed, and what is refused. */
#include "base/cron.h"

#include "unit.h"

#include <time.h>
#include <unistd.h>

enum { TEXT = 24 };

static int64_t instant(const char *text)
{
    struct tm t = {0};
    int read =
        sscanf(text, "%d-%d-%d %d:%d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min);
    assert_int_equal(5, read);
    t.tm_year -= 1900;
    t.tm_mon--;
    return timegm(&t);
}

/* all times in UTC: the firings after `after`, separated by ", " */
static void fires(const char *zone_name, const char *text, const char *after, const char *wanted)
{
    nf_error err = {0};
    nf_cron cron;
    nf_zone *zone = nf_zone_open(zone_name, &err);
    if (!zone && access("/usr/share/zoneinfo/Europe/Zurich", R_OK) != 0)
        skip();
    if (!zone || nf_cron_parse(text, &cron, &err))
        fail_msg("%s", err.text);
    char got[400] = "";
    int64_t at = instant(after);
    while (strlen(got) < strlen(wanted)) {
        at = nf_cron_next(&cron, zone, at);
        struct tm t;
        time_t when = at;
        char one[TEXT] = "never";
        if (at != NF_CRON_NEVER)
            strftime(one, sizeof one, "%Y-%m-%d %H:%M", gmtime_r(&when, &t));
        size_t len = strlen(got);
        snprintf(got + len, sizeof got - len, "%s%s", len ? ", " : "", one);
    }
    nf_zone_close(zone);
    if (strcmp(got, wanted) != 0)
        fail_msg("%s in %s after %s: %s, wanted %s", text, zone_name, after, got, wanted);
}

static void meanings(void **state)
{
    (void)state;
    fires("UTC", "* * * * *", "2026-01-01 00:00", "2026-01-01 00:01, 2026-01-01 00:02");
    fires("UTC", "*/20 8-18/5 * * *", "2026-01-01 08:30", "2026-01-01 08:40, 2026-01-01 13:00");
    fires("UTC", " 5,7-8\t3 * * * ", "2026-01-01 03:05",
          "2026-01-01 03:07, 2026-01-01 03:08, 2026-01-02 03:05");
    fires("UTC", "0 0 1 jan,Jul *", "2026-01-01 00:00", "2026-07-01 00:00, 2027-01-01 00:00");
    fires("UTC", "0 0 * * 7", "2026-01-01 00:00", "2026-01-04 00:00, 2026-01-11 00:00");
    fires("UTC", "0 0 * * sun", "2026-01-01 00:00", "2026-01-04 00:00, 2026-01-11 00:00");
    fires("UTC", "0 0 * * FRI-SUN", "2026-01-01 00:00",
          "2026-01-02 00:00, 2026-01-03 00:00, 2026-01-04 00:00");
    fires("UTC", "0 0 * * 5-7", "2026-01-01 00:00",
          "2026-01-02 00:00, 2026-01-03 00:00, 2026-01-04 00:00");
    fires("UTC", "@hourly", "2026-01-01 00:00", "2026-01-01 01:00");
    fires("UTC", "@Daily", "2026-01-01 00:00", "2026-01-02 00:00");
    fires("UTC", "@weekly", "2026-01-01 00:00", "2026-01-04 00:00");
    fires("UTC", "@monthly", "2026-01-01 00:00", "2026-02-01 00:00");
    fires("UTC", "@yearly", "2026-01-01 00:00", "2027-01-01 00:00");
}

static void days(void **state)
{
    (void)state;
    fires("UTC", "0 0 13 * 5", "2026-01-01 00:00",
          "2026-01-02 00:00, 2026-01-09 00:00, 2026-01-13 00:00");
    fires("UTC", "0 0 */2 * 5", "2026-01-01 00:00", "2026-01-09 00:00, 2026-01-23 00:00");
    fires("UTC", "0 0 31 2 1", "2026-01-01 00:00", "2026-02-02 00:00, 2026-02-09 00:00");
    fires("UTC", "0 0 31 * *", "2026-01-31 00:00", "2026-03-31 00:00, 2026-05-31 00:00");
    fires("UTC", "0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00, 2032-02-29 00:00");
    fires("UTC", "0 0 29 2 *", "2096-03-01 00:00", "2104-02-29 00:00");
    fires("UTC", "0 0 29 2 */7", "2088-03-01 00:00", "2128-02-29 00:00"); /* Sundays only */
    fires("UTC", "0 0 1 1 *", "9999-01-01 00:00", "never");
}

static void clock_put_forward(void **state)
{
    (void)state;
    const char *zurich = "Europe/Zurich"; /* 2026-03-29 02:00 -> 03:00, at 01:00 UTC */
    fires(zurich, "30 2 * * *", "2026-03-28 00:00",
          "2026-03-28 01:30, 2026-03-29 01:00, 2026-03-30 00:30");
    fires(zurich, "*/10 2 * * *", "2026-03-28 01:45",
          "2026-03-28 01:50, 2026-03-29 01:00, 2026-03-30 00:00");
    fires(zurich, "0 2,3 * * *", "2026-03-29 00:00",
          "2026-03-29 01:00, 2026-03-30 00:00, 2026-03-30 01:00");
    fires(zurich, "30 * * * *", "2026-03-29 00:00", "2026-03-29 00:30, 2026-03-29 01:30");
    fires(zurich, "0 */2 * * *", "2026-03-28 23:00", "2026-03-29 02:00, 2026-03-29 04:00");
    fires("Australia/Lord_Howe", "15 2 * * *", "2026-10-03 00:00",
          "2026-10-03 15:30, 2026-10-04 15:15");
    fires("Pacific/Apia", "0 8 * * *", "2011-12-29 18:00", "2011-12-30 10:00, 2011-12-30 18:00");
    fires("America/Santiago", "0 0 * * *", "2026-09-05 04:00",
          "2026-09-06 04:00, 2026-09-07 03:00");
}

static void clock_put_back(void **state)
{
    (void)state;
    const char *zurich = "Europe/Zurich"; /* 2026-10-25 03:00 -> 02:00, at 01:00 UTC */
    fires(zurich, "30 2 * * *", "2026-10-24 12:00", "2026-10-25 00:30, 2026-10-26 01:30");
    fires(zurich, "30 2 * * *", "2026-10-25 01:10", "2026-10-26 01:30");
    fires(zurich, "*/30 2,3 * * *", "2026-10-25 00:10",
          "2026-10-25 00:30, 2026-10-25 02:00, 2026-10-25 02:30");
    fires(zurich, "30 * * * *", "2026-10-25 00:00",
          "2026-10-25 00:30, 2026-10-25 01:30, 2026-10-25 02:30");
    fires(zurich, "0 0-23/2 * * *", "2026-10-24 23:00",
          "2026-10-25 00:00, 2026-10-25 01:00, 2026-10-25 03:00");
    fires("Australia/Lord_Howe", "45 1 * * *", "2026-04-04 00:00",
          "2026-04-04 14:45, 2026-04-05 15:15");
    fires("Asia/Kathmandu", "0 9 * * MON", "2026-10-24 12:00", "2026-10-26 03:15");
}

static void refuse(const char *text, const char *wanted)
{
    nf_error err = {0};
    nf_cron cron;
    assert_int_equal(NF_E_ARG, nf_cron_parse(text, &cron, &err));
    assert_contains(err.text, wanted);
}

static void refused(void **state)
{
    (void)state;
    refuse("60 * * * *", "cron: minute '60': allowed are 0 to 59");
    refuse("0 25 * * *", "cron: hour '25': allowed are 0 to 23");
    refuse("0 0 0 * *", "cron: day-of-month '0': allowed are 1 to 31");
    refuse("0 0 * JANU *", "cron: month 'JANU': allowed are 1 to 12 or JAN to DEC");
    refuse("0 0 * * 8", "cron: day-of-week '8': allowed are 0 to 7 or SUN to SAT");
    refuse("0 -1 * * *", "cron: hour ''");
    refuse("0 +1 * * *", "cron: hour '+1'");
    refuse("0 1- * * *", "cron: hour ''");
    refuse("0 001 * * *", "cron: hour '001'");
    refuse("0 1,,2 * * *", "cron: hour '1,,2': a value is missing at a comma");
    refuse("0 1, * * *", "a value is missing");
    refuse("0 22-2 * * *", "cron: hour '22-2': a range goes upwards");
    refuse("*/0 * * * *", "cron: minute step '0': allowed are 1 to 59");
    refuse("*/ * * * *", "cron: minute step ''");
    refuse("5/10 * * * *", "cron: minute '5/10': a step needs a range");
    refuse("0 0 31 2 *", "never fires: day-of-month '31' is in no month of '2'");
    refuse("0 0 31 2,4,6,9,11 *", "never fires");
    refuse("0 0 30-31 FEB */2", "never fires");
    refuse("", "less than five fields");
    refuse("* * * *", "less than five fields");
    refuse("* * * * * *", "more than five fields; they are: minute hour");
    refuse("@reboot", "cron: '@reboot': allowed are @hourly");
    refuse("* * * * *\n", "day-of-week");
    char text[600];
    memset(text, '1', sizeof text);
    text[sizeof text - 1] = 0;
    refuse(text, "more than 200 characters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meanings),          cmocka_unit_test(days),
        cmocka_unit_test(clock_put_forward), cmocka_unit_test(clock_put_back),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
