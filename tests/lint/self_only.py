# SPDX-License-Identifier: Apache-2.0
"""The project speaks of itself alone: no paths of the machine it was written on, no tools that are not part of it."""
import re
import sys

import sources

# in pieces, so that this file does not find itself
WORDS = ["\\.\\./sha" + "red", "/wo" + "rk/", "/tmp/bri" + "ef", "/ro" + "ot/", "/home/[a-z]"]
WRONG_WORD = re.compile("|".join(WORDS))
BINARY = (".xlsx", ".png", ".ico", ".woff2")


def check(root):
    found = []
    for name in sources.files(root):
        if name.endswith(BINARY) or name.startswith("tests/fuzz/corpus/"):
            continue
        for number, line in enumerate(sources.text(root, name).splitlines(), 1):
            match = WRONG_WORD.search(line)
            if match:
                found.append(f"{name}:{number}: '{match.group()}' is no part of the project: {line.strip()[:100]}")
    return found


RIGHT = {"README.md": "Build it in build/dev, work in peace, share what you learn.\n", "host/a.c": "/* network/x */\n"}
WRONG = [(f"docs/X.md:2: '{word}", {"docs/X.md": f"fine\nsee {word}x\n"})
         for word in ("../sha" + "red", "/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/a")]

if __name__ == "__main__":
    sys.exit(sources.run(check, WRONG, RIGHT))
