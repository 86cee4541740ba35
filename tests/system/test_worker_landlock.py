# SPDX-License-Identifier: Apache-2.0
"""Landlock in the worker: active where the kernel has it, and then no file can be reached even without the system call
filter."""
import ctypes
import errno
import os
import subprocess
import tempfile
import unittest

import worker
from programs import path
from worker import READY, Worker

CREATE_RULESET, ASK_VERSION = 444, 1


def kernel_version():
    """What this kernel offers; 0: none, or switched off."""
    return max(0, ctypes.CDLL(None, use_errno=True).syscall(CREATE_RULESET, None, 0, ASK_VERSION))


class Landlock(unittest.TestCase):
    def test_the_worker_says_that_it_is_active(self):
        host = Worker(lock=False)
        host.send(worker.LOCKDOWN, 0, 0, host.filter)
        frame = host.receive()
        self.assertEqual((frame.kind, frame.aux), (READY, kernel_version()))
        host.close()

    def test_no_file_and_no_port_without_the_filter(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([path("prog_lockdown"), folder], capture_output=True, text=True, timeout=60, check=True)
        lines = [line.split() for line in done.stdout.splitlines()]
        version, tried = int(lines[0][1]), {name: (int(before), int(after)) for name, before, after in lines[1:]}
        self.assertEqual(version, kernel_version())
        if version == 0:
            self.skipTest("this kernel has no Landlock")
        for name in ("read", "list", "make"):
            self.assertEqual(tried[name], (0, errno.EACCES), name)
        self.assertIn(tried["remove"][1], (errno.EACCES, errno.ENOENT))
        if version >= 4:
            self.assertEqual(tried["bind"], (0, errno.EACCES))

    def test_filter_and_descriptors_besides(self):
        """Landlock is one of three walls; these two are seen from outside."""
        with Worker() as host:
            with open("/proc/%d/status" % host.process.pid, encoding="ascii") as file:
                status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
            self.assertEqual(status["Seccomp"], "2" if host.filter else "0")
            self.assertEqual(sorted(os.listdir("/proc/%d/fd" % host.process.pid)), ["0", "1", "2", "3"])


if __name__ == "__main__":
    unittest.main()
