/* SPDX-License-Identifier: Apache-2.0 */
/* subject.c: the history of a task or a scheduler entry: events and notes, each with its deliveries. */
#include "base/alloc.h"
#include "base/clock.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <utlist.h>

static void free_event(sim_subject *subject, sim_event *event)
{
    sim_delivery *d, *next;
    DL_DELETE(subject->history, event);
    subject->history_count--;
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

sim_event *sim_note(sim_subject *subject, const char *what, const char *detail)
{
    sim_event *event = nf_alloc(sizeof *event);
    if (subject->history_count >= SIM_MAX_HISTORY && is_quiet(subject->history))
        free_event(subject, subject->history);
    event->event = nf_strdup(what);
    event->detail = nf_strdup(detail);
    event->at_ms = nf_clock_wall_ms();
    DL_APPEND(subject->history, event);
    subject->history_count++;
    sim_changed(subject->sim);
    return event;
}

void sim_subject_release(sim_subject *subject)
{
    while (subject->history)
        free_event(subject, subject->history);
}
