/* SPDX-License-Identifier: Apache-2.0 */
/* why.c: nimflow why: what a run waits for or why it ended, what became of an event, may a user do an operation. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/percent.h"
#include "cli/command.h"
#include "cli/fetch.h"
#include "ou/ou.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_PATH = 8192, MOST_ERRORS = 1 << 20 };

static void print_line(const char *what, const char *name, const char *more)
{
    printf("%-10s %s%s%s\n", what, name, more ? "  " : "", more ? more : "");
}

static void print_verdict(const json_t *answer)
{
    const char *role = nf_json_string(answer, "role");
    const char *user_path = nf_json_string(answer, "user_path");
    const char *entity = nf_json_string(answer, "entity"), *id = nf_json_string(answer, "id");
    print_line("user", nf_json_string(answer, "upn"), NULL);
    if (role)
        print_line("role", role, NULL);
    if (user_path)
        print_line("unit", user_path, NULL);
    print_line("operation", nf_json_string(answer, "operation"), nf_json_string(answer, "title"));
    if (id)
        print_line("id", id, NULL);
    if (entity)
        print_line("on", entity, NULL);
    if (nf_json_string(answer, "entity_path"))
        print_line("unit", nf_json_string(answer, "entity_path"), NULL);
    print_line(json_is_true(json_object_get(answer, "allowed")) ? "allowed" : "denied",
               nf_json_string(answer, "rule"), NULL);
}

static void print_fates(const json_t *answer)
{
    size_t i;
    const json_t *row;
    printf("%-24s %-10s %-28s %-12s %s\n", "AT", "EVENT", "TASK", "HASH", "WHY");
    json_array_foreach (json_object_get(answer, "events"), i, row) {
        const char *task = nf_json_string(row, "task"), *hash = nf_json_string(row, "hash"),
                   *handler = nf_json_string(row, "handler"), *why = nf_json_string(row, "why");
        printf("%-24s %-10lld %-28.28s %-12.12s %s%s%s%s\n", nf_json_string(row, "at"),
               (long long)nf_json_integer(row, "event", 0), task ? task : "", hash ? hash : "",
               handler ? "'" : "", handler ? handler : "", handler ? "': " : "", why ? why : "");
    }
}

static void print_why(const json_t *answer)
{
    size_t i;
    const json_t *sentence;
    const char *to = nf_json_string(answer, "looked_back_to");
    json_array_foreach (json_object_get(answer, "why"), i, sentence)
        printf("%s\n", json_string_value(sentence));
    if (to)
        printf(
            "events received before %s were not looked at; 'runs list --until %s' lists older ones\n",
            to, to);
}

/* Which list is asked for, or NULL. */
static const char *fate_given(const nf_given *given)
{
    static const char *const fates[] = {"filtered", "denied", "duplicate", "refused"};
    for (size_t i = 0; i < sizeof fates / sizeof *fates; i++) {
        if (nf_given_has(given, fates[i]))
            return fates[i];
    }
    return NULL;
}

/* From a file, without a host. */
static json_t *answer_offline(const nf_given *given, const char *entity, int *status)
{
    nf_strbuf errors = nf_strbuf_new(MOST_ERRORS);
    nf_error err = {0};
    nf_ou ou = {.directory = nf_directory_read(nf_given_value(given, "directory", NULL), &errors)};
    json_t *answer = NULL;
    fputs(nf_strbuf_text(&errors), stderr);
    *status = NF_EXIT_CONFIG;
    if (ou.directory) {
        answer = nf_ou_why(&ou, given->args[0], given->args[1], entity, &err);
        if (!answer)
            *status = nf_usage_error("why", "%s", err.text);
    }
    nf_directory_free(ou.directory);
    nf_strbuf_release(&errors);
    return answer;
}

static void add_parameter(nf_strbuf *path, const char *name, const char *value)
{
    if (!value)
        return;
    nf_strbuf_addf(path, "%s=", name);
    nf_percent_encode(path, value);
    nf_strbuf_puts(path, "&");
}

