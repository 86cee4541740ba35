/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task.c: the life of a task, step by step on a timer.
 *
 * The time between two steps is the difference of their places on the timeline; a step without a
 * place is left out by the timer and comes only when a person asks for it.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static const char *const step_events[NF_SIM_STEPS] = {"Created", "SystemAccepted", "Queued",
                                                      "UserAccepted", "Terminated"};

const char *sim_step_event(const nf_sim *sim, nf_sim_step step)
{
    for (const sim_value *v = sim->events; v->value; v++)
        if (strcmp(v->value, step_events[step]) == 0)
            return v->value;
    return NULL;
}

sim_task *sim_task_find(nf_sim *sim, const char *id)
{
    sim_task *task = NULL;
    if (id)
        HASH_FIND_STR(sim->tasks, id, task);
    return task;
}

/* ---- history ---- */

static void free_event(sim_task *task, sim_event *event)
{
    sim_delivery *d, *next;
    DL_DELETE(task->history, event);
    task->history_count--;
    DL_FOREACH_SAFE (event->deliveries, d, next)
        sim_delivery_free(d);
    free(event->event);
    free(event->detail);
    free(event);
}

static bool is_quiet(const sim_event *event)
{
    const sim_delivery *d;
    DL_FOREACH (event->deliveries, d)
        if (d->state == SIM_WAITING)
            return false;
    return true;
}

static sim_event *add_event(sim_task *task, const char *name, const char *detail)
{
    sim_event *event = nf_alloc(sizeof *event);
    if (task->history_count >= SIM_MAX_HISTORY && is_quiet(task->history))
        free_event(task, task->history);
    event->event = nf_strdup(name);
    event->detail = nf_strdup(detail);
    event->at_ms = nf_clock_wall_ms();
    DL_APPEND(task->history, event);
    task->history_count++;
    return event;
}

void sim_task_note(sim_task *task, const char *what, const char *detail)
{
    add_event(task, what, detail);
    sim_changed(task->sim);
}

void sim_task_raise(sim_task *task, const char *name, const char *detail)
{
    sim_event *event = add_event(task, name, detail);
    json_object_set_new(task->data, "event", json_string(name));
    sim_deliver(task, event);
    sim_changed(task->sim);
}

/* ---- steps ---- */

static void connect_user(sim_task *task, const sim_user *user)
{
    json_object_set_new(task->data, "lastConnectedUserId", json_string(user->id));
    json_object_set_new(task->data, "LastConnectedUserUPN", json_string(user->upn));
    json_object_set_new(task->data, "LastConnectedUserEmail", json_string(user->upn));
    task->has_user = true;
}

static void end(sim_task *task)
{
    char when[NF_TIME_TEXT];
    json_object_set_new(task->data, "terminated",
                        json_string(nf_clock_text(nf_clock_wall_ms(), when)));
    task->ended = true;
}

/* The agent who takes calls by himself: the second user, as the first is the administrator. */
static const sim_user *agent_of(const nf_sim *sim)
{
    return sim->users[1].upn ? &sim->users[1] : &sim->users[0];
}

static void take(sim_task *task, nf_sim_step step, const sim_user *user)
{
    const char *event = sim_step_event(task->sim, step);
    task->step = (int)step;
    if (step == NF_SIM_USER_ACCEPTED)
        connect_user(task, user ? user : agent_of(task->sim));
    if (step == NF_SIM_TERMINATED)
        end(task);
    if (event)
        sim_task_raise(task, event, NULL);
    sim_changed(task->sim);
}

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

static void schedule(sim_task *task)
{
    int next = next_step(task);
    if (task->ended || next >= NF_SIM_STEPS) {
        nf_timer_stop(task->timer);
        return;
    }
    int64_t ms = task->timeline.at[next] - place(task);
    nf_timer_start(task->timer, ms > 0 ? (uint64_t)ms / task->sim->speed : 0, 0);
}

static void on_step(void *ctx)
{
    sim_task *task = ctx;
    take(task, (nf_sim_step)next_step(task), NULL);
    schedule(task);
}

void sim_task_step(sim_task *task, nf_sim_step step, const sim_user *user)
{
    take(task, step, user);
    schedule(task);
}

void sim_task_start(sim_task *task)
{
    task->step = -1;
    task->context_ms = -1;
    task->began_ns = nf_clock_ns();
    task->timer = nf_timer_new(task->sim->loop, on_step, task);
    HASH_ADD_STR(task->sim->tasks, id, task);
    schedule(task);
    sim_changed(task->sim);
}

void sim_task_free(sim_task *task)
{
    while (task->history)
        free_event(task, task->history);
    HASH_DEL(task->sim->tasks, task);
    nf_timer_close(task->timer);
    json_decref(task->data);
    json_decref(task->information);
    free(task);
}
