/* SPDX-License-Identifier: Apache-2.0 */
/* test_lists_table.c: keys of values, and books built from the reader's lines. */
#include "act/lists_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool same(const char *a, const char *b)
{
    nf_list_key x = {0}, y = {0};
    bool found =
        nf_list_key_of_text(&x, a, strlen(a), "CH") && nf_list_key_of_text(&y, b, strlen(b), "CH");
    bool equal = found && nf_list_key_equal(&x, &y);
    nf_list_key_release(&x);
    nf_list_key_release(&y);
    return equal;
}

static void telephone_numbers_are_compared_as_e164(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "+41 79 123 45 67", "0041791234567", "+41 (0)79 123 45 67", "079 123 45 67",
        "41791234567",      "791234567",     "079/123.45.67",       " 0791234567 ",
    };
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        assert_true(same("+41791234567", spellings[i]));
    assert_false(same("+41791234567", "+41791234568"));
    assert_false(same("+41791234567", "+49791234567"));
}

static void text_is_compared_without_case_and_outer_blanks(void **state)
{
    (void)state;
    assert_true(same("Zoë@Contoso.Example", "\tzoË@contoso.example\xc2\xa0 "));
    assert_true(same("ÄÖÜŠŽŁ ÇÉ", "äöüšžł çé"));
    assert_true(same("ΑΘΉΝΑ Σ Москва Ђ", "αθΉνα σ мОСКВА ђ"));
    assert_false(same("Straße", "Strasse"));
    assert_false(same("a b", "ab"));
    assert_false(same("", ""));
    assert_false(same("  ", " "));
    assert_false(same("İ", "i"));
    assert_false(same("×", "÷"));
}

