/* SPDX-License-Identifier: Apache-2.0 */
/* why.c: may this user do that? What became of an event, and what does a run wait for? */
#include "admin/because.h"
#include "admin/internal.h"
#include "base/alloc.h"
#include "base/json.h"
#include "base/suggest.h"
#include "store/questions.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_NAMED = 64, MOST_LISTED = 1000 };

/* The tenant that the query names, or the only one; NULL after an answer. */
static const nf_tenant *tenant_of(const nf_admin *admin, nf_http_exchange *x)
{
    char *name = nf_admin_parameter(nf_http_query(x), "tenant");
    const char *names[MOST_NAMED + 1];
    const nf_tenant *found = !name && admin->tenant_count == 1 ? admin->tenants[0] : NULL;
    size_t n = 0;
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        if (name && strcmp(t->config->name, name) == 0)
            found = t;
        if (n < MOST_NAMED)
            names[n++] = t->config->name;
    }
    names[n] = NULL;
    nf_error err = {0};
    if (!found && name)
        nf_suggest_error(&err, NF_E_NOT_FOUND, "tenant", name, names);
    if (!found)
        nf_http_answer_error(x, name ? 404 : 400, "%s",
                             name ? err.text : "there are several tenants; say which");
    free(name);
    return found;
}

static void rights(const nf_admin *admin, nf_http_exchange *x)
{
    const char *query = nf_http_query(x);
    const nf_tenant *tenant = tenant_of(admin, x);
    if (!tenant)
        return;
    char *upn = nf_admin_parameter(query, "upn"), *entity = nf_admin_parameter(query, "entity");
    char *operation = nf_admin_parameter(query, "operation");
    nf_error err = {0};
    json_t *answer = NULL;
    if (!upn || !operation)
        nf_error_set(&err, NF_E_ARG, "upn and operation are needed");
    else
        answer = nf_ou_why(nf_rights_ou(tenant->rights), upn, operation, entity, &err);
    if (answer)
        nf_http_answer_json(x, 200, answer);
    else
        nf_http_answer_error(x, 400, "%s", err.text);
    free(upn);
    free(operation);
    free(entity);
}

/* ---- an event or a run ---- */

struct asking {
    const nf_admin *admin;
    nf_http_exchange *exchange;
    char *what, *tenant;
};

static void finish(struct asking *a, json_t *answer, const nf_error *err)
{
    if (err)
        nf_http_answer_error(a->exchange, 500, "%s", err->text);
    else if (!answer)
        nf_http_answer_error(
            a->exchange, 404,
            "nothing is known of '%s'; write the id of a run or event, the beginning of "
            "a hash (8 digits or more), or a text of the event, such as its task",
            a->what);
    else
        nf_http_answer_json(a->exchange, 200, answer);
    free(a->what);
    free(a->tenant);
    free(a);
}

/* Those that started no run are in memory only. */
static json_t *fates_of(const struct asking *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->admin->tenant_count; i++) {
        const nf_tenant *t = a->admin->tenants[i];
        if (!a->tenant || strcmp(a->tenant, t->config->name) == 0)
            nf_fates_find(t->fates, a->what, list);
    }
    return list;
}

static void on_events(void *ctx, json_t *found, const nf_error *err)
{
    struct asking *a = ctx;
    json_t *fates = err ? NULL : fates_of(a), *answer = NULL;
    if (!err && json_array_size(fates) + json_array_size(json_object_get(found, "events")) > 0) {
        answer = json_incref(found);
        json_object_set(answer, "fates", fates);
        json_object_set_new(answer, "why", nf_because_event(answer));
    }
    json_decref(fates);
    json_decref(found);
    finish(a, answer, err);
}

static void on_run(void *ctx, json_t *run, const nf_error *err)
{
    struct asking *a = ctx;
    if (err) {
        finish(a, NULL, err);
    } else if (!json_is_object(run)) {
        nf_store_query_event(a->admin->store, a->tenant, a->what, on_events, a);
    } else {
        nf_admin_explain(a->admin, run);
        finish(a, json_pack("{s:o, s:O}", "why", nf_because_run(a->admin, run), "run", run), NULL);
    }
    json_decref(run);
}

static void subject(const nf_admin *admin, nf_http_exchange *x, char *what)
{
    struct asking *a = nf_alloc(sizeof *a);
    int64_t id;
    a->admin = admin;
    a->exchange = x;
    a->what = what;
    a->tenant = nf_admin_parameter(nf_http_query(x), "tenant");
    if (nf_admin_whole(what, &id))
        nf_store_query_run(admin->store, id, on_run, a);
    else
        nf_store_query_event(admin->store, a->tenant, a->what, on_events, a);
}

void nf_admin_why(const nf_admin *admin, nf_http_exchange *x)
{
    char *what = nf_admin_parameter(nf_http_query(x), "subject");
    if (what && *what) {
        subject(admin, x, what);
        return;
    }
    free(what);
    rights(admin, x);
}

/* ---- lists ---- */

void nf_admin_fates(const nf_admin *admin, nf_http_exchange *x)
{
    char *name = nf_admin_parameter(nf_http_query(x), "fate");
    nf_fate fate = name ? nf_fate_named(name) : NF_FATE_COUNT;
    free(name);
    if (fate == NF_FATE_COUNT) {
        nf_http_answer_error(x, 400, "fate is filtered, denied, duplicate or refused");
        return;
    }
    const nf_tenant *tenant = tenant_of(admin, x);
    if (tenant)
        nf_http_answer_json(x, 200,
                            json_pack("{s:s, s:I, s:o}", "tenant", tenant->config->name, "count",
                                      (json_int_t)nf_fates_count(tenant->fates, fate), "events",
                                      nf_fates_json(tenant->fates, fate, MOST_LISTED)));
}

void nf_admin_denied(const nf_admin *admin, nf_http_exchange *x)
{
    const nf_tenant *tenant = tenant_of(admin, x);
    if (!tenant)
        return;
    nf_http_answer_json(x, 200,
                        json_pack("{s:s, s:I, s:o}", "tenant", tenant->config->name, "count",
                                  (json_int_t)nf_fates_count(tenant->fates, NF_FATE_DENIED),
                                  "denied",
                                  nf_fates_json(tenant->fates, NF_FATE_DENIED, MOST_LISTED)));
}
