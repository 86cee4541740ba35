/* SPDX-License-Identifier: Apache-2.0 */
/* runs.c: see runs.h: lists, one run, and what people do with runs: cancel, release, dismiss. */
#include "admin/runs.h"

#include "admin/internal.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/moment.h"
#include "base/suggest.h"
#include "pipeline.h"
#include "store/questions.h"
#include "store/tend.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 1000, STANDARD_ROWS = 50, MOST_NAMED_RUNS = 1000, LARGEST_RESULT = 1 << 20 };

/* ---- lists ---- */

static void answer_rows(void *ctx, json_t *rows, const nf_error *err)
{
    if (err)
        nf_http_answer_error(ctx, 500, "%s", err->text);
    else
        nf_http_answer_json(ctx, 200, json_incref(rows));
    json_decref(rows);
}

nf_status nf_admin_outcome(const char *name, nf_outcome *outcome, nf_error *err)
{
    const char *names[NF_OUTCOME_COUNT + 1] = {NULL};
    for (int i = 0; i < NF_OUTCOME_COUNT; i++) {
        names[i] = nf_outcome_name((nf_outcome)i);
        if (strcmp(names[i], name) == 0) {
            *outcome = (nf_outcome)i;
            return NF_OK;
        }
    }
    nf_suggest_error(err, NF_E_ARG, "outcome", name, names);
    return err->status;
}

/* The texts of a query's parameters, owned until released. */
struct asked {
    char *tenant, *handler, *flow, *outcome, *before, *limit, *since, *until, *open, *dead,
        *by_flow;
};

static void release(struct asked *a)
{
    char *texts[] = {a->tenant, a->handler, a->flow, a->outcome, a->before, a->limit,
                     a->since,  a->until,   a->open, a->dead,    a->by_flow};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
}

static struct asked parameters(const char *query)
{
    return (struct asked){
        .tenant = nf_admin_parameter(query, "tenant"),
        .handler = nf_admin_parameter(query, "handler"),
        .flow = nf_admin_parameter(query, "flow"),
        .outcome = nf_admin_parameter(query, "outcome"),
        .before = nf_admin_parameter(query, "before"),
        .limit = nf_admin_parameter(query, "limit"),
        .since = nf_admin_parameter(query, "since"),
        .until = nf_admin_parameter(query, "until"),
        .open = nf_admin_parameter(query, "open"),
        .dead = nf_admin_parameter(query, "dead"),
        .by_flow = nf_admin_parameter(query, "by_flow"),
    };
}

static nf_status read_kind(const struct asked *a, nf_run_query *q, nf_error *err)
{
    if (!!a->outcome + !!a->open + !!a->dead > 1)
        return nf_error_set(err, NF_E_ARG, "outcome, open and dead exclude each other");
    if (a->by_flow && !a->dead)
        return nf_error_set(err, NF_E_ARG, "by_flow counts dead letters: it needs dead");
    q->kind = a->by_flow ? NF_RUNS_BY_FLOW
              : a->dead  ? NF_RUNS_DEAD
              : a->open  ? NF_RUNS_OPEN
                         : NF_RUNS_ALL;
    if (!a->outcome)
        return NF_OK;
    q->kind = NF_RUNS_ENDED;
    nf_status status = nf_admin_outcome(a->outcome, &q->outcome, err);
    if (status == NF_OK && q->outcome == NF_OUTCOME_NONE)
        q->kind = NF_RUNS_OPEN;
    return status;
}

static nf_status read_query(const struct asked *a, nf_run_query *q, nf_error *err)
{
    int64_t now = nf_clock_wall_ms(), rows = STANDARD_ROWS;
    *q = (nf_run_query){.tenant = a->tenant, .handler = a->handler, .flow = a->flow};
    nf_status status = read_kind(a, q, err);
    if (status == NF_OK
        && ((a->before && !nf_admin_whole(a->before, &q->before))
            || (a->limit && (!nf_admin_whole(a->limit, &rows) || rows > MOST_ROWS))))
        status = nf_error_set(err, NF_E_ARG, "before and limit are whole numbers, limit at most %d",
                              MOST_ROWS);
    q->limit = (unsigned)rows;
    if (status == NF_OK && a->since)
        status = nf_moment_parse(a->since, now, &q->since_ms, err);
    if (status == NF_OK && a->until)
        status = nf_moment_parse(a->until, now, &q->until_ms, err);
    return status;
}

