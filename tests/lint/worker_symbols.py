# SPDX-License-Identifier: Apache-2.0
"""What nimflow-worker may call of libc. A run can be left for good at any instruction, so code on a fiber must take no
libc lock and call no malloc; a new name here has to be looked at with that in mind, then added to its group."""
import os
import shutil
import subprocess
import sys

ALLOWED = {
    "pure functions (no lock, no memory), called by Lua and by us on a fiber": """
        acos asin atan2 cos cosh exp floor fmod frexp ldexp log log10 log2 pow sin sinh sqrt tan tanh
        memchr memcmp memcpy memmove memset strchr strcmp strcoll strcspn strlen strncmp strpbrk strrchr strspn strstr strtod
        __memcpy_chk __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc __errno_location localeconv
        snprintf vsnprintf __snprintf_chk __vsnprintf_chk _setjmp __longjmp_chk clock_gettime strerrordesc_np
        __memmove_chk __strcpy_chk""",
    "system calls": """
        _exit close fcntl madvise mmap munmap poll prctl read setpriority setrlimit sigaction sigaddset sigaltstack sigemptyset
        sigprocmask syscall timer_create
        timer_settime write __libc_current_sigrtmin""",
    "the stack switch of other machines": "getcontext makecontext swapcontext",
    "start and end of the program, checks": "__libc_start_main __gmon_start__ __stack_chk_fail __assert_fail abort",
    "linked with lauxlib.o and lmathlib.o of liblua, never called: files, luaL_newstate, the panic function": """
        __fprintf_chk fclose feof ferror fflush fopen64 fputc fputs fread free freopen64 fwrite getc realloc
        strerror stderr stdin stdout""",
}


def main():
    program = os.path.join(os.environ.get("NF_BUILD", "build/dev"), "nimflow-worker")
    if os.environ.get("NF_SANITIZE", "") not in ("", "thread") or not os.path.exists(program) or not shutil.which("nm"):
        print("skipped: needs nm and a worker without sanitizers")
        return 77
    lines = subprocess.run(["nm", "-u", program], check=True, capture_output=True, text=True).stdout.splitlines()
    used = {line.split()[-1].split("@")[0] for line in lines}
    if any(name.startswith(("__gcov", "__llvm_prof", "gcov")) for name in used):
        print("skipped: instrumented for coverage")
        return 77
    allowed = set(" ".join(ALLOWED.values()).split())
    wrong = sorted(used - allowed)
    for name in wrong:
        print("%s: calls %s, which is not in the list of %s" % (program, name, sys.argv[0]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
