/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c: see replay.h. */
#include "admin/replay.h"

#include "admin/internal.h"
#include "base/alloc.h"
#include "base/json.h"
#include "redo.h"
#include "store/recorded.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BRIEF = 100000, MOST_ROWS = 1000, STANDARD_ROWS = 100 };

/* A question whose answer needs more than the exchange. */
struct asking {
    const nf_admin *admin;
    nf_http_exchange *exchange;
    bool original;
};

/* A whole number above 0 in a parameter that may be absent: then `number` stays. */
static bool number_of(const char *query, const char *name, int64_t *number)
{
    char *text = nf_admin_parameter(query, name), *end = text;
    long long value = text ? strtoll(text, &end, 10) : 1;
    bool good = !text || (end > text && !*end && value > 0);
    if (text && good)
        *number = value;
    free(text);
    return good;
}

/* ---- what was recorded ---- */

static void on_rows(void *ctx, json_t *rows, const nf_error *err)
{
    nf_http_exchange *x = ctx;
    if (err)
        nf_http_answer_error(x, 500, "%s", err->text);
    else
        nf_http_answer_json(x, 200, json_pack("{s:o}", "runs", rows));
}

static bool outcome_named(const char *name, nf_outcome *outcome)
{
    for (int i = NF_OUTCOME_NONE + 1; i < NF_OUTCOME_COUNT; i++) {
        if (strcmp(nf_outcome_name((nf_outcome)i), name) == 0) {
            *outcome = (nf_outcome)i;
            return true;
        }
    }
    return false;
}

static void list(const nf_admin *admin, nf_http_exchange *x)
{
    const char *query = nf_http_query(x);
    char *tenant = nf_admin_parameter(query, "tenant"),
         *handler = nf_admin_parameter(query, "handler"), *file = nf_admin_parameter(query, "file"),
         *outcome = nf_admin_parameter(query, "outcome"),
         *brief = nf_admin_parameter(query, "brief"), *first = nf_admin_parameter(query, "first"),
         *undone = nf_admin_parameter(query, "undone");
    nf_recorded_query q = {.tenant = tenant,
                           .handler = handler,
                           .file = file,
                           .brief = brief != NULL,
                           .first = first != NULL,
                           .undone = undone != NULL};
    int64_t limit = STANDARD_ROWS, most = brief ? MOST_BRIEF : MOST_ROWS;
    if (outcome && !outcome_named(outcome, &q.outcome))
        nf_http_answer_error(x, 400, "there is no outcome '%s'", outcome);
    else if (!number_of(query, "since", &q.since_ms) || !number_of(query, "before", &q.before)
             || !number_of(query, "limit", &limit) || limit > most)
        nf_http_answer_error(x, 400,
                             "since, before and limit are whole numbers, limit at most %lld",
                             (long long)most);
    else {
        q.limit = (unsigned)limit;
        nf_store_query_recorded(admin->store, &q, on_rows, x);
    }
    free(tenant);
    free(handler);
    free(file);
    free(outcome);
    free(brief);
    free(first);
    free(undone);
}

static void on_row(void *ctx, json_t *rows, const nf_error *err)
{
    nf_http_exchange *x = ctx;
    if (err)
        nf_http_answer_error(x, 500, "%s", err->text);
    else if (json_array_size(rows) == 0)
        nf_http_answer_error(x, 404, "there is no such run");
    else
        nf_http_answer_json(x, 200, json_incref(json_array_get(rows, 0)));
    json_decref(rows);
}

static void show(const nf_admin *admin, nf_http_exchange *x, const char *id)
{
    char *end;
    nf_recorded_query q = {.id = strtoll(id, &end, 10), .limit = 1};
    if (end == id || *end || q.id <= 0)
        nf_http_answer_error(x, 400, "'%s' is not the id of a run", id);
    else
        nf_store_query_recorded(admin->store, &q, on_row, x);
}

/* ---- sources ---- */

static void answer_source(const nf_tenant *tenant, nf_http_exchange *x, const char *file,
                          const char *source, size_t len)
{
    json_t *text = json_stringn(source, len);
    if (!text) {
        nf_http_answer_error(x, 409, "%s is no UTF-8, so it cannot be shown", file);
        return;
    }
    char *lists = tenant ? nf_format("%s/lists", tenant->config->dir) : NULL;
    nf_http_answer_json(x, 200,
                        json_pack("{s:s, s:o, s:s?, s:s?}", "file", file, "source", text, "lists",
                                  lists, "country", tenant ? tenant->config->country : NULL));
    free(lists);
}

static void on_source(void *ctx, json_t *rows, const nf_error *err)
{
    struct asking *a = ctx;
    nf_http_exchange *x = a->exchange;
    const json_t *row = json_array_get(rows, 0), *source = json_object_get(row, "source");
    if (err)
        nf_http_answer_error(x, 500, "%s", err->text);
    else if (!row)
        nf_http_answer_error(x, 404, "there is no such run");
    else if (!json_is_string(source))
        nf_http_answer_error(x, 404, "the flow's source is not kept any more");
    else
        answer_source(nf_pipeline_tenant(a->admin->pipeline, nf_json_string(row, "tenant")), x,
                      nf_json_string(row, "file"), json_string_value(source),
                      json_string_length(source));
    json_decref(rows);
    free(a);
}

