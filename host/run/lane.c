/* SPDX-License-Identifier: Apache-2.0 */
/* lane.c: one after the other. Invariant: only the first run of a lane is ready or on a worker. */
#include "base/alloc.h"
#include "run/internal.h"

#include <stdlib.h>
#include <string.h>

void nf_lane_join(nf_run *run, const char *partition)
{
    nf_pool *pool = run->pool;
    char *key = nf_format("%s\n%s", run->handler->name, partition);
    HASH_FIND_STR(pool->lanes, key, run->lane);
    if (run->lane) {
        free(key);
    } else {
        run->lane = nf_alloc(sizeof *run->lane);
        run->lane->key = key;
        HASH_ADD_KEYPTR(hh, pool->lanes, key, strlen(key), run->lane);
    }
    DL_APPEND2(run->lane->runs, run, lane_prev, lane_next);
}

void nf_lane_leave(nf_run *run)
{
    nf_lane *lane = run->lane;
    if (!lane)
        return;
    bool was_first = lane->runs == run;
    DL_DELETE2(lane->runs, run, lane_prev, lane_next);
    run->lane = NULL;
    if (!lane->runs) {
        HASH_DEL(run->pool->lanes, lane);
        free(lane->key);
        free(lane);
    } else if (was_first && !run->pool->closing) {
        nf_run_make_ready(lane->runs);
    }
}
