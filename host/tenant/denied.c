/* SPDX-License-Identifier: Apache-2.0 */
/* denied.c: see denied.h. A ring: the entry to be written next is the oldest. */
#include "tenant/denied.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdlib.h>

struct entry {
    int64_t event, at_ms;
    char *handler, *task, *why;
};

struct nf_denied {
    struct entry ring[NF_DENIED_KEPT];
    uint64_t count;
};

nf_denied *nf_denied_new(void)
{
    return nf_alloc(sizeof(nf_denied));
}

static void release(struct entry *entry)
{
    free(entry->handler);
    free(entry->task);
    free(entry->why);
}

void nf_denied_free(nf_denied *denied)
{
    for (size_t i = 0; denied && i < NF_DENIED_KEPT; i++)
        release(&denied->ring[i]);
    free(denied);
}

void nf_denied_add(nf_denied *denied, int64_t event, int64_t at_ms, const char *handler,
                   const char *task, const char *why)
{
    struct entry *entry = &denied->ring[denied->count++ % NF_DENIED_KEPT];
    release(entry);
    *entry = (struct entry){event, at_ms, nf_strdup(handler), nf_strdup(task), nf_strdup(why)};
}

uint64_t nf_denied_count(const nf_denied *denied)
{
    return denied->count;
}

json_t *nf_denied_json(const nf_denied *denied, size_t most)
{
    json_t *list = json_array();
    for (uint64_t i = denied->count; i > 0 && denied->count - i < NF_DENIED_KEPT; i--) {
        const struct entry *e = &denied->ring[(i - 1) % NF_DENIED_KEPT];
        char at[NF_TIME_TEXT];
        if (json_array_size(list) >= most)
            break;
        json_array_append_new(list,
                              json_pack("{s:I, s:s, s:s, s:s?, s:s}", "event", (json_int_t)e->event,
                                        "at", nf_clock_text(e->at_ms, at), "handler", e->handler,
                                        "task", e->task, "why", e->why));
    }
    return list;
}
