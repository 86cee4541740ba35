# SPDX-License-Identifier: Apache-2.0
"""Start the programs of the build folder and read what they print. Ends only what it started."""
import os
import signal
import subprocess
import sys
import threading

BUILD = os.environ.get("NF_BUILD", "build/dev")


def path(name):
    found = os.path.join(BUILD, name)
    if not os.path.exists(found):
        print(f"skipped: {found} is not built")
        sys.exit(77)
    return found


class Program:
    """A running program; its lines of standard output can be waited for."""

    def __init__(self, name, *args, env=None):
        self.lines = []
        self.errors = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen([path(name), *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, errors="replace", env=dict(os.environ, **(env or {})))
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, lines):
        with stream:
            for line in stream:
                with self.changed:
                    lines.append(line.rstrip("\n"))
                    self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def wait_line(self, part, timeout=30):
        """The first line of standard output that contains `part`."""
        def find():
            return next((line for line in self.lines if part in line), None)
        with self.changed:
            self.changed.wait_for(lambda: find() or self.process.poll() is not None, timeout)
            line = find()
        if line is None:
            raise AssertionError(f"no line with {part!r}; exit {self.process.poll()}; "
                                 f"stdout {self.lines}; stderr {self.errors}")
        return line

    def end(self, timeout=30):
        """Ask it to end (SIGTERM) and return its exit status; a sanitizer's finding makes it non-zero."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not end within {timeout} s; stderr {self.errors}")
        for reader in self.readers:
            reader.join(timeout)
        return status
