/* SPDX-License-Identifier: Apache-2.0 */
/* slot.c: see slot.h. */
#include "slot.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <utlist.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
    PAGE = 4096,
    SMALL_STEP = 16 << 10, /* made resident at a time, at least, behind the image */
    BIG_STEP = 256 << 10,
    KEEP = 256 << 10,     /* more than this is given back when a run ends */
    KEEP_IDLE = 64 << 10, /* more than this, and any deep stack, when the worker is idle */
    WARM_SLOTS = 64,      /* the others keep nothing then */
};

static nf_run slots[NF_WORKER_RUNS_MAX];
static nf_run *unused;
static unsigned begun; /* so many were ever taken */

bool nf_slot_map(char *at, size_t size)
{
    void *got = mmap(at, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != MAP_FAILED && got != at)
        nf_bug("a slot's addresses are taken");
    return got == at;
}

static const struct {
    uint32_t at;
    size_t size;
} parts[] = {
    {NF_ARENA_AT, NF_ARENA_SIZE}, {NF_STACK_AT, NF_STACK_SIZE}, {NF_TEXT_AT, NF_TEXT_SIZE}};

static void unmap(nf_run *run, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        munmap(nf_slot_address(run->slot, parts[i].at), parts[i].size);
    run->committed = NULL;
}

static bool map(nf_run *run)
{
    for (unsigned i = 0; i < NF_COUNT(parts); i++) {
        if (nf_slot_map(nf_slot_address(run->slot, parts[i].at), parts[i].size))
            continue;
        unmap(run, i);
        return false;
    }
    run->committed = nf_slot_address(run->slot, NF_ARENA_AT);
    run->arena = (nf_arena *)(void *)run->committed;
    run->text = nf_slot_address(run->slot, NF_TEXT_AT);
    return true;
}

nf_run *nf_slot_take(void)
{
    nf_run *run = unused;
    if (!run && begun == NF_WORKER_RUNS_MAX)
        return NULL;
    if (!run) {
        run = &slots[begun];
        run->slot = begun;
    }
    if (!run->committed && !map(run))
        return NULL;
    if (unused)
        LL_DELETE(unused, run);
    else
        begun++;
    memset(&run->id, 0, offsetof(nf_run, file) - offsetof(nf_run, id));
    run->file[0] = run->where[0] = '\0';
    run->fiber.low = nf_slot_address(run->slot, NF_STACK_AT);
    run->fiber.size = NF_STACK_SIZE;
    return run;
}

/* Give back what lies behind `keep` bytes of the arena. */
static void shrink(nf_run *run, size_t keep)
{
    char *from = (char *)run->arena + keep;
    if (run->committed <= from)
        return;
    madvise(from, (size_t)(run->committed - from), MADV_DONTNEED);
    run->committed = from;
}

void nf_slot_give(nf_run *run)
{
    shrink(run, KEEP);
    if (run->text_peak > KEEP)
        madvise(run->text + PAGE, NF_TEXT_SIZE - PAGE, MADV_DONTNEED);
    LL_PREPEND(unused, run);
}

void nf_slots_trim(void)
{
    nf_run *run;
    unsigned seen = 0;
    LL_FOREACH (unused, run) {
        if (!run->committed)
            continue;
        if (seen++ >= WARM_SLOTS) { /* with its page tables */
            unmap(run, NF_COUNT(parts));
            continue;
        }
        shrink(run, KEEP_IDLE);
        madvise(run->text + PAGE, NF_TEXT_SIZE - PAGE, MADV_DONTNEED);
        madvise(nf_slot_address(run->slot, NF_STACK_AT), NF_STACK_SIZE - 2 * PAGE, MADV_DONTNEED);
    }
}

void nf_run_commit(nf_run *run, const char *upto)
{
    char *end = (char *)run->arena + NF_ARENA_SIZE;
    /* in pieces: during one call the kernel lets no tick through */
    while (run->committed < upto) {
        char *from = run->committed;
        size_t at = (size_t)(from - (char *)run->arena);
        size_t step = at == 0 ? PAGE : at < BIG_STEP ? SMALL_STEP : BIG_STEP;
        size_t size = ((size_t)(upto - from) + step - 1) / step * step;
        size = NF_MIN(NF_MIN(size, (size_t)BIG_STEP), (size_t)(end - from));
        run->committed = from + size;
        madvise(from, size, MADV_POPULATE_WRITE); /* an old kernel refuses: then each page faults */
    }
}
