/* SPDX-License-Identifier: Apache-2.0 */
/*
 * room.c: may an event come in now? When too many wait, what matters less gives way to what matters more, in this
 * order: runs whose task is over, then the newest of the least urgent class (run/shed.c). What is refused, and what is
 * given up although it had to be done, is a loss, and a person is told.
 */
#include "base/alloc.h"
#include "passage.h"

#include <stdlib.h>

nf_urgency nf_passage_urgency(const nf_passage *passage)
{
    nf_urgency usual = nf_event_urgency(passage->event), most = NF_URGENCY_BATCH;
    for (size_t i = 0; i < passage->count; i++) {
        nf_urgency own = passage->wanted[i]->handler->priority;
        most = (own ? own : usual) < most ? (own ? own : usual) : most;
    }
    return most;
}

void nf_pipeline_tell_loss(nf_tenant *t)
{
    char *text = nf_format(
        "%llu events were refused and %llu waiting runs given up for more urgent ones since the "
        "start; look at what waits with 'nimflow doctor' and 'nimflow limits %s'",
        (unsigned long long)t->count.refused,
        (unsigned long long)nf_pool_shed_count(t->pool, NF_SHED_LESS_URGENT), t->config->name);
    nf_tenant_alarm(t, NF_ALARM_EVENTS_LOST, t->config->name, text);
    free(text);
}

const char *nf_pipeline_not_now(const nf_pipeline *p, nf_tenant *t, nf_urgency urgency)
{
    if (p->ending)
        return "the host is ending; come again\n";
    if (nf_store_failing(p->store))
        return "the database cannot be written\n";
    if (!t->resumed)
        return "the host has just started, and runs of before come first; come again\n";
    if (nf_pool_waiting(t->pool) < t->allowed.tenant.of[NF_CAP_QUEUED_EVENTS])
        return NULL;
    uint64_t lost = nf_pool_shed_count(t->pool, NF_SHED_LESS_URGENT);
    if (!nf_pool_make_room(t->pool, urgency))
        return "too many events are waiting\n";
    if (nf_pool_shed_count(t->pool, NF_SHED_LESS_URGENT) > lost)
        nf_pipeline_tell_loss(t);
    return NULL;
}
