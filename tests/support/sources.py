# SPDX-License-Identifier: Apache-2.0
"""The files of the project, and the frame of a check that reads them.

A check is a function of a folder that gives findings "FILE:LINE: text". Before it reads the project it must prove that it
can fail: it is run on small made-up trees with one mistake each (`wrong`), and on one without (`right`).
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("NF_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
SKIPPED = {".git", "build", "__pycache__"}


def files(root, *suffixes):
    """The project's files with one of these endings (all without), relative to `root`, sorted."""
    found = []
    if (root / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True, check=True)
        found = [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]
    else:
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in SKIPPED]
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(name for name in found if not suffixes or name.endswith(suffixes))


def text(root, name):
    return (root / name).read_text(encoding="utf-8", errors="replace")


def made_up(tree):
    """A temporary folder with these {name: text}."""
    folder = tempfile.TemporaryDirectory(prefix="nimflow-lint-")
    for name, content in tree.items():
        full = pathlib.Path(folder.name, name)
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(content, encoding="utf-8")
    return folder


def prove(check, wrong, right):
    """Each wrong tree must give a finding that begins with its key; the right one none."""
    for (finding, tree) in wrong:
        with made_up({**right, **tree}) as folder:
            found = check(pathlib.Path(folder))
            if not any(line.startswith(finding) for line in found):
                sys.exit(f"this check is broken: it does not find '{finding}', but {found}")
    with made_up(right) as folder:
        found = check(pathlib.Path(folder))
        if found:
            sys.exit(f"this check is broken: it finds {found} where nothing is wrong")


def run(check, wrong, right):
    """Prove the check, then report what it finds in the project; the exit status."""
    prove(check, wrong, right)
    found = check(SOURCE)
    for line in found:
        print(line)
    return 1 if found else 0
