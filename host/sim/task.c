/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task.c: the life of a task, step by step on a timer.
 *
 * The time between two steps is the difference of their places on the timeline; a step without a place is left out by
 * the timer and comes only when a person asks for it. A transfer or a refused call goes back on the timeline.
 */
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>

enum { AGAIN_MS = 1000 }; /* until a free user is looked for again */

static const char *const step_events[NF_SIM_STEPS] = {"Created", "SystemAccepted", "Queued",
                                                      NULL,      "UserAccepted",   "Terminated"};

sim_task *sim_task_find(nf_sim *sim, const char *id)
{
    sim_task *task = NULL;
    if (id)
        HASH_FIND_STR(sim->tasks, id, task);
    return task;
}

void sim_task_raise(sim_task *task, const char *name, const char *detail)
{
    if (!sim_is_value(task->sim->world.events, name))
        return;
    sim_event *event = sim_note(&task->log, name, detail);
    json_object_set_new(task->data, "event", json_string(name));
    bool accepted = strcmp(name, step_events[NF_SIM_SYSTEM_ACCEPTED]) == 0;
    const sim_notice notice = {SIM_ON_TASK,
                               task->service,
                               name,
                               nf_json_string(task->data, "modality"),
                               nf_json_string(task->data, "direction"),
                               task->data,
                               accepted ? &task->accept_sent_ns : NULL};
    sim_deliver(&task->log, event, &notice);
}

/* ---- steps ---- */

static void connect_user(sim_task *task, sim_user *user)
{
    json_object_set_new(task->data, "lastConnectedUserId", json_string(user->id));
    json_object_set_new(task->data, "LastConnectedUserUPN", json_string(user->upn));
    json_object_set_new(task->data, "LastConnectedUserEmail", json_string(user->upn));
    sim_id(task->sim, task->user_session);
    task->user = user;
    task->ringing = NULL;
    nf_timer_stop(task->ring);
    sim_session_note(task, user, "Accepted");
}

/* False: nobody takes it; the task stays where it is. */
static bool accept_task(sim_task *task, sim_user *user)
{
    user = user ? user : task->ringing ? task->ringing : sim_next_user(task);
    if (!user)
        return false;
    connect_user(task, user);
    return true;
}

/* What the session knew is lost with it, unless the service keeps it. */
static void lose_context(sim_task *task)
{
    json_t *customer = json_deep_copy(task->initial);
    if (task->service->stores_context)
        json_decref(customer);
    else {
        json_object_set_new(task->information, "customer", customer);
        json_array_clear(json_object_get(task->information, "customContextParameters"));
        json_array_clear(json_object_get(task->information, "preferredUsers"));
        task->lost_context = true;
    }
}

static void raise_step(sim_task *task, nf_sim_step step)
{
    if (step_events[step] && (step != NF_SIM_CREATED || !task->created_told))
        sim_task_raise(task, step_events[step], NULL);
    task->created_told = true;
}

/* False: the step cannot be taken yet. */
static bool take(sim_task *task, nf_sim_step step, sim_user *user)
{
    if (step == NF_SIM_RINGING && !sim_ring(task, user))
        return false;
    if (step == NF_SIM_USER_ACCEPTED && !accept_task(task, user))
        return false;
    task->step = (int)step;
    raise_step(task, step);
    if (step == NF_SIM_USER_ACCEPTED && task->entry[0])
        sim_dial(task);
    else if (step == NF_SIM_USER_ACCEPTED)
        sim_assistant_listen(task, false);
    sim_changed(task->sim);
    return true;
}

/* ---- the timeline ---- */

/* The next step that comes by itself, or NF_SIM_STEPS. */
static int next_step(const sim_task *task)
{
    int next = task->step + 1;
    while (next < NF_SIM_STEPS && task->timeline.at[next] < 0)
        next++;
    return next;
}

/* Where on the timeline the task is: the place of the last step that has one. */
static int64_t place(const sim_task *task)
{
    int step = task->step;
    while (step >= 0 && task->timeline.at[step] < 0)
        step--;
    return step >= 0 ? task->timeline.at[step] : 0;
}

void sim_task_schedule(sim_task *task)
{
    int next = next_step(task);
    if (task->ended || task->dialing || next >= NF_SIM_STEPS) {
        nf_timer_stop(task->timer);
        return;
    }
    int64_t ms = task->timeline.at[next] - place(task);
    nf_timer_start(task->timer, sim_real_ms(task->sim, ms > 0 ? (uint64_t)ms : 0), 0);
}

static const char *natural_outcome(const sim_task *task)
{
    return task->user ? (task->transferred ? "User Internal Transfer Success" : "User Accepted")
                      : "Customer Hangup In Queue";
}

