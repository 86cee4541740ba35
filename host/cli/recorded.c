/* SPDX-License-Identifier: Apache-2.0 */
/* recorded.c: see recorded.h. */
#include "cli/recorded.h"

#include "base/alloc.h"
#include "base/budget.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/percent.h"

#include <stdlib.h>
#include <string.h>

int nf_recorded_read(nf_recorded *recorded, const nf_given *given, const char *command,
                     long otherwise)
{
    nf_error err = {0};
    const char *since = nf_given_value(given, "since", NULL),
               *limit = nf_given_value(given, "limit", NULL);
    uint64_t ago_ms = 0;
    char *end = NULL;
    *recorded = (nf_recorded){.given = given, .command = command, .most = otherwise};
    recorded->handler = nf_given_value(given, "handler", NULL);
    if (since && nf_duration_parse(since, 0, &ago_ms, &err) != NF_OK)
        return nf_usage_error(command, "--since %s: %s", since, err.text);
    if (since)
        recorded->since_ms = nf_clock_wall_ms() - (int64_t)ago_ms;
    if (limit)
        recorded->most = strtol(limit, &end, 10);
    if (limit && (end == limit || *end || recorded->most < 1 || recorded->most > NF_RECORDED_MOST))
        return nf_usage_error(command, "--limit %s: a whole number from 1 to %d is expected", limit,
                              NF_RECORDED_MOST);
    return NF_EXIT_OK;
}

static void add(nf_strbuf *path, const char *name, const char *value)
{
    if (!value)
        return;
    nf_strbuf_addf(path, "&%s=", name);
    nf_percent_encode(path, value);
}

json_t *nf_recorded_page(const nf_recorded *recorded, bool brief, int64_t before, long limit,
                         nf_error *err)
{
    nf_strbuf path = nf_strbuf_new(16384);
    nf_strbuf_addf(&path, "/v1/recorded?first=1&limit=%ld%s%s", limit, brief ? "&brief=1" : "",
                   recorded->undone ? "&undone=1" : "");
    if (recorded->since_ms > 0)
        nf_strbuf_addf(&path, "&since=%lld", (long long)recorded->since_ms);
    if (before)
        nf_strbuf_addf(&path, "&before=%lld", (long long)before);
    add(&path, "tenant", nf_given_value(recorded->given, "tenant", NULL));
    add(&path, "outcome", nf_given_value(recorded->given, "outcome", NULL));
    add(&path, "handler", recorded->handler);
    add(&path, "file", recorded->file);
    json_t *answer = nf_ask_host_quietly(recorded->given, "GET", path.bytes, NULL, err);
    json_t *runs = json_incref(json_object_get(answer, "runs"));
    json_decref(answer);
    nf_strbuf_release(&path);
    return runs;
}

json_t *nf_recorded_run(const nf_given *given, const char *id, nf_error *err)
{
    nf_strbuf path = nf_strbuf_new(1024);
    nf_strbuf_puts(&path, "/v1/recorded/");
    nf_percent_encode(&path, id);
    json_t *run = nf_ask_host_quietly(given, "GET", path.bytes, NULL, err);
    nf_strbuf_release(&path);
    return run;
}
