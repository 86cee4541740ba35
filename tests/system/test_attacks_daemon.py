# SPDX-License-Identifier: Apache-2.0
"""Attacks as flows of a running host: each run ends with an outcome, the flow beside them works, the host stays healthy; and
workers that are killed or stopped from outside are replaced."""
import os
import re
import signal
import time
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus
from test_crash import workers_of

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sandbox")
ATTACKS = ["01-while-true", "23-pat-minexpand", "59-recursion-gsub", "73-mem-double", "98-result-deep", "201-effect-args-deep",
           "220-all-resume-running", "212-error-tostring", "218-all-never-ends", "221-all-ended-branch", "227-try-loop",
           "233-json-encode-weak", "238-log-flood-tables", "241-tamper-everything", "248-closing-at-death", "257-error-objects"]
# On one line, so that line numbers stay. What these attacks ask for is done with what this host has.
PRELUDE = ("local function sleep(ms) flow.sleep(ms / 1000) end "
           "local http = { get = function(a) kv.set('echo', json.decode(json.encode(a))) return kv.get('echo') end } ")
WRAPPED = """nimbus.on_task { name = "%s", services = { "support@contoso.example" }, events = { "SystemAccepted" },
limits = { cpu = "200ms", wall = "20s", memory = "24MiB", effects = 50 }, dedupe = false,
run = function(event) if event.initialMessage ~= "%s" then return flow.skip("another one's turn") end %s %s
end }
"""
CANARY = """
COUNT = 0
nimbus.on_task { name = "canary", services = { "support@contoso.example" }, events = { "SystemAccepted" }, dedupe = false,
run = function(task)
  COUNT = COUNT + 1
  assert(COUNT == 1 and LEAK == nil and ('x'):upper() == 'X' and getmetatable(_G) == nil)
  if task.initialMessage == "slow" then flow.sleep(1.5) end
  nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "SAFE" } }
  return "SAFE"
end }
"""


def read(name):
    with open(os.path.join(FOLDER, name + ".lua"), encoding="utf-8") as file:
        return file.read()


def expected(source):
    return re.match(r"-- \[(\w+)\]", source).group(1)


class Attacks(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.host = None

    def tearDown(self):
        try:
            if self.host:
                self.assertEqual(self.host.end(), 0, self.host.program.errors)
        finally:
            self.nimbus.close()
            if self.host:
                self.host.remove()

    def start(self, **flows):
        self.host = Host(self.nimbus.url, flows=dict({"canary.lua": CANARY}, **flows)).start()
        self.callback = self.nimbus.callback()

    def send(self, task, message):
        self.assertEqual(post(self.callback, event(task, initialMessage=message))[0], 202)

    def ended(self, count, timeout=120):
        """All runs, by (handler, task's message); none is under way any more."""
        def find():
            runs = self.host.runs()
            return runs if len(runs) >= count and all(run["outcome"] != "running" for run in runs) else None
        return wait_until(find, timeout, "the end of %d runs" % count)

    def test_attacks_as_flows(self):
        sources = {name + ".lua": WRAPPED % (name, name, PRELUDE, read(name)) for name in ATTACKS}
        self.start(**sources)
        for name in ATTACKS:
            self.send(name, name)
        runs = self.ended(len(ATTACKS) * (len(ATTACKS) + 1))
        wrong = []
        for run in runs:
            whole = run["outcome"], run["handler"]
            if run["handler"] == "canary":
                if run["outcome"] != "done":
                    wrong.append(whole)
            elif run["outcome"] != "skipped":
                want = expected(read(run["handler"]))
                good = {"kill": run["outcome"].startswith("over-"), "error": run["outcome"] == "failed",
                        "ok": run["outcome"] == "done"}.get(want, run["outcome"] != "lost-worker")
                log = str(self.host.show(run["id"]))
                if not good or "ESCAPED:" in log:
                    wrong.append((whole, log[:600]))
        self.assertEqual(wrong, [])
        self.assertEqual(len([run for run in runs if run["handler"] != "canary" and run["outcome"] != "skipped"]),
                         len(ATTACKS))
        self.assertEqual(len(self.nimbus.updates), len(ATTACKS))
        self.assertTrue(self.host.ready())
        self.assertFalse([line for line in self.host.program.errors if "broke the protocol" in line or "hangs" in line])

    def test_workers_killed_and_stopped_are_replaced(self):
        self.start()
        pid = self.host.program.process.pid
        for number, number_of_signal in enumerate((signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGSTOP)):
            task = "t%d" % number
            self.send(task, "slow")
            wait_until(lambda: any(run["outcome"] == "running" for run in self.host.runs()), what="a run under way")
            before = workers_of(pid)
            for worker in before:
                os.kill(worker, number_of_signal)
            if number_of_signal == signal.SIGSTOP:  # it neither works nor ends: an admin's kill is what helps
                time.sleep(0.5)
                self.assertTrue(self.host.ready(), "the host does not wait for a worker that stands still")
                self.send("beside", "")
                for worker in before:
                    os.kill(worker, signal.SIGKILL)
            self.nimbus.wait(lambda: task in self.nimbus.updates)
            self.assertTrue(self.host.ready())
        runs = self.ended(5)
        self.assertEqual({run["outcome"] for run in runs}, {"done"})


if __name__ == "__main__":
    unittest.main()
