/* SPDX-License-Identifier: Apache-2.0 */
/* lockdown.c: see lockdown.h. The order matters: the filter comes last, since it forbids the calls
 * before it. */
#include "lockdown.h"

#include "channel/protocol.h"
#include "fail.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILTER_MAX = 1024, WORKER_NICE = 5 };

static void set_limit(__rlimit_resource_t what, rlim_t value)
{
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    if (setrlimit(what, &limit) != 0)
        nf_fail_start("setrlimit");
}

static void install(const char *filter, size_t size)
{
    static struct sock_filter code[FILTER_MAX]; /* aligned, unlike the frame */
    size_t count = size / sizeof code[0];
    if (size % sizeof code[0] || count > FILTER_MAX)
        nf_fail_protocol("a seccomp program of %zu bytes", size);
    memcpy(code, filter, size);
    struct sock_fprog program = {.len = (unsigned short)count, .filter = code};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        nf_fail_start("the seccomp program");
}

void nf_lockdown(const char *filter, size_t size)
{
    close(NF_WORKER_PAGE_FD); /* it is mapped */
    if (syscall(SYS_close_range, NF_WORKER_PAGE_FD, UINT32_MAX, 0) != 0)
        nf_fail_start("close_range");
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_NPROC, 0);
    set_limit(RLIMIT_NOFILE,
              NF_WORKER_FD + 1); /* descriptors 0 to 3 are in use, so none can be opened */
    /* the broker comes first, and the kernel shares the rest between tenants; no right is needed to be nicer */
    if (setpriority(PRIO_PROCESS, 0, WORKER_NICE) != 0)
        nf_fail_start("setpriority");
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        nf_fail_start("prctl");
    if (size)
        install(filter, size);
}
