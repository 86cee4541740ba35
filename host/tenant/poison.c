/* SPDX-License-Identifier: Apache-2.0 */
/* poison.c: see poison.h. A handler has an entry from its first dead letter on. */
#include "tenant/poison.h"

#include "base/alloc.h"
#include "tenant/tenant.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { MOST_HANDLERS = 10000 };

struct failing {
    uint64_t dead;
    unsigned in_a_row;
    bool told;
    UT_hash_handle hh;
    char handler[];
};

struct nf_poison {
    nf_tenant *tenant;
    struct failing *all;
};

nf_poison *nf_poison_new(nf_tenant *tenant)
{
    nf_poison *poison = nf_alloc(sizeof *poison);
    poison->tenant = tenant;
    return poison;
}

void nf_poison_free(nf_poison *poison)
{
    struct failing *f, *next;
    if (!poison)
        return;
    HASH_ITER (hh, poison->all, f, next) {
        HASH_DEL(poison->all, f);
        free(f);
    }
    free(poison);
}

bool nf_outcome_is_dead(nf_outcome outcome)
{
    return outcome > NF_OUTCOME_SKIPPED && outcome != NF_OUTCOME_CANCELLED;
}

static struct failing *get(nf_poison *poison, const char *handler)
{
    size_t n = strlen(handler) + 1;
    if (HASH_COUNT(poison->all) >= MOST_HANDLERS)
        return NULL;
    struct failing *f = nf_alloc(sizeof *f + n);
    memcpy(f->handler, handler, n);
    HASH_ADD_STR(poison->all, handler, f);
    return f;
}

static void tell(nf_poison *poison, struct failing *f, nf_outcome outcome, int64_t run,
                 const char *why)
{
    char *text =
        nf_format("%u runs in a row did not end well, the last one (run %lld) %s%s%s; look at "
                  "'nimflow runs list --dead --flow \"%s\"'",
                  f->in_a_row, (long long)run, nf_outcome_name(outcome), why ? ": " : "",
                  why ? why : "", f->handler);
    f->told = true;
    nf_tenant_alarm(poison->tenant, NF_ALARM_FLOW_FAILING, f->handler, text);
    free(text);
}

void nf_poison_note(nf_poison *poison, const char *handler, nf_outcome outcome, int64_t run,
                    const char *why)
{
    struct failing *f;
    if (!poison->all && !nf_outcome_is_dead(outcome)) /* the usual case */
        return;
    HASH_FIND_STR(poison->all, handler, f);
    if (nf_outcome_is_dead(outcome)) {
        f = f ? f : get(poison, handler);
        if (!f)
            return;
        f->dead++;
        f->in_a_row++;
        if (f->in_a_row >= poison->tenant->config->failing_after)
            tell(poison, f, outcome, run, why);
    } else if (f && outcome != NF_OUTCOME_CANCELLED) {
        f->in_a_row = 0;
        if (f->told)
            nf_tenant_calm(poison->tenant, NF_ALARM_FLOW_FAILING, handler);
        f->told = false;
    }
}

void nf_poison_each(const nf_poison *poison,
                    void (*each)(void *ctx, const char *handler, uint64_t dead, unsigned in_a_row),
                    void *ctx)
{
    const struct failing *f, *next;
    HASH_ITER (hh, poison->all, f, next)
        each(ctx, f->handler, f->dead, f->in_a_row);
}
