# SPDX-License-Identifier: Apache-2.0
"""The worker's seccomp filter as the broker would compile it, from host/worker/syscalls.h (x86-64 only)."""
import os
import platform
import re
import struct

SOURCE = os.environ.get("NF_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
NUMBERS = ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"]

LOAD, JUMP_EQUAL, JUMP_ANY, RETURN = 0x20, 0x15, 0x45, 0x06
KILL, ALLOW = 0x80000000, 0x7FFF0000
ARCH_X86_64, AT_NUMBER, AT_ARCH, AT_ARGUMENT_3, PROT_EXEC = 0xC000003E, 0, 4, 16 + 2 * 8, 4


def rules(sanitized):
    """[(name, rule)] of the list in syscalls.h."""
    with open(os.path.join(SOURCE, "host/worker/syscalls.h"), encoding="utf-8") as file:
        text = file.read()
    parts = re.split(r"#define (NF_\w+_MAP)\(X\)", text)[1:]
    maps = dict(zip(parts[::2], parts[1::2]))
    names = ["NF_WORKER_SYSCALL_MAP"] + (["NF_WORKER_SANITIZER_SYSCALL_MAP"] if sanitized else [])
    return [pair for name in names for pair in re.findall(r"X\((\w+), (NF_\w+)\)", maps[name])]


def numbers():
    for path in NUMBERS:
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                return {name: int(n) for name, n in re.findall(r"#define __NR_(\w+) (\d+)", file.read())}
    return {}


def program(sanitized=False):
    """The filter's code, or nothing where it cannot be made."""
    if platform.machine() != "x86_64" or not numbers():
        return b""
    number = numbers()
    code = [(LOAD, 0, 0, AT_ARCH), (JUMP_EQUAL, 1, 0, ARCH_X86_64), (RETURN, 0, 0, KILL), (LOAD, 0, 0, AT_NUMBER)]
    for name, rule in rules(sanitized):
        if rule == "NF_NO_EXEC":
            code += [(JUMP_EQUAL, 0, 4, number[name]), (LOAD, 0, 0, AT_ARGUMENT_3), (JUMP_ANY, 0, 1, PROT_EXEC),
                     (RETURN, 0, 0, KILL), (RETURN, 0, 0, ALLOW)]
        else:
            code += [(JUMP_EQUAL, 0, 1, number[name]), (RETURN, 0, 0, ALLOW)]
    code.append((RETURN, 0, 0, KILL))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
