/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: nimflow check: do these flows load? What do they declare? */
#include "base/alloc.h"
#include "base/json.h"
#include "cli/local.h"
#include "tenant/flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *handlers_json(const nf_version *version)
{
    size_t count;
    const nf_handler *handlers = nf_version_handlers(version, &count);
    json_t *list = json_array();
    for (size_t i = 0; i < count && handlers[i].trigger; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:O}", "name", handlers[i].name,
                                              "trigger", handlers[i].trigger->name, "line",
                                              handlers[i].line, "filters", handlers[i].filters));
    return list;
}

static void print_json(const char *file, const nf_version *version, const nf_error *err)
{
    json_t *line = json_pack("{s:s, s:b, s:s?, s:o}", "file", file, "ok", version != NULL, "error",
                             version ? NULL : err->text, "handlers",
                             version ? handlers_json(version) : json_array());
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void print_people(const char *file, const nf_version *version, const nf_error *err)
{
    size_t count = 0;
    nf_strbuf lines = nf_strbuf_new(1 << 16);
    const nf_handler *handlers = version ? nf_version_handlers(version, &count) : NULL;
    if (version)
        printf("%s: ok%s\n", file, nf_flow_is_test(file) ? " (tests; nimflow test runs them)" : "");
    for (size_t i = 0; i < count && handlers[i].trigger; i++)
        printf("  line %d: %s '%s'\n", handlers[i].line, handlers[i].trigger->name,
               handlers[i].name);
    if (!version) {
        const char *at = strstr(err->text, file);
        nf_local_excerpt(file, at && at[strlen(file)] == ':' ? atoi(at + strlen(file) + 1) : 0,
                         &lines);
        printf("%s\n%s", err->text, nf_strbuf_text(&lines));
    }
    nf_strbuf_release(&lines);
}

static int run(const nf_cli *cli, const nf_given *given)
{
    nf_local local;
    nf_error err = {0};
    nf_limits limits = nf_limits_standard();
    int status = NF_EXIT_OK;
    if (given->arg_count == 0)
        return nf_usage_error("check", "which flow? write its file name");
    if (nf_local_open(&local, cli, true, &limits, &err) != NF_OK)
        return nf_exit_for(&err);
    for (size_t i = 0; i < given->arg_count; i++) {
        nf_error why = {0};
        nf_version *version =
            nf_local_load(&local, given->args[i], nf_flow_is_test(given->args[i]), &why);
        if (nf_given_has(given, "json"))
            print_json(given->args[i], version, &why);
        else
            print_people(given->args[i], version, &why);
        if (!version)
            status = NF_EXIT_FLOW;
        nf_version_unref(version);
    }
    nf_local_close(&local);
    return status;
}

static const nf_option options[] = {{"json", NULL, "one JSON object per file and line", false},
                                    {0}};

const nf_command nf_command_check = {
    "check",
    "[--json] FLOW...",
    "Load flows in the sandbox and report what they declare, or what is wrong with them.",
    NULL,
    options,
    run,
};