static json_t *answer_of_host(const nf_given *given, int *status)
{
    nf_strbuf path = nf_strbuf_new(LONGEST_PATH);
    nf_error err = {0};
    nf_strbuf_puts(&path, given->arg_count ? "/v1/why?" : "/v1/fates?");
    add_parameter(&path, "tenant", nf_given_value(given, "tenant", NULL));
    if (given->arg_count == 0)
        add_parameter(&path, "fate", fate_given(given));
    if (given->arg_count == 1)
        add_parameter(&path, "subject", given->args[0]);
    if (given->arg_count > 1) {
        add_parameter(&path, "upn", given->args[0]);
        add_parameter(&path, "operation", given->args[1]);
        add_parameter(&path, "entity", given->arg_count > 2 ? given->args[2] : NULL);
    }
    json_t *answer = nf_ask_host(given, "GET", path.bytes, NULL, &err, status);
    nf_strbuf_release(&path);
    return answer;
}

static void print_answer(const nf_given *given, const json_t *answer)
{
    if (nf_given_has(given, "json"))
        nf_print_json(answer, true);
    else if (given->arg_count == 0)
        print_fates(answer);
    else if (given->arg_count == 1)
        print_why(answer);
    else
        print_verdict(answer);
}

static int run(const nf_cli *cli, const nf_given *given)
{
    bool listed = fate_given(given) != NULL;
    const char *entity = given->arg_count > 2 ? given->args[2] : NULL;
    int status;
    (void)cli;
    if (listed ? given->arg_count > 0 : given->arg_count < 1 || given->arg_count > 3)
        return nf_usage_error("why",
                              "write the id of a run or event, a hash or a task; or UPN OPERATION "
                              "[ENTITY]; or --denied, --filtered, --duplicate or --refused alone");
    json_t *answer = given->arg_count > 1 && nf_given_has(given, "directory")
                         ? answer_offline(given, entity, &status)
                         : answer_of_host(given, &status);
    if (!answer)
        return status;
    print_answer(given, answer);
    bool refused = given->arg_count > 1 && !json_is_true(json_object_get(answer, "allowed"));
    json_decref(answer);
    return refused ? NF_EXIT_FLOW : NF_EXIT_OK;
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    {"tenant", "NAME", "which tenant; needed when the host has several", false},
    {"directory", "FILE", "ask this directory.yaml, without a host", false},
    {"denied", NULL, "the last events that were denied, newest first", false},
    {"filtered", NULL, "the last events that no handler wanted, with the filter that said no",
     false},
    {"duplicate", NULL, "the last events that had come before", false},
    {"refused", NULL, "the last events that were not taken", false},
    {"json", NULL, "as JSON", false},
    {0},
};

const nf_command nf_command_why = {
    "why",
    "RUN | EVENT | HASH | TEXT | UPN OPERATION [ENTITY] | --denied | --filtered | --duplicate | --refused",
    "Say why: what a run waits for or how it ended, what became of an event, may a user do something.",
    "One word is the id of a run or event, the beginning of an event's hash, or a text of it, such as the task: the\n"
    "answer says its fate, and for a run what it waits for or which limit, right or person ended it.\n\n"
    "Two or three say whether a user may do an operation of Nimbus, and by which role, path and rule.\n"
    "ENTITY is the UPN of a service, the id of a task the host has seen, or the name or id of an address book. Exit\n"
    "status: 0 allowed, 1 denied. Operations: task-trigger, scheduler-trigger, assistant-trigger, task-update,\n"
    "external-task-add, external-task-remove, assistant-data, contact-add, contact-update, address-book-empty,\n"
    "contacts-get, contacts-remove, address-book-list, scheduler-create, scheduler-list, scheduler-update,\n"
    "scheduler-remove, outbound-create, outbound-update, opening-hours, lookup; or their names in Nimbus.",
    options,
    run,
};
