/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fiber.c: see fiber.h. Assembly on x86-64 (26 ns for both ways), ucontext elsewhere (two system
 * calls each way).
 *
 * AddressSanitizer is told about every switch. Frames that were left for good leave their poison
 * behind, so a stack is unpoisoned before it is used again.
 */
#include "fiber.h"

#include "base/macros.h"

#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#endif
#endif

#ifdef ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

static const void *loop_low;
static size_t loop_size;

static void before_switch(void **save, const void *low, size_t size)
{
    __sanitizer_start_switch_fiber(save, low, size);
}

static void after_switch(void *saved, const void **low, size_t *size)
{
    __sanitizer_finish_switch_fiber(saved, low, size);
}

static void clean_stack(nf_fiber *fiber)
{
    __asan_unpoison_memory_region(fiber->low, fiber->size);
}
#else
static const void *loop_low;
static size_t loop_size;

static void before_switch(void **save, const void *low, size_t size)
{
    (void)save, (void)low, (void)size;
}

static void after_switch(void *saved, const void **low, size_t *size)
{
    (void)saved, (void)low, (void)size;
}

static void clean_stack(nf_fiber *fiber)
{
    (void)fiber;
}
#endif

#if defined(__x86_64__) && !defined(NF_UCONTEXT)

/* Save the registers a function must keep, and both control words, on this stack; take those of the
 * other one. */
void nf_fiber_switch(void **save, void *to);
void nf_fiber_first(void);
__asm__(".text\n"
        ".globl nf_fiber_switch\n"
        ".type nf_fiber_switch,@function\n"
        "nf_fiber_switch:\n"
        "  pushq %rbp\n"
        "  pushq %rbx\n"
        "  pushq %r12\n"
        "  pushq %r13\n"
        "  pushq %r14\n"
        "  pushq %r15\n"
        "  subq $8,%rsp\n"
        "  stmxcsr (%rsp)\n"
        "  fnstcw 4(%rsp)\n"
        "  movq %rsp,(%rdi)\n"
        "  movq %rsi,%rsp\n"
        "  ldmxcsr (%rsp)\n"
        "  fldcw 4(%rsp)\n"
        "  addq $8,%rsp\n"
        "  popq %r15\n"
        "  popq %r14\n"
        "  popq %r13\n"
        "  popq %r12\n"
        "  popq %rbx\n"
        "  popq %rbp\n"
        "  ret\n"
        ".size nf_fiber_switch,.-nf_fiber_switch\n"
        ".globl nf_fiber_first\n"
        ".type nf_fiber_first,@function\n"
        "nf_fiber_first:\n" /* the first thing on a new stack: call r13 with r12 */
        "  movq %r12,%rdi\n"
        "  call *%r13\n"
        "  ud2\n"
        ".size nf_fiber_first,.-nf_fiber_first\n"
        ".section .note.GNU-stack,\"\",@progbits\n"
        ".text\n");

static void *loop_at;

static void prepare(nf_fiber *fiber, void (*entry)(void *), void *arg)
{
    enum { CONTROL, R15, R14, R13, R12, RBX, RBP, RETURN, WORDS = RETURN + 3 };
    uintptr_t top = ((uintptr_t)fiber->low + fiber->size) & ~(uintptr_t)15;
    uint64_t *frame = (uint64_t *)top - WORDS;
    for (int i = 0; i < WORDS; i++)
        frame[i] = 0;
    frame[CONTROL] =
        0x1f80 | (uint64_t)0x037f << 32; /* the ABI's standard mxcsr and x87 control word */
    frame[R12] = (uint64_t)(uintptr_t)arg;
    frame[R13] = (uint64_t)(uintptr_t)entry;
    frame[RETURN] = (uint64_t)(uintptr_t)nf_fiber_first;
    fiber->at = frame;
}

static void switch_in(nf_fiber *fiber)
{
    nf_fiber_switch(&loop_at, fiber->at);
}

static void switch_out(nf_fiber *fiber)
{
    nf_fiber_switch(&fiber->at, loop_at);
}

#else

#include <ucontext.h>

static ucontext_t loop_context;

/* The context lies at the top of the fiber's own stack. */
static ucontext_t *context_of(nf_fiber *fiber)
{
    uintptr_t at = (uintptr_t)fiber->low + fiber->size - sizeof(ucontext_t);
    return (ucontext_t *)(at & ~(uintptr_t)63);
}

static void start_entry(unsigned entry_high, unsigned entry_low, unsigned arg_high,
                        unsigned arg_low)
{
    uintptr_t entry = (uintptr_t)((uint64_t)entry_high << 32 | entry_low);
    uintptr_t arg = (uintptr_t)((uint64_t)arg_high << 32 | arg_low);
    ((void (*)(void *))entry)((void *)arg);
}

static void prepare(nf_fiber *fiber, void (*entry)(void *), void *arg)
{
    ucontext_t *context = context_of(fiber);
    uint64_t e = (uint64_t)(uintptr_t)entry, a = (uint64_t)(uintptr_t)arg;
    if (getcontext(context) != 0)
        nf_bug("getcontext failed");
    context->uc_stack.ss_sp = fiber->low;
    context->uc_stack.ss_size = (size_t)((char *)context - fiber->low);
    context->uc_link = NULL;
    makecontext(context, (void (*)(void))start_entry, 4, (unsigned)(e >> 32), (unsigned)e,
                (unsigned)(a >> 32), (unsigned)a);
    fiber->at = context;
}

static void switch_in(nf_fiber *fiber)
{
    if (swapcontext(&loop_context, fiber->at) != 0)
        nf_bug("swapcontext failed");
}

static void switch_out(nf_fiber *fiber)
{
    if (swapcontext(fiber->at, &loop_context) != 0)
        nf_bug("swapcontext failed");
}

#endif

/* Where every fiber begins: the sanitizer must hear of the arrival before anything else is called.
 */
static void begin(void *arg)
{
    nf_fiber *fiber = arg;
    after_switch(NULL, &loop_low, &loop_size);
    fiber->entry(fiber->arg);
    nf_bug("a fiber returned");
}

void nf_fiber_prepare(nf_fiber *fiber, void (*entry)(void *), void *arg)
{
    fiber->entry = entry;
    fiber->arg = arg;
    clean_stack(fiber);
    prepare(fiber, begin, fiber);
}

void nf_fiber_enter(nf_fiber *fiber)
{
    void *saved = NULL;
    before_switch(&saved, fiber->low, fiber->size);
    switch_in(fiber);
    after_switch(saved, NULL, NULL);
}

NF_LEAVES_ANY_STACK void nf_fiber_leave(nf_fiber *fiber, bool for_good)
{
    void *saved = NULL;
    before_switch(for_good ? NULL : &saved, loop_low, loop_size);
    switch_out(fiber);
    after_switch(saved, &loop_low, &loop_size);
}
