# SPDX-License-Identifier: Apache-2.0
"""No file over 500 lines, no function over 60: both fit into a head. Generated tables do not count."""
import json
import shutil
import subprocess
import sys

import sources

MOST_FILE, MOST_FUNCTION = 500, 60
GENERATED = {"host/base/phone_table.c"}  # made by phone_table.mjs
SOURCES = (".c", ".h", ".py", ".lua", ".js", ".mjs", ".cmake", ".css", ".html")
FOLDERS = ("host/", "bindings/", "tests/", "scripts/", "examples/")


def functions(root, names):
    """(file, line, last line, name) of each C function."""
    done = subprocess.run(["ctags", "--languages=C", "--kinds-C=f", "--fields=+ne", "--output-format=json", "-f", "-", "-L",
                           "-"], input="\n".join(names), cwd=root, capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        tag = json.loads(line)
        yield tag["path"], tag["line"], tag.get("end", tag["line"]), tag["name"]


def check(root):
    names = [name for name in sources.files(root, *SOURCES) if name.startswith(FOLDERS) and name not in GENERATED]
    found = []
    for name in names:
        lines = sources.text(root, name).count("\n")
        if lines > MOST_FILE:
            found.append(f"{name}:{lines}: has {lines} lines; the most is {MOST_FILE}")
    own = [name for name in names if name.endswith((".c", ".h"))]
    for name, first, last, function in functions(root, own):
        if last - first + 1 > MOST_FUNCTION:
            found.append(f"{name}:{first}: {function} has {last - first + 1} lines; the most is {MOST_FUNCTION}")
    return found


RIGHT = {"host/base/a.c": "int f(void)\n{\n" + "    g();\n" * 56 + "    return 1;\n}\n" + "\n" * 440}
WRONG = [
    ("host/base/a.c:501: has 501 lines", {"host/base/a.c": "\n" * 501}),
    ("tests/x.py:501: ", {"tests/x.py": "#\n" * 501}),
    ("host/base/a.c:2: f has 61 lines", {"host/base/a.c": "\nint f(void)\n{\n" + "    g();\n" * 57 + "    return 1;\n}\n"}),
]

if __name__ == "__main__":
    if not shutil.which("ctags") or "Universal" not in subprocess.run(["ctags", "--version"], capture_output=True, text=True,
                                                                      check=False).stdout:
        print("skipped: needs universal-ctags")
        sys.exit(77)
    sys.exit(sources.run(check, WRONG, RIGHT))
