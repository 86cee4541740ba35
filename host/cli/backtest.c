/* SPDX-License-Identifier: Apache-2.0 */
/* backtest.c: nimflow backtest: what a changed flow would have done with the events that came. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/suggest.h"
#include "cli/recorded.h"
#include "cli/rerun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 100, STANDARD_RUNS = 1000, MOST_HANDLERS = 256 };

struct backtest {
    nf_rerun rerun;
    nf_recorded recorded;
    bool json, all;
};

static void print(const struct backtest *b, const json_t *verdict)
{
    if (b->json) {
        json_dumpf(verdict, stdout, JSON_COMPACT);
        putchar('\n');
        return;
    }
    nf_strbuf text = nf_strbuf_new(1 << 20);
    nf_rerun_text(verdict, b->all, &text);
    fputs(nf_strbuf_text(&text), stdout);
    nf_strbuf_release(&text);
}

static nf_status run_handler(struct backtest *b, const nf_handler *handler, nf_error *err)
{
    int64_t before = 0;
    b->recorded.handler = handler->name;
    while (b->recorded.most > 0) {
        long limit = b->recorded.most < PAGE ? b->recorded.most : PAGE;
        json_t *page = nf_recorded_page(&b->recorded, false, before, limit, err), *record;
        size_t i;
        json_array_foreach (page, i, record) {
            before = nf_json_integer(record, "id", 0);
            json_t *verdict = nf_rerun_one(&b->rerun, handler, record);
            print(b, verdict);
            json_decref(verdict);
        }
        b->recorded.most -= (long)json_array_size(page);
        bool more = json_array_size(page) > 0;
        json_decref(page);
        if (!more)
            break;
    }
    return err->status;
}

/* Each handler of the file, or the one that --handler names. */
static nf_status run_handlers(struct backtest *b, const nf_version *version, nf_error *err)
{
    const char *only = b->recorded.handler, *names[MOST_HANDLERS + 1];
    size_t count, done = 0;
    long most = b->recorded.most;
    const nf_handler *handlers = nf_version_handlers(version, &count);
    for (size_t i = 0; i < count && err->status == NF_OK; i++) {
        names[i] = handlers[i].name;
        if (only && strcmp(only, handlers[i].name) != 0)
            continue;
        b->recorded.most = most;
        run_handler(b, &handlers[i], err);
        done++;
    }
    names[count] = NULL;
    if (done == 0)
        nf_suggest_error(err, NF_E_ARG, "handler", only, names);
    return err->status;
}

static int finish(struct backtest *b)
{
    char *summary = nf_rerun_summary(&b->rerun);
    const nf_rerun *r = &b->rerun;
    if (b->json)
        printf(
            "{\"summary\":{\"runs\":%u,\"same\":%u,\"effects\":%u,\"outcomes\":%u,\"newly_failing\":%u,"
            "\"trimmed\":%u}}\n",
            r->runs, r->same, r->effects, r->outcomes, r->newly_failing, r->trimmed);
    else
        puts(summary);
    free(summary);
    return r->newly_failing ? NF_EXIT_FLOW : NF_EXIT_OK;
}

static int run(const nf_cli *cli, const nf_given *given)
{
    struct backtest b = {.json = nf_given_has(given, "json"), .all = nf_given_has(given, "all")};
    nf_error err = {0};
    if (given->arg_count != 1)
        return nf_usage_error("backtest", "which flow? write the name of one file");
    int status = nf_recorded_read(&b.recorded, given, "backtest", STANDARD_RUNS);
    if (status != NF_EXIT_OK)
        return status;
    if (nf_rerun_open(&b.rerun, cli, &err) != NF_OK)
        return nf_exit_for(&err);
    const char *file = given->args[0];
    nf_local_use_lists(&b.rerun.local, nf_given_value(given, "lists", NULL), file,
                       nf_given_value(given, "country", "CH"));
    nf_version *version = nf_local_load(&b.rerun.local, file, false, &err);
    if (version)
        run_handlers(&b, version, &err);
    nf_version_unref(version);
    status = err.status == NF_OK ? finish(&b) : nf_exit_for(&err);
    nf_rerun_close(&b.rerun);
    return status;
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    NF_RECORDED_OPTIONS,
    {"lists", "DIR",
     "folder of the lists; default: beside the flow, or ../lists for a folder flows/", false},
    {"country", "CC", "country of telephone numbers without one; default: CH", false},
    {"all", NULL, "also a line for each run that is the same", false},
    {"json", NULL, "one JSON object per run and line, then one with the sums", false},
    {0},
};

const nf_command nf_command_backtest = {
    "backtest",
    "[OPTION]... FLOW",
    "Run a changed flow over the events that came, with the results of then, and show what differs.",
    "Nothing is sent. An effect gets the recorded result of the same effect, else of the next one of its action, else\n"
    "what a dry run gives; lists that were not asked then are read for real. At most 1000 runs for each handler, the\n"
    "newest, unless --limit says otherwise. Exit status 1: a run fails that did not fail before.",
    options,
    run,
};
