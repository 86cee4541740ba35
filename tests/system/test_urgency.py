#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_urgency.py: what a person waits for comes first, also when there is no room; and was the context there in time?"""
import http.client
import json
import os
import socket
import threading
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

EVENTS = ["SystemAccepted", "UserAccepted", "Terminated"]
FLOW = """
nimbus.on_task {
  name = "show", services = "*", events = { "SystemAccepted" }, %s
  run = function(task) nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "x" } } end,
}
nimbus.on_task {
  name = "look on", services = "*", events = { "UserAccepted", "Terminated" }, %s
  run = function(task) nimbus.tasks.update { taskId = task.taskId, customer = { lastName = task.event } } end,
}
flow.manual {
  name = "batch", mode = "parallel",
  run = function(e) nimbus.tasks.update { taskId = e.input, customer = { lastName = "x" } } end,
}
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.go_on = threading.Event()
        self.order = []

        def answer(handler, _):
            if handler.command == "GET" and handler.path == "/v1/tasks/events":
                handler.reply(200, [{"name": e, "value": e} for e in EVENTS])
                return True
            if handler.command == "GET" and handler.path == "/v1/tasks/modalities":
                handler.reply(200, [{"name": m, "value": m} for m in ("Audio", "InstantMessaging", "Email", "ExternalTask")])
                return True
            if handler.command == "PUT":
                self.order.append(handler.path.rsplit("/", 1)[1])
                if "hold" in handler.path:
                    self.go_on.wait(60)
            return False
        self.nimbus.answer = answer
        self.host = None

    def serve(self, tenant, own=("", "")):
        self.host = Host(self.nimbus.url, flows={"a.lua": FLOW % own}, tenant=tenant).start()
        self.host.keep_port()
        self.nimbus.wait(lambda: len(self.nimbus.registered) >= 2)
        by_event = {e: r["config"]["url"] for r in self.nimbus.registered for e in r["config"]["taskEvents"]}
        self.first, self.later = by_event["SystemAccepted"], by_event["UserAccepted"]

    def tearDown(self):
        self.go_on.set()
        if self.host:
            self.assertEqual(self.host.end(), 0, self.host.program.errors)
            self.host.remove()
        self.nimbus.close()

    def come(self, task, modality="Audio", what="SystemAccepted", **fields):
        return post(self.first if what == "SystemAccepted" else self.later, event(task, event=what, modality=modality, **fields))[0]

    def hold(self):
        """One run is under way and will not end."""
        self.assertEqual(202, self.come("hold"))
        self.nimbus.wait(lambda: "hold" in self.order)

    def batch(self, name):
        """Start one by hand; its exit status."""
        self.host.write("input.json", json.dumps(name))
        return self.host.command("runs", "start", "batch", "--event", self.host.dir + "/input.json", "--config",
                                 self.host.dir + "/nimflow.yaml").returncode

    def status(self):
        done = self.host.command("doctor", "--json", "--config", self.host.dir + "/nimflow.yaml")
        return json.loads(done.stdout)

    def outcome(self, task):
        """(outcome, error text) of the run that was to update a task."""
        for run in self.host.runs():
            whole = self.host.show(run["id"])
            body = whole["event_body"]
            if task in (body.get("taskId"), body.get("input")):
                return whole["outcome"], (whole["error"] or {}).get("message", "")
        return None

    def metrics(self):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(os.path.join(self.host.dir, "data", "admin.sock"))
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


class Order(Case):
    def test_its_requests_come_first_too(self):
        self.serve("limits: {requests_per_second: 1}\n")
        for number in range(6):
            self.assertEqual(202, self.come(f"mail{number}", "Email"))
        wait_until(lambda: any(name.startswith("mail") for name in self.order), what="the first e-mail")
        self.assertEqual(202, self.come("call"))
        wait_until(lambda: len(self.order) == 7, 60, "all updates")
        self.assertLess(self.order.index("call"), 4, self.order)

    def test_a_call_behind_many_mails_starts_before_them(self):
        self.serve("limits: {concurrent_runs: 1}\n")
        self.hold()
        for i in range(200):
            self.assertEqual(202, self.come(f"mail-{i}", "Email"))
        self.assertEqual(0, self.batch("batch"))
        self.assertEqual(202, self.come("chat", "InstantMessaging"))
        self.assertEqual(202, self.come("taken", what="UserAccepted"))
        self.assertEqual(202, self.come("call"))
        self.assertEqual(202, self.come("unknown", "Video"))
        self.go_on.set()
        self.nimbus.wait(lambda: len(self.order) == 206, 60)
        self.assertEqual(self.order, ["hold", "call", "unknown", "chat", "taken"] + [f"mail-{i}" for i in range(200)] + ["batch"])

    def test_a_flow_says_it_itself(self):
        self.serve("limits: {concurrent_runs: 1}\n", own=('priority = "batch",', 'priority = "call",'))
        self.hold()
        self.come("low")
        self.batch("batch")
        self.come("high", "Email", "Terminated")
        self.go_on.set()
        self.nimbus.wait(lambda: len(self.order) == 4)
        self.assertEqual(self.order, ["hold", "high", "low", "batch"])

    def test_the_first_of_a_lane_is_as_urgent_as_those_behind_it(self):
        self.serve("limits: {concurrent_runs: 1}\n", own=('key = "serviceUPN",', ""))
        self.hold()
        self.come("first", "Email", serviceUPN="sales@contoso.example")
        self.come("chat", "InstantMessaging", "UserAccepted", serviceUPN="sales@contoso.example")
        self.come("second", "Audio", serviceUPN="sales@contoso.example")
        self.go_on.set()
        self.nimbus.wait(lambda: len(self.order) == 4)
        self.assertEqual(self.order, ["hold", "first", "second", "chat"])


class Room(Case):
    def test_batch_gives_way_to_a_call_and_mails_to_a_call(self):
        self.serve("limits: {concurrent_runs: 1, queued_events: 4}\n")
        self.hold()
        for name in ("batch-1", "batch-2"):
            self.assertEqual(0, self.batch(name))
        self.assertEqual(202, self.come("mail-1", "Email"))
        self.assertEqual(202, self.come("mail-2", "Email"))
        self.assertNotEqual(0, self.batch("batch-3"))  # nothing is less urgent
        self.assertEqual(202, self.come("mail-3", "Email"))  # instead of the newest batch
        self.assertEqual(202, self.come("call-1"))
        self.assertEqual(503, self.come("mail-4", "Email"))
        self.assertEqual(202, self.come("call-2"))  # instead of mail-3
        self.go_on.set()
        self.nimbus.wait(lambda: len(self.order) == 5)
        self.assertEqual(self.order, ["hold", "call-1", "call-2", "mail-1", "mail-2"])
        wait_until(lambda: self.outcome("mail-2") == ("done", ""), what="all ended")
        for task, class_ in (("batch-1", "batch"), ("batch-2", "batch"), ("mail-3", "mail")):
            outcome, text = self.outcome(task)
            self.assertEqual(outcome, "cancelled", task)
            self.assertIn(f'it was the newest of class "{class_}" that waited, and queued_events is reached', text)
            self.assertIn("raise queued_events or concurrent_runs with 'nimflow limits acme'", text)
        status = self.status()
        self.assertEqual(status["tenants"][0]["shed"]["less-urgent"], 3)
        self.assertEqual(self.metrics()['nimflow_runs_shed_total{tenant="acme",reason="less-urgent"}'], "3")
        lost = [a["text"] for a in status["tenants"][0]["alarms"] if a["kind"] == "events-lost"]
        self.assertIn("1 events were refused and 3 waiting runs given up", lost[0])
        self.assertTrue(any("3 waiting runs were given up for more urgent ones" in f["text"] for f in status["findings"]))

    def test_what_is_pointless_goes_first_and_is_no_loss(self):
        self.serve("limits: {concurrent_runs: 1, queued_events: 4}\n")
        self.hold()
        self.come("ended")
        self.come("lives")
        self.assertEqual(0, self.batch("batch"))
        self.assertEqual(202, self.come("ended", what="Terminated"))
        self.assertEqual(202, self.come("call"))
        self.go_on.set()
        self.nimbus.wait(lambda: len(self.order) == 5)
        self.assertEqual(self.order, ["hold", "lives", "call", "ended", "batch"])  # the handler of the end has run
        runs = [self.host.show(r["id"]) for r in self.host.runs("--outcome", "cancelled")]
        self.assertEqual([(r["event_body"]["taskId"], r["event_body"]["event"]) for r in runs], [("ended", "SystemAccepted")])
        self.assertIn("its task is over", runs[0]["error"]["message"])
        status = self.status()["tenants"][0]
        self.assertEqual((status["shed"]["task-ended"], status["alarms"]), (1, []))


class Pickup(Case):
    def test_the_share_of_calls_whose_context_was_there(self):
        self.serve("")
        for task in ("in time", "late-hold", "never"):
            if task != "never":
                self.come(task)
        self.nimbus.wait(lambda: {"in%20time", "late-hold"} <= set(self.order))
        self.host.run_of("in time")
        self.come("in time", what="UserAccepted")
        self.come("in time", what="UserAccepted", created="again")
        self.come("late-hold", what="UserAccepted")
        self.come("never", what="UserAccepted")  # nothing was known of it: no flow could have
        self.come("mail", "Email")
        self.host.run_of("mail")
        self.come("mail", "Email", "UserAccepted")
        self.go_on.set()
        wanted = {"service": "support@contoso.example", "taken": 2, "with_context": 1, "late": 1, "percent": 50}
        wait_until(lambda: self.status()["tenants"][0]["pickup"] == [wanted],
                   what=f"the figures; they are {self.status()['tenants'][0]['pickup']}")
        texts = [f["text"] for f in self.status()["findings"] if f["what"] == "pickup"]
        self.assertEqual(texts, ["acme: support@contoso.example: 50 % of 2 calls had their context when they were taken, "
                                 "1 got it later"])
        figures = self.metrics()
        of = '{tenant="acme",service="support@contoso.example"}'
        self.assertEqual([figures[name + of] for name in ("nimflow_calls_taken_total", "nimflow_calls_taken_with_context_total",
                                                          "nimflow_calls_context_late_total")], ["2", "1", "1"])


if __name__ == "__main__":
    unittest.main()