static void json_values_have_keys(void **state)
{
    (void)state;
    static const struct {
        const char *value, *row;
    } cases[] = {
        {"[10001]", "[10001]"},
        {"[10001.0]", "[10001]"},
        {"[\"10001\"]", "[10001]"},
        {"[true]", "[true]"},
        {"[\"TRUE\"]", "[true]"},
        {"[false]", "[\"False\"]"},
        {"[1.5]", "[1.5]"},
        {"[0.1]", "[\"0.1\"]"},
        {"[41791234567]", "[\"079 123 45 67\"]"},
        {"[\"a\\\"b\"]", "[\"A\\\"B\"]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nf_list_key x = {0}, y = {0};
        json_t *value = json_loads(cases[i].value, 0, NULL);
        assert_true(nf_list_key_of_json(&x, json_array_get(value, 0), "CH"));
        assert_true(nf_list_key_of_cell(&y, cases[i].row, strlen(cases[i].row), 0, "CH"));
        assert_true(nf_list_key_equal(&x, &y));
        json_decref(value);
        nf_list_key_release(&x);
        nf_list_key_release(&y);
    }
    nf_list_key key = {0};
    json_t *list = json_array();
    assert_false(nf_list_key_of_json(&key, NULL, "CH"));
    assert_false(nf_list_key_of_json(&key, list, "CH"));
    assert_false(nf_list_key_of_cell(&key, "[null]", 6, 0, "CH"));
    json_decref(list);
    nf_list_key_release(&key);
}

static const char workbook[] =
    "{\"sheet\":\"Notes\",\"table\":null,\"columns\":null,\"problem\":\"it is empty\"}\n"
    "{\"sheet\":\"People\",\"table\":\"Contacts\",\"columns\":[\"Name\",\"Phone "
    "\\\"1\\\"\",\"VIP\"]}\n"
    "[\"J\\u00fcrg\",\"079 123 45 67\",true]\n"
    "[\"Zo\xc3\xab\",41791234567,null]\n"
    "[\"Eva\",null,false]\n"
    "{\"sheet\":\"Other\",\"table\":null,\"columns\":[\"A\"]}\n"
    "{\"end\":true,\"rows\":3}\n";

/* Fed in pieces of every size, so that every place of a cut is seen. */
static nf_book *build(const char *text, size_t piece, nf_error *err)
{
    nf_book *book = nf_book_new(1 << 20);
    size_t len = strlen(text);
    nf_status status = NF_OK;
    for (size_t at = 0; at < len && !status; at += piece)
        status = nf_book_feed(book, text + at, len - at < piece ? len - at : piece, err);
    if (!status)
        status = nf_book_finish(book, err);
    if (status) {
        nf_book_unref(book);
        return NULL;
    }
    return book;
}

static void expect_row(const nf_book *book, const nf_table *table, const char *column,
                       const char *value, const char *want, size_t matches)
{
    nf_error err = {0};
    nf_list_key key = {0};
    size_t count;
    long number = nf_table_column(table, column, &err);
    assert_true(number >= 0);
    nf_list_index *index = nf_list_index_make(book, table, (size_t)number, "CH");
    nf_list_key_of_text(&key, value, strlen(value), "CH");
    long row = nf_list_index_find(book, index, &key, "CH", &count);
    assert_int_equal(count, matches);
    assert_int_equal(row >= 0, want != NULL);
    if (want) {
        nf_strbuf text = nf_strbuf_new(1000);
        nf_table_row_json(book, table, (size_t)row, &text);
        assert_string_equal(nf_strbuf_text(&text), want);
        nf_strbuf_release(&text);
    }
    nf_list_key_release(&key);
    nf_list_index_free(index);
}

static void rows_are_found_in_file_order(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 90; piece += 7) {
        nf_error err = {0};
        nf_book *book = build(workbook, piece, &err);
        assert_non_null(book);
        const nf_table *table = nf_book_table(book, NULL, NULL, &err);
        assert_non_null(table);
        assert_string_equal(table->name, "Contacts");
        expect_row(book, table, "Phone \"1\"", "+41791234567",
                   "{\"Name\":\"J\\u00fcrg\",\"Phone \\\"1\\\"\":\"079 123 45 67\",\"VIP\":true}",
                   2);
        expect_row(book, table, "Name", "JÜRG",
                   "{\"Name\":\"J\\u00fcrg\",\"Phone \\\"1\\\"\":\"079 123 45 67\",\"VIP\":true}",
                   1);
        expect_row(book, table, "VIP", "False",
                   "{\"Name\":\"Eva\",\"Phone \\\"1\\\"\":null,\"VIP\":false}", 1);
        expect_row(book, table, "Name", "Nobody", NULL, 0);
        nf_book_unref(book);
    }
}

static void expect_no_table(const nf_book *book, const char *table, const char *sheet,
                            const char *text)
{
    nf_error err = {0};
    assert_null(nf_book_table(book, table, sheet, &err));
    assert_string_equal(err.text, text);
}

static void names_that_are_wrong_are_answered_with_what_there_is(void **state)
{
    (void)state;
    nf_error err = {0};
    nf_book *book = build(workbook, 1000, &err);
    assert_string_equal(nf_book_table(book, NULL, "People", &err)->name, "Contacts");
    assert_string_equal(nf_book_table(book, "Contacts", "People", &err)->name, "Contacts");
    assert_string_equal(nf_book_table(book, NULL, "Other", &err)->sheet, "Other");
    expect_no_table(book, "Contact", NULL, "unknown table 'Contact'; did you mean 'Contacts'?");
    expect_no_table(book, "X", NULL, "unknown table 'X'; known: Contacts");
    expect_no_table(book, NULL, "Peopel", "unknown sheet 'Peopel'; did you mean 'People'?");
    expect_no_table(book, NULL, "Notes", "sheet 'Notes': it is empty");
    assert_int_equal(nf_table_column(nf_book_table(book, NULL, NULL, &err), "Nam", &err), -1);
    assert_string_equal(err.text, "unknown column 'Nam'; did you mean 'Name'?");
    nf_book_unref(book);
}

