/* SPDX-License-Identifier: Apache-2.0 */
/* admin.c: see admin.h. */
#include "admin/internal.h"

#include "admin/connections.h"
#include "admin/metrics.h"
#include "admin/privacy.h"
#include "admin/replay.h"
#include "admin/runs.h"
#include "admin/start.h"
#include "admin/tail.h"
#include "base/alloc.h"
#include "base/json.h"
#include "base/percent.h"
#include "pipeline.h"
#include "store/questions.h"

#include <stdlib.h>
#include <string.h>

#define TENANTS "/v1/tenants/"
#define RUNS    "/v1/runs"
enum { MOST_ROWS = 1000, STANDARD_ROWS = 50 };

/* ---- probes ---- */

static json_t *troubles(const nf_admin *admin)
{
    json_t *list = json_array();
    if (admin->ending)
        json_array_append_new(list, json_string("the host is ending"));
    if (nf_store_failing(admin->store))
        json_array_append_new(list, json_string("the database cannot be written"));
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        const char *trouble = nf_tenant_trouble(t);
        if (!nf_tenant_ready(t))
            json_array_append_new(list, json_pack("{s:s, s:s}", "tenant", t->config->name,
                                                  "trouble", trouble ? trouble : "not ready"));
    }
    return list;
}

bool nf_admin_probe(const nf_admin *admin, nf_http_exchange *x)
{
    const char *path = nf_http_path(x);
    if (strcmp(path, "/healthz") == 0) {
        nf_http_answer_json(x, 200, json_pack("{s:b}", "alive", 1));
        return true;
    }
    if (strcmp(path, "/readyz") == 0) {
        json_t *list = troubles(admin);
        int ready = json_array_size(list) == 0;
        nf_http_answer_json(x, ready ? 200 : 503,
                            json_pack("{s:b, s:o}", "ready", ready, "troubles", list));
        return true;
    }
    return false;
}

/* ---- what is asked ---- */

char *nf_admin_parameter(const char *query, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = query; *p;) {
        size_t len = strcspn(p, "&");
        if (len > n && strncmp(p, name, n) == 0 && p[n] == '=') {
            char *value = nf_memdup(p + n + 1, len - n - 1);
            if (nf_percent_decode(value) > 0)
                return value;
            free(value);
            return NULL;
        }
        p += len + (p[len] == '&');
    }
    return NULL;
}

bool nf_admin_whole(const char *text, int64_t *number)
{
    char *end;
    *number = strtoll(text, &end, 10);
    return end > text && !*end && *number > 0;
}

bool nf_admin_same_file(const char *asked, const char *file)
{
    static const char folder[] = "flows/";
    size_t n = strlen(asked);
    if (strncmp(file, folder, strlen(folder)) == 0 && strncmp(asked, folder, strlen(folder)) != 0)
        file += strlen(folder);
    return strncmp(file, asked, n) == 0 && (!file[n] || strcmp(file + n, ".lua") == 0);
}

/* ---- limits ---- */

/* The tenant of "/v1/tenants/NAME/REST", or NULL after a 404; `rest` is what follows its name. */
static nf_tenant *tenant_of(const nf_admin *admin, nf_http_exchange *x, const char **rest)
{
    const char *name = nf_http_path(x) + strlen(TENANTS);
    size_t n = strcspn(name, "/");
    char *wanted = nf_memdup(name, n);
    nf_percent_decode(wanted);
    nf_tenant *found = nf_pipeline_tenant(admin->pipeline, wanted);
    if (!found)
        nf_http_answer_error(x, 404, "there is no tenant '%s'", wanted);
    free(wanted);
    *rest = name + n;
    return found;
}

static void answer_limits(nf_tenant *tenant, nf_http_exchange *x)
{
    nf_http_answer_json(x, 200,
                        json_pack("{s:s, s:o}", "tenant", tenant->config->name, "limits",
                                  nf_tenant_limits(tenant)));
}

struct changing {
    nf_tenant *tenant;
    nf_http_exchange *exchange;
};

static void on_changed(void *ctx, const nf_error *err)
{
    struct changing *changing = ctx;
    if (err)
        nf_http_answer_error(changing->exchange, 500,
                             "in force now, but it could not be kept for the next start: %s",
                             err->text);
    else
        answer_limits(changing->tenant, changing->exchange);
    free(changing);
}

static void change_limits(nf_tenant *tenant, nf_http_exchange *x)
{
    nf_error err = {0};
    size_t len;
    const char *body = nf_http_body(x, &len);
    json_t *asked = nf_json_parse(body, len, &err);
    struct changing *changing = nf_alloc(sizeof *changing);
    *changing = (struct changing){tenant, x};
    if (asked)
        nf_tenant_change_limits(tenant, json_object_get(asked, "set"),
                                json_object_get(asked, "reset"), nf_http_peer(x), on_changed,
                                changing, &err);
    json_decref(asked);
    if (err.status != NF_OK) {
        nf_http_answer_error(x, 400, "%s", err.text);
        free(changing);
    }
}

