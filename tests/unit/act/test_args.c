/* SPDX-License-Identifier: Apache-2.0 */
/* test_args.c: arguments of a script against what a binding declares: every type, and where a message points to. */
#include "act/args.h"

#include "unit.h"

static const nf_param person[] = {
    {"name", NF_TEXT, false, "name", NULL, 10, 0, 0},
    {"level", NF_INTEGER, false, "level", NULL, 0, 1, 99},
    {0},
};

static const nf_param limited_item[] = {
    {NF_ITEM, NF_TEXT, false, "item", NULL, 5, 0, 0},
    {0},
};

static const nf_param limited_pair[] = {
    {"name", NF_STRING, true, "name", NULL, 3, 0, 0},
    {"value", NF_TEXT, false, "value", NULL, 5, 0, 0},
    {0},
};

static const nf_param params[] = {
    {"id", NF_STRING, true, "id", NULL, 8, 0, 0},
    {"text", NF_TEXT, false, "text", NULL, 0, 0, 0},
    {"count", NF_INTEGER, false, "count", NULL, 0, 0, 0},
    {"number", NF_NUMBER, false, "number", NULL, 0, 0, 0},
    {"flag", NF_BOOLEAN, false, "flag", NULL, 0, 0, 0},
    {"person", NF_OBJECT, false, "person", person, 0, 0, 0},
    {"people", NF_LIST, false, "people", person, 2, 0, 0},
    {"words", NF_LIST, false, "words", NULL, 3, 0, 0},
    {"named", NF_NAMED, false, "named", NULL, 0, 0, 0},
    {"any", NF_VALUE, false, "any", NULL, 0, 0, 0},
    {"upn", NF_UPN, false, "upn", NULL, 0, 0, 0},
    {"time", NF_TIME, false, "time", NULL, 0, 0, 0},
    {"ids", NF_LIST, false, "ids", limited_item, 2, 1, 0},
    {"limited", NF_NAMED, false, "limited", limited_pair, 2, 0, 0},
    {"handler", NF_FUNCTION, false, "handler", NULL, 0, 0, 0},
    {0},
};

static json_t *json(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_ALLOW_NUL, &error);
    if (!value)
        fail_msg("%s: %s", text, error.text);
    return value;
}

static void takes(const char *given, const char *wanted)
{
    nf_error err = {0};
    json_t *args = json(given), *want = json(wanted),
           *got = nf_args_check("x.y", params, args, &err);
    if (!got)
        fail_msg("%s: %s", given, err.text);
    if (!json_equal(got, want))
        fail_msg("%s became %s", given, json_dumps(got, JSON_COMPACT));
    json_decref(args);
    json_decref(want);
    json_decref(got);
}

static nf_error refuses(const char *given, const char *message)
{
    nf_error err = {0};
    json_t *args = json(given), *got = nf_args_check("x.y", params, args, &err);
    if (got)
        fail_msg("%s was taken", given);
    assert_string_equal(message, err.text);
    json_decref(args);
    return err;
}

static void texts(void **state)
{
    (void)state;
    takes("{\"id\":\"1\",\"text\":\"a\"}", "{\"id\":\"1\",\"text\":\"a\"}");
    takes("{\"id\":\"1\",\"text\":\"\"}", "{\"id\":\"1\",\"text\":\"\"}");
    takes("{\"id\":\"1\",\"text\":2}", "{\"id\":\"1\",\"text\":\"2\"}");
    takes("{\"id\":\"1\",\"text\":2.0}", "{\"id\":\"1\",\"text\":\"2\"}");
    takes("{\"id\":\"1\",\"text\":-1.5}", "{\"id\":\"1\",\"text\":\"-1.5\"}");
    takes("{\"id\":\"1\",\"text\":41791234567}", "{\"id\":\"1\",\"text\":\"41791234567\"}");
    takes("{\"id\":\"1\",\"text\":true}", "{\"id\":\"1\",\"text\":\"true\"}");
    takes("{\"id\":\"1\",\"text\":null}", "{\"id\":\"1\"}");
    takes("{\"id\":\"1\",\"text\":\"tab\\tline\\r\\nbreak\"}",
          "{\"id\":\"1\",\"text\":\"tab\\tline\\r\\nbreak\"}");
    refuses("{\"id\":\"1\",\"text\":[]}", "x.y: text: text is expected");
    refuses("{\"id\":1}", "x.y: id: a string is expected");
    refuses("{\"id\":\"\"}", "x.y: id: must not be empty");
    refuses("{\"id\":\"123456789\"}", "x.y: id: is 9 characters long; at most 8");
    refuses("{}", "x.y: id: is missing");
    refuses("{\"id\":null}", "x.y: id: is missing");
}