static void on_step(void *ctx)
{
    sim_task *task = ctx;
    nf_sim_step next = (nf_sim_step)next_step(task);
    if (next == NF_SIM_TERMINATED)
        sim_task_end(task, natural_outcome(task));
    else if (take(task, next, NULL))
        sim_task_schedule(task);
    else /* nobody is free: look again soon */
        nf_timer_start(task->timer, sim_real_ms(task->sim, AGAIN_MS) + 10, 0);
}

static void on_ring(void *ctx)
{
    sim_task *task = ctx;
    if (task->ringing)
        sim_ring_refused(task, "RONA");
    else if (!task->ended && task->step == NF_SIM_QUEUED)
        sim_task_step(task, NF_SIM_RINGING, NULL);
}

void sim_task_step(sim_task *task, nf_sim_step step, sim_user *user)
{
    if (task->ended)
        return;
    take(task, step, user);
    sim_task_schedule(task);
}

void sim_task_requeue(sim_task *task)
{
    nf_timer_stop(task->ring);
    task->ringing = NULL;
    task->dialing = false;
    task->step = NF_SIM_QUEUED;
    sim_task_schedule(task);
    sim_changed(task->sim);
}

void sim_task_answered(sim_task *task)
{
    task->dialing = false;
    sim_note(&task->log, "(answered)", NULL);
    sim_task_schedule(task);
}

void sim_task_start(sim_task *task)
{
    task->step = -1;
    task->context_ms = -1;
    task->timer = nf_timer_new(task->sim->loop, on_step, task);
    task->ring = nf_timer_new(task->sim->loop, on_ring, task);
    HASH_ADD_STR(task->sim->tasks, id, task);
    sim_task_schedule(task);
    sim_changed(task->sim);
}

/* ---- transfers and the end ---- */

/* A new session at another service begins: its workflow accepts and queues again, but the task is not created again. */
static void change_service(sim_task *task, const sim_service *service)
{
    json_t *customer = json_deep_copy(task->initial);
    if (!task->service->stores_context) {
        json_object_set_new(task->information, "customer", customer);
        json_array_clear(json_object_get(task->information, "customContextParameters"));
    } else {
        json_decref(customer);
    }
    task->service = service;
    task->ring_ms = service->rona_ms;
    sim_set_service(task->data, service);
    sim_id(task->sim, task->service_session);
    task->user_session[0] = '\0';
    task->step = NF_SIM_CREATED;
}

void sim_task_transfer(sim_task *task, const sim_service *service, sim_user *user)
{
    sim_task_raise(task, "Transferred", service ? service->upn : user->upn);
    nf_timer_stop(task->ring);
    task->ringing = task->user = NULL;
    task->transferred = true;
    if (service)
        change_service(task, service);
    else {
        task->step = NF_SIM_QUEUED;
        if (!take(task, NF_SIM_RINGING, user))
            sim_note(&task->log, "(nobody is free)", NULL);
    }
    sim_task_schedule(task);
    sim_changed(task->sim);
}

const char *sim_hang_up_outcome(const sim_task *task)
{
    if (task->user)
        return natural_outcome(task);
    return task->step < NF_SIM_SYSTEM_ACCEPTED ? "Customer Hangup Before Accept"
           : task->step < NF_SIM_QUEUED        ? "Customer Hangup In Ivr"
                                               : "Customer Hangup In Queue";
}

void sim_task_end(sim_task *task, const char *outcome)
{
    char when[NF_TIME_TEXT];
    if (task->ended)
        return;
    if (task->ringing)
        sim_session_note(task, task->ringing, "Cancelled");
    json_object_set_new(task->data, "terminated",
                        json_string(nf_clock_text(nf_clock_wall_ms(), when)));
    task->ringing = NULL;
    task->ended = true;
    task->dialing = false;
    task->step = NF_SIM_TERMINATED;
    task->outcome = outcome;
    nf_timer_stop(task->timer);
    nf_timer_stop(task->ring);
    sim_assistant_listen(task, true);
    sim_task_raise(task, step_events[NF_SIM_TERMINATED], outcome);
    lose_context(task);
    if (task->entry[0])
        sim_entry_task_ended(task);
    sim_changed(task->sim);
}

void sim_task_free(sim_task *task)
{
    sim_subject_release(&task->log);
    HASH_DEL(task->sim->tasks, task);
    nf_timer_close(task->timer);
    nf_timer_close(task->ring);
    json_decref(task->data);
    json_decref(task->information);
    json_decref(task->initial);
    json_decref(task->assistant);
    json_decref(task->sessions);
    free(task);
}
