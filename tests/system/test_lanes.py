#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_lanes.py: how runs of one key follow each other, and how many there may be at a time."""
import json
import re
import threading
import time
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

CREATE = "/v1/scheduler-entries"

FLOW = """
nimbus.on_task {
  name     = "%(name)s",
  services = "*",
  events   = { "SystemAccepted" },
  %(how)s
  run = function(task)
    %(run)s
  end,
}
"""
# What it was told, as a parameter of the task; "hold ..." is answered when the test says so.
SAY = """
    nimbus.tasks.update { taskId = task.taskId, customContextParameters = { said = task.initialMessage } }
"""
CALL_BACK = """
    nimbus.scheduler.create { serviceUpn = task.serviceUPN, destination = task.initialMessage, dueDateTimeUtc = time.now() + 600 }
    nimbus.tasks.update { taskId = task.taskId, customContextParameters = { said = task.initialMessage } }
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.nimbus.answers["POST", CREATE] = (200, {"schedulerEntryId": "1"})
        self.go_on = threading.Event()
        self.lost = []  # messages whose request was given up by the host before it was answered
        self.host = None

        def answer(handler, body):
            held = re.search(rb"hold [^\"]*", body)
            if not held or handler.command not in ("PUT", "POST"):
                return False
            handler.connection.settimeout(0.02)
            while not self.go_on.is_set():
                try:
                    if handler.connection.recv(1) == b"":
                        self.lost.append(held[0].decode())
                        handler.close_connection = True
                        return True
                except TimeoutError:
                    continue
            handler.connection.settimeout(None)
            return False
        self.nimbus.answer = answer

    def tearDown(self):
        self.go_on.set()
        if self.host:
            self.assertEqual(self.host.end(), 0, self.host.program.errors)
            self.host.remove()
        self.nimbus.close()

    def serve(self, how, run=SAY, tenant="", **more):
        flows = {"a.lua": FLOW % {"name": "a", "how": how, "run": run}}
        for name, (its, does) in more.items():
            flows[f"{name}.lua"] = FLOW % {"name": name, "how": its, "run": does}
        self.host = Host(self.nimbus.url, flows=flows, tenant=tenant).start()
        self.callback = self.nimbus.callback()

    def send(self, message, task="t1", **fields):
        self.assertEqual(202, post(self.callback, event(task, initialMessage=message, **fields))[0])

    def asked(self):
        """Messages of all requests that came to Nimbus."""
        with self.nimbus.lock:
            bodies = [json.loads(r[3]) for r in self.nimbus.requests if r[0] in ("PUT", "POST") and b"url" not in r[3]]
        return [b.get("destination") or b["customContextParameters"][0]["value"] for b in bodies]

    def wait_asked(self, *messages):
        wait_until(lambda: set(messages) <= set(self.asked()), what=f"requests of {messages}, came {self.asked()}")

    def ended(self, count):
        """The ended runs as (message, outcome, reason), oldest first."""
        def all_ended():
            runs = self.host.runs()
            return len(runs) == count and all(run["outcome"] != "running" for run in runs)
        wait_until(all_ended, what=f"{count} ended runs")
        found = []
        for run in reversed(self.host.runs()):
            whole = self.host.show(run["id"])
            why = whole["error"]["message"] if whole["error"] else whole["result"]
            found.append((whole["event_body"]["initialMessage"], run["outcome"], why or ""))
        return found

    def status(self):
        done = self.host.command("doctor", "--json", "--config", self.host.dir + "/nimflow.yaml")
        return json.loads(done.stdout)["tenants"][0]

    def id_of(self, message):
        return next(r["id"] for r in self.host.runs() if self.host.show(r["id"])["event_body"]["initialMessage"] == message)


class Latest(Case):
    def test_a_newer_event_ends_the_older_run_and_its_request(self):
        self.serve('mode = "latest",')
        self.send("hold 1")
        self.wait_asked("hold 1")
        self.send("2")
        wait_until(lambda: self.lost == ["hold 1"], what="the request was given up")
        runs = self.ended(2)
        self.assertEqual([r[:2] for r in runs], [("hold 1", "cancelled"), ("2", "done")])
        self.assertIn(f"outdated: run {self.id_of('2')} of 'a' is for a newer event", runs[0][2])
        self.assertIn('mode = "latest"', runs[0][2])
        self.assertEqual(self.status()["shed"]["latest"], 1)

    def test_those_that_wait_are_outdated_too_and_other_tasks_are_not(self):
        self.serve('mode = "latest",', tenant="limits: {concurrent_runs: 1}\n")
        self.send("hold x", "other")
        self.wait_asked("hold x")
        for i in range(4):
            self.send(str(i))
        self.go_on.set()
        self.assertEqual([r[:2] for r in self.ended(5)],
                         [("hold x", "done"), ("0", "cancelled"), ("1", "cancelled"), ("2", "cancelled"), ("3", "done")])
        self.assertEqual(self.asked(), ["hold x", "3"])

    def test_an_effect_that_must_not_be_repeated_is_not_interrupted(self):
        self.serve('mode = "latest",', run=CALL_BACK)
        self.send("hold 1")
        self.wait_asked("hold 1")
        self.send("2")
        self.send("3")
        time.sleep(0.3)
        self.assertEqual(self.asked(), ["hold 1"])  # the newest waits for it
        self.go_on.set()
        runs = self.ended(3)
        self.assertEqual([r[:2] for r in runs], [("hold 1", "cancelled"), ("2", "cancelled"), ("3", "done")])
        self.assertEqual((self.lost, self.asked()), ([], ["hold 1", "3", "3"]))
        first = self.host.show(self.id_of("hold 1"))
        self.assertEqual([(e["action"], e["ok"]) for e in first["effects"]], [("nimbus.scheduler.create", True)])

    def test_a_busy_script_is_interrupted(self):
        self.serve('mode = "latest",', run="if task.initialMessage == '1' then while true do end end" + SAY,
                   tenant="limits: {cpu: 50s, wall: 10min}\n")
        self.send("1")
        wait_until(lambda: self.status()["running"] == 1, what="it runs")
        self.send("2")
        self.assertEqual([r[:2] for r in self.ended(2)], [("1", "cancelled"), ("2", "done")])


class Single(Case):
    def test_further_events_are_skipped_while_one_is_there(self):
        self.serve('mode = "single",')
        self.send("hold 1")
        self.wait_asked("hold 1")
        self.send("2")
        self.send("3", "other task")
        self.wait_asked("3")
        self.go_on.set()
        runs = self.ended(3)
        self.assertEqual([r[:2] for r in runs], [("hold 1", "done"), ("2", "skipped"), ("3", "done")])
        self.assertEqual(runs[1][2], f"run {self.id_of('hold 1')} of 'a' was there, for an older event of the same key, and the "
                                     'handler has mode = "single"')
        self.send("4")
        self.assertEqual(self.ended(4)[3][:2], ("4", "done"))
        self.assertEqual(self.status()["shed"]["single"], 1)


class Keys(Case):
    def test_a_key_of_several_fields_and_of_nested_ones(self):
        self.serve('mode = "single", key = { "serviceUPN", "taskinformation.customer.Company" },')
        acme = {"taskInformation": {"customer": {"company": "Acme"}}}
        self.send("hold 1", "t1", **acme)
        self.wait_asked("hold 1")
        self.send("same", "t2", **acme)
        self.send("other service", "t3", serviceUPN="sales@contoso.example", **acme)
        self.send("other company", "t4", taskInformation={"customer": {"company": "Emca"}})
        self.send("no company", "t5")
        self.send("no company either", "t6", taskInformation={"customer": {"company": ""}})
        self.wait_asked("other service", "other company", "no company", "no company either")
        self.go_on.set()
        self.assertEqual([r[0] for r in self.ended(6) if r[1] == "skipped"], ["same"])

    def test_mistakes_are_explained(self):
        wrong = {
            'mode = "lates",': "a.lua:2: unknown mode 'lates'; did you mean 'latest'?",
            'mode = 1,': "field 'mode' of nimbus.on_task must be a text",
            'key = "taskld",': "a.lua:2: key: unknown field of the event 'taskld'; did you mean 'taskId'?",
            'key = { "taskInformation.customer.compny" },':
                "key: unknown field of the event 'compny'; did you mean 'company'?",
            'key = "taskInformation.customer",': "key: 'taskInformation.customer' is a record; name a field with one value",
            'key = "taskId.x",': "key: 'taskId.x': taskId is no record",
            'key = {},': "key: 1 to 8 fields of the event are expected",
            'concurrency = 0,': "field 'concurrency' of nimbus.on_task must be a whole number from 1 on",
            'concurrency = 20000,': "concurrency must be a whole number from 1 to 10000",
            'concurency = 1,': "unknown field 'concurency' of nimbus.on_task; did you mean 'concurrency'?",
            'concurrency_per_key = 2,': 'concurrency_per_key is for mode = "parallel"; with "queue" there is one run at a time',
            'priority = "urgent",': "unknown priority 'urgent'; known: call, chat, mail, batch",
        }
        self.host = Host(self.nimbus.url)
        for how, text in wrong.items():
            self.host.flow("a.lua", FLOW % {"name": "a", "how": how, "run": SAY})
            done = self.host.command("check", self.host.tenant + "/flows/a.lua")
            self.assertEqual(done.returncode, 1, how)
            self.assertIn(text, done.stdout + done.stderr, how)
        self.host.flow("a.lua", 'flow.manual { name = "a", mode = "latest", run = function() end }\n')
        done = self.host.command("check", self.host.tenant + "/flows/a.lua")
        self.assertIn("mode needs a field 'key' here: nothing orders the events of flow.manual", done.stdout + done.stderr)
        self.host.flow("a.lua", 'flow.manual { name = "a", mode = "latest", key = "input.any.thing", run = function() end }\n')
        done = self.host.command("check", self.host.tenant + "/flows/a.lua")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.host.remove()
        self.host = None


class Numbers(Case):
    def test_parallel_has_no_order(self):
        self.serve('mode = "parallel",')
        self.send("hold 1")
        self.wait_asked("hold 1")
        self.send("2")
        wait_until(lambda: len([r for r in self.host.runs() if r["outcome"] == "done"]) == 1, what="the second one ended")

    def test_a_key_has_so_many_at_a_time_and_steps_aside(self):
        self.serve('mode = "parallel", concurrency_per_key = 2,', tenant="limits: {concurrent_runs: 3}\n")
        for i in range(6):
            self.send(f"hold {i}")
        self.wait_asked("hold 0", "hold 1")
        self.send("quick", "other")  # behind four that may not start
        self.wait_asked("quick")
        waits = self.status()["waits"]
        self.assertEqual([(w["waits_for"], w["inside"], w["waiting"]) for w in waits], [("concurrency_per_key", 2, 4)])
        self.assertEqual(set(self.asked()), {"hold 0", "hold 1", "quick"})
        self.go_on.set()
        self.assertEqual({r[1] for r in self.ended(7)}, {"done"})

    def test_a_handler_has_so_many_at_a_time_and_steps_aside(self):
        self.serve("concurrency = 2,", tenant="limits: {concurrent_runs: 3}\n", b=('where = { initialMessage = "quick" },', SAY))
        for i in range(5):
            self.send(f"hold {i}", f"t{i}")
        self.wait_asked("hold 0", "hold 1")
        self.send("quick", "other")
        self.wait_asked("quick")
        self.assertEqual(sorted(self.asked()), ["hold 0", "hold 1", "quick"])
        self.assertEqual(self.status()["waits"][0]["waits_for"], "concurrency")
        waiting = self.host.runs("--open")[1]["id"]
        done = self.host.command("why", str(waiting), "--config", self.host.dir + "/nimflow.yaml")
        self.assertIn("it waits until fewer than 2 runs are there: the limit is concurrency; it is number 3 in line", done.stdout)
        self.go_on.set()
        self.assertEqual({r[1] for r in self.ended(7)}, {"done"})

    def test_a_connection_has_so_many_at_a_time_and_an_admin_allows_more(self):
        self.serve("", tenant="limits: {runs_per_connection: 2}\n")
        for i in range(4):
            self.send(f"hold {i}", f"t{i}")
        self.wait_asked("hold 0", "hold 1")
        self.assertEqual(self.status()["waits"][0]["waits_for"], "runs_per_connection")
        self.assertEqual(len(self.asked()), 2)
        done = self.host.command("limits", "acme", "set", "runs_per_connection=3", "--config", self.host.dir + "/nimflow.yaml")
        self.assertRegex(done.stdout, "runs_per_connection +3 ")
        self.wait_asked("hold 2")
        self.assertEqual(len(self.asked()), 3)


if __name__ == "__main__":
    unittest.main()
