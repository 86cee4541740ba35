/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.c: what a tenant is allowed, as an admin sees and changes it while the host runs.
 *
 * Main invariant: t->allowed is the configuration's, with what the store keeps as changed on top. A change holds at
 * once for what starts, and for what runs from its next slice; the store makes it durable together with its audit
 * entry.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "log/log.h"
#include "tenant/tenant.h"

#include <stdlib.h>
#include <string.h>

void nf_tenant_obey(nf_tenant *t)
{
    nf_pool_allow(t->pool, &t->allowed);
    for (size_t i = 0; i < t->connection_count; i++)
        nf_nimbus_set_rate(t->connections[i]->nimbus,
                           t->allowed.tenant.of[NF_CAP_REQUESTS_PER_SECOND]);
    nf_kv_limit(t->kv, t->allowed.tenant.of[NF_CAP_KV]);
    nf_history_limit(t->history, t->allowed.tenant.of[NF_CAP_HISTORY]);
    t->share.weight = (unsigned)t->allowed.tenant.of[NF_CAP_WEIGHT];
}

/* ---- at start ---- */

static void recall(void *ctx, const char *name, const char *value)
{
    nf_tenant *t = ctx;
    nf_error err = {0};
    if (nf_allowed_set(&t->allowed, NF_SETTER_ADMIN, name, value, &err) != NF_OK)
        nf_log_warn("tenant", "%s: a change from before is ignored: %s", t->config->name, err.text);
}

nf_status nf_tenant_recall_limits(nf_tenant *t, nf_error *err)
{
    return nf_store_each_limit(t->host->store, t->config->name, recall, t, err);
}

/* ---- a change ---- */

/* What the store borrows until the change is durable. */
struct change {
    nf_limit_changes all;
    nf_limit_change *changes;
    nf_store_done *done;
    void *ctx;
};

static void free_change(struct change *change)
{
    for (size_t i = 0; i < change->all.count; i++) {
        const nf_limit_change *c = &change->changes[i];
        free((char *)c->name);
        free((char *)c->value);
        free((char *)c->old);
        free((char *)c->now);
    }
    free(change->changes);
    free((char *)change->all.who);
    free(change);
}

static void on_kept(void *ctx, const nf_error *err)
{
    struct change *change = ctx;
    change->done(change->ctx, err);
    free_change(change);
}

/* The value of a limit as an admin writes it, owned by the caller. */
static char *value_text(const nf_allowed *allowed, const char *name)
{
    char text[NF_AMOUNT_MAX] = "";
    for (int i = 0; i < NF_CAP_COUNT; i++) {
        if (strcmp(name, nf_cap_name((nf_cap)i)) == 0)
            nf_amount_text(nf_cap_unit((nf_cap)i), allowed->tenant.of[i], text);
    }
    for (int i = 0; i < NF_BUDGET_COUNT; i++) {
        if (strcmp(name, nf_budget_name((nf_budget)i)) == 0)
            nf_amount_text(nf_budget_unit((nf_budget)i), allowed->run.of[i], text);
    }
    return nf_strdup(text);
}

/* Back to what the configuration says. */
static nf_status reset_one(const nf_tenant *t, nf_allowed *allowed, const char *name, nf_error *err)
{
    const nf_allowed *configured = &t->config->limits;
    if (!nf_allowed_has(name)) /* worded as for setting it */
        return nf_allowed_set(allowed, NF_SETTER_ADMIN, name, "1", err);
    for (int i = 0; i < NF_CAP_COUNT; i++) {
        if (strcmp(name, nf_cap_name((nf_cap)i)) == 0) {
            allowed->tenant.of[i] = configured->tenant.of[i];
            allowed->tenant.set_by[i] = configured->tenant.set_by[i];
        }
    }
    for (int i = 0; i < NF_BUDGET_COUNT; i++) {
        if (strcmp(name, nf_budget_name((nf_budget)i)) == 0) {
            allowed->run.of[i] = configured->run.of[i];
            allowed->run.set_by[i] = configured->run.set_by[i];
        }
    }
    return NF_OK;
}

static void note(const nf_tenant *t, struct change *change, const nf_allowed *after,
                 const char *name, const char *value)
{
    change->changes[change->all.count++] = (nf_limit_change){
        .name = nf_strdup(name),
        .value = nf_strdup(value),
        .old = value_text(&t->allowed, name),
        .now = value_text(after, name),
    };
}

