/* SPDX-License-Identifier: Apache-2.0 */
/* test_yaml.c: configuration files as trees, and every kind of mistake with its place. */
#include "config/schema.h"

#include "unit.h"

struct target {
    char *text, *address, *url, *path, *country, **texts;
    bool boolean;
    uint64_t integer, duration, choice;
    nf_allowed limits;
};

static const char *const choices[] = {"red", "green", NULL};
#define AT(member) offsetof(struct target, member)
static const nf_key keys[] = {
    {"text", NF_KEY_TEXT, AT(text), .required = true, .doc = "A text."},
    {"address", NF_KEY_ADDRESS, AT(address), .doc = "x"},
    {"url", NF_KEY_URL, AT(url), .doc = "x"},
    {"path", NF_KEY_PATH, AT(path), .doc = "x"},
    {"country", NF_KEY_COUNTRY, AT(country), .doc = "x"},
    {"boolean", NF_KEY_BOOLEAN, AT(boolean), .doc = "x"},
    {"integer", NF_KEY_INTEGER, AT(integer), .least = 1, .most = 10},
    {"duration", NF_KEY_DURATION, AT(duration), .least = 100, .most = 1000},
    {"choice", NF_KEY_CHOICE, AT(choice), .choices = choices},
    {"limits", NF_KEY_LIMITS, AT(limits), .doc = "x"},
    {"texts", NF_KEY_TEXTS, AT(texts), .doc = "x"},
    {0},
};

static char folder[UNIT_PATH];

/* Read `text` into `t`; the errors without the file's name in front. The caller frees both. */
static char *read_into(const char *text, struct target *t)
{
    char path[UNIT_PATH + 8];
    nf_strbuf errors = nf_strbuf_new(65536), out = nf_strbuf_new(65536);
    snprintf(path, sizeof path, "%s/x.yaml", folder);
    write_file(path, text);
    *t = (struct target){.limits = nf_allowed_standard()};
    nf_yaml *map = nf_yaml_read(path, &errors);
    if (map)
        nf_schema_apply(keys, map, path, t, &errors);
    nf_yaml_free(map);
    for (const char *line = nf_strbuf_text(&errors); *line; line = strchr(line, '\n') + 1) {
        assert_memory_equal(path, line, strlen(path));
        line += strlen(path) + 1;
        nf_strbuf_add(&out, line, (size_t)(strchr(line, '\n') - line + 1));
    }
    nf_strbuf_release(&errors);
    return nf_strbuf_take(&out);
}

static void wrong(const char *text, const char *errors)
{
    struct target t;
    char *got = read_into(text, &t);
    assert_string_equal(errors, got);
    nf_schema_release(keys, &t);
    free(got);
}

static void begins(const char *text, const char *start)
{
    struct target t;
    char *got = read_into(text, &t);
    if (strncmp(start, got, strlen(start)) != 0)
        fail_msg("%s: %s", text, got);
    nf_schema_release(keys, &t);
    free(got);
}

static void fills(void **state)
{
    (void)state;
    struct target t;
    char *errors = read_into(
        "# a comment\ntext: 'a: b'\naddress: 127.0.0.1:80\nurl: https://x.example/\npath: sub/file\n"
        "country: NO\nboolean: true\ninteger: 10\nduration: 1s\nchoice: green\n"
        "limits:\n  cpu: 2s\n  effects: 7\ntexts:\n- one\n- two\n",
        &t);
    char path[UNIT_PATH + 16];
    snprintf(path, sizeof path, "%s/sub/file", folder);
    assert_string_equal("", errors);
    assert_string_equal("a: b", t.text);
    assert_string_equal("https://x.example", t.url);
    assert_string_equal(path, t.path);
    assert_string_equal("NO", t.country);
    assert_true(t.boolean);
    assert_int_equal(10, t.integer);
    assert_int_equal(1000, t.duration);
    assert_int_equal(1, t.choice);
    assert_int_equal(2000, t.limits.run.of[NF_BUDGET_CPU]);
    assert_int_equal(7, t.limits.run.of[NF_BUDGET_EFFECTS]);
    assert_string_equal("two", t.texts[1]);
    assert_null(t.texts[2]);
    nf_schema_release(keys, &t);
    free(errors);
}

static void keeps_what_is_not_said(void **state)
{
    (void)state;
    wrong("", "1:1: key 'text' is missing: A text.\n");
    wrong("text: x\n", "");
    wrong("{text: x}\n", "");
    wrong("---\ntext: x\n...\n", "");
}

