/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c: nimflow limits: what a tenant of a running host is allowed and uses; changing it; who changed what. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/percent.h"
#include "base/strbuf.h"
#include "cli/command.h"
#include "cli/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "1234 ms": what is used is no round number, so it stands as it is. */
static void print_amount(const json_t *row, const char *key)
{
    char text[64] = "";
    const json_t *value = json_object_get(row, key);
    const char *unit = nf_json_string(row, "unit");
    if (value)
        snprintf(text, sizeof text, "%lld%s%s", (long long)json_integer_value(value),
                 unit && *unit ? " " : "", unit ? unit : "");
    printf(" %15s", text);
}

static void print_rows(const json_t *answer, const char *scope, const char *title)
{
    size_t i;
    const json_t *row;
    printf("%-20s %10s %10s %15s %15s  %s\n", title, "LIMIT", "HIGHEST", "USED", "PEAK", "WHOSE");
    json_array_foreach (json_object_get(answer, "limits"), i, row) {
        if (strcmp(nf_json_string(row, "scope"), scope) != 0)
            continue;
        printf("%-20s %10s %10s", nf_json_string(row, "name"), nf_json_string(row, "value"),
               nf_json_string(row, "ceiling"));
        print_amount(row, "used");
        print_amount(row, "peak");
        printf("  %s\n", nf_json_string(row, "set_by"));
    }
}

static void print_limits(const json_t *answer)
{
    print_rows(answer, "run", "EACH RUN");
    putchar('\n');
    print_rows(answer, "tenant", "THE TENANT");
}

static void print_audit(const json_t *answer)
{
    size_t i;
    const json_t *row;
    printf("%-24s %-16s %-12s %-12s %-20s %s\n", "AT", "TENANT", "WHO", "ACTION", "LIMIT",
           "CHANGE");
    json_array_foreach (json_object_get(answer, "audit"), i, row)
        printf("%-24s %-16s %-12s %-12s %-20s %s -> %s\n", nf_json_string(row, "at"),
               nf_json_string(row, "tenant"), nf_json_string(row, "who"),
               nf_json_string(row, "action"), nf_json_string(row, "name"),
               nf_json_string(row, "old"), nf_json_string(row, "new"));
}

/* {"set": {...}} or {"reset": [...]} from the words behind the verb; NULL when one is no NAME=VALUE. */
static json_t *change_of(const nf_given *given, bool set)
{
    json_t *values = set ? json_object() : json_array();
    for (size_t i = 2; i < given->arg_count; i++) {
        const char *word = given->args[i], *equals = strchr(word, '=');
        if (!set) {
            json_array_append_new(values, json_string(word));
            continue;
        }
        if (!equals) {
            json_decref(values);
            return NULL;
        }
        char *name = nf_memdup(word, (size_t)(equals - word));
        json_object_set_new(values, name, json_string(equals + 1));
        free(name);
    }
    return json_pack("{s:o}", set ? "set" : "reset", values);
}

static int ask(const nf_given *given, const char *method, const char *path, json_t *body,
               void (*print)(const json_t *answer))
{
    nf_error err = {0};
    int status;
    json_t *answer = nf_ask_host(given, method, path, body, &err, &status);
    if (answer && nf_given_has(given, "json"))
        nf_print_json(answer, true);
    else if (answer)
        print(answer);
    json_decref(answer);
    json_decref(body);
    return status;
}

static int limits_of(const nf_given *given, const char *path)
{
    const char *verb = given->arg_count > 1 ? given->args[1] : NULL;
    bool set = verb && strcmp(verb, "set") == 0, reset = verb && strcmp(verb, "reset") == 0;
    if (!verb)
        return ask(given, "GET", path, NULL, print_limits);
    if ((!set && !reset) || given->arg_count < 3)
        return nf_usage_error(
            "limits", "write 'limits TENANT set NAME=VALUE...' or 'limits TENANT reset NAME...'");
    json_t *change = change_of(given, set);
    if (!change)
        return nf_usage_error("limits", "write NAME=VALUE, for example cpu=250ms");
    return ask(given, "POST", path, change, print_limits);
}

static int run(const nf_cli *cli, const nf_given *given)
{
    nf_strbuf path = nf_strbuf_new(8192);
    int status;
    (void)cli;
    if (given->arg_count == 0 && !nf_given_has(given, "audit"))
        return nf_usage_error("limits", "which tenant? write its name");
    bool audit = nf_given_has(given, "audit");
    nf_strbuf_puts(&path, audit ? "/v1/audit?limit=100" : "/v1/tenants/");
    if (audit && given->arg_count)
        nf_strbuf_puts(&path, "&tenant=");
    if (given->arg_count)
        nf_percent_encode(&path, given->args[0]);
    if (!audit)
        nf_strbuf_puts(&path, "/limits");
    status =
        audit ? ask(given, "GET", path.bytes, NULL, print_audit) : limits_of(given, path.bytes);
    nf_strbuf_release(&path);
    return status;
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    {"audit", NULL, "who changed which limit, newest first; without TENANT of all", false},
    {"json", NULL, "as JSON", false},
    {0},
};

const nf_command nf_command_limits = {
    "limits",
    "TENANT [set NAME=VALUE... | reset NAME...] [OPTION]...",
    "Show what a tenant of a running host is allowed and uses, or change it while it runs.",
    "'set' holds at once: for what starts, and for running scripts from their next slice. It is kept over a restart,\n"
    "until 'reset' gives the configuration's value back. Every change is audited. See docs/CONFIGURATION.md for all\n"
    "names; values are written like 250ms, 2min, 16MiB or 100.",
    options,
    run,
};
