/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test.c: nimflow test: the cases of flows/NAME.test.lua, run against flows/NAME.lua in the sandbox, without network.
 *
 * A file of tests is a script that returns a list of cases as plain data; what they may say stands in docs/FLOWS.md.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "cli/answers.h"
#include "cli/compare.h"
#include "cli/test_case.h"
#include "tenant/flows.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tests {
    nf_local local;
    nf_limits limits; /* of flows; a file of tests has the ceiling */
    const nf_cli *cli;
    bool json;
    const char *lists, *country;
    json_t *files; /* names of files of tests */
    unsigned cases, failures;
};

/* ---- which files ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Those of one folder, in the order of their names; how many. */
static size_t add_folder(struct tests *tests, const char *folder)
{
    DIR *dir = opendir(folder);
    char **names = NULL;
    size_t count = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.' || !nf_flow_is_test(entry->d_name))
            continue;
        names = nf_realloc(names, (count + 1) * sizeof *names);
        names[count++] = strcmp(folder, ".") == 0 ? nf_strdup(entry->d_name)
                                                  : nf_format("%s/%s", folder, entry->d_name);
    }
    if (dir)
        closedir(dir);
    if (count)
        qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(tests->files, json_string(names[i]));
        free(names[i]);
    }
    free(names);
    return count;
}

/* A folder: its files of tests, and those of its flows/. */
static nf_status add_folders(struct tests *tests, const char *folder, nf_error *err)
{
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    char *plain = nf_memdup(folder, n);
    char *flows = strcmp(plain, ".") == 0 ? nf_strdup("flows") : nf_format("%s/flows", plain);
    if (add_folder(tests, plain) + add_folder(tests, flows) == 0)
        nf_error_set(err, NF_E_NOT_FOUND,
                     "%s: no NAME.test.lua in it or in its flows/; put one beside flows/NAME.lua",
                     plain);
    free(plain);
    free(flows);
    return err->status;
}