static void all_at_once(void **state)
{
    (void)state;
    wrong(
        "address: x\nurl: x\ncountry: Schweiz\nboolean: yes\ninteger: 11\nduration: 1m\nchoice: blue\n"
        "limits: {cpu: x, foo: 1}\ntexts: [a, [b]]\nintger: 1\n",
        "1:10: address: 'x' is not HOST:PORT, for example 127.0.0.1:8080\n"
        "2:6: url: 'x' is not an address like https://api.example.com\n"
        "3:10: country: 'Schweiz' is not a country; write two capital letters, for example CH\n"
        "4:10: boolean: true or false is expected\n"
        "5:10: integer: 11 is out of range; allowed are 1 to 10\n"
        "6:11: duration: 1m is out of range; allowed are 100 to 1000 ms\n"
        "7:9: choice: unknown value 'blue'; known: red, green\n"
        "8:15: cpu: limit cpu: 'x' is not a duration; write a whole number and ms, s, min, h, d or w\n"
        "8:23: foo: unknown limit 'foo'; known: cpu, wall, memory, effects, "
        "lookups, in_flight, log, log_lines, result, source, load, lifetime, cpu_per_minute, workers, concurrent_runs, "
        "runs_per_minute, queued_events, requests_per_second, runs_per_connection, history, kv, weight\n"
        "9:12: item: a text is expected\n"
        "10:1: unknown key 'intger'; did you mean 'integer'?\n"
        "1:1: key 'text' is missing: A text.\n");
}

static void wrong_kinds(void **state)
{
    (void)state;
    wrong("text: [a]\n", "1:7: text: a single value is expected\n");
    wrong("text: {a: b}\n", "1:7: text: a single value is expected\n");
    wrong("text:\n", "1:6: text: must not be empty\n");
    wrong("text: x\nlimits: 5\n", "2:9: limits: 'name: value' lines are expected\n");
    wrong("text: x\ntexts: 5\n", "2:8: texts: a list of '- value' lines is expected\n");
    wrong("text: x\ninteger: 5x\n", "2:10: integer: '5x' is not a whole number\n");
    wrong("text: x\ninteger: -5\n", "2:10: integer: '-5' is not a whole number\n");
    wrong("text: x\ninteger: 5.0\n", "2:10: integer: '5.0' is not a whole number\n");
    begins("text: x\ninteger: 99999999999999999999999\n",
           "2:10: integer: 99999999999999999999999 is out of range");
    wrong(
        "text: x\nduration: 500\n",
        "2:11: duration: '500' is not a duration; write a whole number and ms, s, min, h, d or w\n");
}

static void duplicates(void **state)
{
    (void)state;
    wrong("text: x\n\ntext: y\n", "3:1: key 'text' stands here twice (first in line 1)\n");
    wrong("text: x\nlimits:\n  cpu: 1s\n  cpu: 2s\n",
          "4:3: key 'cpu' stands here twice (first in line 3)\n");
}

static void broken(void **state)
{
    (void)state;
    begins("text:\tx\n\tb: c\n", "2:1: ");
    begins("text: \"x\n", "2:1: ");
    begins("text: x\n  more: y\n", "2:7: ");
    begins("text: &a x\n", "1:7: anchors, aliases and tags are not supported");
    begins("text: *a\n", "1:7: anchors, aliases and tags are not supported");
    begins("text: !!int 5\n", "1:7: anchors, aliases and tags are not supported");
    begins("<<: x\ntext: y\n", "1:1: unknown key '<<'");
    begins("- a\n", "1:1: settings are expected, as 'key: value'");
    begins("just text\n", "1:1: settings are expected");
    begins("text: x\n---\ntext: y\n", "3:1: only one document is expected");
    begins("? {a: b}\n: c\n", "1:3: a key must be plain text");
    begins("text: \"a\\0b\"\n", "1:7: a NUL is not allowed");
    begins("\"a\\0b\": x\n", "1:1: a NUL is not allowed");
    begins("text: \xff\xfe\n", "1:");
    begins(
        "a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}}}}}}}}}\n",
        "1:");
}

static void missing_file(void **state)
{
    (void)state;
    nf_strbuf errors = nf_strbuf_new(1000);
    assert_null(nf_yaml_read("/nonexistent/x.yaml", &errors));
    assert_string_equal("/nonexistent/x.yaml: No such file or directory\n",
                        nf_strbuf_text(&errors));
    nf_strbuf_clear(&errors);
    assert_null(nf_yaml_read(folder, &errors));
    assert_contains(nf_strbuf_text(&errors), "Is a directory");
    nf_strbuf_release(&errors);
}

static int open_folder(void **state)
{
    (void)state;
    make_folder(folder);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills),        cmocka_unit_test(keeps_what_is_not_said),
        cmocka_unit_test(all_at_once),  cmocka_unit_test(wrong_kinds),
        cmocka_unit_test(duplicates),   cmocka_unit_test(broken),
        cmocka_unit_test(missing_file),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
