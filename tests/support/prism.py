# SPDX-License-Identifier: Apache-2.0
"""Prism (the npm package of Stoplight): a server made from a description of an API, or a judge between two sides of it."""
import os
import re
import socket
import subprocess
import threading

import node
from host import wait_until

VERSION = "5.16.0"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Prism:
    """`upstream` None: it answers by itself; else it passes everything on and refuses what breaks the description."""

    def __init__(self, definition, upstream=None):
        folder = node.install("@stoplight/prism-cli", VERSION)
        program = os.path.join(folder, "node_modules", "@stoplight", "prism-cli", "dist", "index.js")
        port = free_port()
        mode = ["proxy", "--errors", definition, upstream] if upstream else ["mock", definition]
        self.url = f"http://127.0.0.1:{port}"
        self.lines = []
        self.process = subprocess.Popen(["node", program, *mode[:1], "-p", str(port), "-h", "127.0.0.1", *mode[1:]],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        threading.Thread(target=self._read, daemon=True).start()
        wait_until(lambda: any("Prism is listening" in line for line in self.lines) or self.process.poll() is not None, 120,
                   "Prism")
        if self.process.poll() is not None:
            raise AssertionError(self.lines)

    def _read(self):
        with self.process.stdout as stream:
            for line in stream:
                self.lines.append(re.sub(r"\x1b\[[0-9;]*m", "", line.rstrip()))

    def violations(self):
        """What it found wrong, on either side."""
        return [line for line in self.lines if "Violation:" in line or "Unable to match" in line]

    def end(self):
        self.process.terminate()
        self.process.wait()
