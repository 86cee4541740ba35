#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_limits.py: what a tenant may use as a whole, and an admin who changes limits while it runs."""
import json
import os
import sqlite3
import time
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

FLOW = """
nimbus.on_task {
  name     = "%s",
  services = { "support@contoso.example" },
  events   = { "SystemAccepted" },
  limits   = { %s },
  run = function(task)
    %s
  end,
}
"""
UPDATE = "nimbus.tasks.update { taskId = task.taskId, customer = { lastName = 'x' } }"
SPIN = "while true do end"


class Case(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.host = None

    def serve(self, run=UPDATE, own="", tenant="", config=""):
        self.host = Host(self.nimbus.url, flows={"a.lua": FLOW % ("a", own, run)}, tenant=tenant, config=config).start()
        self.callback = self.nimbus.callback()

    def tearDown(self):
        if self.host:
            self.assertEqual(self.host.end(), 0, self.host.program.errors)
            self.host.remove()
        self.nimbus.close()

    def limits(self, *args):
        return self.host.command("limits", *args, "--config", os.path.join(self.host.dir, "nimflow.yaml"))

    def rows(self):
        done = self.limits("acme", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return {row["name"]: row for row in json.loads(done.stdout)["limits"]}

    def send(self, *tasks):
        for task in tasks:
            self.assertEqual(post(self.callback, event(task))[0], 202)

    def updated(self):
        return len(self.nimbus.updates)


class Changes(Case):
    def test_a_change_holds_at_once_is_kept_and_audited(self):
        self.serve()
        done = self.limits("acme", "set", "cpu=250ms", "concurrent_runs=3")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"cpu +250ms +1min .* set by 'nimflow limits'")
        self.assertRegex(done.stdout, r"concurrent_runs +3 +10000 .* set by 'nimflow limits'")
        self.assertRegex(done.stdout, r"memory +32MiB +80MiB +the standard limit")
        self.host.keep_port()
        self.host.kill()
        self.host.start()
        self.assertEqual([self.rows()[name]["limit"] for name in ("cpu", "concurrent_runs")], [250, 3])
        done = self.limits("acme", "reset", "cpu")
        self.assertRegex(done.stdout, r"cpu +1s +1min +the standard limit")
        audit = json.loads(self.limits("acme", "--audit", "--json").stdout)["audit"]
        self.assertEqual([(row["action"], row["name"], row["old"], row["new"], row["who"]) for row in audit],
                         [("reset limit", "cpu", "250ms", "1s", f"uid {os.getuid()}"),
                          ("set limit", "concurrent_runs", "512", "3", f"uid {os.getuid()}"),
                          ("set limit", "cpu", "1s", "250ms", f"uid {os.getuid()}")])
        self.assertRegex(self.limits("--audit").stdout, r"acme +uid \d+ +set limit +cpu +1s -> 250ms")
        self.assertTrue(any("limit cpu: 250ms -> 1s, by uid" in line for line in self.host.program.errors))

    def test_wrong_changes_change_nothing(self):
        self.serve()
        for args, text in ((("set", "cpu=61s", "memory=1MiB"), "limit cpu: 61s is out of range; allowed are 1 to 60000 ms"),
                           (("set", "memory=1MiB", "cpuu=1s"), "unknown limit 'cpuu'; did you mean 'cpu'?"),
                           (("set", "runs_per_minute=few"), "limit runs_per_minute: 'few' is not a whole number"),
                           (("set", "weight=0"), "limit weight: 0 is out of range; allowed are 1 to 100"),
                           (("reset", "cup"), "unknown limit 'cup'; did you mean 'cpu'?")):
            done = self.limits("acme", *args)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(text, done.stderr)
        for args in (("set",), ("set", "cpu"), ("sett", "cpu=1s"), ("reset",)):
            self.assertEqual(self.limits("acme", *args).returncode, 2)
        self.assertEqual(self.limits().returncode, 2)
        done = self.limits("acmee", "set", "cpu=1s")
        self.assertIn("there is no tenant 'acmee'", done.stderr)
        self.assertEqual({row["set_by"] for row in self.rows().values()}, {"the standard limit"})
        self.assertEqual(json.loads(self.limits("--audit", "--json").stdout)["audit"], [])

    def test_a_running_script_obeys(self):
        self.serve(SPIN, tenant="limits: {cpu: 60s, wall: 10min}\n")
        self.send("t1")
        wait_until(lambda: self.rows()["cpu_per_minute"]["used"] > 500, what="the script used CPU")
        self.assertEqual(self.limits("acme", "set", "cpu=400ms").returncode, 0)
        run = self.host.run_of("t1")
        self.assertEqual(run["outcome"], "over-cpu")
        self.assertRegex(run["error"]["message"], r"^CPU budget exceeded: \d+ ms of 400 ms, set by 'nimflow limits'$")
        self.assertEqual(run["usage"]["cpu_ms"]["limit"], 400)
        self.assertGreaterEqual(run["usage"]["cpu_ms"]["used"], 500)
        self.assertEqual(run["error"]["where"], "flows/a.lua:8")
        self.assertEqual(run["error"]["cpu_lines"][0]["line"], 8)
        self.assertGreater(run["error"]["cpu_lines"][0]["ms"], 250)

    def test_a_flow_only_tightens(self):
        self.serve(SPIN, own='cpu = "80ms"', tenant="limits: {cpu: 100ms}\n")
        self.send("t1")
        self.assertRegex(self.host.run_of("t1")["error"]["message"], "of 80 ms, set by the flow$")
        self.limits("acme", "set", "cpu=50ms")
        self.send("t2")
        self.assertRegex(self.host.run_of("t2")["error"]["message"], "of 50 ms, set by 'nimflow limits'$")
        self.host.keep_port()
        self.host.kill()
        self.host.start()  # the flow declares more than the admin allows now: it runs, with what is allowed
        self.send("t3")
        self.assertRegex(self.host.run_of("t3")["error"]["message"], "of 50 ms, set by 'nimflow limits'$")

    def test_whose_limit_it_was(self):
        self.serve(SPIN, tenant="limits: {cpu: 70ms}\n", config="limits: {cpu: 90ms, wall: 20s}\n")
        self.send("t1")
        self.assertRegex(self.host.run_of("t1")["error"]["message"], "of 70 ms, set in tenant.yaml$")
        rows = self.rows()
        self.assertEqual((rows["wall"]["set_by"], rows["wall"]["limit"]), ("set in nimflow.yaml", 20000))

    def test_a_database_from_before_the_limits_is_taken_over(self):
        self.serve()
        self.host.keep_port()
        self.send("t1")
        self.nimbus.wait(lambda: self.updated() == 1)
        self.host.end()
        with sqlite3.connect(os.path.join(self.host.dir, "data", "nimflow.db")) as db:
            db.executescript("DROP TABLE tenant_limit; DROP TABLE audit; DROP TABLE history; DROP TABLE kv; "
                             "ALTER TABLE subscription DROP COLUMN connection; "
                             "ALTER TABLE subscription DROP COLUMN sign_in; DROP TABLE sign_in; "
                             + "".join(f"DROP INDEX {name}; "
                                       for name in ("run_again", "run_bad", "run_open", "run_asleep", "run_held"))
                             + "DROP TABLE journal; DROP TABLE held; "
                             + "".join(f"ALTER TABLE run DROP COLUMN {name}; " for name in ("state", "wake", "spent", "replay_of"))
                             + "CREATE INDEX run_open ON run(id) WHERE outcome = 0; "
                             "PRAGMA user_version=1;")
        self.host.start()
        self.assertEqual(self.limits("acme", "set", "cpu=2s").returncode, 0)
        self.assertEqual(len(self.host.runs()), 1)


class Caps(Case):
    def test_cpu_per_minute_pauses_the_tenant_and_loses_nothing(self):
        self.serve(SPIN, tenant="limits: {cpu: 200ms, cpu_per_minute: 1s}\n")
        self.send(*(f"t{i}" for i in range(20)))
        self.host.error_line("its runs pause: ")
        status = json.loads(self.limits("acme", "--json").stdout)
        used = {row["name"]: row for row in status["limits"]}["cpu_per_minute"]
        self.assertGreaterEqual(used["used"], 1000)
        time.sleep(1)
        self.assertLess(self.rows()["cpu_per_minute"]["peak"], 3000)
        ended = len([run for run in self.host.runs() if run["outcome"] != "running"])
        self.assertLess(ended, 20)
        self.limits("acme", "set", "cpu_per_minute=10min")
        wait_until(lambda: all(run["outcome"] == "over-cpu" for run in self.host.runs()), 60, "all runs ended")
        self.assertEqual(len(self.host.runs()), 20)

    def test_runs_per_minute(self):
        self.serve(tenant="limits: {runs_per_minute: 5}\n")
        self.send(*(f"t{i}" for i in range(9)))
        self.nimbus.wait(lambda: self.updated() == 5)
        time.sleep(0.5)
        self.assertEqual(self.updated(), 5)
        self.assertEqual(self.rows()["runs_per_minute"]["used"], 5)
        self.limits("acme", "set", "runs_per_minute=7")
        self.nimbus.wait(lambda: self.updated() == 7)
        time.sleep(0.3)
        self.assertEqual(self.updated(), 7)
        self.limits("acme", "reset", "runs_per_minute")
        self.limits("acme", "set", "runs_per_minute=100")
        self.nimbus.wait(lambda: self.updated() == 9)

    def test_concurrent_runs(self):
        self.serve("flow.sleep(0.3) " + UPDATE, tenant="limits: {concurrent_runs: 2}\n")
        self.send(*(f"t{i}" for i in range(6)))
        self.nimbus.wait(lambda: self.updated() == 6)
        row = self.rows()["concurrent_runs"]
        self.assertEqual((row["limit"], row["peak"]), (2, 2))

    def test_requests_per_second(self):
        self.serve(tenant="limits: {requests_per_second: 10}\n")
        began = time.monotonic()
        self.send(*(f"t{i}" for i in range(31)))
        self.nimbus.wait(lambda: self.updated() == 31)
        self.assertGreater(time.monotonic() - began, 1.9)  # 31 at 10 a second take more than two seconds
        self.assertLessEqual(self.rows()["requests_per_second"]["peak"], 10)

    def test_weight_is_the_priority_of_the_workers(self):
        self.serve("flow.sleep(4) " + UPDATE, tenant="limits: {weight: 64}\n")
        self.send("t1")
        wait_until(lambda: self.nices() & {7, 8}, what="a nicer worker")  # 100 / 1.25 / 1.25 is 64
        self.limits("acme", "set", "weight=1")
        wait_until(lambda: 19 in self.nices(), what="the nicest worker")

    def nices(self):
        """The nice values of the host's worker processes."""
        found = set()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.host.program.process.pid:
                found.add(int(fields[16]))
        return found

    def test_queued_events(self):
        self.serve("for _ = 1, 7 do flow.sleep(4) end", tenant="limits: {concurrent_runs: 1, queued_events: 2}\n")  # less than its wall time
        answers = [post(self.callback, event(f"t{i}")) for i in range(5)]
        self.assertEqual([status for status, _ in answers], [202, 202, 202, 503, 503])
        self.assertIn("too many events are waiting", answers[-1][1])
        self.limits("acme", "set", "queued_events=3")
        self.assertEqual(post(self.callback, event("t9"))[0], 202)


if __name__ == "__main__":
    unittest.main()
