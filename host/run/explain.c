/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c: what a run waits for now, for a person who asks. Nothing here changes anything. */
#include "base/alloc.h"
#include "base/clock.h"
#include "run/internal.h"

#include <stdlib.h>
#include <string.h>

/* The values of a lane's key as its name has them, "t1" or "a","b". Owned by the caller. */
static char *key_of(const nf_gate *gate, const nf_run *run)
{
    nf_strbuf handler = nf_strbuf_new(65536);
    nf_strbuf_add_json(&handler, run->handler->name, strlen(run->handler->name));
    size_t before = handler.len + 2, all = strlen(gate->name); /* with [ and , around it */
    nf_strbuf_release(&handler);
    return before < all ? nf_memdup(gate->name + before, all - before - 1) : nf_strdup("");
}

static json_t *in_lane(const nf_gate *gate, const nf_run *run)
{
    unsigned ahead = 0;
    const nf_place *other;
    char *key = key_of(gate, run);
    DL_FOREACH (gate->places, other) {
        if (other->run == run)
            break;
        ahead++;
    }
    json_t *answer = json_pack("{s:s, s:s, s:I, s:I, s:i}", "state", "lane", "lane", key, "behind",
                               (json_int_t)run->places[NF_AT_KEY].prev->run->id, "first",
                               (json_int_t)gate->places->run->id, "ahead", (int)ahead);
    free(key);
    return answer;
}

static json_t *at_gate(const nf_gate *gate, const nf_run *run)
{
    return json_pack("{s:s, s:s, s:i, s:i}", "state", "gate", "limit", nf_gate_limit_name(gate),
                     "inside", (int)gate->inside, "place", (int)nf_ready_place(run));
}

static json_t *waiting(const nf_run *run)
{
    const nf_gate *gate = run->passed < NF_LEVELS ? run->places[run->passed].gate : NULL;
    if (!gate || nf_gate_must_wait(gate, run))
        return json_pack("{s:s}", "state", "gathering");
    return gate->ordered && gate->places->run != run ? in_lane(gate, run) : at_gate(gate, run);
}

static json_t *in_pool(const nf_run *run)
{
    const char *cap = nf_pool_held_up(run->pool);
    json_t *answer = json_pack("{s:s, s:i}", "state", "ready", "place", (int)nf_ready_place(run));
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
    return run->state == NF_RUN_READY ? in_pool(run) : waiting(run);
}
