/* SPDX-License-Identifier: Apache-2.0 */
/* test_personal.c: a number in any spelling and an address in any case are found and replaced; nobody else's are. */
#include "base/personal.h"

#include "unit.h"

static nf_person person;

static int set_up(void **state)
{
    nf_error err = {0};
    (void)state;
    return nf_person_init(&person, "+41 79 123 45 67", "Anna@Contoso.Example", "CH",
                          INT64_C(1795565700000), &err);
}

static int tear_down(void **state)
{
    (void)state;
    nf_person_release(&person);
    return 0;
}

#define MARK "[erased 2026-11-25]"

static void texts(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"call +41791234567 now", "call " MARK " now"},
        {"0041 79 123 45 67", MARK},
        {"(079) 123-45-67, or anna@contoso.example.", MARK ", or " MARK "."},
        {"tel:0791234567;x", "tel:" MARK ";x"},
        {"079 123 45 67 / 044 668 18 00", MARK " / 044 668 18 00"},
        {"044 668 18 00 079 123 45 67", "044 668 18 00 " MARK},
        {"+41\xC2\xA0"
         "79\xC2\xA0"
         "123\xC2\xA0"
         "45\xC2\xA0"
         "67",
         MARK},
        {"<ANNA@CONTOSO.EXAMPLE>", "<" MARK ">"},
        {"joanna@contoso.example", NULL},
        {"anna@contoso.example.org", NULL},
        {"+4179123456789", NULL},
        {"x0791234567", NULL},
        {"0791234568 and 2026-11-25", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nf_strbuf out = nf_strbuf_new(1000);
        bool found = nf_person_erase_text(&person, cases[i][0], &out);
        assert_string_equal(cases[i][1] ? cases[i][1] : cases[i][0], nf_strbuf_text(&out));
        assert_int_equal(cases[i][1] != NULL, found);
        if (found)
            assert_true(nf_person_may_be_in(&person, cases[i][0], strlen(cases[i][0])));
        nf_strbuf_release(&out);
    }
    assert_false(nf_person_may_be_in(&person, "{\"a\":1791235567890}", 18));
}

static void check(const char *before, bool whole, const char *after, size_t changed)
{
    json_t *value = json_loads(before, 0, NULL);
    size_t count = 0;
    json_t *erased = nf_person_erase(&person, value, whole, &count);
    char *text = json_dumps(erased, JSON_COMPACT);
    assert_string_equal(after, text);
    assert_int_equal(changed, count);
    free(text);
    json_decref(erased);
    json_decref(value);
}

static void values(void **state)
{
    (void)state;
    const char *event =
        "{\"taskId\":\"t\",\"customerIdentifier\":\"0791234567\",\"direction\":\"Inbound\","
        "\"customer\":{\"firstName\":\"Anna\",\"age\":41,\"vip\":true},"
        "\"log\":[\"from +41 79 123 45 67\"],\"at\":41791234567}";
    check(event, true,
          "{\"taskId\":\"t\",\"customerIdentifier\":\"" MARK "\",\"direction\":\"Inbound\","
          "\"customer\":{\"firstName\":\"" MARK "\",\"age\":\"" MARK "\",\"vip\":true},"
          "\"log\":[\"from " MARK "\"],\"at\":41791234567}",
          4);
    check(event, false,
          "{\"taskId\":\"t\",\"customerIdentifier\":\"" MARK "\",\"direction\":\"Inbound\","
          "\"customer\":{\"firstName\":\"Anna\",\"age\":41,\"vip\":true},"
          "\"log\":[\"from " MARK "\"],\"at\":41791234567}",
          2);
    check("{\"telNumbers\":[41791234567,\"1\"],\"+41791234567\":1}", false,
          "{\"telNumbers\":[\"" MARK "\",\"1\"],\"" MARK "\":1}", 2);
}

static void who_is_nobody(void **state)
{
    nf_person nobody;
    nf_error err = {0};
    (void)state;
    assert_int_equal(NF_E_ARG, nf_person_init(&nobody, NULL, NULL, "CH", 0, &err));
    err = (nf_error){0};
    assert_int_equal(NF_E_ARG, nf_person_init(&nobody, "anna", NULL, "CH", 0, &err));
    assert_non_null(strstr(err.text, "'anna' is not a telephone number"));
    assert_int_equal(NF_E_ARG, nf_person_init(&nobody, NULL, "anna", "CH", 0, &err));
    assert_int_equal(NF_OK, nf_person_init(&nobody, NULL, "a@b", "CH", 0, &err));
    nf_person_release(&nobody);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(values),
                                       cmocka_unit_test(who_is_nobody)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
