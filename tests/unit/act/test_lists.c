/* SPDX-License-Identifier: Apache-2.0 */
/* test_lists.c: look-ups in files, read by the real nimflow-reader (from NF_BUILD) on a real loop.
 */
#include "act/lists.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "log/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct fixture {
    nf_loop loop;
    nf_lists *lists;
    nf_list_folder *folder;
    char dir[64];
} fixture;

typedef struct answer {
    int calls;
    nf_error err;
    char row[2048];
    size_t matches;
} answer;

static void on_done(void *ctx, const nf_error *err, const nf_list_match *match)
{
    answer *a = ctx;
    a->calls++;
    if (err)
        a->err = *err;
    else
        snprintf(a->row, sizeof a->row, "%.*s", (int)match->row_len, match->row ? match->row : "");
    a->matches = match ? match->matches : 0;
}

static void write_file(const fixture *f, const char *name, const char *text)
{
    char path[256], final[256];
    snprintf(path, sizeof path, "%s/.new", f->dir);
    snprintf(final, sizeof final, "%s/%s", f->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(rename(path, final), 0);
}

static int set_up_with(void **state, const char *reader)
{
    char path[4096];
    nf_error err = {0};
    fixture *f = nf_alloc(sizeof *f);
    const char *build = getenv("NF_BUILD");
    snprintf(path, sizeof path, "%s/%s", build ? build : ".", reader);
    strcpy(f->dir, "/tmp/nf-lists-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    nf_log_open(NF_LOG_ERROR, 0);
    assert_int_equal(nf_loop_open(&f->loop, &err), NF_OK);
    f->lists = nf_lists_new(&f->loop, path);
    f->folder = nf_list_folder_new(f->lists, f->dir, "CH");
    *state = f;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, "nimflow-reader");
}

static int set_up_without_reader(void **state)
{
    return set_up_with(state, "no-such-program");
}

static int tear_down(void **state)
{
    fixture *f = *state;
    char command[128];
    nf_list_folder_free(f->folder);
    nf_lists_free(f->lists);
    nf_loop_close(&f->loop);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* Run the loop until the answer has come. */
static void wait_for(fixture *f, const answer *a, int calls)
{
    uint64_t deadline = nf_clock_ns() + 60000000000u;
    while (a->calls < calls && nf_clock_ns() < deadline)
        uv_run(&f->loop.uv, UV_RUN_ONCE);
    assert_int_equal(a->calls, calls);
}

static answer find_in(fixture *f, const char *file, const char *column, const char *value,
                      const char *table)
{
    answer a = {0};
    json_t *text = value ? json_string(value) : json_null();
    uv_update_time(&f->loop.uv);
    nf_lists_find(f->folder,
                  &(nf_list_query){.file = file, .column = column, .value = text, .table = table},
                  on_done, &a);
    json_decref(text);
    if (!a.calls)
        wait_for(f, &a, 1);
    return a;
}

static void expect_error(fixture *f, const char *file, nf_status status, const char *part)
{
    answer a = find_in(f, file, "Phone", "+41791234567", NULL);
    if (a.err.status != status || !strstr(a.err.text, part))
        fail_msg("%s: %s: %s", file, nf_status_kind(a.err.status), a.err.text);
}

static void finds_a_row_and_counts(void **state)
{
    fixture *f = *state;
    write_file(f, "a.csv", "Name;Phone\nEva;078 1\nJürg;079 123 45 67\nUrs;0041791234567\n");
    answer a = find_in(f, "a.csv", "Phone", "+41791234567", NULL);
    assert_string_equal(a.row, "{\"Name\":\"Jürg\",\"Phone\":\"079 123 45 67\"}");
    assert_int_equal(a.matches, 2);
    a = find_in(f, "a.csv", "Name", "jürg", NULL);
    assert_int_equal(a.matches, 1);
    a = find_in(f, "a.csv", "Name", "nobody", NULL);
    assert_string_equal(a.row, "");
    assert_int_equal(a.err.status, NF_OK);
    a = find_in(f, "a.csv", "Name", NULL, NULL);
    assert_string_equal(a.row, "");
    assert_int_equal(a.err.status, NF_OK);
}

static void the_second_look_up_ends_at_once(void **state)
{
    fixture *f = *state;
    answer a = {0};
    write_file(f, "a.csv", "Name;Phone\nEva;+41791234567\n");
    find_in(f, "a.csv", "Phone", "1", NULL);
    json_t *value = json_string("+41791234567");
    nf_list_query query = {.file = "a.csv", .column = "Phone", .value = value};
    assert_null(nf_lists_find(f->folder, &query, on_done, &a));
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.matches, 1);
    json_decref(value);
}

static void many_wait_for_one_reading(void **state)
{
    fixture *f = *state;
    answer all[100] = {0};
    json_t *value = json_string("Eva");
    write_file(f, "a.csv", "Name;Phone\nEva;+41791234567\n");
    nf_find *second = NULL;
    for (int i = 0; i < 100; i++) {
        nf_list_query query = {.file = "a.csv", .column = i % 2 ? "Name" : "Nme", .value = value};
        nf_find *find = nf_lists_find(f->folder, &query, on_done, &all[i]);
        second = i == 1 ? find : second;
    }
    nf_lists_forget(second);
    json_decref(value);
    wait_for(f, &all[99], 1);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(all[i].calls, i != 1);
        assert_int_equal(all[i].err.status, i % 2 ? NF_OK : NF_E_NOT_FOUND);
    }
    assert_string_equal(all[0].err.text, "a.csv: unknown column 'Nme'; did you mean 'Name'?");
}