static void characters_are_counted(void **state)
{
    (void)state;
    takes("{\"id\":\"z\xc3\xbcrich\xe2\x82\xac\xf0\x9f\x98\x80\"}",
          "{\"id\":\"z\xc3\xbcrich\xe2\x82\xac\xf0\x9f\x98\x80\"}");
    refuses("{\"id\":\"z\xc3\xbcrich\xe2\x82\xac\xf0\x9f\x98\x80!\"}",
            "x.y: id: is 9 characters long; at most 8");
}

static void upns(void **state)
{
    (void)state;
    static const char *const fine[] = {"support@contoso.example", "a@b",
                                       "anna_x.example#EXT#@contoso.example"};
    static const char *const wrong[] = {
        "support",     "@contoso.example", "support@", "a@b@c", "Support <support@contoso.example>",
        "+41791234567"};
    char text[200];
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        snprintf(text, sizeof text, "{\"id\":\"1\",\"upn\":\"%s\"}", fine[i]);
        takes(text, text);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        nf_error err = {0};
        json_t *args = json_pack("{s:s, s:s}", "id", "1", "upn", wrong[i]);
        assert_null(nf_args_check("x.y", params, args, &err));
        assert_non_null(strstr(err.text, "x.y: upn: "));
        json_decref(args);
    }
    refuses("{\"id\":\"1\",\"upn\":\"support\"}",
            "x.y: upn: is no UPN; one is like support@contoso.example");
    refuses("{\"id\":\"1\",\"upn\":1}", "x.y: upn: a string is expected");
}

static void times(void **state)
{
    (void)state;
    static const char *const fine[] = {"2020-03-23T11:00:00Z", "2024-02-29T23:59:59Z",
                                       "2000-02-29T00:00:00.5Z", "2020-12-31T11:00:00.1234567Z"};
    static const char *const wrong[] = {"2020-03-23",
                                        "2020-03-23T11:00:00",
                                        "2020-03-23 11:00:00Z",
                                        "2020-03-23T11:00Z",
                                        "2020-03-23T11:00:00+01:00",
                                        "2020-03-23T24:00:00Z",
                                        "2020-03-23T11:60:00Z",
                                        "2020-13-23T11:00:00Z",
                                        "2020-00-23T11:00:00Z",
                                        "2021-02-29T11:00:00Z",
                                        "1900-02-29T11:00:00Z",
                                        "2020-04-31T11:00:00Z",
                                        "2020-03-23T11:00:00.Z",
                                        "2020-03-23T11:00:00.12345678Z",
                                        "2020-03-23T11:00:00ZZ",
                                        " 2020-03-23T11:00:00Z",
                                        "",
                                        "tomorrow"};
    char text[200];
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        snprintf(text, sizeof text, "{\"id\":\"1\",\"time\":\"%s\"}", fine[i]);
        takes(text, text);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        nf_error err = {0};
        json_t *args = json_pack("{s:s, s:s}", "id", "1", "time", wrong[i]);
        if (nf_args_check("x.y", params, args, &err))
            fail_msg("%s was taken", wrong[i]);
        assert_non_null(strstr(err.text, "x.y: time: is no time in UTC"));
        json_decref(args);
    }
    takes("{\"id\":\"1\",\"time\":0}", "{\"id\":\"1\",\"time\":\"1970-01-01T00:00:00Z\"}");
    takes("{\"id\":\"1\",\"time\":1584961200}", "{\"id\":\"1\",\"time\":\"2020-03-23T11:00:00Z\"}");
    takes("{\"id\":\"1\",\"time\":1584961200.75}",
          "{\"id\":\"1\",\"time\":\"2020-03-23T11:00:00Z\"}");
    static const char *const numbers[] = {"-1", "253402300800", "1e300", "true"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        nf_error err = {0};
        snprintf(text, sizeof text, "{\"id\":\"1\",\"time\":%s}", numbers[i]);
        json_t *args = json(text);
        if (nf_args_check("x.y", params, args, &err))
            fail_msg("%s was taken", text);
        json_decref(args);
    }
}

