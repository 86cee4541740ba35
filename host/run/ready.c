/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ready.c: whose turn it is among runs that wait for the same thing.
 *
 * A list per class of urgency, so that all is done in constant time. The first of the most urgent class is next; who
 * has waited counts one class more urgent for each NF_AGE_MS, but never as a call. So that calls alone cannot keep
 * others waiting for ever, every NF_OLDEST_TURN-th turn is of the one that came first, if it has waited so long.
 *
 * Invariant: a run is in at most one nf_ready (run->queue), and in pool->queued as long as it is not on a worker.
 */
#include "base/macros.h"
#include "run/internal.h"

#define AGE_NS ((uint64_t)NF_AGE_MS * 1000000)

static nf_run **list_of(nf_ready *ready, const nf_run *run)
{
    return run->began_ns ? &ready->again[run->urgency] : &ready->fresh[run->urgency];
}

void nf_ready_push(nf_ready *ready, nf_run *run)
{
    nf_run **list = list_of(ready, run);
    DL_APPEND(*list, run);
    ready->count++;
    run->queue = ready;
}

void nf_ready_remove(nf_run *run)
{
    if (!run->queue)
        return;
    nf_run **list = list_of(run->queue, run);
    DL_DELETE(*list, run);
    run->queue->count--;
    run->queue = NULL;
}

static uint64_t waited(const nf_run *run, uint64_t now_ns)
{
    return now_ns > run->came_ns ? now_ns - run->came_ns : 0;
}

static nf_urgency aged(const nf_run *run, uint64_t now_ns)
{
    uint64_t up = waited(run, now_ns) / AGE_NS, class = run->urgency;
    if (class <= NF_URGENCY_CHAT)
        return run->urgency;
    return (nf_urgency)(up >= class - NF_URGENCY_CHAT ? NF_URGENCY_CHAT : class - up);
}

/* The first of a class: those that were there before come before the others. */
static nf_run *head(const nf_ready *ready, int class)
{
    return ready->again[class] ? ready->again[class] : ready->fresh[class];
}

static nf_run *oldest(const nf_ready *ready)
{
    nf_run *best = NULL;
    for (int class = NF_URGENCY_CALL; class < NF_URGENCIES; class ++) {
        nf_run *run = head(ready, class);
        if (run && (!best || run->came_ns < best->came_ns))
            best = run;
    }
    return best;
}

nf_run *nf_ready_first(const nf_ready *ready, uint64_t now_ns)
{
    nf_run *best = ready->turn % NF_OLDEST_TURN == NF_OLDEST_TURN - 1 ? oldest(ready) : NULL;
    if (best && waited(best, now_ns) >= AGE_NS)
        return best;
    best = NULL;
    for (int class = NF_URGENCY_CALL; class < NF_URGENCIES; class ++) {
        nf_run *run = head(ready, class);
        if (!run)
            continue;
        nf_urgency mine = aged(run, now_ns), its = best ? aged(best, now_ns) : NF_URGENCIES;
        if (mine < its || (mine == its && run->came_ns < best->came_ns))
            best = run;
    }
    return best;
}

nf_run *nf_ready_take(nf_ready *ready, uint64_t now_ns)
{
    nf_run *run = nf_ready_first(ready, now_ns);
    if (run)
        nf_ready_remove(run);
    ready->turn++;
    return run;
}

unsigned nf_ready_place(const nf_run *wanted)
{
    const nf_ready *ready = wanted->queue;
    unsigned place = 0;
    for (int class = NF_URGENCY_CALL; ready && class <= (int)wanted->urgency; class ++) {
        for (int list = 0; list < 2; list++) {
            const nf_run *run = list ? ready->fresh[class] : ready->again[class];
            for (; run; run = run->next) {
                place++;
                if (run == wanted)
                    return place;
            }
        }
    }
    return place;
}

/* ---- all of a pool that are not on a worker ---- */

void nf_queued_add(nf_run *run)
{
    if (run->queued)
        return;
    DL_APPEND2(run->pool->queued[run->urgency], run, queued_prev, queued_next);
    run->queued = true;
    run->pool->waiting++;
}

void nf_queued_remove(nf_run *run)
{
    if (!run->queued)
        return;
    DL_DELETE2(run->pool->queued[run->urgency], run, queued_prev, queued_next);
    run->queued = false;
    run->pool->waiting--;
}

void nf_run_raise(nf_run *run, nf_urgency urgency)
{
    nf_ready *queue = run->queue;
    bool queued = run->queued;
    nf_ready_remove(run);
    nf_queued_remove(run);
    run->urgency = NF_MIN(run->urgency, urgency);
    if (queue)
        nf_ready_push(queue, run);
    if (queued)
        nf_queued_add(run);
}

const char *nf_urgency_name(nf_urgency urgency)
{
    static const char *const names[] = {"", "call", "chat", "mail", "batch"};
    return urgency > 0 && urgency < NF_URGENCIES ? names[urgency] : names[0];
}