static void list(const nf_admin *admin, nf_http_exchange *x)
{
    struct asked a = parameters(nf_http_query(x));
    nf_run_query q;
    nf_error err = {0};
    if (read_query(&a, &q, &err) == NF_OK)
        nf_store_query_runs(admin->store, &q, answer_rows, x);
    else
        nf_http_answer_error(x, 400, "%s", err.text);
    release(&a);
}

/* ---- one run ---- */

struct showing {
    const nf_admin *admin;
    nf_http_exchange *exchange;
};

void nf_admin_explain(const nf_admin *admin, json_t *run)
{
    const char *tenant = nf_json_string(run, "tenant"), *state = nf_json_string(run, "state");
    for (size_t i = 0; i < admin->tenant_count && state && strcmp(state, "ended") != 0; i++) {
        if (strcmp(admin->tenants[i]->config->name, tenant) != 0)
            continue;
        json_t *now = nf_pool_explain(admin->tenants[i]->pool, nf_json_integer(run, "id", 0));
        if (now)
            json_object_set_new(run, "now", now);
    }
}

static void on_run(void *ctx, json_t *run, const nf_error *err)
{
    struct showing *showing = ctx;
    if (err) {
        nf_http_answer_error(showing->exchange, 500, "%s", err->text);
    } else if (!json_is_object(run)) {
        nf_http_answer_error(showing->exchange, 404, "there is no such run");
    } else {
        nf_admin_explain(showing->admin, run);
        nf_http_answer_json(showing->exchange, 200, json_incref(run));
    }
    json_decref(run);
    free(showing);
}

static void show(const nf_admin *admin, nf_http_exchange *x, int64_t id)
{
    struct showing *showing = nf_alloc(sizeof *showing);
    *showing = (struct showing){admin, x};
    nf_store_query_run(admin->store, id, on_run, showing);
}

/* ---- cancel and release ---- */

static void answer_done(nf_http_exchange *x, nf_status status, int64_t id, const char *what,
                        const nf_error *err)
{
    if (status == NF_OK)
        nf_http_answer_json(x, 202, json_pack("{s:I, s:s}", "run", (json_int_t)id, "asked", what));
    else
        nf_http_answer_error(x,
                             status == NF_E_NOT_FOUND ? 404
                             : status == NF_E_FULL    ? 503
                                                      : 409,
                             "%s", err->text);
}

static void audit(const nf_admin *admin, nf_http_exchange *x, const char *action, int64_t id,
                  const char *now)
{
    char *name = nf_format("run %lld", (long long)id);
    nf_store_add_audit(
        admin->store,
        &(nf_audit_row){
            .tenant = "", .who = nf_http_peer(x), .action = action, .name = name, .now = now});
    free(name);
}

static void cancel(const nf_admin *admin, nf_http_exchange *x, int64_t id)
{
    nf_error err = {0};
    nf_status status = nf_pipeline_cancel(admin->pipeline, id, nf_http_peer(x), &err);
    if (status == NF_OK)
        audit(admin, x, "cancel", id, "");
    answer_done(x, status, id, "cancel", &err);
}

