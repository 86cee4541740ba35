/* SPDX-License-Identifier: Apache-2.0 */
/* test_jscan.c: what is JSON and what is not, where it breaks, and escapes both ways. */
#include "base/jscan.h"

#include "unit.h"

#include <jansson.h>

#define VALID(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1, true                                                               \
    }
#define INVALID(text)                                                                              \
    {                                                                                              \
        text, sizeof(text) - 1, false                                                              \
    }

static const struct {
    const char *text;
    size_t len;
    bool valid;
} cases[] = {
    VALID("{}"),
    VALID("[]"),
    VALID("null"),
    VALID("true"),
    VALID("false"),
    VALID("\"\""),
    VALID(" \t\r\n{ \"a\" : [ 1 , 2 ] }\n "),
    VALID("{\"a\":{\"b\":[{}]}}"),
    VALID("{\"\":0}"),
    VALID("{\"a\":1,\"a\":2}"),
    VALID("0"),
    VALID("-0"),
    VALID("-0.0"),
    VALID("1e5"),
    VALID("1E+5"),
    VALID("1.5e-7"),
    VALID("123456789012345678901234567890"),
    VALID("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    VALID("\"\\u0000\\u001f\\uFFFF\\uabCD\""),
    VALID("\"\\uD83D\\uDE00\""),
    VALID("\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\""),
    VALID("\"\x7f\""),
    VALID("\"\xf4\x8f\xbf\xbf\""),
    INVALID(""),
    INVALID(" "),
    INVALID("{"),
    INVALID("}"),
    INVALID("["),
    INVALID("]"),
    INVALID("[1"),
    INVALID("[1,"),
    INVALID("[1,]"),
    INVALID("[,1]"),
    INVALID("[1 2]"),
    INVALID("[1}"),
    INVALID("{1:2}"),
    INVALID("{\"a\"}"),
    INVALID("{\"a\":}"),
    INVALID("{\"a\":1,}"),
    INVALID("{\"a\" 1}"),
    INVALID("{,}"),
    INVALID("{\"a\":1 \"b\":2}"),
    INVALID("{a:1}"),
    INVALID("{'a':1}"),
    INVALID("{} {}"),
    INVALID("1 2"),
    INVALID("nul"),
    INVALID("nulls"),
    INVALID("True"),
    INVALID("NaN"),
    INVALID("Infinity"),
    INVALID("-"),
    INVALID("+1"),
    INVALID("01"),
    INVALID("-01"),
    INVALID("1."),
    INVALID(".5"),
    INVALID("1e"),
    INVALID("1e+"),
    INVALID("0x10"),
    INVALID("1_000"),
    INVALID("\""),
    INVALID("\"a"),
    INVALID("\"\\"),
    INVALID("\"\\\""),
    INVALID("\"\\x41\""),
    INVALID("\"\\u12\""),
    INVALID("\"\\u12G4\""),
    INVALID("\"\\uD800\""),
    INVALID("\"\\uDC00\""),
    INVALID("\"\\uD83D\\u0041\""),
    INVALID("\"\\uD83Dx\""),
    INVALID("\"\\uDE00\\uD83D\""),
    INVALID("\"\n\""),
    INVALID("\"\t\""),
    INVALID("\"\0\""),
    INVALID("{}\0"),
    INVALID("\"\x80\""),
    INVALID("\"\xc0\xaf\""),
    INVALID("\"\xc3\""),
    INVALID("\"\xe0\x80\x80\""),
    INVALID("\"\xed\xa0\x80\""),
    INVALID("\"\xf4\x90\x80\x80\""),
    INVALID("\"\xf5\x80\x80\x80\""),
    INVALID("\"\xf0\x9f\x98\""),
    INVALID("\xef\xbb\xbf{}"),
    INVALID("/* c */ {}"),
    INVALID("[1] // c"),
};

static void tells_valid_from_invalid(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *copy = malloc(cases[i].len + 1); /* of the exact size: reading beyond is found */
        memcpy(copy, cases[i].text, cases[i].len);
        if (nf_json_valid(copy, cases[i].len) != cases[i].valid)
            fail_msg("case %zu: %s", i, cases[i].text);
        free(copy);
    }
}

static void nests(char *out, int depth)
{
    memset(out, '[', (size_t)depth);
    memset(out + depth, ']', (size_t)depth);
}

static void bounds_the_depth(void **state)
{
    (void)state;
    char text[2 * (NF_JSON_DEPTH + 1)];
    nests(text, NF_JSON_DEPTH);
    assert_true(nf_json_valid(text, 2 * NF_JSON_DEPTH));
    nests(text, NF_JSON_DEPTH + 1);
    assert_false(nf_json_valid(text, 2 * (NF_JSON_DEPTH + 1)));
    char *deep = malloc(1 << 20);
    memset(deep, '[', 1 << 20);
    assert_false(nf_json_valid(deep, 1 << 20));
    free(deep);
}

