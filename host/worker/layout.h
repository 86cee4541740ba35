/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h: where everything of a run lies in memory, and how the worker ends.
 *
 * Slot n owns the 4 GiB of addresses from NF_SLOT_BASE + n * 4 GiB. Main invariant: two slots
 * differ in the high 32 bits of their addresses only. So a pointer moves from one slot to another
 * by replacing its high half, and Lua, which hashes pointers by their low half, finds every key of
 * a copied table where it was.
 */
#ifndef NF_WORKER_LAYOUT_H
#define NF_WORKER_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

/*
 * All parts lie in one GiB, and the top of the stack next to the beginning of the heap: a small run then needs three
 * pages of page tables. The heap and the text begin at an odd MiB, where no huge page can begin.
 */
#if defined(NF_STRESS) && defined(NF_SANITIZED) /* a sanitizer's frames are larger */
#define NF_STACK_SIZE 0x00040000u
#elif defined(NF_STRESS) /* a build for tests: the stack overflows early */
#define NF_STACK_SIZE 0x00010000u
#else
#define NF_STACK_SIZE 0x00100000u
#endif
#define NF_SLOT_BASE                                                                               \
    0x2c5b00000000u /* an odd high half, so that ordinary data does not look like a pointer */
#define NF_SLOT_SHIFT  32
#define NF_STACK_AT    0x531e0000u /* the C stack; below it lies an unmapped hole */
#define NF_STACK_GUARD 0x00010000u /* a fault in here is a stack overflow */
#define NF_ARENA_AT    0x53300000u /* the Lua heap */
#define NF_ARENA_SIZE  0x08000000u /* 128 MiB: the highest memory limit and room for fragmentation */
#define NF_TEXT_AT     0x71b00000u /* log lines, and behind them what is being written as JSON */
#define NF_TEXT_SIZE   0x04000000u
#define NF_TEXT_INPUTS 0x02000000u /* from here on: results for branches of flow.all, 4 MiB each */

/* Behind the slots: the stacks of flow.all, eight together, each above a hole. */
#define NF_GROUP_BASE 0x6c5b00000000u
#define NF_GROUP_STEP 0x00110000u

enum {
    NF_EXIT_PROTOCOL = 2, /* the broker sent nonsense */
    NF_EXIT_FAULT = 3, /* a bug in here or in the Lua VM: nothing in this process can be trusted */
};

/** The first address of one part of a slot. */
static inline char *nf_slot_address(unsigned slot, uint32_t part)
{
    return (char *)(uintptr_t)(NF_SLOT_BASE + ((uint64_t)slot << NF_SLOT_SHIFT) + part);
}

#endif
