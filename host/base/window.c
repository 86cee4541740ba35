/* SPDX-License-Identifier: Apache-2.0 */
/* window.c: see window.h. */
#include "base/window.h"

#include <string.h>

#define NS_PER_MS 1000000u

nf_window nf_window_new(uint64_t ms)
{
    return (nf_window){.part_ns = ms * NS_PER_MS / NF_WINDOW_PARTS};
}

static uint64_t *part(nf_window *w, uint64_t number)
{
    return &w->parts[number % NF_WINDOW_PARTS];
}

/* Forget what is older than the stretch. */
static void move_to(nf_window *w, uint64_t now_ns)
{
    uint64_t number = now_ns / w->part_ns;
    if (number - w->now >= NF_WINDOW_PARTS) {
        memset(w->parts, 0, sizeof w->parts);
        w->sum = 0;
        w->now = number;
    }
    while (w->now < number) {
        w->now++;
        w->sum -= *part(w, w->now);
        *part(w, w->now) = 0;
    }
}

void nf_window_add(nf_window *w, uint64_t now_ns, uint64_t amount)
{
    move_to(w, now_ns);
    *part(w, w->now) += amount;
    w->sum += amount;
}

uint64_t nf_window_sum(nf_window *w, uint64_t now_ns)
{
    move_to(w, now_ns);
    return w->sum;
}

uint64_t nf_window_wait_ms(const nf_window *w, uint64_t now_ns)
{
    for (uint64_t number = w->now + 1; w->sum && number <= w->now + NF_WINDOW_PARTS; number++) {
        if (w->parts[number % NF_WINDOW_PARTS]) { /* the oldest that is not empty */
            uint64_t leaves_ns = number * w->part_ns;
            return leaves_ns > now_ns ? (leaves_ns - now_ns) / NS_PER_MS + 1 : 1;
        }
    }
    return 0;
}