static void says_what_is_wrong(void **state)
{
    fixture *f = *state;
    char link[256];
    write_file(f, "Addressbook.csv", "Phone\n1\n");
    write_file(f, "broken.xlsx", "no zip");
    write_file(f, "double.csv", "Phone,Phone\n1,2\n");
    write_file(f, "old.xls", "x");
    snprintf(link, sizeof link, "%s/out.csv", f->dir);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    snprintf(link, sizeof link, "%s/folder.csv", f->dir);
    assert_int_equal(mkdir(link, 0755), 0);
    expect_error(f, "Adressbook.csv", NF_E_NOT_FOUND, "did you mean 'Addressbook.csv'?");
    expect_error(f, "zzzzzzzzz.csv", NF_E_NOT_FOUND,
                 "there are: Addressbook.csv, broken.xlsx, double.csv");
    expect_error(f, "broken.xlsx", NF_E_PARSE,
                 "broken.xlsx is not an Excel workbook (.xlsx): it is no zip archive");
    expect_error(f, "double.csv", NF_E_PARSE,
                 "double.csv: the columns A and B have the same name 'Phone'");
    expect_error(f, "old.xls", NF_E_ARG, "save it as .xlsx");
    expect_error(f, "list.pdf", NF_E_ARG, "must end with .xlsx");
    expect_error(f, "../Addressbook.csv", NF_E_DENIED, "no file name inside the folder");
    expect_error(f, "/etc/a.csv", NF_E_DENIED, "no file name inside the folder");
    expect_error(f, "a/../../b.csv", NF_E_DENIED, "no file name inside the folder");
    expect_error(f, "", NF_E_ARG, "is no list");
    expect_error(f, "out.csv", NF_E_DENIED, "leads out of the folder");
    expect_error(f, "folder.csv", NF_E_ARG, "no regular file");
    answer a = find_in(f, "Addressbook.csv", "Phone", "1", "Contacts");
    assert_string_equal(a.err.text,
                        "Addressbook.csv: unknown table 'Contacts'; the file has no tables");
}

static void a_link_inside_the_folder_is_followed(void **state)
{
    fixture *f = *state;
    char link[256];
    write_file(f, "v1.csv", "Phone\n1\n");
    snprintf(link, sizeof link, "%s/current.csv", f->dir);
    assert_int_equal(symlink("v1.csv", link), 0);
    assert_int_equal(find_in(f, "current.csv", "Phone", "1", NULL).matches, 1);
}

/* Ask until the list answers with this row: a new version is noticed within about a second. */
static void wait_for_row(fixture *f, const char *row)
{
    uint64_t deadline = nf_clock_ns() + 60000000000u;
    answer a = {0};
    while (nf_clock_ns() < deadline) {
        a = find_in(f, "a.csv", "Id", "1", NULL);
        assert_int_equal(a.err.status, NF_OK);
        if (strcmp(a.row, row) == 0)
            return;
        uv_run(&f->loop.uv, UV_RUN_NOWAIT);
        usleep(20000);
    }
    fail_msg("still %s", a.row);
}

static void a_new_version_is_read_and_a_broken_one_is_not(void **state)
{
    fixture *f = *state;
    write_file(f, "a.csv", "Id,Name\n1,old\n");
    wait_for_row(f, "{\"Id\":\"1\",\"Name\":\"old\"}");
    write_file(f, "a.csv", "Id,Name\n2,x\n1,new\n");
    wait_for_row(f, "{\"Id\":\"1\",\"Name\":\"new\"}");
    write_file(f, "a.csv", "Id,Name\n1,\"broken\n");
    for (int i = 0; i < 80; i++) {
        wait_for_row(f, "{\"Id\":\"1\",\"Name\":\"new\"}");
        usleep(20000);
    }
    write_file(f, "a.csv", "Id,Name\n1,repaired\n");
    wait_for_row(f, "{\"Id\":\"1\",\"Name\":\"repaired\"}");
}

static void a_deleted_list_is_given_up(void **state)
{
    fixture *f = *state;
    char path[256];
    write_file(f, "a.csv", "Id,Name\n1,x\n");
    wait_for_row(f, "{\"Id\":\"1\",\"Name\":\"x\"}");
    snprintf(path, sizeof path, "%s/a.csv", f->dir);
    unlink(path);
    uint64_t deadline = nf_clock_ns() + 60000000000u;
    while (find_in(f, "a.csv", "Id", "1", NULL).err.status == NF_OK && nf_clock_ns() < deadline)
        usleep(50000);
    assert_int_equal(find_in(f, "a.csv", "Id", "1", NULL).err.status, NF_E_NOT_FOUND);
    write_file(f, "a.csv", "Id,Name\n1,again\n");
    answer a = {0};
    while ((a = find_in(f, "a.csv", "Id", "1", NULL)).err.status != NF_OK
           && nf_clock_ns() < deadline)
        usleep(50000);
    assert_string_equal(a.row, "{\"Id\":\"1\",\"Name\":\"again\"}");
}

