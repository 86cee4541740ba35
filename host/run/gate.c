/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c: at most so many runs at a time: of a lane, of a handler, of a connection.
 *
 * A run passes the gates in this order and keeps its place inside of those behind it until it leaves. All runs of a
 * lane have one handler, and all of a handler one connection; so who is inside while it waits for the next gate keeps
 * nobody out who could go on, and who waits at a gate is in no one's way. No run waits for a gate behind another, so
 * there is no ring of those who wait for each other.
 *
 * Invariant: gate->inside is the number of places in gate->places that are inside, and every place is of a live run:
 * it is taken out when the run leaves, whatever made it leave. A gate without places does not exist.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "run/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- places ---- */

nf_gate *nf_gate_of(nf_pool *pool, nf_level level, char *name)
{
    nf_gate *gate;
    HASH_FIND_STR(pool->gates, name, gate);
    if (gate) {
        free(name);
        return gate;
    }
    gate = nf_alloc(sizeof *gate);
    gate->name = name;
    gate->level = level;
    HASH_ADD_KEYPTR(hh, pool->gates, gate->name, strlen(gate->name), gate);
    return gate;
}

void nf_gate_join(nf_gate *gate, nf_run *run)
{
    nf_place *place = &run->places[gate->level], *after = NULL;
    *place = (nf_place){.gate = gate, .run = run};
    if (gate->ordered && gate->places) { /* nearly always at the end */
        after = gate->places->prev;
        while (after != gate->places && after->run->id > run->id)
            after = after->prev;
        if (after->run->id > run->id)
            after = NULL;
    }
    if (!gate->ordered || !gate->places)
        DL_APPEND(gate->places, place);
    else if (after)
        DL_APPEND_ELEM(gate->places, after, place);
    else
        DL_PREPEND(gate->places, place);
}

static void enter(nf_place *place)
{
    place->inside = true;
    place->gate->inside++;
    place->run->passed = place->gate->level + 1;
}

static void take_out(nf_place *place)
{
    place->gate->inside -= place->inside;
    DL_DELETE(place->gate->places, place);
    place->inside = false;
}

static void drop_gate(nf_pool *pool, nf_gate *gate)
{
    if (gate->inside || gate->waiting.count)
        nf_bug("%s: a gate without runs has %u inside and %u waiting", pool->tenant, gate->inside,
               gate->waiting.count);
    HASH_DEL(pool->gates, gate);
    free(gate->name);
    free(gate);
}

/* ---- passing ---- */

/* How many may be inside, as this run knows it: a new version of a flow may allow another number. */
static unsigned most(const nf_gate *gate, const nf_run *run)
{
    const nf_handler *handler = run->handler;
    unsigned limit = 0;
    if (gate->ordered)
        return 1;
    if (gate->level == NF_AT_KEY)
        limit = handler->concurrent_per_key;
    else if (gate->level == NF_AT_HANDLER)
        limit = handler->concurrent;
    else
        limit = (unsigned)run->pool->allowed.tenant.of[NF_CAP_RUNS_PER_CONNECTION];
    return limit ? limit : UINT32_MAX;
}

bool nf_gate_must_wait(const nf_gate *gate, const nf_run *run)
{
    bool replaceable = gate->level == NF_AT_KEY && run->handler->mode == NF_MODE_LATEST;
    return run->pool->gathering || (run->pool->returning && replaceable);
}

static bool has_room(const nf_gate *gate, const nf_run *run)
{
    return !nf_gate_must_wait(gate, run) && gate->inside < most(gate, run);
}

/* Who is let in next, or NULL. */
static nf_run *next_of(const nf_gate *gate)
{
    nf_place *place;
    if (!gate->waiting.count)
        return NULL;
    if (!gate->ordered)
        return nf_ready_first(&gate->waiting, nf_clock_ns());
    DL_FOREACH (gate->places, place) {
        if (!place->inside)
            return place->run;
    }
    return NULL;
}

