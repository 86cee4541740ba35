/* SPDX-License-Identifier: Apache-2.0 */
/* fate.c: events that start no run are kept for a while with the reason, for whoever asks. */
#include "base/clock.h"
#include "passage.h"

#include <string.h>

enum { LONGEST_WHY = 1024, LARGEST_HASHED = 64 << 10 };

static nf_fated of_event(nf_fate fate, const nf_event *event)
{
    return (nf_fated){.fate = fate,
                      .event = event->row.id,
                      .at_ms = event->row.received_ms,
                      .hash = event->row.hash,
                      .task = event->partition};
}

void nf_fate_filtered(const nf_passage *passage, const nf_refusals *r)
{
    nf_fated fated = of_event(NF_FATE_FILTERED, passage->event);
    nf_strbuf why = nf_strbuf_new(LONGEST_WHY);
    for (size_t i = 0; i < r->count && i < NF_REFUSALS_KEPT; i++) {
        nf_strbuf_puts(&why, i ? "; '" : "'");
        nf_strbuf_puts(&why, r->handler[i]);
        nf_strbuf_puts(&why, "' does not want it: ");
        nf_strbuf_puts(&why, r->filter[i] ? r->filter[i] : "");
    }
    if (r->count > NF_REFUSALS_KEPT) {
        nf_strbuf_puts(&why, "; and ");
        nf_strbuf_add_u64(&why, r->count - NF_REFUSALS_KEPT);
        nf_strbuf_puts(&why, " more handlers");
    }
    fated.why = r->count ? nf_strbuf_text(&why) : "no handler hears its subscription any more";
    nf_fates_add(passage->tenant->fates, &fated);
    nf_strbuf_release(&why);
}

void nf_fate_duplicate(const nf_passage *passage, int64_t first)
{
    nf_fated fated = of_event(NF_FATE_DUPLICATE, passage->event);
    fated.first = first;
    fated.why = "the same notification came before";
    nf_fates_add(passage->tenant->fates, &fated);
}

void nf_fate_refused(const nf_tenant *tenant, const nf_event *event, const char *body, size_t len,
                     const char *why)
{
    uint8_t hash[NF_SHA256_SIZE];
    nf_fated fated = {.fate = NF_FATE_REFUSED, .at_ms = nf_clock_wall_ms()};
    if (event)
        fated = of_event(NF_FATE_REFUSED, event);
    if (!event && body
        && len <= LARGEST_HASHED) { /* while too much comes in, no more than needed */
        nf_sha256(body, len, hash);
        fated.hash = hash;
    }
    char text[LONGEST_WHY];
    size_t n = strcspn(why, "\n");
    n = n < sizeof text ? n : sizeof text - 1;
    memcpy(text, why, n);
    text[n] = '\0';
    fated.why = text;
    nf_fates_add(tenant->fates, &fated);
}