/* {"done": true, "result": …} or {"repeat": true} */
static void let_go(const nf_admin *admin, nf_http_exchange *x, int64_t id)
{
    nf_error err = {0};
    size_t len;
    const char *body = nf_http_body(x, &len);
    json_t *asked = nf_json_parse(body, len, &err), *result = json_object_get(asked, "result");
    bool done = json_is_true(json_object_get(asked, "done")),
         repeat = json_is_true(json_object_get(asked, "repeat"));
    char *text = result ? json_dumps(result, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    nf_status status = err.status;
    if (status == NF_OK && (done == repeat || (repeat && result)))
        status =
            nf_error_set(&err, NF_E_ARG,
                         "say {\"done\": true, \"result\": …} when the effect has taken place, or "
                         "{\"repeat\": true} when it has not");
    if (status == NF_OK)
        status =
            nf_pipeline_release(admin->pipeline, id, done ? NF_RELEASE_DONE : NF_RELEASE_REPEAT,
                                text, nf_http_peer(x), &err);
    if (status == NF_OK)
        audit(admin, x, "release", id, done ? "done" : "repeat");
    if (status == NF_E_ARG || status == NF_E_PARSE)
        nf_http_answer_error(x, 400, "%s", err.text);
    else
        answer_done(x, status, id, done ? "done" : "repeat", &err);
    json_decref(asked);
    free(text);
}

/* ---- dismiss ---- */

struct dismissing {
    const nf_admin *admin;
    nf_http_exchange *exchange;
    nf_dismissal dismissal;
    int64_t *runs;
    char *tenant, *flow, *who;
};

static void free_dismissing(struct dismissing *d)
{
    free(d->runs);
    free(d->tenant);
    free(d->flow);
    free(d->who);
    free(d);
}

static void on_dismissed(void *ctx, const nf_error *err)
{
    struct dismissing *d = ctx;
    size_t n = d->dismissal.dismissed;
    if (err)
        nf_http_answer_error(d->exchange, 503, "%s", err->text);
    else
        nf_http_answer_json(d->exchange, 200,
                            json_pack("{s:I, s:b}", "dismissed", (json_int_t)n, "more",
                                      !d->runs && n == NF_DISMISSED_AT_A_TIME));
    if (!err && n) {
        char *now = nf_format("%zu", n);
        nf_store_add_audit(d->admin->store, &(nf_audit_row){.tenant = d->tenant,
                                                            .who = d->who,
                                                            .action = "dismiss",
                                                            .name = d->flow ? d->flow : "runs",
                                                            .now = now});
        free(now);
    }
    free_dismissing(d);
}

static nf_status read_runs(struct dismissing *d, const json_t *runs, nf_error *err)
{
    size_t i;
    const json_t *run;
    if (!json_is_array(runs) || json_array_size(runs) > MOST_NAMED_RUNS)
        return nf_error_set(err, NF_E_ARG, "runs is a list of at most %d ids", MOST_NAMED_RUNS);
    d->runs = nf_alloc((json_array_size(runs) + 1) * sizeof *d->runs);
    json_array_foreach ((json_t *)runs, i, run) {
        if (!json_is_integer(run))
            return nf_error_set(err, NF_E_ARG, "runs is a list of ids");
        d->runs[i] = json_integer_value(run);
    }
    d->dismissal.runs = d->runs;
    d->dismissal.count = json_array_size(runs);
    return NF_OK;
}

/* {"runs": [ID…]} or {"flow": NAME, "tenant": NAME} or {"all": true} */
static void dismiss(const nf_admin *admin, nf_http_exchange *x)
{
    nf_error err = {0};
    size_t len;
    const char *body = nf_http_body(x, &len);
    json_t *asked = nf_json_parse(body, len, &err), *runs = json_object_get(asked, "runs");
    struct dismissing *d = nf_alloc(sizeof *d);
    d->admin = admin;
    d->exchange = x;
    d->tenant = nf_strdup(nf_json_string(asked, "tenant"));
    d->flow = nf_strdup(nf_json_string(asked, "flow"));
    d->who = nf_strdup(nf_http_peer(x));
    d->dismissal = (nf_dismissal){
        .tenant = d->tenant, .flow = d->flow, .who = d->who, .at_ms = nf_clock_wall_ms()};
    if (asked && runs)
        read_runs(d, runs, &err);
    else if (asked && !d->flow && !json_is_true(json_object_get(asked, "all")))
        nf_error_set(&err, NF_E_ARG, "say which: runs, flow, or all");
    if (err.status == NF_OK) {
        nf_store_dismiss(admin->store, &d->dismissal, on_dismissed, d);
    } else {
        nf_http_answer_error(x, 400, "%s", err.text);
        free_dismissing(d);
    }
    json_decref(asked);
}

/* ---- routes ---- */

void nf_admin_runs(const nf_admin *admin, nf_http_exchange *x, const char *rest)
{
    const char *method = nf_http_method(x);
    bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
    char *id = *rest == '/' ? nf_memdup(rest + 1, strcspn(rest + 1, "/")) : NULL;
    const char *verb = id ? rest + 1 + strlen(id) : "";
    int64_t run = 0;
    bool known = id && nf_admin_whole(id, &run);
    if (!*rest && get)
        list(admin, x);
    else if (strcmp(rest, "/dismiss") == 0 && post)
        dismiss(admin, x);
    else if (!*verb && id && get && !known)
        nf_http_answer_error(x, 400, "'%s' is not the id of a run", id);
    else if (!*verb && known && get)
        show(admin, x, run);
    else if (strcmp(verb, "/cancel") == 0 && known && post)
        cancel(admin, x, run);
    else if (strcmp(verb, "/release") == 0 && known && post)
        let_go(admin, x, run);
    else
        nf_http_answer_error(x, 404, "not found");
    free(id);
}