static void lists_of_limited_texts(void **state)
{
    (void)state;
    takes("{\"id\":\"1\",\"ids\":[\"12345\",7]}", "{\"id\":\"1\",\"ids\":[\"12345\",\"7\"]}");
    refuses("{\"id\":\"1\",\"ids\":[\"1\",\"123456\"]}",
            "x.y: ids[2]: is 6 characters long; at most 5");
    refuses("{\"id\":\"1\",\"ids\":[]}", "x.y: ids: has 0 items; at least 1");
    refuses("{\"id\":\"1\",\"ids\":[\"1\",\"2\",\"3\"]}", "x.y: ids: has 3 items; at most 2");
    takes("{\"id\":\"1\",\"limited\":{\"abc\":\"12345\"}}",
          "{\"id\":\"1\",\"limited\":[{\"name\":\"abc\",\"value\":\"12345\"}]}");
    refuses("{\"id\":\"1\",\"limited\":{\"abcd\":\"1\"}}",
            "x.y: limited.abcd: its name is 4 characters long; at most 3");
    refuses("{\"id\":\"1\",\"limited\":{\"abc\":\"123456\"}}",
            "x.y: limited.abc: is 6 characters long; at most 5");
    refuses("{\"id\":\"1\",\"limited\":[{\"name\":\"abcd\"}]}",
            "x.y: limited[1].name: is 4 characters long; at most 3");
    refuses("{\"id\":\"1\",\"limited\":{\"a\":1,\"b\":2,\"c\":3}}",
            "x.y: limited: has 3 items; at most 2");
}

static void markup(void **state)
{
    (void)state;
    static const char *const fine[] = {"<",    "a < b",    "1<2>3",      "<>", "< b>", "<3",
                                       "a <b", "a > b <c", "<!-- x -->", "</", "</ a>"};
    static const char *const wrong[] = {"<b>",        "<b>x</b>", "</p>",        "x<br/>y",
                                        "<a href=1>", "< <i>",    "<script\\n>", "<<b>>"};
    char text[200];
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        snprintf(text, sizeof text, "{\"id\":\"1\",\"text\":\"%s\"}", fine[i]);
        takes(text, text);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "{\"id\":\"1\",\"text\":\"%s\"}", wrong[i]);
        nf_error err = refuses(text, "x.y: text: markup is not allowed; Nimbus shows plain text");
        assert_string_equal("text.plain", err.hint);
    }
    static const char *const control[] = {"\\u0000", "a\\u0007", "\\u001b[31m", "\\u007f"};
    for (size_t i = 0; i < sizeof control / sizeof *control; i++) {
        snprintf(text, sizeof text, "{\"id\":\"1\",\"text\":\"%s\"}", control[i]);
        nf_error err =
            refuses(text, "x.y: text: control characters are not allowed; Nimbus shows plain text");
        assert_string_equal("text.plain", err.hint);
    }
}

static void markup_is_found_in_linear_time(void **state)
{
    (void)state;
    enum { SIZE = 64 << 10 };
    char *text = malloc(SIZE + 1);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = i % 2 ? 'a' : '<';
    text[SIZE] = '\0';
    for (int i = 0; i < 100; i++) { /* 200,000,000,000 steps if each "<" looked for its own ">" */
        json_t *args = json_pack("{s:s, s:s}", "id", "1", "text", text);
        json_t *got = nf_args_check("x.y", params, args, NULL);
        assert_non_null(got);
        json_decref(got);
        json_decref(args);
    }
    free(text);
}

static void numbers(void **state)
{
    (void)state;
    takes("{\"id\":\"1\",\"count\":3.0,\"number\":1.5,\"flag\":false}",
          "{\"id\":\"1\",\"count\":3,\"number\":1.5,\"flag\":false}");
    takes("{\"id\":\"1\",\"count\":9223372036854775807}",
          "{\"id\":\"1\",\"count\":9223372036854775807}");
    refuses("{\"id\":\"1\",\"count\":1e300}", "x.y: count: a whole number is expected");
    refuses("{\"id\":\"1\",\"count\":1.5}", "x.y: count: a whole number is expected");
    refuses("{\"id\":\"1\",\"count\":\"3\"}", "x.y: count: a whole number is expected");
    refuses("{\"id\":\"1\",\"number\":\"3\"}", "x.y: number: a number is expected");
    refuses("{\"id\":\"1\",\"flag\":0}", "x.y: flag: true or false is expected");
    refuses("{\"id\":\"1\",\"person\":{\"level\":0}}",
            "x.y: person.level: is 0; allowed are 1 to 99");
    refuses("{\"id\":\"1\",\"person\":{\"level\":100}}",
            "x.y: person.level: is 100; allowed are 1 to 99");
}

