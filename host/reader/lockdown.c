/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lockdown.c: what the process gives up before it looks at a byte of the file.
 *
 * What is left is enough for malloc, for writing the result and for ending. A sanitizer needs more
 * than that, so in such a build the filter and most limits are left out.
 */
#include "reader/reader.h"

#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#ifdef NF_INSTRUMENTED
#define INSTRUMENTED 1
#else
#define INSTRUMENTED 0
#endif

enum { CPU_SECONDS = 30, MEMORY = 640 << 20 };

static bool limit(__rlimit_resource_t what, rlim_t value)
{
    return setrlimit(what, &(struct rlimit){.rlim_cur = value, .rlim_max = value}) == 0;
}

static bool set_limits(void)
{
    bool ok = limit(RLIMIT_CPU, CPU_SECONDS) && limit(RLIMIT_CORE, 0);
    return ok
           && (INSTRUMENTED
               || (limit(RLIMIT_AS, MEMORY) && limit(RLIMIT_NOFILE, 0) && limit(RLIMIT_NPROC, 0)));
}

static bool filter_calls(void)
{
    static const int allowed[] = {
        SCMP_SYS(write),  SCMP_SYS(brk),           SCMP_SYS(mmap),       SCMP_SYS(munmap),
        SCMP_SYS(mremap), SCMP_SYS(madvise),       SCMP_SYS(mprotect),   SCMP_SYS(exit_group),
        SCMP_SYS(exit),   SCMP_SYS(rt_sigreturn),  SCMP_SYS(futex),      SCMP_SYS(getrandom),
        SCMP_SYS(close),  SCMP_SYS(clock_gettime), SCMP_SYS(newfstatat), SCMP_SYS(fstat),
    };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool ok = filter != NULL;
    for (size_t i = 0; ok && i < sizeof allowed / sizeof allowed[0]; i++)
        ok = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    ok = ok && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return ok;
}

nf_status nf_reader_lock_down(nf_error *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
        || prctl(PR_SET_DUMPABLE, INSTRUMENTED, 0, 0, 0) != 0)
        return nf_error_set(err, NF_E_IO, "the reader cannot give up its privileges");
    /* unpacking converts times of files: without a zone by name it would open the zone's file */
    if (setenv("TZ", "UTC0", 1) != 0)
        return nf_error_set(err, NF_E_IO, "the reader cannot set its time zone");
    tzset();
    if (!set_limits())
        return nf_error_set(err, NF_E_IO, "the reader cannot set its limits");
    if (!INSTRUMENTED && !filter_calls())
        return nf_error_set(err, NF_E_IO, "the reader cannot set its system call filter");
    return NF_OK;
}