static nf_status collect(const nf_tenant *t, struct change *change, const json_t *set,
                         const json_t *reset, nf_allowed *after, nf_error *err)
{
    const char *name;
    json_t *value;
    size_t i;
    json_object_foreach ((json_t *)set, name, value) {
        const char *text = json_string_value(value);
        if (!text)
            return nf_error_set(err, NF_E_ARG,
                                "limit %s: a text like \"250ms\", \"16MiB\" or \"100\" is expected",
                                name);
        if (nf_allowed_set(after, NF_SETTER_ADMIN, name, text, err) != NF_OK)
            return err->status;
        note(t, change, after, name, text);
    }
    json_array_foreach (reset, i, value) {
        name = json_string_value(value);
        if (!name)
            return nf_error_set(err, NF_E_ARG, "reset: a list of names is expected");
        if (reset_one(t, after, name, err) != NF_OK)
            return err->status;
        note(t, change, after, name, NULL);
    }
    if (change->all.count == 0)
        return nf_error_set(err, NF_E_ARG, "nothing to change: write NAME=VALUE");
    return NF_OK;
}

nf_status nf_tenant_change_limits(nf_tenant *t, const json_t *set, const json_t *reset,
                                  const char *who, nf_store_done *done, void *ctx, nf_error *err)
{
    nf_allowed after = t->allowed;
    size_t most = json_object_size(set) + json_array_size(reset);
    struct change *change = nf_alloc(sizeof *change);
    change->changes = nf_alloc((most + 1) * sizeof *change->changes);
    change->done = done;
    change->ctx = ctx;
    if (collect(t, change, set, reset, &after, err) != NF_OK) {
        free_change(change);
        return err->status;
    }
    change->all.tenant = t->config->name;
    change->all.who = nf_strdup(who);
    change->all.at_ms = nf_clock_wall_ms();
    change->all.changes = change->changes;
    for (size_t i = 0; i < change->all.count; i++)
        nf_log_info("audit", "%s: limit %s: %s -> %s, by %s", t->config->name,
                    change->changes[i].name, change->changes[i].old, change->changes[i].now, who);
    t->allowed = after;
    nf_tenant_obey(t);
    nf_store_put_limits(t->host->store, &change->all, on_kept, change);
    return NF_OK;
}

/* ---- for people ---- */

static json_t *limit_json(const char *name, const char *scope, nf_unit unit, uint64_t value,
                          uint64_t ceiling, nf_setter set_by)
{
    static const char *const units[] = {"ms", "bytes", ""};
    char text[NF_AMOUNT_MAX], most[NF_AMOUNT_MAX];
    nf_amount_text(unit, value, text);
    nf_amount_text(unit, ceiling, most);
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "name", name, "scope", scope, "value",
                     text, "limit", (json_int_t)value, "unit", units[unit], "ceiling", most,
                     "set_by", nf_setter_text(set_by));
}

json_t *nf_tenant_limits(nf_tenant *t)
{
    nf_allowed ceiling = nf_allowed_ceiling();
    nf_cap_use use = nf_pool_use(t->pool);
    json_t *list = json_array();
    nf_cap_note(&use, NF_CAP_KV, nf_kv_bytes(t->kv));
    nf_cap_note(&use, NF_CAP_HISTORY, nf_history_bytes(t->history));
    for (size_t i = 0; i < t->connection_count;
         i++) { /* the busiest one's, since each has the limit */
        uint64_t peak, used = nf_nimbus_rate(t->connections[i]->nimbus, &peak);
        use.used[NF_CAP_REQUESTS_PER_SECOND] = NF_MAX(use.used[NF_CAP_REQUESTS_PER_SECOND], used);
        use.peak[NF_CAP_REQUESTS_PER_SECOND] = NF_MAX(use.peak[NF_CAP_REQUESTS_PER_SECOND], peak);
    }
    for (int i = 0; i < NF_BUDGET_COUNT; i++)
        json_array_append_new(list,
                              limit_json(nf_budget_name((nf_budget)i), "run",
                                         nf_budget_unit((nf_budget)i), t->allowed.run.of[i],
                                         ceiling.run.of[i], (nf_setter)t->allowed.run.set_by[i]));
    for (int i = 0; i < NF_CAP_COUNT; i++) {
        json_t *row = limit_json(nf_cap_name((nf_cap)i), "tenant", nf_cap_unit((nf_cap)i),
                                 t->allowed.tenant.of[i], ceiling.tenant.of[i],
                                 (nf_setter)t->allowed.tenant.set_by[i]);
        if (i != NF_CAP_WEIGHT) {
            json_object_set_new(row, "used", json_integer((json_int_t)use.used[i]));
            json_object_set_new(row, "peak", json_integer((json_int_t)use.peak[i]));
        }
        json_array_append_new(list, row);
    }
    return list;
}