static void nested(void **state)
{
    (void)state;
    takes("{\"id\":\"1\",\"person\":{\"name\":\"Ada\"},\"people\":[{\"name\":\"Bob\"},{}]}",
          "{\"id\":\"1\",\"person\":{\"name\":\"Ada\"},\"people\":[{\"name\":\"Bob\"},{}]}");
    takes("{\"id\":\"1\",\"person\":[],\"people\":{},\"words\":[\"a\",1,true]}",
          "{\"id\":\"1\",\"person\":{},\"people\":[],\"words\":[\"a\",\"1\",\"true\"]}");
    refuses("{\"id\":\"1\",\"person\":{\"nam\":\"Ada\"}}",
            "x.y: person: unknown field 'nam'; did you mean 'name'?");
    refuses("{\"id\":\"1\",\"persn\":{}}", "x.y: unknown field 'persn'; did you mean 'person'?");
    refuses("{\"id\":\"1\",\"person\":\"Ada\"}",
            "x.y: person: a table with named fields is expected");
    refuses("{\"id\":\"1\",\"people\":[{},{\"name\":\"0123456789x\"}]}",
            "x.y: people[2].name: is 11 characters long; at most 10");
    refuses("{\"id\":\"1\",\"people\":[{},{},{}]}", "x.y: people: has 3 items; at most 2");
    refuses("{\"id\":\"1\",\"people\":{\"name\":\"x\"}}", "x.y: people: a list is expected");
    refuses("{\"id\":\"1\",\"words\":[\"a\",{}]}", "x.y: words[2]: text is expected");
    refuses("{\"id\":\"1\",\"handler\":1}", "x.y: handler: a function cannot be given here");
    takes("{\"id\":\"1\",\"any\":[{\"x\":\"<b>\"}]}", "{\"id\":\"1\",\"any\":[{\"x\":\"<b>\"}]}");
}

static void named(void **state)
{
    (void)state;
    takes(
        "{\"id\":\"1\",\"named\":{\"b\":true,\"a\":1,\"none\":null}}",
        "{\"id\":\"1\",\"named\":[{\"name\":\"a\",\"value\":\"1\"},{\"name\":\"b\",\"value\":\"true\"}]}");
    takes("{\"id\":\"1\",\"named\":[{\"name\":\"a\",\"value\":2}]}",
          "{\"id\":\"1\",\"named\":[{\"name\":\"a\",\"value\":\"2\"}]}");
    takes("{\"id\":\"1\",\"named\":{}}", "{\"id\":\"1\",\"named\":[]}");
    refuses("{\"id\":\"1\",\"named\":{\"VIP\":\"<b>\"}}",
            "x.y: named.VIP: markup is not allowed; Nimbus shows plain text");
    refuses("{\"id\":\"1\",\"named\":{\"<b>\":\"x\"}}",
            "x.y: named.<b>: its name markup is not allowed; Nimbus shows plain text");
    refuses("{\"id\":\"1\",\"named\":{\"\":\"x\"}}", "x.y: named.: its name must not be empty");
    refuses("{\"id\":\"1\",\"named\":[{\"value\":\"x\"}]}", "x.y: named[1].name: is missing");
    refuses("{\"id\":\"1\",\"named\":\"VIP\"}",
            "x.y: named: names and values are expected, for example { VIP = true }");
}

static void names_too_long_for_a_message(void **state)
{
    (void)state;
    char name[6000];
    nf_error err = {0};
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    json_t *args =
        json_pack("{s:s, s:{s:s}, s:[i]}", "id", "1", "named", name, "fine", "people", 1);
    assert_null(nf_args_check("x.y", params, args, &err));
    assert_string_equal("x.y: people[1]: a table with named fields is expected", err.text);
    json_decref(args);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(characters_are_counted),
        cmocka_unit_test(upns),
        cmocka_unit_test(times),
        cmocka_unit_test(lists_of_limited_texts),
        cmocka_unit_test(markup),
        cmocka_unit_test(markup_is_found_in_linear_time),
        cmocka_unit_test(numbers),
        cmocka_unit_test(nested),
        cmocka_unit_test(named),
        cmocka_unit_test(names_too_long_for_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
