/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c: see metrics.h. */
#include "admin/metrics.h"

#include "base/strbuf.h"

#include <string.h>

enum { MOST_TEXT = 16 << 20 };

static void head(nf_strbuf *out, const char *name, const char *type, const char *help)
{
    nf_strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_value(nf_strbuf *out, const char *value)
{
    for (const char *c = value; *c; c++) {
        if (*c == '\n')
            nf_strbuf_puts(out, "\\n");
        else
            nf_strbuf_addf(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    }
}

/* name{tenant="T",label="value"} number */
static void row(nf_strbuf *out, const char *name, const char *tenant, const char *label,
                const char *value, uint64_t number)
{
    nf_strbuf_addf(out, "%s{tenant=\"", name);
    add_value(out, tenant);
    if (label) {
        nf_strbuf_addf(out, "\",%s=\"", label);
        add_value(out, value);
    }
    nf_strbuf_addf(out, "\"} %llu\n", (unsigned long long)number);
}

static void add_events(const nf_admin *admin, nf_strbuf *out)
{
    const char *name = "nimflow_events_total";
    head(out, name, "counter", "Events that came, by what became of them.");
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        row(out, name, t->config->name, "fate", "run", t->count.accepted);
        row(out, name, t->config->name, "fate", "duplicate", t->count.duplicate);
        row(out, name, t->config->name, "fate", "filtered", t->count.filtered);
        row(out, name, t->config->name, "fate", "denied", t->count.denied);
        row(out, name, t->config->name, "fate", "refused", t->count.refused);
    }
}

static void add_runs(const nf_admin *admin, nf_strbuf *out)
{
    const char *name = "nimflow_runs_total";
    head(out, name, "counter", "Runs that ended, by how.");
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        for (int k = NF_OUTCOME_NONE + 1; k < NF_OUTCOME_COUNT; k++)
            row(out, name, t->config->name, "outcome", nf_outcome_name((nf_outcome)k),
                t->count.ended[k]);
    }
    name = "nimflow_runs";
    head(out, name, "gauge", "Runs that wait and runs on workers.");
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        row(out, name, t->config->name, "state", "waiting", nf_pool_waiting(t->pool));
        row(out, name, t->config->name, "state", "running", nf_pool_running(t->pool));
    }
}

static void add_shed(const nf_admin *admin, nf_strbuf *out)
{
    const char *name = "nimflow_runs_shed_total";
    head(out, name, "counter",
         "Runs that were ended although nothing was wrong with them, by why.");
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        for (int k = NF_SHED_NONE + 1; k < NF_SHEDS; k++)
            row(out, name, t->config->name, "reason", nf_shed_name((nf_shed)k),
                nf_pool_shed_count(t->pool, (nf_shed)k));
    }
}

/* ---- context before pickup ---- */

struct pickup {
    nf_strbuf *out;
    const char *name, *tenant;
    int which;
};

static void add_pickup(void *ctx, const nf_pickup_row *service)
{
    const struct pickup *p = ctx;
    const uint64_t figures[] = {service->taken, service->in_time, service->late};
    row(p->out, p->name, p->tenant, "service", service->service, figures[p->which]);
}

static void add_pickups(const nf_admin *admin, nf_strbuf *out)
{
    static const char *const names[][2] = {
        {"nimflow_calls_taken_total", "Calls that a person has taken."},
        {"nimflow_calls_taken_with_context_total", "Of these: a flow had updated the task before."},
        {"nimflow_calls_context_late_total", "Of these: a flow updated the task afterwards only."},
    };
    for (int which = 0; which < 3; which++) {
        head(out, names[which][0], "counter", names[which][1]);
        for (size_t i = 0; i < admin->tenant_count; i++) {
            const nf_tenant *t = admin->tenants[i];
            struct pickup p = {out, names[which][0], t->config->name, which};
            nf_pickup_each(t->pickup, add_pickup, &p);
        }
    }
}

static void add_alarms(const nf_admin *admin, nf_strbuf *out)
{
    const char *name = "nimflow_alarms";
    head(out, name, "gauge", "Alarms that last now.");
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        for (int k = 0; k < NF_ALARM_KINDS; k++)
            row(out, name, t->config->name, "kind", nf_alarm_name((nf_alarm_kind)k),
                nf_alarms_lasting(t->alarms, (nf_alarm_kind)k));
    }
    name = "nimflow_alarms_raised_total";
    head(out, name, "counter", "Alarms that were raised since the start.");
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        for (int k = 0; k < NF_ALARM_KINDS; k++)
            row(out, name, t->config->name, "kind", nf_alarm_name((nf_alarm_kind)k),
                nf_alarms_raised(t->alarms, (nf_alarm_kind)k));
    }
}

static void add_connections(const nf_admin *admin, nf_strbuf *out)
{
    const char *name = "nimflow_connection_ready";
    head(out, name, "gauge", "1: registered at Nimbus as the flows want it.");
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        for (size_t k = 0; k < t->connection_count; k++)
            row(out, name, t->config->name, "connection", t->connections[k]->name,
                nf_connection_ready(t->connections[k]));
    }
}

void nf_admin_metrics(const nf_admin *admin, nf_http_exchange *x)
{
    nf_strbuf out = nf_strbuf_new(MOST_TEXT);
    head(&out, "nimflow_store_failing", "gauge", "1: the database cannot be written.");
    nf_strbuf_addf(&out, "nimflow_store_failing %d\n", nf_store_failing(admin->store));
    add_events(admin, &out);
    add_runs(admin, &out);
    add_shed(admin, &out);
    add_pickups(admin, &out);
    add_alarms(admin, &out);
    add_connections(admin, &out);
    nf_http_answer(x, 200, "text/plain; version=0.0.4", NULL, out.bytes, out.len);
    nf_strbuf_release(&out);
}

void nf_metrics_receive(nf_http_exchange *x, void *ctx)
{
    const nf_admin *admin = ctx;
    if (nf_admin_probe(admin, x))
        return;
    if (strcmp(nf_http_path(x), "/metrics") == 0 && strcmp(nf_http_method(x), "GET") == 0)
        nf_admin_metrics(admin, x);
    else
        nf_http_answer_error(x, 404, "not found");
}
