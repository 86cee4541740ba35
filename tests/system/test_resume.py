# SPDX-License-Identifier: Apache-2.0
"""After a crash with many runs waiting: they go on in the order of their lane, none is lost, and what fails is told."""
import json
import unittest

from host import Host, event, post
from nimbus import Nimbus

RUNS = 450  # more than are read at a time when the host starts
FAILS = 1
FLOW = """
nimbus.on_task {
  name = "numbered", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    if task.initialMessage == "%d" then error("this one fails") end
    nimbus.tasks.update { taskId = task.taskId, customer = { firstName = task.initialMessage } }
  end,
}
flow.on_failure {
  name = "told", handlers = { "numbered" },
  run = function(failure)
    nimbus.tasks.update { taskId = "failures", customer = { firstName = failure.event.initialMessage } }
  end,
}
""" % FAILS


class Resume(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.host = Host(self.nimbus.url, flows={"numbered.lua": FLOW}, tenant="limits: {queued_events: 1000}\n").start()
        self.host.keep_port()

    def tearDown(self):
        self.assertEqual(0, self.host.end(), self.host.program.errors)
        self.host.remove()
        self.nimbus.close()

    def updates(self, task):
        return [json.loads(body)["customer"]["firstName"] for method, path, _, body in list(self.nimbus.requests)
                if method == "PUT" and path.endswith("/" + task)]

    def test_a_long_lane_keeps_its_order(self):
        self.nimbus.answer = lambda handler, _: handler.command == "PUT"  # never answered, so the others wait behind it
        for number in range(RUNS):
            self.assertEqual(202, post(self.nimbus.callback(), event("lane", initialMessage=str(number)))[0])
        self.nimbus.wait(lambda: self.updates("lane") == ["0"])
        self.host.kill()
        self.nimbus.answer = None
        self.host.start()
        self.assertEqual(202, post(self.nimbus.callback(), event("lane", initialMessage=str(RUNS)))[0])
        self.nimbus.wait(lambda: str(RUNS) in self.updates("lane"), 120)
        expected = ["0"] + [str(number) for number in range(RUNS + 1) if number != FAILS]  # the first was sent before, too
        self.assertEqual(expected, self.updates("lane"))
        self.nimbus.wait(lambda: self.updates("failures") == [str(FAILS)])


if __name__ == "__main__":
    unittest.main()
