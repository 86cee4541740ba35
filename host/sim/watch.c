/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.c: requests that wait for a change of the state (the page's live view).
 *
 * Changes within a short time are told together; who waited long without any gets the unchanged
 * state.
 */
#include "base/alloc.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <utlist.h>

enum { GATHER_MS = 60, WAIT_MS = 15000, MAX_WATCHERS = 64 };

void sim_changed(nf_sim *sim)
{
    sim->version++;
    if (sim->watchers && !sim->waking)
        nf_timer_start(sim->wake, GATHER_MS, 0);
    sim->waking = sim->watchers != NULL;
}

static void answer(nf_sim *sim, sim_watcher *watcher)
{
    DL_DELETE(sim->watchers, watcher);
    nf_http_answer_json(watcher->x, 200, sim_state_json(sim, watcher->limit));
    free(watcher);
}

void sim_watch(nf_sim *sim, nf_http_exchange *x, unsigned limit)
{
    unsigned count = 0;
    sim_watcher *watcher = nf_alloc(sizeof *watcher), *other;
    watcher->x = x;
    watcher->limit = limit;
    DL_COUNT(sim->watchers, other, count);
    if (count >= MAX_WATCHERS)
        answer(sim, sim->watchers);
    if (!sim->watchers)
        nf_timer_start(sim->expire, WAIT_MS, 0);
    DL_APPEND(sim->watchers, watcher);
}

void sim_watch_flush(nf_sim *sim)
{
    while (sim->watchers)
        answer(sim, sim->watchers);
    sim->waking = false;
    nf_timer_stop(sim->wake);
    nf_timer_stop(sim->expire);
}