static void write_large(const fixture *f, const char *mark)
{
    nf_strbuf text = nf_strbuf_new(16 << 20);
    nf_strbuf_puts(&text, "Id,Phone,Mark\n");
    for (int i = 0; i < 20000; i++)
        nf_strbuf_addf(&text, "%d,+4179%07d,%s\n", i, i, mark);
    write_file(f, "a.csv", nf_strbuf_text(&text));
    nf_strbuf_release(&text);
}

static void a_large_list_is_indexed_beside_the_loop(void **state)
{
    fixture *f = *state;
    write_large(f, "first");
    answer a = find_in(f, "a.csv", "Phone", "079 001 99 99", NULL);
    assert_string_equal(a.row, "{\"Id\":\"19999\",\"Phone\":\"+41790019999\",\"Mark\":\"first\"}");
    wait_for_row(f, "{\"Id\":\"1\",\"Phone\":\"+41790000001\",\"Mark\":\"first\"}");
    write_large(f, "second");
    wait_for_row(f, "{\"Id\":\"1\",\"Phone\":\"+41790000001\",\"Mark\":\"second\"}");
}

static void many_files_are_read_in_turn(void **state)
{
    fixture *f = *state;
    answer all[12] = {0};
    json_t *value = json_string("1");
    char name[32];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "list%d.csv", i);
        write_file(f, name, i % 3 ? "Id\n1\n" : "\"");
        nf_list_query query = {.file = name, .column = "Id", .value = value};
        nf_lists_find(f->folder, &query, on_done, &all[i]);
    }
    json_decref(value);
    for (int i = 0; i < 12; i++) {
        wait_for(f, &all[i], 1);
        assert_int_equal(all[i].err.status, i % 3 ? NF_OK : NF_E_PARSE);
    }
}

static void freeing_cancels_what_is_under_way(void **state)
{
    fixture *f = *state;
    answer all[4] = {0};
    json_t *value = json_string("1");
    static const char *const names[] = {"a.csv", "b.csv", "c.csv", "d.csv"};
    for (int i = 0; i < 4; i++) {
        write_file(f, names[i], "Id\n1\n");
        nf_list_query query = {.file = names[i], .column = "Id", .value = value};
        assert_non_null(nf_lists_find(f->folder, &query, on_done, &all[i]));
    }
    json_decref(value);
    nf_list_folder_free(f->folder);
    f->folder = NULL;
    for (int i = 0; i < 4; i++)
        assert_int_equal(all[i].err.status, NF_E_CANCELLED);
}

static void freeing_while_an_index_is_made(void **state)
{
    fixture *f = *state;
    answer a = {0};
    write_large(f, "x");
    find_in(f, "a.csv", "Id", "1", NULL);
    json_t *value = json_string("+41790000001");
    nf_list_query query = {.file = "a.csv", .column = "Phone", .value = value};
    assert_non_null(nf_lists_find(f->folder, &query, on_done, &a));
    json_decref(value);
    nf_list_folder_free(f->folder);
    f->folder = NULL;
    assert_int_equal(a.err.status, NF_E_CANCELLED);
}

static void a_missing_reader_is_an_error(void **state)
{
    fixture *f = *state;
    write_file(f, "a.csv", "Phone\n1\n");
    expect_error(f, "a.csv", NF_E_IO, "start nimflow-reader");
}

static void a_match_can_be_had_as_a_tree(void **state)
{
    (void)state;
    nf_list_match match = {.row = "{\"A\":1}", .row_len = 7, .matches = 2};
    json_t *tree = nf_list_match_json(&match);
    assert_int_equal(json_integer_value(json_object_get(tree, "matches")), 2);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(tree, "row"), "A")), 1);
    json_decref(tree);
    match.row = NULL;
    assert_true(json_is_null(nf_list_match_json(&match)));
}

#define WITH_LISTS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LISTS(finds_a_row_and_counts),
        WITH_LISTS(the_second_look_up_ends_at_once),
        WITH_LISTS(many_wait_for_one_reading),
        WITH_LISTS(says_what_is_wrong),
        WITH_LISTS(a_link_inside_the_folder_is_followed),
        WITH_LISTS(a_new_version_is_read_and_a_broken_one_is_not),
        WITH_LISTS(a_deleted_list_is_given_up),
        WITH_LISTS(a_large_list_is_indexed_beside_the_loop),
        WITH_LISTS(many_files_are_read_in_turn),
        WITH_LISTS(freeing_cancels_what_is_under_way),
        WITH_LISTS(freeing_while_an_index_is_made),
        cmocka_unit_test_setup_teardown(a_missing_reader_is_an_error, set_up_without_reader,
                                        tear_down),
        cmocka_unit_test(a_match_can_be_had_as_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
