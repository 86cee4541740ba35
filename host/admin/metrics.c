/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c: see metrics.h. */
#include "admin/metrics.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/moment.h"
#include "base/strbuf.h"
#include "store/questions.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_TEXT = 16 << 20 };

static void head(nf_strbuf *out, const char *name, const char *type, const char *help)
{
    nf_strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_label(nf_strbuf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            nf_strbuf_puts(out, "\\");
        if (*c == '\n')
            nf_strbuf_puts(out, "\\n");
        else
            nf_strbuf_add(out, c, 1);
    }
}

/* name{tenant="T",label="value"} number */
static void row(nf_strbuf *out, const char *name, const char *tenant, const char *label,
                const char *value, uint64_t number)
{
    nf_strbuf_addf(out, "%s{tenant=\"", name);
    add_label(out, tenant);
    if (label) {
        nf_strbuf_addf(out, "\",%s=\"", label);
        add_label(out, value);
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

/* One number of each connection. */
static void add_of_each(const nf_admin *admin, nf_strbuf *out, const char *name, const char *type,
                        const char *help, uint64_t (*number)(const nf_nimbus_state *state))
{
    head(out, name, type, help);
    for (size_t i = 0; i < admin->tenant_count; i++) {
        const nf_tenant *t = admin->tenants[i];
        for (size_t k = 0; k < t->connection_count; k++) {
            nf_nimbus_state state = nf_nimbus_look(t->connections[k]->nimbus);
            row(out, name, t->config->name, "connection", t->connections[k]->name, number(&state));
        }
    }
}

#define NUMBER(name, expression)                                                                   \
    static uint64_t name(const nf_nimbus_state *s)                                                 \
    {                                                                                              \
        return expression;                                                                         \
    }
NUMBER(waiting, s->waiting)
NUMBER(paused, s->paused_ms / 1000 + (s->paused_ms % 1000 != 0))
NUMBER(is_open, s->open)
NUMBER(sent, s->count.sent)
NUMBER(repeated, s->count.repeated)
NUMBER(pauses, s->count.pauses)
NUMBER(opened, s->count.opened)
#undef NUMBER

static void add_requests(const nf_admin *admin, nf_strbuf *out)
{
    add_of_each(admin, out, "nimflow_requests_waiting", "gauge",
                "Requests that wait for the rate, the end of a pause or the breaker.", waiting);
    add_of_each(admin, out, "nimflow_requests_paused_seconds", "gauge",
                "What is left of a pause that Nimbus asked for.", paused);
    add_of_each(admin, out, "nimflow_breaker_open", "gauge",
                "1: many requests in a row failed, only probes go out.", is_open);
    add_of_each(admin, out, "nimflow_requests_total", "counter",
                "Requests sent, with repeated ones.", sent);
    add_of_each(admin, out, "nimflow_requests_repeated_total", "counter",
                "Requests sent again since an attempt had failed.", repeated);
    add_of_each(admin, out, "nimflow_request_pauses_total", "counter",
                "Pauses that Nimbus asked for (429 with Retry-After).", pauses);
    add_of_each(admin, out, "nimflow_breaker_opened_total", "counter",
                "How often the breaker opened.", opened);
}

/* ---- dead letters ---- */

struct counted {
    nf_strbuf *out;
    const char *tenant;
};

static void add_dead(void *ctx, const char *handler, uint64_t dead, unsigned in_a_row)
{
    const struct counted *c = ctx;
    (void)in_a_row;
    row(c->out, "nimflow_dead_letters_total", c->tenant, "handler", handler, dead);
}

static uint64_t age_s(const char *ended)
{
    int64_t now = nf_clock_wall_ms(), then = now;
    if (ended)
        nf_moment_parse(ended, now, &then, NULL);
    return now > then ? (uint64_t)(now - then) / 1000 : 0;
}

/* `flows` is what the store counted, or NULL when it could not. */
static void add_dead_letters(const nf_admin *admin, const json_t *flows, nf_strbuf *out)
{
    size_t i;
    const json_t *flow;
    head(out, "nimflow_dead_letters_total", "counter",
         "Runs since the start that failed, were over a budget or lost.");
    for (i = 0; i < admin->tenant_count; i++)
        nf_poison_each(admin->tenants[i]->poison, add_dead,
                       &(struct counted){out, admin->tenants[i]->config->name});
    head(out, "nimflow_dead_letters", "gauge", "Of all that are kept: those nobody has dismissed.");
    json_array_foreach ((json_t *)flows, i, flow)
        row(out, "nimflow_dead_letters", nf_json_string(flow, "tenant"), "handler",
            nf_json_string(flow, "handler"), (uint64_t)nf_json_integer(flow, "count", 0));
    head(out, "nimflow_dead_letter_oldest_seconds", "gauge", "Age of the oldest of them.");
    json_array_foreach ((json_t *)flows, i, flow)
        row(out, "nimflow_dead_letter_oldest_seconds", nf_json_string(flow, "tenant"), "handler",
            nf_json_string(flow, "handler"), age_s(nf_json_string(flow, "oldest_ended")));
}

struct asking {
    const nf_admin *admin;
    nf_http_exchange *exchange;
};

static void answer(const nf_admin *admin, nf_http_exchange *x, const json_t *flows)
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
    add_dead_letters(admin, flows, &out);
    add_requests(admin, &out);
    nf_http_answer(x, 200, "text/plain; version=0.0.4", NULL, out.bytes, out.len);
    nf_strbuf_release(&out);
}

static void on_counted(void *ctx, json_t *rows, const nf_error *err)
{
    struct asking *asking = ctx;
    (void)err; /* then those figures are missing, which is seen */
    answer(asking->admin, asking->exchange, json_object_get(rows, "flows"));
    json_decref(rows);
    free(asking);
}

void nf_admin_metrics(const nf_admin *admin, nf_http_exchange *x)
{
    struct asking *asking = nf_alloc(sizeof *asking);
    *asking = (struct asking){admin, x};
    nf_store_query_runs(admin->store, &(nf_run_query){.kind = NF_RUNS_BY_FLOW, .limit = 1000},
                        on_counted, asking);
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
