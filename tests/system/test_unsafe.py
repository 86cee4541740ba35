# SPDX-License-Identifier: Apache-2.0
"""What creates something in Nimbus is sent once: also when the host or the worker is killed while nobody answers."""
import os
import signal
import threading
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

FLOW = """
nimbus.on_task {
  name = "calls back", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    nimbus.scheduler.create {
      serviceUpn = task.serviceUPN, destination = task.customerIdentifier, dueDateTimeUtc = time.now() + 600,
    }
  end,
}
"""
CREATE = "/v1/scheduler-entries"


class Unsafe(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.go_on = threading.Event()

        def hang(handler, _):
            if handler.path != CREATE:
                return False
            self.go_on.wait(60)
            return False
        self.nimbus.answer = hang
        self.nimbus.answers["POST", CREATE] = (200, {"schedulerEntryId": "1"})
        self.host = Host(self.nimbus.url, flows={"calls.lua": FLOW}).start()

    def tearDown(self):
        self.go_on.set()
        self.assertEqual(0, self.host.end())
        self.nimbus.close()
        self.host.remove()

    def sent(self):
        return len(self.nimbus.seen("POST", CREATE))

    def test_a_killed_host_does_not_send_it_again(self):
        self.host.keep_port()
        self.assertEqual(202, post(self.nimbus.callback(), event("once"))[0])
        self.nimbus.wait(lambda: any(r[1] == CREATE for r in self.nimbus.requests))
        self.assertEqual(0, self.host.runs()[0]["attempts"])
        self.host.kill()
        self.go_on.set()
        self.host.start()
        held = wait_until(lambda: [a for a in self.host.status()["alarms"] if a["kind"] == "run-held"])
        self.assertIn("must not be done twice", held[0]["text"])
        self.assertEqual("running", self.host.runs()[0]["outcome"])
        self.assertEqual(1, self.sent())

    def test_a_killed_worker_gets_the_answer_later(self):
        self.assertEqual(202, post(self.nimbus.callback(), event("once"))[0])
        self.nimbus.wait(lambda: any(r[1] == CREATE for r in self.nimbus.requests))
        for child in self.children():
            os.kill(child, signal.SIGKILL)
        self.go_on.set()
        run = self.host.run_of("once")
        self.assertEqual("done", run["outcome"])
        self.assertEqual(1, self.sent())

    def children(self):
        path = f"/proc/{self.host.program.process.pid}/task/{self.host.program.process.pid}/children"
        with open(path, encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def test_otherwise_it_ends_as_any_run(self):
        self.go_on.set()
        self.assertEqual(202, post(self.nimbus.callback(), event("fine"))[0])
        self.assertEqual("done", self.host.run_of("fine")["outcome"])
        wait_until(lambda: self.sent() == 1)


if __name__ == "__main__":
    unittest.main()
