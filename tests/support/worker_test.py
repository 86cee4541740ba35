# SPDX-License-Identifier: Apache-2.0
"""A test case with one worker for all its tests."""
import unittest

from worker import LoadFailed, Worker

# A file with one handler, whose body begins in line 4
HANDLER = "nimbus.on_task {\n  name = 'A', services = '*',\n  run = function(task)\n%s\n  end,\n}\n"


class WorkerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Worker()

    @classmethod
    def tearDownClass(cls):
        assert cls.host.close() == 0
        assert cls.host.errors == "", cls.host.errors

    def setUp(self):
        self.host.effects = {"flow.sleep": lambda args: None}

    def ok(self, source, event=None, **options):
        end = self.host.script(source, event, **options)
        self.assertEqual(end.outcome, "done", end)
        return end.result

    def fails(self, source, event=None, **options):
        end = self.host.script(source, event, **options)
        self.assertEqual(end.outcome, "failed", end)
        return end.error

    def refused(self, source, **options):
        with self.assertRaises(LoadFailed) as caught:
            self.host.load(1, "flows/x.lua", source, **options)
        return caught.exception
