# SPDX-License-Identifier: Apache-2.0
"""Programs of others, from the npm registry, for tests with something that nobody here wrote."""
import os
import shutil
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(os.environ.get("NF_BUILD", "build/dev"))), "node")


def install(package, version):
    """The folder with the package, put there if it is not; the test is skipped when that is not possible."""
    folder = os.path.join(ROOT, package.replace("/", "-").lstrip("@"))
    if os.path.exists(os.path.join(folder, "node_modules", *package.split("/"), "package.json")):
        return folder
    npm = shutil.which("npm")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as file:
        file.write('{"private": true}\n')
    done = npm and subprocess.run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", f"{package}@{version}"],
                                  cwd=folder, capture_output=True, text=True, timeout=280, check=False)
    if not done or done.returncode != 0:
        print(f"skipped: npm cannot install {package}: {done.stderr[-500:] if done else 'there is no npm'}")
        sys.exit(77)
    return folder
