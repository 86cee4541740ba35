/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resume.c: after a restart: every run without an end goes on, under the flow version it began with.
 *
 * The effects of such a run so far may be done again when they were of the classes read and safe. A run that began an
 * unsafe one was marked before; it ends here, so that nothing is created twice.
 */
#include "base/alloc.h"
#include "log/log.h"
#include "passage.h"

#include <stdlib.h>
#include <string.h>

struct resume {
    nf_pipeline *pipeline;
    nf_tenant *tenant;
    size_t count;
};

static const nf_handler *handler_named(const nf_version *version, const char *name)
{
    size_t count;
    const nf_handler *handlers = nf_version_handlers(version, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(handlers[i].name, name) == 0)
            return &handlers[i];
    }
    return NULL;
}

static void on_old_version(void *ctx, nf_version *version, const nf_error *err)
{
    nf_passage *passage = ctx;
    const nf_handler *handler = err ? NULL : handler_named(version, passage->rows[0].handler);
    if (handler)
        nf_passage_run(passage, 0, handler);
    else if (!err
             || err->status
                    != NF_E_CANCELLED) /* cancelled: the host closes, and it is found open again */
        nf_passage_fail(passage, 0, NF_OUTCOME_FAILED,
                        err ? err->text : "the flow version it began with has no such handler");
    nf_version_unref(version); /* the run keeps it */
    nf_pool_go(passage->tenant->pool);
    nf_passage_unref(passage);
}

static void load_old_version(nf_passage *passage)
{
    nf_error err = {0};
    char *source = NULL;
    size_t len = 0;
    const nf_run_row *row = &passage->rows[0];
    if (nf_store_get_version(passage->pipeline->store, row->version, &source, &len, &err)
        != NF_OK) {
        nf_passage_fail(passage, 0, NF_OUTCOME_FAILED, err.text);
        return;
    }
    passage->refs++;
    nf_pool_gather(passage->tenant->pool); /* until it is loaded: lanes keep their order */
    nf_version_load(passage->tenant->pool,
                    &(nf_version_spec){.file = row->file, .source = source, .len = len},
                    on_old_version, passage);
    free(source);
}

static void resume_run(void *ctx, const nf_run_row *row, const nf_event_row *stored)
{
    struct resume *resume = ctx;
    nf_tenant *t = resume->tenant;
    nf_event *event = NULL;
    nf_error err = {0};
    const nf_trigger *trigger = nf_trigger_find(t->host->triggers, stored->trigger);
    if (strcmp(row->tenant, t->config->name) != 0)
        return;
    if (!trigger || nf_event_read(trigger, stored->body, stored->len, &event, &err) != NF_OK) {
        nf_log_error("run", "%s: run %lld cannot be resumed: %s", row->tenant, (long long)row->id,
                     trigger ? err.text : "its trigger is not in this program");
        return;
    }
    resume->count++;
    event->row.id = stored->id;
    event->row.tenant = t->config->name;
    event->row.subscription = stored->subscription;
    event->row.received_ms = stored->received_ms;
    nf_rights_see(t->rights, event);
    nf_passage *passage = nf_passage_new(resume->pipeline, t, event);
    passage->count = 1;
    passage->rows = nf_alloc(sizeof *passage->rows);
    passage->runs = nf_alloc(sizeof(nf_run *));
    passage->rows[0] = *row;
    passage->rows[0].tenant = t->config->name;
    passage->rows[0].handler = nf_strdup(row->handler);
    passage->rows[0].file = nf_strdup(row->file);
    const nf_handler *handler = nf_tenant_handler(t, row->handler);
    if (row->marked)
        nf_passage_fail(passage, 0, NF_OUTCOME_LOST_WORKER,
                        "the host ended after this run began an effect that must not be repeated; "
                        "whether it took effect is not known, so look into Nimbus");
    else if (handler
             && memcmp(nf_version_hash(handler->version), row->version, NF_SHA256_SIZE) == 0)
        nf_passage_run(passage, 0, handler);
    else
        load_old_version(passage);
    nf_passage_unref(passage);
}

void nf_pipeline_resume(nf_pipeline *p, nf_tenant *tenant)
{
    struct resume resume = {p, tenant, 0};
    nf_error err = {0};
    nf_pool_gather(tenant->pool);
    if (nf_store_each_open_run(p->store, resume_run, &resume, &err) != NF_OK)
        nf_log_error("run", "%s: open runs could not be read: %s", tenant->config->name, err.text);
    nf_pool_go(tenant->pool);
    if (resume.count)
        nf_log_info("run", "%s: %zu runs from before the restart go on", tenant->config->name,
                    resume.count);
}
