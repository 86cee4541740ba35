/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk.c: the users who take tasks: who is next, ringing, and no answer.
 *
 * Who does not answer or declines is marked RONA and is not chosen until that is over; the task goes back to the queue
 * and the next user is looked for. A user may have several tasks at once.
 */
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <strings.h>

enum { RONA_MS = 10 * 60 * 1000, AGAIN_MS = 500 };

bool sim_is_free(sim_user *user)
{
    if (user->rona && user->rona_until_ns <= nf_clock_ns())
        user->rona = false;
    return user->on_duty && !user->rona;
}

static bool is_agent(const sim_task *task, const sim_user *user)
{
    if (task->service->agents)
        return sim_lists(task->service->agents, user->upn, true);
    return user->role == SIM_AGENT && sim_tenant(user->unit) == sim_tenant(task->service->unit);
}

/* The preferred user with the smallest number who is free; without a number is before all. */
static sim_user *preferred(const sim_task *task)
{
    size_t i;
    json_t *wish;
    json_int_t best = 100;
    sim_user *found = NULL;
    json_array_foreach (json_object_get(task->information, "preferredUsers"), i, wish) {
        json_int_t priority = nf_json_integer(wish, "priority", 0);
        sim_user *user = sim_find_user(&task->sim->world, nf_json_string(wish, "upn"));
        if (user && priority < best && sim_is_free(user)) {
            best = priority;
            found = user;
        }
    }
    return found;
}

sim_user *sim_next_user(const sim_task *task)
{
    sim_user *found = task->service->licence == SIM_CC ? preferred(task) : NULL;
    for (sim_user *u = task->sim->users; !found && u->upn; u++)
        if (is_agent(task, u) && sim_is_free(u))
            found = u;
    return found;
}

void sim_session_note(sim_task *task, const sim_user *user, const char *result)
{
    if (!task->sessions)
        task->sessions = json_array();
    json_array_append_new(task->sessions,
                          json_pack("{ss ss}", "user", user->upn, "result", result));
}

bool sim_ring(sim_task *task, sim_user *user)
{
    user = user ? user : sim_next_user(task);
    if (!user)
        return false;
    task->ringing = user;
    nf_timer_start(task->ring, sim_real_ms(task->sim, task->ring_ms), 0);
    sim_note(&task->log, "(ringing)", user->upn);
    return true;
}

void sim_ring_refused(sim_task *task, const char *result)
{
    sim_user *user = task->ringing;
    if (task->service->licence == SIM_CC) {
        user->rona = true;
        user->rona_until_ns = nf_clock_ns() + sim_real_ms(task->sim, RONA_MS) * 1000000;
    }
    sim_session_note(task, user, result);
    sim_note(&task->log, strcasecmp(result, "RONA") == 0 ? "(rona)" : "(declined)", user->upn);
    sim_task_requeue(task);
    nf_timer_start(task->ring, sim_real_ms(task->sim, AGAIN_MS), 0);
}
