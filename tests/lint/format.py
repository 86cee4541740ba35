# SPDX-License-Identifier: Apache-2.0
"""C files are as clang-format leaves them (remedy: clang-format -i FILE); comments may be 20 columns longer than code."""
import re
import shutil
import subprocess
import sys

import sources

LONGEST = 120
GENERATED = {"host/base/phone_table.c"}  # made by phone_table.mjs


def check(root):
    names = [name for name in sources.files(root, ".c", ".h") if name.startswith(("host/", "bindings/", "tests/")) and name not in GENERATED]
    style = f"--style=file:{sources.SOURCE / '.clang-format'}"
    done = subprocess.run(["clang-format", style, "--dry-run", "--Werror", *names], cwd=root, capture_output=True, text=True,
                          check=False)
    found, seen = [], set()
    for name, line in re.findall(r"^(\S+?):(\d+):\d+: error:", done.stderr, re.M):
        if name not in seen:  # the first place of each file is enough
            seen.add(name)
            found.append(f"{name}:{line}: not as clang-format leaves it; remedy: clang-format -i {name}")
    if done.returncode != 0 and not found:
        found.append(f"clang-format:0: failed: {done.stderr[-500:]}")
    for name in names:
        for number, line in enumerate(sources.text(root, name).splitlines(), 1):
            if len(line) > LONGEST:
                found.append(f"{name}:{number}: {len(line)} columns; the most is {LONGEST}")
    return found


RIGHT = {"host/a.c": "int f(void)\n{\n    return 1;\n}\n"}
WRONG = [
    ("host/a.c:1: not as clang-format", {"host/a.c": "int f(void) { return 1; }\n"}),
    ("host/a.c:1: 121 columns", {"host/a.c": "/* " + "x" * 115 + " */\n"}),
]

if __name__ == "__main__":
    if not shutil.which("clang-format"):
        print("skipped: needs clang-format")
        sys.exit(77)
    sys.exit(sources.run(check, WRONG, RIGHT))
