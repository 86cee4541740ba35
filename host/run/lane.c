/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lane.c: runs of one handler whose events have the same key, and how they follow each other.
 *
 * A lane is the gate at the level NF_AT_KEY (gate.c): it lets one run in, in the order of the runs' ids, which is that
 * of their events, also after a restart. With mode latest only the newest is let live, with single only the oldest.
 *
 * Invariant: of a lane that is ordered at most one run is past its gate, and a run is no less urgent than one that
 * follows it.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "run/internal.h"

#include <stdlib.h>

/* ---- latest ---- */

/* An effect that must not be done twice is not interrupted: whether it was done would not be known. */
static bool may_be_interrupted(const nf_run *run)
{
    const nf_pending *pending;
    DL_FOREACH (run->pending, pending) {
        if (pending->action->class == NF_UNSAFE)
            return false;
    }
    return true;
}

static void outdate(nf_run *old, const nf_run *newer)
{
    if (old->outdated)
        return;
    old->outdated = true;
    char *text = nf_format(
        "outdated: run %lld of '%s' is for a newer event of the same key, and the handler has "
        "mode = \"latest\"",
        (long long)newer->id, newer->handler->name);
    if (may_be_interrupted(old)) {
        nf_run_shed(old, NF_SHED_OUTDATED, text);
    } else {
        free(old->why);
        old->why = nf_strdup(text); /* until the effect has ended */
    }
    free(text);
}

void nf_lane_effect_ended(nf_run *run)
{
    nf_effects_give(run);
    if (!run->outdated || run->shed || !may_be_interrupted(run))
        return;
    char *text = nf_strdup(run->why);
    nf_run_shed(run, NF_SHED_OUTDATED, text);
    free(text);
}

/* End all but the newest. False: that is not this one. */
static bool keep_latest(nf_gate *gate, nf_run *run)
{
    nf_place *place = &run->places[NF_AT_KEY], *before;
    nf_run *newest = gate->places->prev->run;
    if (newest != run) {
        outdate(run, newest);
        return false;
    }
    for (; place; place = before) { /* the first one last, so that none of those behind it begins */
        before = place == gate->places ? NULL : place->prev;
        if (place->run != run)
            outdate(place->run, run);
    }
    return true;
}

/* ---- single ---- */

static void shed_for(nf_run *run, const nf_run *there)
{
    char *text = nf_format(
        "run %lld of '%s' was there, for an older event of the same key, and the handler has "
        "mode = \"single\"",
        (long long)there->id, there->handler->name);
    nf_run_shed(run, NF_SHED_OCCUPIED, text);
    free(text);
}

/* End all that have not begun but the oldest. False: that is not this one. */
static bool keep_single(nf_gate *gate, nf_run *run)
{
    nf_place *place, *next;
    const nf_run *there = gate->places->run;
    if (there != run) {
        shed_for(run, there);
        return false;
    }
    DL_FOREACH_SAFE (gate->places, place, next) {
        if (place->run != run && nf_run_untouched(place->run))
            shed_for(place->run, run);
    }
    return true;
}

/* ---- all ---- */

/* Those before it must not keep it waiting: they become as urgent as it is. */
static void raise_before(nf_run *run)
{
    nf_place *first = run->places[NF_AT_KEY].gate->places;
    for (nf_place *place = &run->places[NF_AT_KEY]; place != first;) {
        place = place->prev;
        if (place->run->urgency <= run->urgency)
            return;
        nf_run_raise(place->run, run->urgency);
    }
}

/* Its lane, or at least the place among those of its key that go side by side. */
static nf_gate *join(nf_run *run, const char *partition)
{
    nf_mode mode = run->handler->mode;
    if (mode == NF_MODE_PARALLEL && !run->handler->concurrent_per_key)
        return NULL;
    char *name = nf_lane_name(run, partition);
    if (!name)
        return NULL;
    nf_gate *gate = nf_gate_of(run->pool, NF_AT_KEY, name);
    gate->ordered = mode != NF_MODE_PARALLEL;
    nf_gate_join(gate, run);
    return gate;
}

bool nf_lane_enter(nf_run *run, const nf_run_spec *spec)
{
    nf_urgency usual = run->handler->trigger ? run->handler->trigger->urgency : NF_URGENCY_BATCH;
    run->urgency = run->handler->priority ? run->handler->priority
                   : spec->urgency        ? spec->urgency
                                          : usual;
    if (!run->urgency)
        run->urgency = NF_URGENCY_MAIL;
    run->task = spec->partition;
    run->last = spec->last;
    run->came_ns = nf_clock_ns();
    nf_queued_add(run);
    nf_gate *gate = spec->no_lane ? NULL : join(run, spec->partition);
    if (gate && run->handler->mode == NF_MODE_LATEST && !keep_latest(gate, run))
        return false;
    if (gate && run->handler->mode == NF_MODE_SINGLE && !keep_single(gate, run))
        return false;
    if (gate && gate->ordered)
        raise_before(run);
    nf_gates_pass(run);
    return true;
}
