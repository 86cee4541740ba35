# SPDX-License-Identifier: Apache-2.0
"""What creates something in Nimbus is sent once: also when the host or the worker is killed while nobody answers."""
import json
import os
import signal
import sqlite3
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
        self.host.kill()
        self.host.start()  # whoever comes later must know of it too
        self.assertEqual(["run-held"], [a["kind"] for a in self.host.status()["alarms"]])
        self.host.command("runs", "cancel", str(self.host.runs()[0]["id"]), "--config", os.path.join(self.host.dir, "nimflow.yaml"))
        wait_until(lambda: not self.host.status()["alarms"], what="no alarm")
        self.assertEqual("cancelled", self.host.runs()[0]["outcome"])

    def after_a_kill(self, there):
        """The run after the host was killed while nobody answered; `there`: the entry is in the list then."""
        self.host.flow("calls.lua", FLOW.replace("serviceUpn =", "ReferenceId = task.taskId, serviceUpn ="))
        self.host.keep_port()
        wait_until(lambda: "ReferenceId" in self.version(), what="the new version")
        self.assertEqual(202, post(self.nimbus.callback(), event("once"))[0])
        self.nimbus.wait(lambda: any(r[:2] == ("POST", CREATE) for r in self.nimbus.requests))
        self.host.kill()
        entry = json.loads(self.nimbus.seen("POST", CREATE)[0][3])
        self.nimbus.answers["GET", CREATE] = (200, [dict(entry, schedulerEntryId="9")] if there else [])
        self.go_on.set()
        self.host.start()
        return self.host.run_of("once")

    def version(self):
        with sqlite3.connect(os.path.join(self.host.dir, "data", "nimflow.db"), timeout=30) as database:
            return str(database.execute("SELECT group_concat(CAST(source AS TEXT)) FROM flow_version").fetchone()[0])

    def test_after_a_kill_it_is_found_in_the_list(self):
        run = self.after_a_kill(True)
        self.assertEqual(("done", 1), (run["outcome"], self.sent()))
        self.assertEqual("9", run["effects"][0]["result"]["schedulerEntryId"])

    def test_after_a_kill_it_is_not_in_the_list_and_is_sent(self):
        run = self.after_a_kill(False)
        self.assertEqual(("done", 2), (run["outcome"], self.sent()))

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
