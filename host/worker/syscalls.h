/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syscalls.h: the system calls a worker makes after its lock-down. The broker compiles the seccomp
 * filter from this list; everything else ends the process.
 *
 * X(name, rule): NF_ANY allows the call, NF_NO_EXEC allows it unless its third argument (the
 * protection) has PROT_EXEC.
 */
#ifndef NF_WORKER_SYSCALLS_H
#define NF_WORKER_SYSCALLS_H

enum { NF_ANY, NF_NO_EXEC };

#define NF_WORKER_SYSCALL_MAP(X)                                                                   \
    X(read, NF_ANY)  /* the channel */                                                             \
    X(write, NF_ANY) /* the channel, and the last words on standard error */                       \
    X(poll, NF_ANY)                                                                                \
    X(ppoll, NF_ANY)           /* poll of newer libc's */                                          \
    X(restart_syscall, NF_ANY) /* poll, after a stop */                                            \
    X(clock_gettime, NF_ANY)   /* the thread's CPU time */                                         \
    X(mmap, NF_NO_EXEC)        /* slots and images */                                              \
    X(munmap, NF_ANY)          /* images */                                                        \
    X(madvise, NF_ANY)         /* memory taken and given back in big pieces */                     \
    X(rt_sigreturn, NF_ANY)    /* the tick */                                                      \
    X(rt_sigprocmask, NF_ANY)  /* a full C stack; ucontext's switch */                             \
    X(exit_group, NF_ANY)

/* What the sanitizers call besides. Only for builds with them. */
#define NF_WORKER_SANITIZER_SYSCALL_MAP(X)                                                         \
    X(mprotect, NF_NO_EXEC)                                                                        \
    X(sigaltstack, NF_ANY)                                                                         \
    X(getpid, NF_ANY)                                                                              \
    X(gettid, NF_ANY)                                                                              \
    X(tgkill, NF_ANY)                                                                              \
    X(futex, NF_ANY)                                                                               \
    X(sched_yield, NF_ANY)                                                                         \
    X(rt_sigaction, NF_ANY)                                                                        \
    X(readlink, NF_ANY)                                                                            \
    X(openat, NF_ANY)                                                                              \
    X(close, NF_ANY)                                                                               \
    X(fstat, NF_ANY)                                                                               \
    X(newfstatat, NF_ANY)                                                                          \
    X(lseek, NF_ANY)                                                                               \
    X(brk, NF_ANY)

#endif