static nf_status add_argument(struct tests *tests, const char *name, nf_error *err)
{
    struct stat st;
    size_t n = strlen(name);
    if (stat(name, &st) != 0)
        return nf_error_set(err, NF_E_NOT_FOUND, "%s: %s", name, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return add_folders(tests, name, err);
    if (nf_flow_is_test(name)) {
        json_array_append_new(tests->files, json_string(name));
        return NF_OK;
    }
    if (n <= 4 || strcmp(name + n - 4, ".lua") != 0)
        return nf_error_set(err, NF_E_ARG, "%s: NAME.test.lua or NAME.lua is expected", name);
    char *beside = nf_format("%.*s.test.lua", (int)(n - 4), name);
    if (stat(beside, &st) != 0)
        nf_error_set(err, NF_E_NOT_FOUND, "%s has no tests: there is no %s", name, beside);
    else
        json_array_append_new(tests->files, json_string(beside));
    free(beside);
    return err->status;
}

/* ---- what came out ---- */

static const nf_compare_words words = {"expected", "got", "missing", "not expected"};

static void print_log(const json_t *log)
{
    size_t i;
    const json_t *line;
    json_array_foreach (log, i, line) {
        const char *level = nf_json_string(line, "level"), *text = nf_json_string(line, "text");
        printf("      %s: %s\n", level ? level : "", text ? text : "");
    }
}

static void print_failure(const json_t *verdict, const char *flow)
{
    const json_t *error = json_object_get(verdict, "error");
    const char *message = nf_json_string(error, "message"), *where = nf_json_string(error, "where");
    nf_strbuf text = nf_strbuf_new(1 << 20);
    nf_compare_text(json_object_get(verdict, "differences"), &words, "      ", &text);
    if (message)
        nf_strbuf_addf(&text, "      %s%s%s\n", where ? where : "", where ? ": " : "", message);
    if (where)
        nf_local_excerpt(flow, nf_local_line(where), &text);
    fputs(nf_strbuf_text(&text), stdout);
    nf_strbuf_release(&text);
    print_log(json_object_get(verdict, "log"));
}

static void print_case(struct tests *tests, const nf_test_case *test, json_t *verdict,
                       const nf_error *err)
{
    const char *name = nf_json_string(test->what, "name");
    bool ok = verdict && json_array_size(json_object_get(verdict, "differences")) == 0;
    tests->cases++;
    tests->failures += !ok;
    if (tests->json) {
        json_t *line = json_pack("{s:s, s:i, s:s?, s:b}", "file", test->file, "line", test->line,
                                 "case", name, "ok", ok);
        if (verdict)
            json_object_update(line, verdict);
        else
            json_object_set_new(line, "error", json_pack("{s:s}", "message", err->text));
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    } else {
        char *line = test->line ? nf_format("%d:", test->line) : nf_strdup("");
        printf("%s  %s:%s %s\n", ok ? "ok  " : "FAIL", test->file, line, name ? name : "(no name)");
        free(line);
        if (!verdict)
            printf("      %s\n", err->text);
        else if (!ok)
            print_failure(verdict, nf_version_file(test->version));
    }
    fflush(stdout);
}

/* A file of which no case could be run. */
static void print_broken(struct tests *tests, const char *file, const nf_error *err)
{
    tests->failures++;
    tests->cases++;
    if (tests->json) {
        json_t *line = json_pack("{s:s, s:n, s:b, s:{s:s}}", "file", file, "case", "ok", 0, "error",
                                 "message", err->text);
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
        return;
    }
    nf_strbuf lines = nf_strbuf_new(1 << 16);
    const char *colon = strchr(err->text, ':');
    char *named = colon ? nf_memdup(err->text, (size_t)(colon - err->text)) : NULL;
    if (named)
        nf_local_excerpt(named, atoi(colon + 1), &lines);
    printf("FAIL  %s\n      %s\n%s", file, err->text, nf_strbuf_text(&lines));
    nf_strbuf_release(&lines);
    free(named);
}

/* ---- running ---- */

struct cases {
    const char *file;
    json_t *list;
    nf_error *err;
};

static void on_cases(void *ctx, const nf_run_report *report)
{
    struct cases *cases = ctx;
    if (!report)
        return;
    json_t *error = json_loadb(report->error, report->error_len, JSON_ALLOW_NUL, NULL);
    const char *where = nf_json_string(error, "where"), *message = nf_json_string(error, "message");
    if (report->outcome != NF_OUTCOME_DONE)
        nf_error_set(cases->err, NF_E_CONFIG, "%s: %s", where && *where ? where : cases->file,
                     message ? message : nf_outcome_name(report->outcome));
    else
        cases->list = json_loadb(report->result, report->result_len, JSON_ALLOW_NUL, NULL);
    if (json_is_object(cases->list) && json_object_size(cases->list) == 0) { /* an empty table */
        json_decref(cases->list);
        cases->list = json_array();
    }
    if (report->outcome == NF_OUTCOME_DONE && !json_is_array(cases->list)) {
        json_decref(cases->list);
        cases->list = NULL;
        nf_error_set(cases->err, NF_E_CONFIG,
                     "%s: it does not return a list of cases: return { { name = \"…\", … } }",
                     cases->file);
    }
    json_decref(error);
}

/* The list that the file returns, a new reference, or NULL with `err` set. */
static json_t *load_cases(struct tests *tests, const char *file, nf_error *err)
{
    nf_limits ceiling = nf_limits_ceiling();
    struct cases cases = {.file = file, .err = err};
    nf_local_limit(&tests->local, &ceiling);
    nf_version *script = nf_local_load(&tests->local, file, true, err);
    size_t count;
    if (script)
        nf_local_run(&tests->local,
                     &(nf_run_spec){.id = 1, .handler = nf_version_handlers(script, &count)},
                     on_cases, &cases);
    nf_version_unref(script);
    nf_local_limit(&tests->local, &tests->limits);
    return cases.list;
}

/* Where the case stands: the line with its name, from `from` on. Data has no lines, but names are written once. */
static int line_of(const char *source, const char *from, const char *name, const char **found)
{
    for (const char *at = name && *name ? strstr(from, name) : NULL; at;
         at = strstr(at + 1, name)) {
        char after = at[strlen(name)];
        if ((at[-1] != '"' && at[-1] != '\'') || after != at[-1])
            continue;
        int line = 1;
        for (const char *p = source; p < at; p++)
            line += *p == '\n';
        *found = at + 1;
        return line;
    }
    return 0;
}

static void run_cases(struct tests *tests, const char *file, nf_version *flow, const json_t *list)
{
    char *source = NULL;
    size_t len, i;
    nf_error ignored = {0};
    const json_t *one;
    nf_file_read(file, tests->local.most_source, &source, &len, &ignored);
    const char *from = source;
    json_array_foreach (list, i, one) {
        nf_error err = {0};
        const char *found = from;
        nf_test_case test = {
            .actions = tests->cli->actions, .version = flow, .file = file, .what = one};
        if (source)
            test.line =
                line_of(source, from + (from == source), nf_json_string(one, "name"), &found);
        from = found;
        json_t *verdict = nf_test_case_run(&tests->local, &test, &err);
        print_case(tests, &test, verdict, &err);
        json_decref(verdict);
    }
    free(source);
}

static void run_file(struct tests *tests, const char *file)
{
    nf_error err = {0};
    nf_version *flow = NULL;
    char *name = nf_format("%.*s.lua", (int)(strlen(file) - strlen(".test.lua")), file);
    nf_local_use_lists(&tests->local, tests->lists, file, tests->country);
    json_t *list = load_cases(tests, file, &err);
    if (list && access(name, F_OK) != 0)
        nf_error_set(&err, NF_E_NOT_FOUND, "the flow that it tests is not there: %s", name);
    else if (list)
        flow = nf_local_load(&tests->local, name, false, &err);
    if (flow)
        run_cases(tests, file, flow, list);
    else
        print_broken(tests, file, &err);
    nf_version_unref(flow);
    json_decref(list);
    free(name);
}

static int run(const nf_cli *cli, const nf_given *given)
{
    struct tests tests = {
        .limits = nf_limits_standard(),
        .cli = cli,
        .json = nf_given_has(given, "json"),
        .lists = nf_given_value(given, "lists", NULL),
        .country = nf_given_value(given, "country", "CH"),
        .files = json_array(),
    };
    nf_error err = {0};
    nf_limits ceiling = nf_limits_ceiling();
    size_t i;
    const json_t *file;
    if (given->arg_count == 0)
        add_folders(&tests, ".", &err);
    for (size_t k = 0; k < given->arg_count && err.status == NF_OK; k++)
        add_argument(&tests, given->args[k], &err);
    if (err.status == NF_OK)
        nf_local_open(&tests.local, cli, false, &ceiling, &err);
    if (err.status != NF_OK) {
        json_decref(tests.files);
        return err.status == NF_E_NOT_FOUND || err.status == NF_E_ARG
                   ? nf_usage_error("test", "%s", err.text)
                   : nf_exit_for(&err);
    }
    json_array_foreach (tests.files, i, file)
        run_file(&tests, json_string_value(file));
    if (!tests.json)
        printf("%u cases, %u failed\n", tests.cases, tests.failures);
    nf_local_close(&tests.local);
    json_decref(tests.files);
    return tests.failures ? NF_EXIT_FLOW : NF_EXIT_OK;
}

static const nf_option options[] = {
    {"lists", "DIR",
     "folder of the lists; default: beside the flow, or ../lists for a folder flows/", false},
    {"country", "CC", "country of telephone numbers without one; default: CH", false},
    {"json", NULL, "one JSON object per case and line", false},
    {0},
};

const nf_command nf_command_test = {
    "test",
    "[OPTION]... [NAME.test.lua | NAME.lua | FOLDER]...",
    "Run the tests beside flows, without network: events, answers and the expected effects.",
    "flows/NAME.test.lua returns a list of cases for flows/NAME.lua. Without a name: the tests of this folder and of\n"
    "its flows/. Lists are read for real where a case gives no answer; what else has none resolves as in a dry run.",
    options,
    run,
};
