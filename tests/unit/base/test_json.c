/* SPDX-License-Identifier: Apache-2.0 */
/* test_json.c: trees: the same as the JSON library's own reader builds, written as its writer does; and what is refused
 * with which words. */
#include "base/json.h"

#include "base/jscan.h"

#include "unit.h"

static void is_the_same(const char *text, size_t len)
{
    nf_error err = {0};
    json_t *ours = nf_json_parse(text, len, &err);
    json_t *theirs = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!ours)
        fail_msg("%s: %s", text, err.text);
    char *one = nf_json_text(ours), *other = json_dumps(theirs, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(one, other); /* the order of keys, too */
    assert_true(json_equal(ours, theirs));
    free(one);
    free(other);
    json_decref(ours);
    json_decref(theirs);
}

#define SAME(text) is_the_same(text, sizeof(text) - 1)

static void builds_values(void **state)
{
    (void)state;
    SAME("{}");
    SAME("[]");
    SAME(" null ");
    SAME("true");
    SAME("[false,[],{},[[]],{\"a\":{}}]");
    SAME("{\"z\":1,\"a\":[1,{\"b\":2},3],\"m\":{\"n\":null},\"\":\"\"}");
    SAME("{\"\":{\"\":[\"\"]}}");
    SAME("\"\"");
    SAME("\"plain\"");
    SAME("\"\\u0000\\n\\ud83d\\ude00\\/\xc3\xbc\"");
    SAME("{\"\\u00e4\\n\":1}");
    SAME("{\"a\":1,\"A\":2}");
}

static void builds_every_control_character(void **state)
{
    (void)state;
    char text[16];
    for (int c = 0; c < 0x80; c++) {
        int len = snprintf(text, sizeof text, "[\"a\\u%04X\"]", (unsigned)c);
        nf_error err = {0};
        json_t *value = nf_json_parse(text, (size_t)len, &err);
        char *written = nf_json_text(value);
        json_t *again = json_loads(written, JSON_ALLOW_NUL, NULL);
        assert_true(json_equal(value, again));
        for (const char *at = written; *at; at++)
            assert_in_range(*at, 0x20, 0x7F);
        free(written);
        json_decref(value);
        json_decref(again);
    }
}

static void builds_numbers(void **state)
{
    (void)state;
    SAME("[0,-0,1,-1,9223372036854775807,-9223372036854775808]");
    SAME("[0.0,-0.0,1.5,1e5,1E+5,2.5e-7,1e-400,123456789012345678901234567890.0]");
    SAME("17");
    SAME("17.25");
    is_the_same("175", 2); /* what is behind the text is not read */
    is_the_same("1.55", 3);
}

static void builds_deep_ones(void **state)
{
    (void)state;
    char text[2 * NF_JSON_DEPTH];
    memset(text, '[', NF_JSON_DEPTH);
    memset(text + NF_JSON_DEPTH, ']', NF_JSON_DEPTH);
    is_the_same(text, sizeof text);
}

static void says(const char *text, const char *expected)
{
    nf_error err = {0};
    assert_null(nf_json_parse(text, strlen(text), &err));
    assert_int_equal(NF_E_PARSE, err.status);
    assert_string_equal(expected, err.text);
}

static void refuses(void **state)
{
    (void)state;
    says("", "not valid JSON at line 1, column 1: unexpected end");
    says("{\"a\":1,\n \"a\":2}",
         "not valid JSON at line 2, column 7: the key \"a\" is there twice");
    says("{\"a\":[],\"a\":[]}",
         "not valid JSON at line 1, column 14: the key \"a\" is there twice");
    says("{\"a\\u0000\":1}", "not valid JSON at line 1, column 12: a key with \\u0000 in it");
    says("[9223372036854775808]", "not valid JSON at line 1, column 21: an integer above 2^63 - 1");
    says("[-9223372036854775809]", "not valid JSON at line 1, column 22: an integer below -2^63");
    says("[1e400]", "not valid JSON at line 1, column 7: a number too large for a double");
    says("[[1,{\"a\":\"b\"", "not valid JSON at line 1, column 13: unexpected end");
    says("{} {}", "not valid JSON at line 1, column 4: something follows the value");
    says("[\"\xff\"]", "not valid JSON at line 1, column 3: not valid UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_values),  cmocka_unit_test(builds_every_control_character),
        cmocka_unit_test(builds_numbers), cmocka_unit_test(builds_deep_ones),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
