# SPDX-License-Identifier: Apache-2.0
"""Line 1 of a source names the licence; every file says what it is; every public prototype stands below its comment."""
import re
import sys

import sources

LICENCE = "SPDX-License-Identifier: Apache-2.0"
LICENSED = (".c", ".h", ".py", ".mjs")
PRIVATE = {"internal.h"}
# a declaration of a function at the left margin; macros, typedefs and definitions are none
PROTOTYPE = re.compile(r"^(?!typedef|static|#|\}|struct \w+ \{|enum|union)[A-Za-z_][\w\s\*]*?\**\b(nf_\w+)\s*\(")


def has_licence(lines):
    special = lines[0].startswith(("#!", "/* layer: "))  # tests/CMakeLists.txt reads the layer in line 1
    return LICENCE in (lines[1] if special and len(lines) > 1 else lines[0])


def undocumented(lines):
    """Prototypes without a comment directly above them or above the group of lines they stand in."""
    documented = False
    depth = 0
    for number, line in enumerate(lines, 1):
        if line.rstrip().endswith("*/"):
            documented = True
        elif not line.strip():
            documented = False
        match = PROTOTYPE.match(line) if depth == 0 else None
        if match and not documented:
            yield number, match.group(1)
        depth += line.count("{") - line.count("}")


def check(root):
    found = []
    for name in sources.files(root, *LICENSED):
        lines = sources.text(root, name).splitlines()
        if not lines:
            continue
        if not has_licence(lines):
            found.append(f"{name}:1: line 1 must name the licence: {LICENCE}")
        if name.endswith((".c", ".h")) and name.startswith(("host/", "bindings/")) and not (
                len(lines) > 1 and lines[1].startswith("/*")):
            found.append(f"{name}:2: say here what this file is")
        if name.endswith(".h") and name.startswith("host/") and name.split("/")[-1] not in PRIVATE:
            found += [f"{name}:{number}: {function} has no comment above it" for number, function in undocumented(lines)]
    return found


HEAD = f"/* {LICENCE} */\n/* a.h: an example. */\n"
GOOD = HEAD + "/** Adds. */\nint nf_add(int a, int b);\n\n/** A list. */\nnf_list *nf_list_new(void);\nvoid nf_list_free(nf_list *list);\n"
RIGHT = {"host/base/a.h": GOOD, "host/base/internal.h": HEAD + "int nf_x(void);\n", "host/base/a.c": HEAD + "int nf_x(void) {}\n",
         "tests/x.py": f"#!/usr/bin/env python3\n# {LICENCE}\n", "tests/empty.py": ""}
WRONG = [
    ("host/base/a.h:1: line 1", {"host/base/a.h": "/* a.h: an example. */\n"}),
    ("host/base/a.h:2: say here", {"host/base/a.h": f"/* {LICENCE} */\nint x;\n"}),
    ("host/base/a.h:10: nf_alone has no comment", {"host/base/a.h": GOOD + "\nvoid nf_alone(void);\n"}),
    ("host/base/a.h:5: nf_add has no", {"host/base/a.h": GOOD.replace("/** Adds. */", "/** Adds. */\n")}),
    ("tests/x.py:1: line 1", {"tests/x.py": "#!/usr/bin/env python3\nimport os\n"}),
]

if __name__ == "__main__":
    sys.exit(sources.run(check, WRONG, RIGHT))
