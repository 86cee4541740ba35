# SPDX-License-Identifier: Apache-2.0
"""nimflow runs tail: a line for each run as it ends."""
import json
import os
import signal
import unittest

from host import Host, event, post
from nimbus import Nimbus
from programs import Program

FLOW = """
nimbus.on_task {
  name = "mixed", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task) if task.taskId:find("bad") then error("no customer") end end,
}
"""


class Tail(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.addCleanup(self.nimbus.close)
        self.host = Host(self.nimbus.url, flows={"mixed.lua": FLOW}).start()
        self.addCleanup(self.host.remove)
        self.callback = self.nimbus.callback()

    def follow(self, *args):
        """A running tail that has begun to follow."""
        program = Program("nimflow", "runs", "tail", "--config", os.path.join(self.host.dir, "nimflow.yaml"), *args)
        with program.changed:
            self.assertTrue(program.changed.wait_for(lambda: any("following" in line for line in program.errors), 30))
        return program

    def stop(self, program):
        program.process.send_signal(signal.SIGINT)
        self.assertEqual(-signal.SIGINT, program.process.wait(30))

    def test_lines_come_as_runs_end(self):
        everything, bad = self.follow(), self.follow("--outcome", "failed", "--flow", "mixed", "--json")
        nobody = self.follow("--tenant", "other")
        for number in range(3):
            post(self.callback, event(f"good-{number}", customerIdentifier=str(number)))
            line = everything.wait_line(" done ")
            self.assertIn("mixed", line)
        post(self.callback, event("bad-1"))
        self.assertIn("flows/mixed.lua:4: no customer", everything.wait_line(" failed "))
        told = json.loads(bad.wait_line("failed"))
        self.assertEqual(("mixed", "no customer", "acme"), (told["handler"], told["error"]["message"], told["tenant"]))
        self.assertEqual(1, len(bad.lines))
        self.assertEqual([], nobody.lines)
        run = self.host.run_of("bad-1")
        self.assertEqual((run["id"], run["ended"]), (told["id"], told["ended"]))
        for program in (everything, bad, nobody):
            self.stop(program)
        self.assertEqual(0, self.host.end(), self.host.program.errors)

    def test_many_at_once_all_come(self):
        tail = self.follow("--json")
        for number in range(100):
            post(self.callback, event(f"t-{number}"))
        with tail.changed:
            self.assertTrue(tail.changed.wait_for(lambda: len(tail.lines) == 100, 60), len(tail.lines))
        self.assertEqual(100, len({json.loads(line)["id"] for line in tail.lines}))
        self.stop(tail)
        self.assertEqual(0, self.host.end(), self.host.program.errors)

    def test_host_ends(self):
        tail = self.follow()
        self.assertEqual(0, self.host.end(), self.host.program.errors)
        self.assertEqual(4, tail.process.wait(30))

    def test_wrong_outcome(self):
        done = self.host.command("runs", "tail", "--outcome", "faild", "--config", os.path.join(self.host.dir, "nimflow.yaml"))
        self.assertEqual(3, done.returncode)
        self.assertIn("did you mean 'failed'", done.stderr)
        self.assertEqual(0, self.host.end(), self.host.program.errors)


if __name__ == "__main__":
    unittest.main()