static void of_tenant(const nf_admin *admin, nf_http_exchange *x)
{
    static const char connections[] = "/connections", sign_ins[] = "/sign-ins/";
    const char *rest, *method = nf_http_method(x);
    bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
    nf_tenant *tenant = tenant_of(admin, x, &rest);
    size_t n = strlen(connections);
    if (!tenant)
        return;
    if (strcmp(rest, "/limits") == 0 && get)
        answer_limits(tenant, x);
    else if (strcmp(rest, "/limits") == 0 && post)
        change_limits(tenant, x);
    else if (strcmp(rest, "/erase") == 0 && post)
        nf_admin_erase(admin, tenant, x);
    else if (strcmp(rest, "/start") == 0 && post)
        nf_admin_start(tenant, x);
    else if (strncmp(rest, connections, n) == 0 && (rest[n] == '\0' || rest[n] == '/'))
        nf_admin_connections(tenant, x, rest + n);
    else if (strncmp(rest, sign_ins, strlen(sign_ins)) == 0)
        nf_admin_sign_in(tenant, x, rest + strlen(sign_ins));
    else
        nf_http_answer_error(x, 404, "not found");
}

static void on_audit(void *ctx, json_t *rows, const nf_error *err)
{
    nf_http_exchange *x = ctx;
    if (err) {
        json_decref(rows);
        nf_http_answer_error(x, 500, "%s", err->text);
    } else {
        nf_http_answer_json(x, 200, json_pack("{s:o}", "audit", rows));
    }
}

static void show_audit(const nf_admin *admin, nf_http_exchange *x)
{
    const char *query = nf_http_query(x);
    char *tenant = nf_admin_parameter(query, "tenant"), *limit = nf_admin_parameter(query, "limit");
    int64_t rows = STANDARD_ROWS;
    if (limit && (!nf_admin_whole(limit, &rows) || rows > MOST_ROWS))
        nf_http_answer_error(x, 400, "limit is a whole number, at most %d", MOST_ROWS);
    else
        nf_store_query_audit(admin->store, tenant, (unsigned)rows, on_audit, x);
    free(tenant);
    free(limit);
}

/* ---- routes ---- */

static void show_status(const nf_admin *admin, nf_http_exchange *x)
{
    json_t *tenants = json_array();
    for (size_t i = 0; i < admin->tenant_count; i++)
        json_array_append_new(tenants, nf_tenant_status(admin->tenants[i]));
    nf_http_answer_json(x, 200,
                        json_pack("{s:s, s:b, s:o}", "version", NF_VERSION_STRING, "store_failing",
                                  nf_store_failing(admin->store), "tenants", tenants));
}

static void reload(const nf_admin *admin, nf_http_exchange *x)
{
    for (size_t i = 0; i < admin->tenant_count; i++)
        nf_tenant_rescan(admin->tenants[i]);
    nf_http_answer_json(x, 202, json_pack("{s:b}", "reloading", 1));
}

void nf_admin_receive(nf_http_exchange *x, void *ctx)
{
    const nf_admin *admin = ctx;
    const char *path = nf_http_path(x), *method = nf_http_method(x);
    bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
    if (nf_admin_probe(admin, x) || nf_admin_replay(admin, x))
        return;
    if (get && strcmp(path, "/v1/status") == 0)
        show_status(admin, x);
    else if (strncmp(path, RUNS, strlen(RUNS)) == 0)
        nf_admin_runs(admin, x, path + strlen(RUNS));
    else if (get && strcmp(path, "/v1/tail") == 0)
        nf_admin_tail(admin->tail, x);
    else if (get && strcmp(path, "/v1/audit") == 0)
        show_audit(admin, x);
    else if (get && strcmp(path, "/v1/why") == 0)
        nf_admin_why(admin, x);
    else if (get && strcmp(path, "/v1/fates") == 0)
        nf_admin_fates(admin, x);
    else if (get && strcmp(path, "/v1/denied") == 0)
        nf_admin_denied(admin, x);
    else if (strncmp(path, TENANTS, strlen(TENANTS)) == 0)
        of_tenant(admin, x);
    else if (get && strcmp(path, "/metrics") == 0)
        nf_admin_metrics(admin, x);
    else if (post && strcmp(path, "/v1/reload") == 0)
        reload(admin, x);
    else
        nf_http_answer_error(x, 404, "not found");
}

/* ---- life ---- */

void nf_admin_open(nf_admin *admin, nf_loop *loop)
{
    admin->tail = nf_tail_new(loop);
    nf_pipeline_on_end(admin->pipeline, nf_tail_note, admin->tail);
}

void nf_admin_close(nf_admin *admin)
{
    if (admin->pipeline)
        nf_pipeline_on_end(admin->pipeline, NULL, NULL);
    nf_tail_close(admin->tail);
    admin->tail = NULL;
}