/* Take its place at the gate of this level, if there is one. */
static nf_gate *come_to(nf_run *run, nf_level level)
{
    nf_pool *pool = run->pool;
    nf_gate *gate = run->places[level].gate;
    char *name = NULL;
    if (gate || level == NF_AT_KEY)
        return gate;
    if (level == NF_AT_HANDLER)
        name = nf_format("handler\n%s", run->handler->name);
    else if (run->env && run->env->nimbus)
        name = nf_format("connection\n%p", (const void *)run->env);
    if (!name)
        return NULL;
    gate = nf_gate_of(pool, level, name);
    nf_gate_join(gate, run);
    return gate;
}

void nf_gates_pass(nf_run *run)
{
    while (run->passed < NF_LEVELS) {
        nf_gate *gate = come_to(run, run->passed);
        if (!gate) {
            run->passed++;
        } else if (gate->waiting.count == 0 && has_room(gate, run)) {
            enter(&run->places[run->passed]);
        } else {
            nf_ready_push(&gate->waiting, run);
            return;
        }
    }
    nf_run_make_ready(run);
}

static void let_in(nf_gate *gate)
{
    nf_run *run;
    while ((run = next_of(gate)) && has_room(gate, run)) {
        gate->waiting.turn++;
        nf_ready_remove(run);
        enter(&run->places[gate->level]);
        nf_gates_pass(run);
    }
}

void nf_gates_leave(nf_run *run)
{
    nf_ready_remove(run);
    nf_queued_remove(run);
    for (int level = NF_LEVELS - 1; level >= 0; level--) {
        nf_gate *gate = run->places[level].gate;
        if (!gate)
            continue;
        take_out(&run->places[level]);
        run->places[level].gate = NULL;
        if (!gate->places)
            drop_gate(run->pool, gate);
        else if (!run->pool->closing)
            let_in(gate);
    }
}

/* ---- all gates ---- */

/* From the outer ones to the lanes: who is let in by a lane finds room further on. */
static void let_in_all(nf_pool *pool)
{
    nf_gate *gate, *next;
    for (int level = NF_LEVELS - 1; level >= 0; level--) {
        HASH_ITER (hh, pool->gates, gate, next) {
            if ((int)gate->level == level)
                let_in(gate);
        }
    }
}

void nf_pool_gather(nf_pool *pool)
{
    pool->gathering++;
}

static void go_on(nf_pool *pool)
{
    if (pool->gathering || pool->closing)
        return;
    let_in_all(pool);
    nf_pool_dispatch(pool);
}

void nf_pool_go(nf_pool *pool)
{
    pool->gathering--;
    go_on(pool);
}

void nf_pool_returning(nf_pool *pool, bool returning)
{
    pool->returning = returning;
    if (!returning)
        go_on(pool);
}

void nf_gates_limit_changed(nf_pool *pool)
{
    if (!pool->gathering)
        let_in_all(pool);
}

unsigned nf_gates_inside(const nf_pool *pool, nf_level level)
{
    unsigned most = 0;
    for (const nf_gate *gate = pool->gates; gate; gate = gate->hh.next) {
        if (gate->level == level)
            most = NF_MAX(most, gate->inside);
    }
    return most;
}

/* ---- for people ---- */

const char *nf_gate_limit_name(const nf_gate *gate)
{
    static const char *const limits[] = {"lane", "concurrency", "runs_per_connection"};
    return gate->level == NF_AT_KEY && !gate->ordered ? "concurrency_per_key" : limits[gate->level];
}

static json_t *gate_json(const nf_gate *gate)
{
    const nf_run *run = gate->places->run;
    return json_pack("{s:s, s:s, s:s?, s:i, s:i}", "waits_for", nf_gate_limit_name(gate), "handler",
                     run->handler->name, "key", gate->level == NF_AT_KEY ? gate->name : NULL,
                     "inside", (int)gate->inside, "waiting", (int)gate->waiting.count);
}

json_t *nf_pool_gates(const nf_pool *pool)
{
    enum { MOST = 20 };
    const nf_gate *best[MOST], *gate;
    size_t count = 0;
    for (gate = pool->gates; gate; gate = gate->hh.next) {
        size_t at = count;
        if (!gate->waiting.count)
            continue;
        while (at > 0 && best[at - 1]->waiting.count < gate->waiting.count)
            at--;
        if (at == MOST)
            continue;
        count += count < MOST;
        memmove(&best[at + 1], &best[at], (count - at - 1) * sizeof best[0]);
        best[at] = gate;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, gate_json(best[i]));
    return list;
}
