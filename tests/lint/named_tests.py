# SPDX-License-Identifier: Apache-2.0
"""docs/SANDBOX.md and docs/THREAT-MODEL.md name the tests that show what they say: each name exists, and each row of a table
with a column "shown by" has one."""
import re
import sys

import sources

DOCS = ("docs/SANDBOX.md", "docs/THREAT-MODEL.md")
TOKEN = re.compile(r"`([^`]+)`")


def known(root):
    """Names of files without their endings, of classes and of functions in tests/."""
    names = set()
    for name in sources.files(root):
        if not name.startswith("tests/"):
            continue
        base = name.rsplit("/", 1)[1]
        names.add(base)
        if re.fullmatch(r"(test_|fuzz_)\w+\.(py|c)", base) or name.startswith("tests/lint/"):
            names.add(base.rsplit(".", 1)[0])
        if base.endswith(".py"):
            text = sources.text(root, name)
            names.update(re.findall(r"^ *def (test_\w+)", text, re.M))
            for block in re.split(r"^class ", text, flags=re.M)[1:]:
                owner = re.match(r"\w+", block).group()
                names.update(owner + "." + test for test in re.findall(r"^    def (test_\w+)", block, re.M))
    return names


def is_test(token):
    return re.fullmatch(r"(\w+\.)?test_\w+(\.py|\.c)?|fuzz_\w+|\d+-[\w-]+\.lua|\w+\.py", token)


def check(root):
    found, names, files = [], known(root), sources.files(root)
    for doc in DOCS:
        column = None
        for number, line in enumerate(sources.text(root, doc).splitlines() if doc in files else (), 1):
            cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else None
            if cells is None:
                column = None
            elif "shown by" in cells:
                column = cells.index("shown by")
            elif column is not None and not set(cells[0]) <= set("-"):
                if not any(is_test(token) for token in TOKEN.findall(cells[column] if column < len(cells) else "")):
                    found.append(f"{doc}:{number}: this row names no test: {line[:100]}")
            for token in TOKEN.findall(line):
                if is_test(token) and token not in names:
                    found.append(f"{doc}:{number}: there is no test '{token}'")
    return found


PY = "class A(unittest.TestCase):\n    def test_b(self):\n        pass\n"
TABLE = "| what | shown by |\n|---|---|\n| x | %s |\n"
RIGHT = {"tests/system/test_x.py": PY, "tests/sandbox/01-a.lua": "", "docs/SANDBOX.md": TABLE % "`A.test_b`, `test_b`, `test_x.py`, `01-a.lua`"}
WRONG = [("docs/SANDBOX.md:3: there is no test 'test_c'", dict(RIGHT, **{"docs/SANDBOX.md": TABLE % "`test_c`"})),
         ("docs/SANDBOX.md:3: there is no test 'B.test_b'", dict(RIGHT, **{"docs/SANDBOX.md": TABLE % "`B.test_b`"})),
         ("docs/SANDBOX.md:3: there is no test '02-a.lua'", dict(RIGHT, **{"docs/SANDBOX.md": TABLE % "`02-a.lua`"})),
         ("docs/SANDBOX.md:3: this row names no test", dict(RIGHT, **{"docs/SANDBOX.md": TABLE % "trust us"}))]

if __name__ == "__main__":
    sys.exit(sources.run(check, WRONG, RIGHT))
