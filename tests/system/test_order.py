#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_order.py: runs of one task and handler go one after the other, in the order of their events; other tasks beside them."""
import unittest

from host import Host, event, post
from nimbus import Nimbus

# Earlier events wait longer: side by side they would end in the reverse order.
FLOW = """
nimbus.on_task {
  name     = "%s",
  services = { "support@contoso.example" },
  events   = { "SystemAccepted" },
  run = function(task)
    local number = tonumber(task.initialMessage)
    local update = function(what)
      nimbus.tasks.update { taskId = task.taskId, customContextParameters = { ["%s"] = what .. " " .. number } }
    end
    update("begin")
    flow.sleep((10 - number) / 100)
    update("end")
  end,
}
"""
EVENTS = 8


class Order(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.host = Host(self.nimbus.url, flows={"a.lua": FLOW % ("first", "first"), "b.lua": FLOW % ("second", "second")},
                         tenant="limits: {workers: 2}\n").start()

    def tearDown(self):
        self.assertEqual(self.host.end(), 0, self.host.program.errors)
        self.nimbus.close()
        self.host.remove()

    def seen(self, task, handler):
        """What one handler has sent of a task, in order."""
        sent = [p for update in self.nimbus.updates.get(task, []) for p in update["customContextParameters"]]
        return [p["value"] for p in sent if p["name"] == handler]

    def test_one_after_the_other_in_the_order_of_the_events(self):
        tasks = [f"task-{i}" for i in range(4)]
        for number in range(1, EVENTS + 1):
            for task in tasks:
                self.assertEqual(post(self.nimbus.callback(), event(task, initialMessage=str(number)))[0], 202)
        count = len(tasks) * EVENTS * 4
        self.nimbus.wait(lambda: sum(map(len, self.nimbus.updates.values())) >= count, 120)
        want = [f"{what} {number}" for number in range(1, EVENTS + 1) for what in ("begin", "end")]
        for task in tasks:
            for handler in ("first", "second"):
                self.assertEqual(self.seen(task, handler), want, f"{task}, {handler}")

    def test_a_slow_task_does_not_hold_up_another(self):
        post(self.nimbus.callback(), event("slow", initialMessage="-990"))  # sleeps 10 s
        self.nimbus.wait(lambda: len(self.seen("slow", "first")) == 1)
        post(self.nimbus.callback(), event("quick", initialMessage="9"))
        self.nimbus.wait(lambda: len(self.seen("quick", "first")) == 2)
        self.assertEqual(len(self.seen("slow", "first")), 1)


if __name__ == "__main__":
    unittest.main()
