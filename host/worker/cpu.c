/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu.c: see cpu.h.
 *
 * A tick that finds a run over its budget first asks the VM for its next instruction (then the line
 * is exact); two ticks later it leaves from wherever the run is: in a pattern match, the collector,
 * the compiler. The handler runs on the fiber's own stack, so leaving it is an ordinary stack
 * switch, and a preempted run goes on by returning from it.
 */
#include "cpu.h"

#include "sample.h"
#include "where.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define NS_PER_MS 1000000u
#ifdef NF_STRESS /* a build for tests: preempt at every tick, many times a millisecond */
#define SLICE_NS   1u
#define TICK_NS    100000u
#define TICK_CLOCK CLOCK_MONOTONIC
#else
#define SLICE_NS   (5u * NS_PER_MS)
#define TICK_NS    (4u * NS_PER_MS)
#define TICK_CLOCK CLOCK_THREAD_CPUTIME_ID
#endif
#define SHORT_NS  200000u          /* below this, monotonic time is taken for CPU time */
#define ANCHOR_NS (5u * NS_PER_MS) /* how long the two clocks are taken to run alike */

enum {
    ALTERNATE_STACK = 65536, /* a fault while another one is looked into nests */
    SIGNAL_ROOM = 16384,
    TICKS_TO_SYNC = 2,
    DEEP = 2000, /* calls in one thread */
};

static bool tick_blocked; /* since a fault; until the next slice */

static struct {
    uint64_t start;      /* of the slice, monotonic */
    uint64_t anchor;     /* monotonic, shifted by the time slept since */
    uint64_t anchor_cpu; /* the thread's CPU time at the anchor */
} clocks;

