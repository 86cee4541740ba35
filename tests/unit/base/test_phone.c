/* SPDX-License-Identifier: Apache-2.0 */
/* test_phone.c: telephone numbers against a kept file of cases made with libphonenumber-js, and our
 * own additions. */
#include "base/phone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *country, const char *text, const char *want)
{
    char out[NF_PHONE_TEXT];
    bool found = nf_phone_e164(text, country, out);
    if (strcmp(found ? out : "-", want) != 0)
        fail_msg("%s: \"%s\": %s, wanted %s", country, text, found ? out : "-", want);
    assert_true(found || out[0] == 0);
}

static void agrees_with_the_oracle(void **state)
{
    (void)state;
    char path[4096], line[512];
    const char *source = getenv("NF_SOURCE");
    snprintf(path, sizeof path, "%s/tests/data/phone_cases.txt", source ? source : ".");
    FILE *file = fopen(path, "r");
    if (!file)
        skip();
    int count = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *text = strchr(line, '|'), *want = strrchr(line, '|');
        *text++ = *want++ = 0;
        expect(strcmp(line, "-") == 0 ? NULL : line, text, want);
        count++;
    }
    fclose(file);
    assert_true(count > 1000);
}

static void understands_what_a_sheet_leaves(void **state)
{
    (void)state;
    expect("CH", "791234567", "+41791234567");
    expect("CH", "41791234567", "+41791234567");
    expect("CH", "4915112345678", "+4915112345678");
    expect("CH", "393471234567", "+393471234567");
    expect("GB", "41791234567", "+41791234567");
    expect(NULL, "41791234567", "+41791234567");
}

static void skips_separators_and_invisible_marks(void **state)
{
    (void)state;
    expect("CH", "\xe2\x80\xaa+41 79 123 45 67\xe2\x80\xac", "+41791234567");
    expect("CH",
           "+41\xc2\xa0"
           "79\xe2\x80\x91"
           "123.45/67",
           "+41791234567");
    expect("CH", " tel:+41791234567", "-");
    expect("CH", "tel:+41791234567", "+41791234567");
}

static void refuses_what_is_no_number(void **state)
{
    (void)state;
    expect("CH", "", "-");
    expect("CH", "+", "-");
    expect("CH", "++41791234567", "-");
    expect("CH", "079 123 45 67 ext. 3", "-");
    expect("CH", "juerg@contoso.example", "-");
    expect("CH", "12345678901234567890123456789012345678901234567890", "-");
    expect("CH", "+999 12345678", "-");
    expect("ch", "079 123 45 67", "-");
    expect("CH", "\xff\xfe", "-");
}

static void any_bytes_are_safe(void **state)
{
    (void)state;
    char text[48], out[NF_PHONE_TEXT];
    uint32_t seed = 7;
    for (int round = 0; round < 200000; round++) {
        size_t len = (seed >> 20) % sizeof text;
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = "0123456789012345678901234567890+ ()"[(seed >> 16) % 35];
        }
        seed = seed * 1664525u + 1013904223u;
        static const char *const countries[] = {"CH", "AR", "BR", "US", "AG", "JP", NULL};
        if (nf_phone_e164_bytes(text, len, countries[round % 7], out))
            assert_true(out[0] == '+' && strspn(out + 1, "0123456789") == strlen(out) - 1);
    }
}

static void knows_countries(void **state)
{
    (void)state;
    assert_true(nf_phone_country_known("CH"));
    assert_true(nf_phone_country_known("XK"));
    assert_false(nf_phone_country_known("CHE"));
    assert_false(nf_phone_country_known(""));
    assert_false(nf_phone_country_known("UK"));
    assert_false(nf_phone_country_known(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_oracle),
        cmocka_unit_test(understands_what_a_sheet_leaves),
        cmocka_unit_test(skips_separators_and_invisible_marks),
        cmocka_unit_test(refuses_what_is_no_number),
        cmocka_unit_test(any_bytes_are_safe),
        cmocka_unit_test(knows_countries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
