/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dialer.c: the life of a scheduler entry: due, a user takes it, the destination is dialled, attempt by attempt.
 *
 * With workflow nobody takes it first: the destination is dialled at once and goes through the workflow when it answers.
 * One timer waits for whatever comes next; `next` says what that is.
 */
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <string.h>
#include <strings.h>

enum { ANSWER_MS = 2000, PAUSE_MS = 60 * 1000, LONGEST_MS = 20 * 24 * 3600 * 1000 };

static void on_timer(void *ctx)
{
    sim_entry *entry = ctx;
    entry->next(entry);
}

static void later(sim_entry *entry, uint64_t ms, void (*next)(sim_entry *entry))
{
    if (!entry->timer)
        entry->timer = nf_timer_new(entry->log.sim->loop, on_timer, entry);
    entry->next = next;
    nf_timer_start(entry->timer, sim_real_ms(entry->log.sim, ms), 0);
}

sim_entry *sim_entry_find(nf_sim *sim, const char *id)
{
    sim_entry *entry = NULL;
    if (id)
        HASH_FIND_STR(sim->entries, id, entry);
    return entry;
}

void sim_entry_raise(sim_entry *entry, const char *name)
{
    if (!sim_is_value(entry->log.sim->world.entry_events, name))
        return;
    sim_event *event = sim_note(&entry->log, name, nf_json_string(entry->data, "completionReason"));
    json_object_set_new(entry->data, "event", json_string(name));
    const sim_notice notice = {SIM_ON_ENTRY, entry->service, name, NULL, NULL, entry->data, NULL};
    sim_deliver(&entry->log, event, &notice);
}

static uint64_t seconds(const sim_entry *entry, const char *name, json_int_t otherwise)
{
    return (uint64_t)nf_json_integer(entry->data, name, otherwise) * 1000;
}

void sim_entry_complete(sim_entry *entry, const char *reason)
{
    if (entry->state >= SIM_COMPLETED)
        return;
    entry->state = SIM_COMPLETED;
    if (entry->timer)
        nf_timer_stop(entry->timer);
    json_object_set_new(entry->data, "completionReason", json_string(reason));
    sim_entry_raise(entry, "Completed");
}

/* End the task that still runs for an entry that is over. */
static void give_up(sim_entry *entry, const char *reason)
{
    sim_task *task = sim_task_find(entry->log.sim, entry->task);
    sim_entry_complete(entry, reason);
    if (task)
        sim_task_end(task, "Outbound Not Accepted");
}

static void on_queue_time(sim_entry *entry)
{
    give_up(entry, "LimitReached");
}

/* ---- attempts ---- */

static void try_again(sim_entry *entry)
{
    sim_task *task = sim_task_find(entry->log.sim, entry->task);
    if (!task || task->ended)
        return;
    if (entry->workflow) {
        sim_dial(task);
        return;
    }
    task->user = NULL;
    sim_task_requeue(task);
    later(entry, seconds(entry, "maxQueueTimeInSeconds", 300), on_queue_time);
}

static void on_no_answer(sim_entry *entry)
{
    unsigned most = (unsigned)nf_json_integer(entry->data, "maxAttempts", 1);
    if (entry->attempt >= most) {
        give_up(entry, most > 1 ? "MaxAttemptsReached" : "NotReached");
        return;
    }
    sim_entry_raise(entry, "Rescheduled");
    later(entry, PAUSE_MS, try_again);
}

static void on_answer(sim_entry *entry)
{
    sim_task *task = sim_task_find(entry->log.sim, entry->task);
    sim_entry_complete(entry, "Accepted");
    if (task)
        sim_task_answered(task);
}

/* Does the destination answer this attempt? The world says who does not; all others do. */
static bool answers(const sim_entry *entry)
{
    const char *address = nf_json_string(entry->data, "destination");
    for (const sim_destination *d = entry->log.sim->world.destinations; d->address; d++)
        if (strcasecmp(d->address, address) == 0)
            return d->answers_on && entry->attempt >= d->answers_on;
    return true;
}