static void gives_the_tokens(void **state)
{
    (void)state;
    static const char text[] = "{\"a\\n\":[-1.5,20,\"x\",true,false,null]}";
    static const nf_jtoken want[] = {NF_J_OBJECT, NF_J_KEY,       NF_J_ARRAY,      NF_J_NUMBER,
                                     NF_J_NUMBER, NF_J_STRING,    NF_J_TRUE,       NF_J_FALSE,
                                     NF_J_NULL,   NF_J_ARRAY_END, NF_J_OBJECT_END, NF_J_END};
    nf_jscan scan;
    nf_jscan_init(&scan, text, strlen(text));
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_int_equal(want[i], nf_jscan_next(&scan));
        if (i == 1) {
            assert_true(scan.escaped);
            assert_true(nf_jscan_equals(&scan, "a\n"));
            assert_false(nf_jscan_equals(&scan, "a\\n"));
        }
        if (i == 3 || i == 4)
            assert_int_equal(i == 4, scan.integer);
    }
    assert_int_equal(NF_J_END, nf_jscan_next(&scan));
}

static void skips_values(void **state)
{
    (void)state;
    static const char text[] = "{\"skip\":{\"a\":[1,{\"b\":2}]},\"take\":\"here\"}";
    nf_jscan scan;
    nf_jscan_init(&scan, text, strlen(text));
    assert_int_equal(NF_J_OBJECT, nf_jscan_next(&scan));
    assert_int_equal(NF_J_KEY, nf_jscan_next(&scan));
    assert_true(nf_jscan_skip(&scan, nf_jscan_next(&scan)));
    assert_int_equal(NF_J_KEY, nf_jscan_next(&scan));
    assert_true(nf_jscan_equals(&scan, "take"));
    assert_int_equal(NF_J_STRING, nf_jscan_next(&scan));
    assert_memory_equal("here", scan.text, scan.len);
    nf_jscan_init(&scan, "[1,[2,}", 7);
    assert_false(nf_jscan_skip(&scan, nf_jscan_next(&scan)));
    assert_non_null(scan.error);
}

static void tells_where(void **state)
{
    (void)state;
    static const char text[] = "{\n  \"a\": 1,\n  b\n}";
    nf_jscan scan;
    nf_jtoken token;
    int line, column;
    nf_jscan_init(&scan, text, strlen(text));
    while ((token = nf_jscan_next(&scan)) != NF_J_ERROR)
        assert_int_not_equal(NF_J_END, token);
    nf_jscan_position(&scan, &line, &column);
    assert_int_equal(3, line);
    assert_int_equal(3, column);
    assert_int_equal(NF_J_ERROR, nf_jscan_next(&scan));
}

static void round_trip(const char *text, size_t len)
{
    char *quoted = malloc(6 * len + 2), *back = malloc(6 * len + 2);
    size_t quoted_len = nf_json_quote(text, len, quoted);
    assert_true(quoted_len <= 6 * len + 2);
    assert_true(nf_json_valid(quoted, quoted_len));
    json_t *value = json_loadb(quoted, quoted_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(value);
    size_t back_len = nf_json_unescape(quoted + 1, quoted_len - 2, back);
    assert_int_equal(json_string_length(value), back_len);
    assert_memory_equal(json_string_value(value), back, back_len);
    if (nf_json_valid(quoted, quoted_len) && !memchr(back, '\xEF', back_len)) {
        assert_int_equal(len, back_len);
        assert_memory_equal(text, back, len);
    }
    json_decref(value);
    free(quoted);
    free(back);
}

static void quotes_and_unescapes(void **state)
{
    (void)state;
    char out[64];
    assert_int_equal(8, nf_json_quote("a\"b\n", 4, out));
    round_trip("", 0);
    round_trip("plain", 5);
    round_trip("\0\x01\x1f\x7f\"\\/", 7);
    round_trip("\xc3\xbc\xf0\x9f\x98\x80", 6);
    assert_int_equal(3 + 2, nf_json_quote("\xff", 1, out));
    assert_memory_equal("\"\xef\xbf\xbd\"", out, 5);
    assert_int_equal(4, nf_json_unescape("\\uD83D\\uDE00", 12, out));
    assert_memory_equal("\xf0\x9f\x98\x80", out, 4);
    assert_int_equal(1, nf_json_unescape("\\u0000", 6, out));
    assert_int_equal('\0', out[0]);
    for (int c = 0; c < 256; c++)
        round_trip(&(char){(char)c}, 1);
}

static void knows_utf8(void **state)
{
    (void)state;
    assert_int_equal(1, nf_utf8_length("a", 1));
    assert_int_equal(2, nf_utf8_length("\xc3\xbc", 2));
    assert_int_equal(3, nf_utf8_length("\xe2\x82\xac", 3));
    assert_int_equal(4, nf_utf8_length("\xf0\x9f\x98\x80", 4));
    assert_int_equal(0, nf_utf8_length("\xf0\x9f\x98\x80", 3));
    assert_int_equal(0, nf_utf8_length("\xed\xa0\x80", 3));
    assert_int_equal(0, nf_utf8_length("\xc1\xbf", 2));
    assert_int_equal(0, nf_utf8_length("\x80", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_valid_from_invalid),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(gives_the_tokens),
        cmocka_unit_test(skips_values),
        cmocka_unit_test(tells_where),
        cmocka_unit_test(quotes_and_unescapes),
        cmocka_unit_test(knows_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
