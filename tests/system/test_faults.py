# SPDX-License-Identifier: Apache-2.0
"""
A Nimbus that fails in every way at every fifth request: in the end each task shows what its flow wrote last, and what must
be made once was made once. NF_LONG=1: ten thousand tasks instead of fifteen hundred.
"""
import concurrent.futures
import json
import os
import time
import unittest

from host import Host, wait_until
from simulator import Simulator

TASKS = 10000 if os.environ.get("NF_LONG") else 1500
AT_A_TIME = 500
ENTRY_EVERY = 20
SERVICE = "support@contoso.example"
BY_HAND = {"created": 0, "systemAccepted": 0, "queued": 0, "userAccepted": None, "terminated": None}

FLOW = """
nimbus.on_task {
  name = "writes twice", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  retry = { times = 30, backoff = "50ms", longest = "5s" },
  run = function(task)
    local last = task.taskId:sub(-4)
    nimbus.tasks.update { taskId = task.taskId, customer = { firstName = "first", lastName = "to be replaced" },
                          customContextParameters = { Step = 1, Mark = last } }
    if tonumber(task.customerIdentifier:sub(-6)) % %d == 0 then
      nimbus.scheduler.create { serviceUpn = task.serviceUPN, destination = task.customerIdentifier,
                                dueDateTimeUtc = time.now() + 86400, ReferenceId = task.taskId }
    end
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "for " .. task.customerIdentifier },
                          customContextParameters = { Step = 2 } }
  end,
}
""".replace("%d", str(ENTRY_EVERY))

# percent of the requests of each operation; together 20
FAULTS = [
    {"status": 500, "share": 3}, {"status": 503, "share": 3}, {"status": 504, "mode": "status-after", "share": 4},
    {"status": 429, "share": 2}, {"mode": "close", "share": 2}, {"mode": "close-after", "share": 3},
    {"mode": "slow", "delayMs": 400, "share": 2}, {"mode": "garbage", "share": 1},
]
OPERATIONS = ["PUT /v1/tasks/{taskId}", "POST /v1/scheduler-entries", "GET /v1/scheduler-entries"]


class Faults(unittest.TestCase):
    def setUp(self):
        self.sim = Simulator("--max-tasks", str(TASKS + 10))
        self.host = Host(self.sim.url, token=Simulator.TOKEN, flows={"twice.lua": FLOW},
                         tenant="limits: {wall: 10min}\n").start()

    def tearDown(self):
        self.assertEqual(0, self.host.end())
        self.sim.end()
        self.host.remove()

    def place(self, first, count):
        """Calls whose numbers count up, so that each can be told."""
        calls = [{"from": f"+41790{number:06d}", "service": SERVICE, "timeline": BY_HAND}
                 for number in range(first, first + count)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda wanted: (wanted["from"], self.sim.call(**wanted)), calls))

    def wrong(self, number, task_id):
        """What is not as the flow wrote it last, or None."""
        task = self.sim.task(task_id)
        customer, parameters = task["customer"], {p["name"]: p["value"] for p in task["customContextParameters"]}
        seen = (customer.get("firstName"), customer.get("lastName"), parameters.get("Step"), parameters.get("Mark"))
        wanted = ("first", f"for {number}", "2", task_id[-4:])
        return None if seen == wanted else (task_id, seen)

    def ended(self, count):
        status = self.host.status()
        return status["events"]["accepted"] == count and status["waiting"] + status["running"] == 0

    def test_all_is_right_in_the_end(self):
        for operation in OPERATIONS:
            for fault in FAULTS:
                self.sim.fault(operation, count=-1, **fault)
        self.sim.fault(OPERATIONS[0], status=429, retryAfter=1, count=3)
        began, placed = time.monotonic(), []
        for first in range(0, TASKS, AT_A_TIME):
            placed += self.place(first, min(AT_A_TIME, TASKS - first))
            wait_until(lambda: self.ended(len(placed)), 600, f"the end of {len(placed)} runs")
        took = time.monotonic() - began
        self.assertEqual(204, self.sim.raw("DELETE", "/sim/faults")[0])
        events = self.host.status()["events"]
        self.assertEqual((TASKS, TASKS), (len(placed), events["accepted"]), events)
        self.assertEqual([], [a for a in self.host.status()["alarms"] if a["kind"] == "run-held"])
        self.assertEqual([], [wrong for wrong in map(lambda call: self.wrong(*call), placed) if wrong])
        marked = sorted(task for number, task in placed if int(number[-6:]) % ENTRY_EVERY == 0)
        entries = self.entries()
        self.assertEqual(marked, sorted(entry["ReferenceId"] for entry in entries))
        requests = self.host.status()["connections"][0]["requests"]
        self.assertGreater(requests["repeated"], requests["sent"] / 10)
        self.assertGreaterEqual(requests["pauses"], 1)
        print(f"{TASKS} tasks in {took:.1f} s, {requests['sent']} requests, {requests['repeated']} of them again, "
              f"{len(entries)} entries, breaker opened {requests['breaker_opened']} times")

    def entries(self):
        status, _, text = self.sim.raw("GET", "/v1/scheduler-entries?serviceUpn=" + SERVICE)
        self.assertEqual(200, status, text)
        return json.loads(text)


if __name__ == "__main__":
    unittest.main()