void sim_dial(sim_task *task)
{
    sim_entry *entry = sim_entry_find(task->sim, task->entry);
    if (!entry || entry->state != SIM_IN_PROGRESS)
        return;
    char number[24];
    snprintf(number, sizeof number, "attempt %u", ++entry->attempt);
    task->dialing = true;
    nf_timer_stop(task->timer);
    sim_note(&task->log, "(dialing)", number);
    json_object_set_new(task->data, "outboundAttempt", json_integer(entry->attempt));
    if (answers(entry))
        later(entry, ANSWER_MS, on_answer);
    else
        later(entry, seconds(entry, "attemptTimeoutInSeconds", 3600), on_no_answer);
}

void sim_entry_task_ended(sim_task *task)
{
    sim_entry *entry = sim_entry_find(task->sim, task->entry);
    if (entry)
        sim_entry_complete(entry, "Cancelled");
}

/* ---- due ---- */

static sim_task *make_task(sim_entry *entry)
{
    sim_task *task = sim_task_make(entry->log.sim, entry->service, "Audio", "Outbound",
                                   nf_json_string(entry->data, "destination"), NULL, entry->data);
    json_t *reference = json_object_get(entry->data, "ReferenceId");
    if (reference)
        json_object_set(task->data, "referenceId", reference);
    memcpy(task->entry, entry->id, sizeof task->entry);
    memcpy(entry->task, task->id, sizeof entry->task);
    task->ring_ms = seconds(entry, "ronaTimeoutInSeconds", 20);
    const char *priority = nf_json_string(entry->data, "distributionPriority");
    for (const sim_value *v = entry->log.sim->world.priorities; priority && v->value; v++)
        if (strcmp(v->value, priority) == 0)
            task->priority = v->value;
    json_object_set(entry->data, "unifiedConversationId",
                    json_object_get(task->data, "callChainId"));
    return task;
}

static void on_due(sim_entry *entry)
{
    int64_t left = entry->due_ms - nf_clock_wall_ms();
    if (left > 0 && left > LONGEST_MS) { /* a timer does not wait that long */
        later(entry, LONGEST_MS, on_due);
        return;
    }
    if (!sim_task_room(entry->log.sim)) {
        later(entry, PAUSE_MS, on_due);
        return;
    }
    sim_task *task = make_task(entry);
    entry->state = SIM_IN_PROGRESS;
    sim_entry_raise(entry, "InProgress");
    sim_task_start(task);
    if (entry->workflow)
        sim_dial(task);
    else
        later(entry, seconds(entry, "maxQueueTimeInSeconds", 300), on_queue_time);
}

void sim_entry_plan(sim_entry *entry)
{
    int64_t left = entry->due_ms - nf_clock_wall_ms();
    uint64_t ms = left > 0 ? (uint64_t)left : 0;
    later(entry, ms > LONGEST_MS ? LONGEST_MS : ms, on_due);
}

void sim_entry_free(sim_entry *entry)
{
    sim_subject_release(&entry->log);
    HASH_DEL(entry->log.sim->entries, entry);
    nf_timer_close(entry->timer);
    json_decref(entry->data);
    free(entry);
}

/* ---- by hand ---- */

static sim_entry *named(sim_call *call, bool open)
{
    sim_entry *entry = sim_entry_find(call->sim, call->param);
    if (!entry)
        sim_fail(call, 404, "no scheduler entry has this id");
    else if (entry->state > (open ? SIM_IN_PROGRESS : SIM_SCHEDULED))
        sim_fail(call, 409, open ? "the entry is over" : "the entry is in progress or over");
    else
        return entry;
    return NULL;
}

void sim_control_entry_due(sim_call *call)
{
    sim_entry *entry = named(call, false);
    if (!entry)
        return;
    entry->due_ms = nf_clock_wall_ms();
    sim_entry_plan(entry);
    call->json = json_incref(entry->data);
}

void sim_control_entry_cancel(sim_call *call)
{
    sim_entry *entry = named(call, true);
    if (!entry)
        return;
    give_up(entry, "Cancelled");
    call->json = json_incref(entry->data);
}
