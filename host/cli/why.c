/* SPDX-License-Identifier: Apache-2.0 */
/* why.c: nimflow why: may a user do an operation of Nimbus, by which role, path and rule; which events were denied. */
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

static void print_denied(const json_t *answer)
{
    size_t i;
    const json_t *row;
    printf("%-24s %-12s %-32s %s\n", "AT", "EVENT", "HANDLER", "WHY");
    json_array_foreach (json_object_get(answer, "denied"), i, row)
        printf("%-24s %-12lld %-32s %s\n", nf_json_string(row, "at"),
               (long long)nf_json_integer(row, "event", 0), nf_json_string(row, "handler"),
               nf_json_string(row, "why"));
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

static json_t *answer_of_host(const nf_given *given, bool denied, int *status)
{
    nf_strbuf path = nf_strbuf_new(LONGEST_PATH);
    nf_error err = {0};
    nf_strbuf_puts(&path, denied ? "/v1/denied?" : "/v1/why?");
    add_parameter(&path, "tenant", nf_given_value(given, "tenant", NULL));
    if (!denied) {
        add_parameter(&path, "upn", given->args[0]);
        add_parameter(&path, "operation", given->args[1]);
        add_parameter(&path, "entity", given->arg_count > 2 ? given->args[2] : NULL);
    }
    json_t *answer = nf_ask_host(given, "GET", path.bytes, NULL, &err, status);
    nf_strbuf_release(&path);
    return answer;
}

static int run(const nf_cli *cli, const nf_given *given)
{
    bool denied = nf_given_has(given, "denied");
    const char *entity = given->arg_count > 2 ? given->args[2] : NULL;
    int status;
    (void)cli;
    if (denied ? given->arg_count > 0 : given->arg_count < 2 || given->arg_count > 3)
        return nf_usage_error("why", "write UPN OPERATION [ENTITY], or --denied alone");
    json_t *answer = !denied && nf_given_has(given, "directory")
                         ? answer_offline(given, entity, &status)
                         : answer_of_host(given, denied, &status);
    if (!answer)
        return status;
    if (nf_given_has(given, "json"))
        nf_print_json(answer, true);
    else if (denied)
        print_denied(answer);
    else
        print_verdict(answer);
    status = denied || json_is_true(json_object_get(answer, "allowed")) ? NF_EXIT_OK : NF_EXIT_FLOW;
    json_decref(answer);
    return status;
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    {"tenant", "NAME", "which tenant; needed when the host has several", false},
    {"directory", "FILE", "ask this directory.yaml, without a host", false},
    {"denied", NULL, "the last events that were denied, newest first", false},
    {"json", NULL, "as JSON", false},
    {0},
};

const nf_command nf_command_why = {
    "why",
    "UPN OPERATION [ENTITY] [OPTION]... | --denied [OPTION]...",
    "Say whether a user may do an operation of Nimbus, and by which role, path and rule.",
    "ENTITY is the UPN of a service, the id of a task the host has seen, or the name or id of an address book. Exit\n"
    "status: 0 allowed, 1 denied. Operations: task-trigger, scheduler-trigger, assistant-trigger, task-update,\n"
    "external-task-add, external-task-remove, assistant-data, contact-add, contact-update, address-book-empty,\n"
    "contacts-get, contacts-remove, address-book-list, scheduler-create, scheduler-list, scheduler-update,\n"
    "scheduler-remove, outbound-create, outbound-update, opening-hours, lookup; or their names in Nimbus.",
    options,
    run,
};