static uint64_t read_clock(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t nf_cpu_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void nf_cpu_slept(uint64_t ns)
{
    clocks.anchor += ns;
}

static void unblock_tick(void)
{
    sigset_t ticking;
    tick_blocked = false;
    sigemptyset(&ticking);
    sigaddset(&ticking, SIGRTMIN);
    sigprocmask(SIG_UNBLOCK, &ticking, NULL);
}

void nf_cpu_slice_start(void)
{
    if (tick_blocked)
        unblock_tick();
    clocks.start = nf_cpu_now();
    if (clocks.start - clocks.anchor > ANCHOR_NS) {
        clocks.anchor_cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
        clocks.anchor = clocks.start;
    }
}

/*
 * Reading the thread's CPU clock is a system call. A short slice is at most its monotonic time; for
 * a long one the CPU time since the anchor is read, less what others had until the slice began.
 */
uint64_t nf_cpu_slice(void)
{
    uint64_t passed = nf_cpu_now() - clocks.start;
    if (passed < SHORT_NS)
        return passed;
    uint64_t cpu = read_clock(CLOCK_THREAD_CPUTIME_ID) - clocks.anchor_cpu;
    uint64_t before = clocks.start - clocks.anchor;
    return cpu > before ? NF_MIN(cpu - before, passed) : 0;
}

static uint64_t cpu_used(const nf_run *run)
{
    return run->cpu_ns + nf_cpu_slice();
}

static bool over_cpu(const nf_run *run)
{
    return cpu_used(run) > run->limits.of[nf_run_cpu_budget(run)] * NS_PER_MS;
}

static bool over_time(const nf_run *run)
{
    return nf_cpu_now() > run->wall_deadline;
}

/* Which of the two budgets it is that is exceeded. */
NF_NORETURN static void end_over(nf_run *run)
{
    if (over_cpu(run))
        nf_run_exceeded(run, NF_OUTCOME_OVER_CPU, nf_run_cpu_budget(run), 0);
    nf_run_exceeded(run, NF_OUTCOME_OVER_TIME, NF_BUDGET_WALL, 0);
}

NF_LEAVES_ANY_STACK void nf_cpu_end_anywhere(nf_run *run, nf_outcome outcome, nf_budget budget,
                                             uint64_t used)
{
    run->outcome = outcome;
    run->over_budget = budget;
    run->over_used = used;
    run->looking = 1;
    nf_where(run->current, run->where);
    nf_run_leave(run, outcome);
}

/* The search for the line met a Lua state in the middle of a change: end without a line. */
NF_LEAVES_ANY_STACK NF_NORETURN static void give_up_looking(nf_run *run)
{
    run->where[0] = '\0';
    nf_run_leave(run, run->outcome);
}

/* Collect everything; if that does not help, the run needs more than it may have. */
static void collect(nf_run *run, lua_State *L)
{
    run->collecting = true;
    lua_gc(L, LUA_GCCOLLECT);
    run->collecting = false;
    run->gc_wanted = 0;
    if (!nf_arena_collected(run->arena, run->limits.of[NF_BUDGET_MEMORY])) {
        nf_where(L, run->where);
        nf_run_exceeded(run, NF_OUTCOME_OVER_MEMORY, NF_BUDGET_MEMORY, run->arena->used);
    }
}

/* The hook, armed for the next instruction, or for the return from the C function that runs: there its caller's line
 * is still known. */
static void on_instruction(lua_State *L, lua_Debug *event)
{
    nf_run *run = nf_current;
    if (run->over && (over_cpu(run) || over_time(run))) {
        nf_where(L, run->where);
        end_over(run);
    }
    run->over = 0;
    if (run->sample_wanted) {
        run->sample_wanted = 0;
        nf_sample_take(run, nf_where_line(L), cpu_used(run));
    }
    if (run->gc_wanted && event->event != LUA_HOOKCOUNT)
        return;
    lua_sethook(L, NULL, 0, 0);
    if (run->gc_wanted)
        collect(run, L);
}

void nf_cpu_arm(nf_run *run)
{
    lua_sethook(run->current, on_instruction, LUA_MASKCOUNT | LUA_MASKRET, 1);
}

void nf_cpu_thread(nf_run *run, lua_State *thread)
{
    run->current = thread;
    if (run->over || run->gc_wanted || run->sample_wanted)
        nf_cpu_arm(run);
    else if (lua_gethook(thread))
        lua_sethook(thread, NULL, 0, 0);
}

void nf_cpu_check(nf_run *run)
{
    if (over_cpu(run) || over_time(run)) {
        nf_where(run->current, run->where);
        end_over(run);
    }
}

/*
 * lua_sethook visits every call of the thread. With very many that takes 20 ms and more, in which no tick can preempt
 * the run: so such a thread gets no hook from here; a run that is over its budget then ends wherever it is.
 */
static bool may_arm(const nf_run *run)
{
    lua_Debug frame;
    return run->current && !lua_getstack(run->current, DEEP, &frame);
}

/* The end of a slice. */
static void preempt(nf_run *run)
{
    run->in_host = 1;
    nf_run_yield(run, NF_RUN_READY);
    run->in_host = 0;
    if (!run->gc_wanted || lua_gethook(run->current))
        return;
    if (may_arm(run)) /* a lower memory limit came meanwhile */
        nf_cpu_arm(run);
    else
        run->gc_wanted = 0; /* the allocator asks again */
}

static void tick(nf_run *run)
{
    if (run->looking) { /* the interrupted code is nf_cpu_end_anywhere */
        if (run->looking++ > TICKS_TO_SYNC)
            give_up_looking(run);
        return;
    }
    bool cpu = over_cpu(run);
    if (cpu || over_time(run)) {
        run->over++;
        if (run->over > TICKS_TO_SYNC)
            nf_cpu_end_anywhere(run, cpu ? NF_OUTCOME_OVER_CPU : NF_OUTCOME_OVER_TIME,
                                cpu ? nf_run_cpu_budget(run) : NF_BUDGET_WALL, 0);
        if (may_arm(run))
            nf_cpu_arm(run);
    } else if (nf_sample_due(run, cpu_used(run)) && may_arm(run)) {
        run->sample_wanted = 1;
        nf_cpu_arm(run);
    }
    if (nf_cpu_slice() >= SLICE_NS)
        preempt(run);
}

static void on_tick(int signal_number)
{
    (void)signal_number;
    nf_run *run = nf_current;
    if (!run)
        return;
    if (run->in_host) {
        run->pending = 1;
        return;
    }
    if (run->ticking && !run->looking)
        return;
    int saved = errno;
    run->ticking = 1;
    tick(run);
    run->ticking = 0;
    errno = saved;
}

/* The stack pointer where the signal came; NULL where we do not know how to read it. */
static const char *stack_pointer(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (const char *)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return (const char *)context->uc_mcontext.sp;
#else
    (void)context;
    return NULL;
#endif
}

/* Did the fiber run out of stack: in its own code, or because the kernel had no room for the frame
 * of a signal? */
static bool stack_is_full(const nf_run *run, const siginfo_t *info, const ucontext_t *context)
{
    const char *low = run->fiber.low, *address = info->si_addr, *pointer = stack_pointer(context);
    if (address >= low - NF_STACK_GUARD && address < low)
        return true;
    return info->si_code == SI_KERNEL && pointer >= low && pointer < low + SIGNAL_ROOM;
}

/*
 * On the alternate stack. Only two faults are survived: a full C stack, and looking for a line at a bad moment. This
 * handler never returns, and its mask stays in force until the next slice: on a slow machine ticks that come here would
 * lay their frames over each other until this stack is full, and then the kernel ends the process.
 */
NF_LEAVES_ANY_STACK static void on_fault(int signal_number, siginfo_t *info, void *context)
{
    static const char text[] = "nimflow-worker: memory fault outside a script's stack; giving up\n";
    (void)signal_number;
    nf_run *run = nf_current;
    tick_blocked = true;
    if (run && run->looking)
        give_up_looking(run);
    if (run && stack_is_full(run, info, context)) {
        run->over_text = "C stack overflow: calls are nested too deeply";
        nf_cpu_end_anywhere(run, NF_OUTCOME_OVER_MEMORY, NF_BUDGET_MEMORY, run->arena->used);
    }
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    _exit(NF_EXIT_FAULT);
}

static bool take_signals(void)
{
    void *stack =
        mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t alternate = {.ss_sp = stack, .ss_size = ALTERNATE_STACK};
    struct sigaction fault = {.sa_sigaction = on_fault,
                              .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaddset(&fault.sa_mask, SIGRTMIN);
    struct sigaction ticking = {.sa_handler = on_tick, .sa_flags = SA_NODEFER | SA_RESTART};
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    return stack != MAP_FAILED && sigaltstack(&alternate, NULL) == 0
           && sigaction(SIGSEGV, &fault, NULL) == 0 && sigaction(SIGBUS, &fault, NULL) == 0
           && sigaction(SIGRTMIN, &ticking, NULL) == 0 && sigaction(SIGPIPE, &ignored, NULL) == 0;
}

bool nf_cpu_init(void)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
    struct itimerspec every = {.it_interval.tv_nsec = TICK_NS, .it_value.tv_nsec = TICK_NS};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    return take_signals() && timer_create(TICK_CLOCK, &event, &timer) == 0
           && timer_settime(timer, 0, &every, NULL) == 0;
}
