/* SPDX-License-Identifier: Apache-2.0 */
/* status.c: a tenant as people see it. */
#include "base/json.h"
#include "tenant/tenant.h"

static const char *why_unheard(const nf_tenant *t, const char *file)
{
    const char *why = nf_json_string(t->homeless, file);
    for (size_t i = 0; i < t->connection_count && !why; i++)
        why = nf_json_string(t->connections[i]->unheard, file);
    return why;
}

static json_t *flow_status(const nf_tenant *t, const nf_flow *flow)
{
    const char *unheard = why_unheard(t, flow->file);
    json_t *handlers = json_array();
    size_t count = 0;
    const nf_handler *list = flow->version ? nf_version_handlers(flow->version, &count) : NULL;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(handlers, json_string(list[i].name));
    return json_pack("{s:s, s:b, s:s?, s:o}", "file", flow->file, "running", flow->version != NULL,
                     "error", flow->error ? flow->error : unheard, "handlers", handlers);
}

/* Runs that were ended although nothing was wrong with them, by why. */
static json_t *shed_status(const nf_tenant *t)
{
    json_t *shed = json_object();
    for (int i = NF_SHED_NONE + 1; i < NF_SHEDS; i++)
        json_object_set_new(shed, nf_shed_name((nf_shed)i),
                            json_integer((json_int_t)nf_pool_shed_count(t->pool, (nf_shed)i)));
    return shed;
}

json_t *nf_tenant_status(const nf_tenant *t)
{
    size_t count = 0;
    const nf_flow *list = nf_flows_list(t->flows, &count);
    json_t *flows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(flows, flow_status(t, &list[i]));
    json_t *events =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "received", (json_int_t)t->count.received,
                  "accepted", (json_int_t)t->count.accepted, "duplicate",
                  (json_int_t)t->count.duplicate, "filtered", (json_int_t)t->count.filtered,
                  "denied", (json_int_t)t->count.denied, "refused", (json_int_t)t->count.refused);
    json_t *connections = json_array();
    for (size_t i = 0; i < t->connection_count; i++)
        if (!t->connections[i]->gone)
            json_array_append_new(connections, nf_connection_status(t->connections[i]));
    return json_pack(
        "{s:s, s:b, s:s?, s:i, s:i, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tenant",
        t->config->name, "ready", nf_tenant_ready(t), "trouble", nf_tenant_trouble(t), "waiting",
        (int)nf_pool_waiting(t->pool), "running", (int)nf_pool_running(t->pool), "held_up",
        nf_pool_waiting(t->pool) ? nf_pool_held_up(t->pool) : NULL, "events", events, "connections",
        connections, "rights", nf_rights_status(t->rights, t), "flows", flows, "alarms",
        nf_alarms_json(t->alarms), "schedules", nf_timetable_json(t->timetable), "shed",
        shed_status(t), "pickup", nf_pickup_json(t->pickup), "waits", nf_pool_gates(t->pool));
}