static void hostile_output_of_the_reader_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{\"end\":true}\n",
        "[1]\n",
        "nonsense\n",
        "{\"sheet\":null,\"columns\":[\"A\"]}\n[1,2]\n{\"end\":true}\n",
        "{\"sheet\":null,\"columns\":[\"A\"]}\n[]\n{\"end\":true}\n",
        "{\"sheet\":null,\"columns\":[\"A\"]}\n[[1]]\n{\"end\":true}\n",
        "{\"sheet\":null,\"columns\":[\"A\"]}\n[{\"a\":1}]\n{\"end\":true}\n",
        "{\"sheet\":null,\"columns\":[\"A\"]}\n[\"\xff\"]\n{\"end\":true}\n",
        "{\"sheet\":null,\"columns\":[\"A\"]}\n[1] \n[2]x\n{\"end\":true}\n",
        "{\"sheet\":null,\"columns\":[1]}\n{\"end\":true}\n",
        "{\"sheet\":null,\"columns\":\"A\"}\n{\"end\":true}\n",
        "{\"sheet\":null,\"columns\":[\"A\"]}\n{\"end\":true}\n[1]\n",
        "{\"sheet\":null,\"columns\":[\"A\"]}\n",
        "{\"sheet\":null,\"columns\":null,\"problem\":\"x\"}\n[1]\n{\"end\":true}\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        nf_error err = {0};
        assert_null(build(bad[i], 1000, &err));
        assert_int_equal(err.status, NF_E_PROTOCOL);
    }
    nf_error err = {0};
    assert_null(build("{\"error\":\"a.xlsx is no zip\",\"kind\":\"limit\"}\n", 1000, &err));
    assert_int_equal(err.status, NF_E_LIMIT);
    assert_string_equal(err.text, "a.xlsx is no zip");
}

static void a_table_of_many_equal_values_is_quick(void **state)
{
    (void)state;
    nf_error err = {0};
    nf_book *book = nf_book_new(64 << 20);
    char line[64];
    const char *head = "{\"sheet\":null,\"table\":null,\"columns\":[\"Id\",\"Language\"]}\n";
    assert_int_equal(nf_book_feed(book, head, strlen(head), &err), NF_OK);
    for (int i = 0; i < 100000; i++) {
        int n = snprintf(line, sizeof line, "[\"id%d\",\"%s\"]\n", i, i % 2 ? "de" : "fr");
        assert_int_equal(nf_book_feed(book, line, (size_t)n, &err), NF_OK);
    }
    assert_int_equal(nf_book_feed(book, "{\"end\":true}\n", 13, &err), NF_OK);
    assert_int_equal(nf_book_finish(book, &err), NF_OK);
    expect_row(book, &book->tables[0], "Language", "DE", "{\"Id\":\"id1\",\"Language\":\"de\"}",
               50000);
    expect_row(book, &book->tables[0], "Id", "id99999", "{\"Id\":\"id99999\",\"Language\":\"de\"}",
               1);
    nf_book_unref(book);
}

static void memory_is_limited(void **state)
{
    (void)state;
    nf_error err = {0};
    nf_book *book = nf_book_new(4000);
    const char *head = "{\"sheet\":null,\"table\":null,\"columns\":[\"Id\"]}\n";
    nf_status status = nf_book_feed(book, head, strlen(head), &err);
    for (int i = 0; i < 1000 && !status; i++)
        status = nf_book_feed(book, "[\"0123456789\"]\n", 15, &err);
    assert_int_equal(status, NF_E_LIMIT);
    nf_book_unref(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telephone_numbers_are_compared_as_e164),
        cmocka_unit_test(text_is_compared_without_case_and_outer_blanks),
        cmocka_unit_test(json_values_have_keys),
        cmocka_unit_test(rows_are_found_in_file_order),
        cmocka_unit_test(names_that_are_wrong_are_answered_with_what_there_is),
        cmocka_unit_test(hostile_output_of_the_reader_is_refused),
        cmocka_unit_test(a_table_of_many_equal_values_is_quick),
        cmocka_unit_test(memory_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
