# SPDX-License-Identifier: Apache-2.0
"""Every header compiles by itself, as the first include of a file and twice."""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

import sources

BUILD = pathlib.Path(os.environ.get("NF_BUILD", "build/dev"))
COMPILER = shutil.which(os.environ.get("CC", "cc"))
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-DLLHTTP_STRICT_MODE=1", '-DNF_VERSION_STRING="0"', "-Wall", "-Wextra", "-Werror",
         "-fsyntax-only", "-xc"]


def library_flags():
    """Where the libraries' headers are; a check of their presence is the build's affair."""
    names = ["libuv", "libcurl", "jansson", "sqlite3", "yaml-0.1", "libzip", "expat", "libseccomp", "lua5.4"]
    done = subprocess.run(["pkg-config", "--cflags", *names], capture_output=True, text=True, check=False)
    return [*done.stdout.split(), "-I/usr/share/include/llhttp"]


def include_roots(root):
    """As the build has them, of all layers; which of them a layer may use is tests/lint/layers.py's affair."""
    made = BUILD / "include"
    roots = sorted(made.iterdir()) if made.is_dir() and root == sources.SOURCE else [root / "host"]
    return [f"-I{folder}" for folder in [*roots, root / "host/api", root / "tests/support"]]


def compile_alone(root, name, flags):
    program = f'#include "{root / name}"\n#include "{root / name}"\n'
    done = subprocess.run([COMPILER, *FLAGS, *flags, f"-I{(root / name).parent}", "-"], input=program, capture_output=True,
                          text=True, check=False)
    if done.returncode == 0:
        return None
    first = next(line for line in done.stderr.splitlines() if "error" in line)
    return f"{name}:1: does not compile by itself: {first}"


def check(root):
    names = [name for name in sources.files(root, ".h") if name.startswith(("host/", "bindings/", "tests/"))]
    flags = [*include_roots(root), *library_flags()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda name: compile_alone(root, name, flags), names)
        return [line for line in found if line]


RIGHT = {"host/base/a.h": "#ifndef A\n#define A\n#include <stddef.h>\nstruct a { size_t n; };\n#endif\n"}
WRONG = [
    ("host/base/b.h:1: ", {"host/base/b.h": "#ifndef B\n#define B\nstruct b { size_t n; };\n#endif\n"}),
    ("host/base/b.h:1: ", {"host/base/b.h": "struct b { int n; };\n"}),  # no guard
    ("host/base/b.h:1: ", {"host/base/b.h": '#include "base/missing.h"\n'}),
]

if __name__ == "__main__":
    if not COMPILER:
        print("skipped: no compiler")
        sys.exit(77)
    sys.exit(sources.run(check, WRONG, RIGHT))
