/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.c: see seccomp.h. libseccomp 2.5 writes a program only to a descriptor, so it goes through a memfd.
 */
#include "channel/seccomp.h"

#include "base/alloc.h"
#include "worker/syscalls.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LARGEST_PROGRAM = 64 << 10 };

static int allow(scmp_filter_ctx ctx, int number, int rule)
{
    if (rule == NF_NO_EXEC)
        return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 1,
                                SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 0);
}

static int add_rules(scmp_filter_ctx ctx)
{
    static const struct {
        const char *name;
        int rule;
    } calls[] = {
#define X(name, rule) {#name, rule},
        NF_WORKER_SYSCALL_MAP(X)
#ifdef NF_SANITIZED
            NF_WORKER_SANITIZER_SYSCALL_MAP(X)
#endif
#undef X
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int number = seccomp_syscall_resolve_name(calls[i].name);
        int rc = number == __NR_SCMP_ERROR ? -ENOSYS : allow(ctx, number, calls[i].rule);
        if (rc != 0 && rc != -EDOM) /* EDOM: this machine has no such call */
            return rc;
    }
    return 0;
}

static nf_status read_program(int fd, void **program, size_t *len, nf_error *err)
{
    *program = nf_alloc(LARGEST_PROGRAM);
    ssize_t n = pread(fd, *program, LARGEST_PROGRAM, 0);
    if (n <= 0 || n == LARGEST_PROGRAM)
        return nf_error_set(err, NF_E_IO, "the seccomp program could not be read back");
    *len = (size_t)n;
    return NF_OK;
}

nf_status nf_seccomp_compile(void **program, size_t *len, nf_error *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int fd = memfd_create("nimflow-seccomp", MFD_CLOEXEC);
    int rc = ctx && fd >= 0 ? add_rules(ctx) : -ENOMEM;
    if (rc == 0)
        rc = seccomp_export_bpf(ctx, fd);
    nf_status status =
        rc == 0 ? read_program(fd, program, len, err)
                : nf_error_set(err, NF_E_UNSUPPORTED, "the system call filter of the workers: %s",
                               strerror(-rc));
    if (ctx)
        seccomp_release(ctx);
    if (fd >= 0)
        close(fd);
    return status;
}
