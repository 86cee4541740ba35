/* SPDX-License-Identifier: Apache-2.0 */
/* privacy.c: nimflow privacy: one person is taken out of what a host keeps. */
#include "base/json.h"
#include "base/percent.h"
#include "cli/command.h"
#include "cli/fetch.h"

#include <stdio.h>
#include <string.h>

struct totals {
    long long looked_at, events, runs, texts, keys;
    json_t *open;
};

static void add(struct totals *t, const json_t *piece)
{
    t->looked_at += (long long)nf_json_integer(piece, "looked_at", 0);
    t->events += (long long)nf_json_integer(piece, "events", 0);
    t->runs += (long long)nf_json_integer(piece, "runs", 0);
    t->texts += (long long)nf_json_integer(piece, "texts", 0);
    t->keys += (long long)nf_json_integer(piece, "keys", 0);
    json_array_extend(t->open, json_object_get(piece, "open"));
}

static void print_totals(const struct totals *t, bool dry_run)
{
    size_t i;
    const json_t *run;
    printf(
        "%s %lld texts in %lld events and %lld runs, %lld remembered values; looked at %lld events\n",
        dry_run ? "would erase" : "erased", t->texts, t->events, t->runs, t->keys, t->looked_at);
    if (json_array_size(t->open))
        printf("not touched, since they have no end yet:\n");
    json_array_foreach (t->open, i, run)
        printf("  run %lld\n", (long long)json_integer_value(run));
    if (json_array_size(t->open))
        printf("ask again when they have ended; 'nimflow runs cancel ID' ends one\n");
}

/* Piece after piece, so that no request takes long however much is kept. */
static int erase(const nf_given *given, const char *tenant)
{
    bool dry_run = nf_given_has(given, "dry-run");
    struct totals t = {.open = json_array()};
    json_int_t after = 0;
    int status = NF_EXIT_OK;
    nf_strbuf path = nf_strbuf_new(8192);
    nf_strbuf_puts(&path, "/v1/tenants/");
    nf_percent_encode(&path, tenant);
    nf_strbuf_puts(&path, "/erase");
    do {
        nf_error err = {0};
        json_t *body = json_pack(
            "{s:s*, s:s*, s:I, s:b}", "number", nf_given_value(given, "number", NULL), "email",
            nf_given_value(given, "email", NULL), "after", after, "dry_run", (int)dry_run);
        json_t *piece = nf_ask_host(given, "POST", path.bytes, body, &err, &status);
        add(&t, piece);
        after = nf_json_integer(piece, "next", 0);
        json_decref(piece);
        json_decref(body);
    } while (after && status == NF_EXIT_OK);
    if (status == NF_EXIT_OK && nf_given_has(given, "json")) {
        json_t *all =
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:O}", "looked_at", t.looked_at, "events",
                      t.events, "runs", t.runs, "texts", t.texts, "keys", t.keys, "open", t.open);
        nf_print_json(all, true);
        json_decref(all);
    } else if (status == NF_EXIT_OK) {
        print_totals(&t, dry_run);
    }
    json_decref(t.open);
    nf_strbuf_release(&path);
    return status;
}

static int run(const nf_cli *cli, const nf_given *given)
{
    const char *tenant = nf_given_value(given, "tenant", NULL);
    (void)cli;
    if (given->arg_count != 1 || strcmp(given->args[0], "erase") != 0 || !tenant
        || (!nf_given_has(given, "number") && !nf_given_has(given, "email")))
        return nf_usage_error("privacy",
                              "write 'privacy erase --tenant NAME --number NUMBER' or '… --email "
                              "ADDRESS', and --dry-run to look first");
    return erase(given, tenant);
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    {"tenant", "NAME", "of which tenant", false},
    {"number", "NUMBER", "the person's telephone number, in any spelling", false},
    {"email", "ADDRESS", "the person's e-mail address", false},
    {"dry-run", NULL, "only say what would be erased", false},
    {"json", NULL, "as JSON", false},
    {0},
};

const nf_command nf_command_privacy = {
    "privacy",
    "erase --tenant NAME [--number NUMBER] [--email ADDRESS] [--dry-run]",
    "Take a person out of what is kept of ended runs and of what flows remember.",
    "The number is found in any spelling, the address in any case. Where it stands, names, numbers, addresses and\n"
    "context parameters are replaced by '[erased DATE]'; summaries, times and counts stay. Runs without an end are\n"
    "named and not touched. It is audited without naming the person. Backups, lists and Nimbus are not touched.",
    options,
    run,
};
