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

/* The same numbers on every architecture; older headers do not have them. */
enum { NR_LANDLOCK_CREATE_RULESET = 444, NR_LANDLOCK_RESTRICT_SELF = 446, LANDLOCK_VERSION = 1 };

static int landlock;

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

/* <linux/landlock.h> of the newest kernel; older headers lack the later fields. */
struct landlock_rules {
    uint64_t files, ports, scoped;
};

/* What version n can forbid, as the number of low bits: there is no rule that allows any of it again. */
static const struct {
    unsigned char files, ports, scoped;
} landlock_bits[] = {{0, 0, 0},  {13, 0, 0}, {14, 0, 0}, {15, 0, 0},
                     {15, 2, 0}, {16, 2, 0}, {16, 2, 2}};

static uint64_t low_bits(unsigned count)
{
    return ((uint64_t)1 << count) - 1;
}

int nf_lockdown_files(void)
{
    long version = syscall(NR_LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION);
    if (version < 1)
        return 0;
    size_t known = NF_MIN((size_t)version, NF_COUNT(landlock_bits) - 1);
    struct landlock_rules rules = {.files = low_bits(landlock_bits[known].files),
                                   .ports = low_bits(landlock_bits[known].ports),
                                   .scoped = low_bits(landlock_bits[known].scoped)};
    size_t size = known >= 6 ? sizeof rules : known >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    long fd = syscall(NR_LANDLOCK_CREATE_RULESET, &rules, size, 0);
    if (fd < 0 || syscall(NR_LANDLOCK_RESTRICT_SELF, fd, 0) != 0)
        nf_fail_start("Landlock");
    close((int)fd);
    return (int)version;
}

int nf_lockdown_landlock(void)
{
    return landlock;
}

void nf_lockdown(const char *filter, size_t size)
{
    close(NF_WORKER_PAGE_FD); /* it is mapped */
    if (syscall(SYS_close_range, NF_WORKER_PAGE_FD, UINT32_MAX, 0) != 0)
        nf_fail_start("close_range");
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_NPROC, 0);
    /* the broker comes first, and the kernel shares the rest between tenants; no right is needed to be nicer */
    if (setpriority(PRIO_PROCESS, 0, WORKER_NICE) != 0)
        nf_fail_start("setpriority");
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        nf_fail_start("prctl");
    landlock = nf_lockdown_files();
    /* descriptors 0 to 3 are in use, so none can be opened */
    set_limit(RLIMIT_NOFILE, NF_WORKER_FD + 1);
    if (size)
        install(filter, size);
}
