/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c: what a run waits for now, for a person who asks. Nothing here changes anything. */
#include "base/clock.h"
#include "run/internal.h"

#include <stdlib.h>
#include <string.h>

static unsigned place_in_line(const nf_run *wanted)
{
    const nf_run *run;
    unsigned place = 0;
    DL_FOREACH (wanted->pool->ready, run) {
        place++;
        if (run == wanted)
            break;
    }
    return place;
}

static json_t *in_lane(const nf_run *run)
{
    const char *partition = strchr(run->lane->key, '\n');
    unsigned ahead = 0;
    const nf_run *other;
    DL_FOREACH2(run->lane->runs, other, lane_next)
    {
        if (other == run)
            break;
        ahead++;
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:i}", "state", "lane", "lane",
                     partition ? partition + 1 : "", "behind", (json_int_t)run->lane_prev->id,
                     "first", (json_int_t)run->lane->runs->id, "ahead", (int)ahead);
}

static json_t *in_pool(const nf_run *run)
{
    const char *cap = nf_pool_held_up(run->pool);
    json_t *answer = json_pack("{s:s, s:i}", "state", "ready", "place", (int)place_in_line(run));
    if (cap)
        json_object_set_new(answer, "cap", json_string(cap));
    else if (run->crashes > 0)
        json_object_set_new(answer, "alone", json_true());
    return answer;
}

static json_t *effects_of(const nf_run *run)
{
    const nf_pending *pending;
    uint64_t now = nf_clock_ns();
    json_t *list = json_array();
    DL_FOREACH (run->pending, pending) {
        const char *waits = pending->intention ? "for the disk, before it is sent"
                            : pending->timer   ? "until its time is over"
                            : pending->call    ? nf_effect_waits(pending->call)
                                               : NULL;
        json_array_append_new(
            list, json_pack("{s:i, s:s, s:s, s:I, s:s?}", "n", (int)pending->number, "action",
                            pending->action->name, "where", pending->where, "for_ms",
                            (json_int_t)((now - pending->started_ns) / 1000000), "waits", waits));
    }
    return list;
}

static json_t *at_work(const nf_run *run)
{
    json_t *effects = effects_of(run);
    const char *state = run->held_by               ? "loading"
                        : run->pool->paused        ? "paused"
                        : json_array_size(effects) ? "effects"
                                                   : "running";
    return json_pack(
        "{s:s, s:i, s:I, s:o}", "state", state, "attempt", (int)run->attempts, "for_ms",
        (json_int_t)(run->attempt_ns ? (nf_clock_ns() - run->attempt_ns) / 1000000 : 0), "effects",
        effects);
}

json_t *nf_pool_explain(nf_pool *pool, int64_t id)
{
    const nf_run *run = nf_pool_find_run(pool, id);
    if (!run)
        return NULL;
    if (run->state == NF_RUN_ON_WORKER)
        return at_work(run);
    return run->state == NF_RUN_READY ? in_pool(run) : in_lane(run);
}
