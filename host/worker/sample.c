/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample.c: see sample.h. A line that finds no free entry takes over the one with the least time, and that time: any
 * line with more than a sixteenth of all is then among the entries at the end, and the sum stays right.
 *
 * Reading the line needs a hook call, for which the VM may make its stack larger, which moves later collections. That
 * is the other reason to leave short runs alone.
 */
#include "sample.h"

enum { ENTRIES = 16, PART_BEFORE = 10 };

static nf_sample entries[NF_WORKER_RUNS_MAX]
                        [ENTRIES]; /* of a slot's run: as many as run->samples */

bool nf_sample_due(nf_run *run, uint64_t cpu_ns)
{
    uint64_t from = run->limits.of[nf_run_cpu_budget(run)] * (1000000 / PART_BEFORE);
    if (cpu_ns < from)
        return false;
    if (!run->sampled) {
        run->sampled = true;
        run->sampled_ns = cpu_ns;
        return false;
    }
    return true;
}

/* The line's entry. */
static nf_sample *entry_of(nf_run *run, int line)
{
    nf_sample *list = entries[run->slot], *least = list;
    for (unsigned i = 0; i < run->samples; i++) {
        if (list[i].line == line)
            return &list[i];
        if (list[i].ns < least->ns)
            least = &list[i];
    }
    if (run->samples < ENTRIES) {
        least = &list[run->samples];
        least->ns = 0;
        run->samples++;
    }
    least->line = line;
    return least;
}

void nf_sample_take(nf_run *run, int line, uint64_t cpu_ns)
{
    uint64_t passed = cpu_ns > run->sampled_ns ? cpu_ns - run->sampled_ns : 0;
    run->sampled_ns = cpu_ns;
    if (line > 0)
        entry_of(run, line)->ns += passed;
}

unsigned nf_sample_top(const nf_run *run, nf_sample top[NF_SAMPLES_TOP])
{
    unsigned count = 0;
    for (unsigned i = 0; i < run->samples; i++) {
        nf_sample sample = entries[run->slot][i];
        unsigned at = count < NF_SAMPLES_TOP ? count++ : NF_SAMPLES_TOP;
        for (; at > 0 && top[at - 1].ns < sample.ns; at--) {
            if (at < NF_SAMPLES_TOP)
                top[at] = top[at - 1];
        }
        if (at < NF_SAMPLES_TOP)
            top[at] = sample;
    }
    return count;
}