static void current_source(const nf_admin *admin, nf_http_exchange *x)
{
    const char *query = nf_http_query(x);
    char *name = nf_admin_parameter(query, "handler"),
         *tenant_name = nf_admin_parameter(query, "tenant");
    const nf_tenant *tenant = nf_pipeline_tenant(admin->pipeline, tenant_name);
    const nf_handler *handler = tenant && name ? nf_tenant_handler(tenant, name) : NULL;
    size_t len;
    if (handler) {
        const char *source = nf_version_source(handler->version, &len);
        answer_source(tenant, x, nf_version_file(handler->version), source, len);
    } else {
        nf_error err = {.status = NF_E_NOT_FOUND, .text = "say which handler of which tenant"};
        if (tenant && name)
            nf_tenant_unknown_handler(tenant, name, &err);
        nf_http_answer_error(x, 404, "%s", err.text);
    }
    free(name);
    free(tenant_name);
}

static void source(const nf_admin *admin, nf_http_exchange *x)
{
    nf_recorded_query q = {.limit = 1, .source = true};
    if (!number_of(nf_http_query(x), "run", &q.id)) {
        nf_http_answer_error(x, 400, "run is the id of a run");
    } else if (q.id == 0) {
        current_source(admin, x);
    } else {
        struct asking *a = nf_alloc(sizeof *a);
        *a = (struct asking){admin, x, true};
        nf_store_query_recorded(admin->store, &q, on_source, a);
    }
}

/* ---- replay ---- */

static void refuse(nf_http_exchange *x, const nf_error *err)
{
    int status = err->status == NF_E_FULL || err->status == NF_E_STORE ? 503
                 : err->status == NF_E_NOT_FOUND                       ? 404
                                                                       : 409;
    nf_http_answer_error(x, status, "%s", err->text);
}

static void on_started(void *ctx, int64_t run, const nf_error *err)
{
    nf_http_exchange *x = ctx;
    if (err)
        refuse(x, err);
    else
        nf_http_answer_json(x, 202, json_pack("{s:I}", "run", (json_int_t)run));
}

static nf_status start(const struct asking *a, const json_t *row, nf_error *err)
{
    const json_t *event = json_object_get(row, "event"), *old = json_object_get(row, "source");
    const char *name = nf_json_string(row, "tenant");
    nf_tenant *tenant = nf_pipeline_tenant(a->admin->pipeline, name);
    long long id = (long long)nf_json_integer(row, "id", 0);
    if (!row)
        return nf_error_set(err, NF_E_NOT_FOUND, "there is no such run");
    if (!tenant)
        return nf_error_set(err, NF_E_NOT_FOUND, "run %lld: its tenant '%s' is not here any more",
                            id, name);
    if (!json_is_string(event))
        return nf_error_set(
            err, NF_E_ARG,
            "run %lld: its event was trimmed from the history (limit 'history'), so "
            "it cannot be done again",
            id);
    if (a->original && !json_is_string(old))
        return nf_error_set(err, NF_E_NOT_FOUND,
                            "run %lld: the flow's source is not kept any more; use --with current",
                            id);
    nf_replay replay = {
        .run = id,
        .trigger = nf_json_string(row, "trigger"),
        .body = json_string_value(event),
        .len = json_string_length(event),
        .handler = nf_json_string(row, "handler"),
        .file = nf_json_string(row, "file"),
        .source = a->original ? json_string_value(old) : NULL,
        .source_len = a->original ? json_string_length(old) : 0,
        .started = on_started,
        .ctx = a->exchange,
    };
    nf_status status = nf_pipeline_replay(tenant->host->pipeline, tenant, &replay, err);
    nf_error_prefix(err, "run %lld", id);
    return status;
}

static void on_run(void *ctx, json_t *rows, const nf_error *failure)
{
    struct asking *a = ctx;
    nf_error err = failure ? *failure : (nf_error){0};
    const json_t *row = json_array_get(rows, 0);
    const char *outcome = nf_json_string(row, "outcome");
    if (row && outcome && strcmp(outcome, nf_outcome_name(NF_OUTCOME_NONE)) == 0)
        nf_error_set(&err, NF_E_ARG, "run %lld has not ended yet",
                     (long long)nf_json_integer(row, "id", 0));
    if (err.status == NF_OK)
        start(a, row, &err);
    if (err.status != NF_OK)
        refuse(a->exchange, &err);
    json_decref(rows);
    free(a);
}

static void replay(const nf_admin *admin, nf_http_exchange *x)
{
    nf_error err = {0};
    size_t len;
    const char *body = nf_http_body(x, &len);
    json_t *asked = nf_json_parse(body, len, &err);
    const char *with = nf_json_string(asked, "with");
    nf_recorded_query q = {.id = nf_json_integer(asked, "run", 0), .limit = 1};
    q.source = with && strcmp(with, "original") == 0;
    if (asked && q.id <= 0)
        nf_error_set(&err, NF_E_ARG, "name the run: {\"run\": 42}");
    else if (with && !q.source && strcmp(with, "current") != 0)
        nf_error_set(&err, NF_E_ARG, "with is 'current' or 'original'");
    json_decref(asked);
    if (err.status != NF_OK) {
        nf_http_answer_error(x, 400, "%s", err.text);
        return;
    }
    struct asking *a = nf_alloc(sizeof *a);
    *a = (struct asking){admin, x, q.source};
    nf_store_query_recorded(admin->store, &q, on_run, a);
}

bool nf_admin_replay(const nf_admin *admin, nf_http_exchange *x)
{
    static const char recorded[] = "/v1/recorded/";
    const char *path = nf_http_path(x), *method = nf_http_method(x);
    bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
    if (get && strcmp(path, "/v1/recorded") == 0)
        list(admin, x);
    else if (get && strncmp(path, recorded, strlen(recorded)) == 0)
        show(admin, x, path + strlen(recorded));
    else if (get && strcmp(path, "/v1/source") == 0)
        source(admin, x);
    else if (post && strcmp(path, "/v1/replay") == 0)
        replay(admin, x);
    else
        return false;
    return true;
}
