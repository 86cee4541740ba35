# SPDX-License-Identifier: Apache-2.0
"""Dead letters: kept until somebody dismisses them, counted by flow, an alarm for a flow that fails again and again."""
import contextlib
import http.client
import json
import os
import socket
import threading
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

FLOW = """
nimbus.on_task {
  name = "moody", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    if task.customerIdentifier == "bad" then error("in a bad mood") end
    if task.customerIdentifier == "spin" then while true do end end
    if task.customerIdentifier == "create" then
      return nimbus.external_tasks.add { serviceUpn = "support@contoso.example" }
    end
    if task.customerIdentifier == "long" then flow.sleep("1h") end
  end,
}
"""


class DeadLetters(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.addCleanup(self.nimbus.close)
        self.host = Host(self.nimbus.url, flows={"moody.lua": FLOW}, tenant="failing_after: 3\nlimits:\n  cpu: 100ms\n").start()
        self.addCleanup(self.host.remove)
        self.callback = self.nimbus.callback()
        self.sent = 0

    def send(self, mood):
        """The ended run of an event."""
        self.sent += 1
        task = f"t-{self.sent}"
        post(self.callback, event(task, customerIdentifier=mood))
        return self.host.run_of(task)["id"]

    def ask(self, *args):
        done = self.host.command(*args, "--config", os.path.join(self.host.dir, "nimflow.yaml"))
        return done.returncode, done.stdout if done.returncode == 0 else done.stderr

    def get(self, path):
        connection = http.client.HTTPConnection("host", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(os.path.join(self.host.dir, "data", "admin.sock"))
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read().decode()

    def metric(self, name):
        return next((int(line.rsplit(" ", 1)[1]) for line in self.get("/metrics").splitlines()
                     if line.startswith(name + "{")), None)

    def alarms(self):
        return json.loads(self.get("/v1/status"))["tenants"][0]["alarms"]

    def dead(self, *args):
        return [run["id"] for run in self.host.runs("--dead", *args)]

    def test_dead_until_dismissed(self):
        self.assertEqual(None, self.metric("nimflow_dead_letters"))
        bad, spin = self.send("bad"), self.send("spin")
        self.send("good")
        self.assertEqual([spin, bad], self.dead())
        flow = json.loads(self.ask("runs", "list", "--dead", "--by-flow", "--json")[1])["flows"][0]
        self.assertEqual(("moody", 2, bad, spin), (flow["handler"], flow["count"], flow["oldest"], flow["newest"]))
        self.assertEqual({"failed", "over-cpu"}, set(flow["outcomes"]))
        self.assertIn("moody", self.ask("runs", "--dead", "--by-flow")[1])
        self.assertEqual((2, 2), (self.metric("nimflow_dead_letters"), self.metric("nimflow_dead_letters_total")))
        self.assertIsNotNone(self.metric("nimflow_dead_letter_oldest_seconds"))
        code, text = self.ask("runs", "dismiss", str(bad), "999999")
        self.assertEqual((0, "1 dismissed\n"), (code, text))
        self.assertEqual([spin], self.dead())
        whole = self.host.show(bad)
        self.assertRegex(whole["dismissed_by"], r"^uid \d+$")
        self.assertIn("dismissed it at", self.ask("why", str(bad))[1])
        self.assertEqual(["failed"], [r["outcome"] for r in self.host.runs("--outcome", "failed")])
        self.send("bad")
        self.assertEqual((0, "2 dismissed\n"), self.ask("runs", "dismiss", "--flow", "moody.lua"))
        self.assertEqual((0, "0 dismissed\n"), self.ask("runs", "dismiss", "--all"))
        self.assertEqual(([], None, 3), (self.dead(), self.metric("nimflow_dead_letters"), self.metric("nimflow_dead_letters_total")))
        self.assertIn("dismiss", self.ask("limits", "--audit")[1])
        self.assertEqual(2, self.ask("runs", "dismiss")[0])
        self.assertEqual(0, self.host.end(), self.host.program.errors)

    def test_alarm_for_a_flow_that_fails_again_and_again(self):
        self.send("bad")
        self.send("bad")
        self.send("good")
        self.send("bad")
        self.send("bad")
        self.assertEqual([], self.alarms())
        last = self.send("bad")
        alarm = self.alarms()[0]
        self.assertEqual(("flow-failing", "moody"), (alarm["kind"], alarm["subject"]))
        self.assertIn(f"3 runs in a row did not end well, the last one (run {last}) failed: in a bad mood", alarm["text"])
        self.assertIn("flow-failing", self.host.command("doctor", "--config", os.path.join(self.host.dir, "nimflow.yaml")).stdout)
        self.send("good")
        self.assertEqual([], self.alarms())
        self.assertEqual(0, self.host.end(), self.host.program.errors)

    def test_cancel_asleep_and_running(self):
        post(self.callback, event("long", customerIdentifier="long"))
        run = wait_until(lambda: next((r for r in self.host.runs("--open") if r["state"] == "sleeping"), None), what="asleep")
        self.assertIn("it sleeps (flow.sleep) until ", self.ask("why", str(run["id"]))[1])
        self.assertIn("sleeping", self.ask("runs", "--open")[1])
        self.assertEqual("flow.sleep", self.host.show(run["id"])["effects"][0]["action"])
        code, text = self.ask("runs", "cancel", str(run["id"]))
        self.assertEqual((0, f"run {run['id']}: is being cancelled\n"), (code, text))
        whole = self.host.run_of("long")
        self.assertEqual("cancelled", whole["outcome"])
        self.assertRegex(self.ask("why", str(run["id"]))[1], r"it ended cancelled: cancelled by uid \d+")
        self.assertEqual([], self.dead())
        code, text = self.ask("runs", "cancel", str(run["id"]))
        self.assertEqual(3, code, text)
        self.assertIn("cancel", self.ask("limits", "--audit")[1])
        self.assertEqual(0, self.host.end(), self.host.program.errors)

    def test_held_run_is_released(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def hang(handler, _body):
            if handler.path == "/v1/ExternalTasks":
                go_on.wait(60)
            return False
        self.nimbus.answer = hang
        self.host.keep_port()
        post(self.callback, event("held", customerIdentifier="create"))
        self.nimbus.wait(lambda: any(r[1] == "/v1/ExternalTasks" for r in self.nimbus.requests))
        self.host.kill()
        go_on.set()
        self.host.start()

        def held():
            return next((r for r in self.host.runs("--open") if r["state"] == "held"), None)
        run = wait_until(held, what="held")["id"]
        code, text = self.ask("why", str(run))
        self.assertIn("it is held for a person since", text)
        self.assertIn(f"'nimflow runs release {run} --done'", text)
        self.assertIn("held", self.ask("runs", "show", str(run))[1])
        for wrong in (("--done", "--repeat"), (), ("--repeat", "--result", "1"), ("--done", "--result", "{")):
            self.assertEqual(2, self.ask("runs", "release", str(run), *wrong)[0], wrong)
        code, text = self.ask("runs", "release", str(run), "--done", "--result", '{"id": 7}')
        self.assertEqual(0, code, text)
        whole = self.host.run_of("held")
        self.assertEqual(("done", {"id": 7}), (whole["outcome"], whole["result"]), whole)
        self.assertEqual(0, self.host.end(), self.host.program.errors)


if __name__ == "__main__":
    unittest.main()
