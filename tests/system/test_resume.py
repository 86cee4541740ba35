# SPDX-License-Identifier: Apache-2.0
"""After a crash with many runs waiting: they go on in the order of their lane, none is lost, and what fails is told."""
import http.client
import json
import socket
import sqlite3
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

RUNS = 1000  # more than are read at a time when the host starts
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
nimbus.on_task {
  name = "newest", services = { "sales@contoso.example" }, events = { "SystemAccepted" }, mode = "latest",
  run = function(task)
    nimbus.tasks.update { taskId = task.taskId, customer = { firstName = task.initialMessage } }
  end,
}
""" % FAILS


class Resume(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.host = Host(self.nimbus.url, flows={"numbered.lua": FLOW},
                         tenant="request_timeout: 5min\nlimits: {queued_events: 2000, wall: 10min}\n").start()
        self.host.keep_port()

    def tearDown(self):
        self.assertEqual(0, self.host.end(), self.host.program.errors)
        self.host.remove()
        self.nimbus.close()

    def updates(self, task):
        return [json.loads(body)["customer"]["firstName"] for method, path, _, body in list(self.nimbus.requests)
                if method == "PUT" and path.endswith("/" + task)]

    def send(self, task, message, service="support"):
        body = event(task, initialMessage=message, serviceUPN=service + "@contoso.example")
        self.assertEqual(202, post(self.nimbus.callback(service), body)[0])

    def fill_the_lane(self):
        self.nimbus.answer = lambda handler, _: handler.command == "PUT"  # never answered, so the others wait behind it
        for number in range(RUNS):
            self.send("lane", str(number))
        self.nimbus.wait(lambda: self.updates("lane") == ["0"])

    def test_a_long_lane_keeps_its_order(self):
        self.fill_the_lane()
        self.host.kill()
        self.nimbus.answer = None
        self.host.start()
        self.send("lane", str(RUNS))
        self.nimbus.wait(lambda: str(RUNS) in self.updates("lane"), 120)
        expected = ["0"] + [str(number) for number in range(RUNS + 1) if number != FAILS]  # the first was sent before, too
        self.assertEqual(expected, self.updates("lane"))
        self.nimbus.wait(lambda: self.updates("failures") == [str(FAILS)])

    def test_what_a_newer_event_has_replaced_does_not_go_on(self):
        self.nimbus.answer = lambda handler, _: handler.command == "PUT"
        self.send("one", "old", "sales")
        self.nimbus.wait(lambda: self.updates("one") == ["old"])
        self.fill_the_lane()
        self.send("one", "new", "sales")
        self.nimbus.wait(lambda: self.updates("one") == ["old", "new"])
        self.host.kill()
        with sqlite3.connect(self.host.dir + "/data/nimflow.db", timeout=30) as database:  # as if its end had come too late
            changed = database.execute("UPDATE run SET outcome = 0, started = 0, ended = 0, attempts = 0"
                                       " WHERE handler = 'newest' AND outcome <> 0")
            self.assertEqual(1, changed.rowcount)
        self.nimbus.answer = None
        self.host.start()
        run = next(run for run in self.host.runs("--handler", "newest") if run["outcome"] == "done")
        self.assertEqual(["old", "new", "new"], self.updates("one"), run)
        self.nimbus.wait(lambda: str(RUNS - 1) in self.updates("lane"), 120)

    def cancel_at_once(self, run):
        """Cancel a run as soon as anybody is there to hear it: the status and the text of the answer."""
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)

        def connected():
            try:
                connection.sock.connect(self.host.dir + "/data/admin.sock")
                return True
            except OSError:
                return False
        wait_until(connected, what="the admin socket")
        connection.request("POST", f"/v1/runs/{run}/cancel", "{}")
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def test_nobody_decides_about_a_run_before_it_is_read(self):
        self.fill_the_lane()
        last = max(run["id"] for run in self.host.runs("--open"))
        for _ in range(20):  # it may be read already, on a fast machine; then it is tried with the run before
            self.host.kill()
            self.host.start(ready=False)
            status, text = self.cancel_at_once(last)
            if status == 503:
                break
            last -= 1
        self.assertEqual(503, status, text)
        self.assertIn("the runs of acme are being read; try again in some seconds", text)
        wait_until(self.host.ready, what="ready")
        self.assertEqual(202, self.cancel_at_once(last)[0])
        wait_until(lambda: self.host.show(last)["outcome"] == "cancelled", what="the end of the run")
        self.nimbus.answer = None


if __name__ == "__main__":
    unittest.main()
