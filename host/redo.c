/* SPDX-License-Identifier: Apache-2.0 */
/* redo.c: see redo.h. It enters the way of events at step 4. */
#include "redo.h"

#include "base/alloc.h"
#include "passage.h"

#include <stdlib.h>
#include <string.h>

struct replaying {
    nf_passage *passage;
    char *handler;
    int64_t run;
    void (*started)(void *ctx, int64_t run, const nf_error *err);
    void *ctx;
};

static void on_stored(void *ctx, const nf_error *err)
{
    struct replaying *r = ctx;
    r->started(r->ctx, r->run, err);
    free(r->handler);
    free(r);
}

/* No listener is needed, only the handler that one would have. */
static void enter(struct replaying *r, const nf_handler *handler)
{
    nf_listener only = {.handler = handler};
    nf_passage *passage = r->passage;
    passage->wanted = nf_alloc(sizeof *passage->wanted);
    passage->wanted[0] = &only;
    passage->count = 1;
    passage->stored = on_stored;
    passage->ctx = r;
    nf_rights_see(passage->tenant->rights, passage->event);
    nf_passage_enqueue(passage);
    r->run = passage->rows[0].id;
    nf_passage_run_all(passage);
    passage->wanted[0] = NULL;
    nf_passage_unref(passage);
}

static void give_up(struct replaying *r, const nf_error *err)
{
    nf_passage_unref(r->passage);
    on_stored(r, err);
}

static void on_old_version(void *ctx, nf_version *version, const nf_error *failure)
{
    struct replaying *r = ctx;
    nf_error err = failure ? *failure : (nf_error){0};
    const nf_handler *handler = failure ? NULL : nf_version_handler(version, r->handler);
    if (!failure && !handler)
        nf_error_set(&err, NF_E_NOT_FOUND, "the flow version it ran under has no handler '%s'",
                     r->handler);
    if (handler)
        enter(r, handler);
    else
        give_up(r, &err);
    nf_version_unref(version); /* the run keeps it */
}

static void unknown_now(const nf_tenant *t, const char *name, nf_error *err)
{
    nf_error why = {0};
    nf_tenant_unknown_handler(t, name, &why);
    nf_error_set(err, NF_E_NOT_FOUND, "%s; to run it as it was then, add --with original",
                 why.text);
}

nf_status nf_pipeline_replay(void *pipeline, nf_tenant *t, const nf_replay *replay, nf_error *err)
{
    nf_event *event = NULL;
    const nf_trigger *trigger = nf_trigger_find(t->host->triggers, replay->trigger);
    const nf_handler *handler = replay->source ? NULL : nf_tenant_handler(t, replay->handler);
    const char *later = nf_pipeline_not_now(pipeline, t, NF_URGENCY_BATCH);
    if (!trigger)
        return nf_error_set(err, NF_E_NOT_FOUND, "its trigger %s is not in this program",
                            replay->trigger);
    if (!handler && !replay->source)
        unknown_now(t, replay->handler, err);
    else if (handler && handler->trigger != trigger)
        nf_error_set(err, NF_E_ARG, "'%s' listens to %s now, but the event is of %s",
                     replay->handler, handler->trigger->name, trigger->name);
    else if (later)
        nf_error_set(err, NF_E_FULL, "%.*s", (int)strcspn(later, "\n"), later);
    else
        nf_event_read(trigger, replay->body, replay->len, &event, err);
    if (!event)
        return err->status;
    event->row.tenant = t->config->name;
    struct replaying *r = nf_alloc(sizeof *r);
    r->passage = nf_passage_new(pipeline, t, event);
    r->passage->replay_of = replay->run;
    r->handler = nf_strdup(replay->handler);
    r->started = replay->started;
    r->ctx = replay->ctx;
    if (handler)
        enter(r, handler);
    else
        nf_version_load(t->pool,
                        &(nf_version_spec){.file = replay->file,
                                           .source = replay->source,
                                           .len = replay->source_len},
                        on_old_version, r);
    return NF_OK;
}
