/* SPDX-License-Identifier: Apache-2.0 */
/* times.c: see times.h. Effects are intervals that overlap, so their union counts. */
#include "store/times.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct interval {
    double from, to;
};

static int by_from(const void *a, const void *b)
{
    double x = ((const struct interval *)a)->from, y = ((const struct interval *)b)->from;
    return (x > y) - (x < y);
}

/* How much of 0 to `run` at least one of these effects took; `sleeps`: flow.sleep counts as one. */
static double covered(const json_t *effects, double run, bool sleeps)
{
    size_t i, n = 0;
    const json_t *effect;
    struct interval *list = nf_alloc((json_array_size(effects) + 1) * sizeof *list);
    json_array_foreach ((json_t *)effects, i, effect) {
        const char *action = nf_json_string(effect, "action");
        double from = json_number_value(json_object_get(effect, "at_ms"));
        double to = from + json_number_value(json_object_get(effect, "took_ms"));
        if (sleeps || !action || strcmp(action, "flow.sleep") != 0)
            list[n++] = (struct interval){NF_MAX(from, 0), NF_MIN(to, run)};
    }
    if (n)
        qsort(list, n, sizeof *list, by_from);
    double sum = 0, end = 0;
    for (i = 0; i < n; i++) {
        double from = NF_MAX(list[i].from, end);
        if (list[i].to > from) {
            sum += list[i].to - from;
            end = list[i].to;
        }
    }
    free(list);
    return sum;
}

static json_t *ms(double value)
{
    return json_real((double)(int64_t)(value * 1000 + 0.5) / 1000);
}

json_t *nf_run_times(int64_t received_ms, int64_t started_ms, int64_t ended_ms,
                     const json_t *detail)
{
    if (!started_ms || ended_ms < started_ms)
        return NULL;
    const json_t *effects = json_object_get(detail, "effects");
    const json_t *cpu = json_object_get(json_object_get(detail, "usage"), "cpu_ms");
    double run = (double)(ended_ms - started_ms);
    double queued = received_ms ? (double)NF_MAX(started_ms - received_ms, 0) : 0;
    double all = covered(effects, run, true), no_sleep = covered(effects, run, false);
    double used = json_number_value(json_object_get(cpu, "used"));
    double other = run - all - used;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "total_ms", ms(queued + run),
                     "queued_ms", ms(queued), "run_ms", ms(run), "cpu_ms", ms(used), "effects_ms",
                     ms(no_sleep), "asleep_ms", ms(all - no_sleep), "other_ms",
                     ms(NF_MAX(other, 0)));
}
