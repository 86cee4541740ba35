#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_replay.py: runs done again by a running host: really, on paper, and as tests."""
import json
import os
import pathlib
import threading
import time
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

SHOW = """\
nimbus.on_task {
  name = "show", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    local row = lists.find("Book.csv", "Phone", task.customerIdentifier)
    if not row then return flow.skip("unknown") end
    kv.set("last", task.taskId)
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = row.Name } }
    return { random = math.random(1000000), at = os.time() }
  end,
}
"""
# each answer in another turn than its question; a failure whose status is read; a sleep; a text with everything in it
HARD = """\
nimbus.on_task {
  name = "hard", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    local order = {}
    flow.all {
      function() nimbus.tasks.update { taskId = "slow", customer = { lastName = "x" } } order[#order + 1] = "slow" end,
      function()
        nimbus.tasks.update { taskId = "quick", customer = { lastName = "x" } }
        order[#order + 1] = "quick"
        lists.find("Book.csv", "Phone", "1")
      end,
    }
    local _, e = flow.try(nimbus.tasks.update, { taskId = "refused", customer = { lastName = "x" } })
    local _, bad = flow.try(nimbus.tasks.update, { taskId = "bad", customer = { lastNam = "x" } })
    flow.sleep("1100ms")
    local books = nimbus.lookups.modalities()
    kv.set("text", 'a "quoted" \\\\ line\\nand \\0 zero, ü, end\\127')
    nimbus.tasks.update { taskId = task.taskId, customContextParameters = {
      Order = table.concat(order, ","), Status = e.status, Kind = bad.kind, At = os.time(), Modalities = #books,
    } }
    return { list = json.array {}, float = 1.5, whole = 2.0, text = kv.get("text"), ["odd key"] = true, ["end"] = json.null }
  end,
}
"""


class Case(unittest.TestCase):
    maxDiff = None
    flows = {"show.lua": SHOW}
    tenant = ""

    def setUp(self):
        self.nimbus = Nimbus()
        self.host = Host(self.nimbus.url, flows=self.flows, tenant=self.tenant)
        with open(os.path.join(self.host.tenant, "lists", "Book.csv"), "w", encoding="utf-8") as file:
            file.write("Phone,Name\n+41791234567,Ada\n")
        self.host.start()
        self.config = os.path.join(self.host.dir, "nimflow.yaml")

    def tearDown(self):
        self.assertEqual(0, self.host.end())
        self.nimbus.close()
        self.host.remove()

    def call(self, task, **fields):
        """One event and its ended run."""
        body = event(task, **fields)
        self.assertEqual(202, post(self.callback(body["serviceUPN"]), body)[0])
        return self.host.run_of(task)

    def callback(self, service="support@contoso.example"):
        """The newest address for the events of a service."""
        def newest():
            return next((r["config"]["url"] for r in reversed(self.nimbus.registered) if service in json.dumps(r)), None)
        return wait_until(newest, what="a registration")

    def command(self, *args, status=0):
        done = self.host.command(*map(str, args), "--config", self.config)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done

    def lines(self, *args, status=0):
        return [json.loads(line) for line in self.command(*args, "--json", status=status).stdout.splitlines()]

    def replay(self, *args):
        """The new runs, ended."""
        return [self.ended(line["run"]) for line in self.lines("replay", *args)]

    def ended(self, run):
        return wait_until(lambda: (r := self.host.show(run))["outcome"] != "running" and r, what=f"the end of run {run}")

    def change(self, old, new):
        """Change the flow, and wait until events are heard by it."""
        before = len(self.host.program.errors)
        self.host.flow("show.lua", SHOW.replace(old, new))

        def heard():
            news = list(self.host.program.errors)[before:]
            loaded = next((i for i, line in enumerate(news) if "loaded" in line), len(news))
            return any("is ready" in line for line in news[loaded:])
        wait_until(heard, what="the new flow")

    def updates(self, task):
        return [update["customer"]["lastName"] for update in self.nimbus.updates.get(task, [])]


class Really(Case):
    def test_one_run(self):
        first = self.call("t1")
        again, = self.replay(first["id"])
        self.assertEqual(("done", first["id"], first["event_body"], first["version"]),
                         (again["outcome"], again["replay_of"], again["event_body"], again["version"]))
        self.assertNotIn("replay_of", first)
        self.assertEqual(["Ada", "Ada"], self.updates("t1"))
        self.assertEqual([again["id"]], [run["id"] for run in self.host.runs() if run.get("replay_of") == first["id"]])
        self.assertIn(f"(does {first['id']} again)", self.command("runs").stdout)
        text = self.command("replay", first["id"]).stdout
        self.assertRegex(text, rf"^1 of 1: run \d+ does run {first['id']} again\n$")

    def test_current_or_original(self):
        first = self.call("t1")
        self.change("row.Name }", 'row.Name .. " (new)" }')
        current, = self.replay(first["id"])
        original, = self.replay(first["id"], "--with", "original")
        self.assertNotEqual(first["version"], current["version"])
        self.assertEqual(first["version"], original["version"])
        self.assertEqual(["Ada", "Ada (new)", "Ada"], self.updates("t1"))
        self.change('name = "show"', 'name = "shows"')
        refused, = self.lines("replay", first["id"], status=1)
        self.assertIn("unknown handler 'show'; did you mean 'shows'?; to run it as it was then, add --with original",
                      refused["error"])
        self.replay(first["id"], "--with", "original")
        self.assertEqual(["Ada", "Ada (new)", "Ada", "Ada"], self.updates("t1"))

    def test_a_query(self):
        for task in ("t1", "t2", "t3", "t4"):
            self.call(task, customerIdentifier="+41791234567" if task != "t3" else "+39061234567")
        first = [run["id"] for run in reversed(self.host.runs())]
        done = self.command("replay", "--since", "1h", status=2)
        self.assertRegex(done.stderr, "4 runs match: (1 skipped, 3 done|3 done, 1 skipped), received from 20")
        self.assertIn("4 runs would be done again; add --yes if they shall", done.stderr)
        self.assertEqual(4, len(self.host.runs()))
        began = time.monotonic()
        again = self.replay("--outcome", "done", "--flow", "show", "--yes", "--rate", "4/s")
        self.assertGreater(time.monotonic() - began, 0.5)
        self.assertEqual([first[0], first[1], first[3]], [run["replay_of"] for run in again])
        self.assertEqual([], self.replay("--outcome", "done", "--since", "1h", "--yes"))   # done again already
        self.assertEqual(1, len(self.replay("--tenant", "acme", "--limit", "9")))          # the one that is left needs no --yes
        for filters in (("--flow", "other"), ("--handler", "shw"), ("--tenant", "nobody")):
            self.assertIn("no run matches", self.command("replay", *filters).stderr)

    def test_a_replay_that_failed_is_still_to_be_done(self):
        first = self.call("t1")
        self.change("kv.set(", "error(")
        self.assertEqual("failed", self.replay(first["id"])[0]["outcome"])
        self.change("kv.set(", "kv.set (")
        self.assertEqual([first["id"]], [run["replay_of"] for run in self.replay("--since", "1h")])

    def test_what_cannot_be(self):
        self.call("t1")
        for args, part in ((("replay",), "which run?"), (("replay", "1", "--since", "1h"), "not both"),
                           (("replay", "1", "--with", "newest"), "write current or original"),
                           (("replay", "1", "--from", "3"), "from its start"), (("replay", "1", "--rate", "0"), "10/s"),
                           (("replay", "--since", "yesterday"), "--since yesterday: "),
                           (("replay", "--limit", "0"), "--limit 0: a whole number"), (("replay", "--as-test"), "name one run")):
            self.assertIn(part, self.command(*args, status=2).stderr)
        none, wrong, negative = self.lines("replay", 999, "x", "-1", "--yes", status=1)
        self.assertIn("there is no such run", none["error"])
        self.assertEqual({"name the run"}, {line["error"][:12] for line in (wrong, negative)})
        self.assertIn("there is no outcome 'bad'", self.command("replay", "--outcome", "bad", status=3).stderr)

    def test_it_ends_no_live_run(self):
        first = self.call("t1")
        self.change('name = "show",', 'name = "show", mode = "latest",')
        hold = threading.Event()
        self.nimbus.answer = lambda handler, _: handler.path.endswith("/t1") and not hold.wait(60) and False
        post(self.callback(), event("t1", created="later"))
        self.nimbus.wait(lambda: len(self.nimbus.seen("PUT", "/v1/tasks/t1")) == 2)
        again = self.lines("replay", first["id"])[0]["run"]
        self.nimbus.wait(lambda: len(self.nimbus.seen("PUT", "/v1/tasks/t1")) == 3)   # beside the live one, which is not stopped
        hold.set()
        self.ended(again)
        wait_until(lambda: len(self.host.runs("--outcome", "done")) == 3, what="three runs done")

    def test_a_killed_host_goes_on_with_it(self):
        first = self.call("t1")
        self.change("row.Name }", '"changed" }')
        self.host.keep_port()
        hold = threading.Event()
        self.nimbus.answer = lambda handler, _: handler.command == "PUT" and not hold.wait(60) and False
        run = self.lines("replay", first["id"], "--with", "original")[0]["run"]
        self.nimbus.wait(lambda: sum(r[0] == "PUT" for r in self.nimbus.requests) > 1)
        self.host.kill()
        hold.set()
        self.host.start()
        again = self.ended(run)
        self.assertEqual(("done", first["id"], first["version"]), (again["outcome"], again["replay_of"], again["version"]))
        self.assertEqual({"Ada"}, set(self.updates("t1")))


class OnPaper(Case):
    def test_nothing_is_sent(self):
        first = self.call("t1")
        self.call("t2", customerIdentifier="+39061234567")
        requests = len(self.nimbus.updates["t1"])
        os.unlink(os.path.join(self.host.tenant, "lists", "Book.csv"))
        same = self.lines("replay", "--since", "1h", "--dry-run")
        self.assertEqual([("done", []), ("skipped", [])], [(v["outcome"], v["differences"]) for v in same])
        self.change("row.Name }", 'row.Name, company = "X" }')
        changed, _ = self.lines("replay", "--since", "1h", "--dry-run")
        self.assertEqual([{"what": "arguments", "action": "nimbus.tasks.update", "where": "flows/show.lua:7",
                           "fields": [{"field": "customer.company", "got": "X"}]}], changed["differences"])
        original, = self.lines("replay", first["id"], "--dry-run", "--with", "original")
        self.assertEqual([], original["differences"])
        self.change('flow.skip("unknown")', 'error("unknown")')
        text = self.command("replay", "--since", "1h", "--dry-run", status=1).stdout
        for part in (f"run {first['id']}: done: the same\n", '  outcome: was "skipped", now "failed"\n  flows/show.lua:5: unknown',
                     "2 runs: 1 the same, 0 with other effects, 1 with another outcome (1 of them fail and did not before)"):
            self.assertIn(part, text)
        self.assertEqual((1, 1), (requests, len(self.nimbus.updates["t1"])))
        self.assertEqual(2, len(self.host.runs()))


class Trimmed(Case):
    tenant = "limits:\n  history: 64KiB\n"

    def test_trimmed_or_not_ended(self):
        first = self.call("t0")
        for number in range(1, 9):
            self.call(f"t{number}", initialMessage="x" * 20000)
        wait_until(lambda: self.host.show(first["id"]).get("event_body") is None, what="the history trimmed")
        self.assertIn("was trimmed from the history", self.lines("replay", first["id"], status=1)[0]["error"])
        self.assertIn("trimmed from the history", self.command("replay", first["id"], "--dry-run").stdout)
        self.assertIn("trimmed from the history", self.command("runs", "export", first["id"], status=3).stderr)
        self.change("kv.set(", 'flow.sleep("1h") kv.set(')
        post(self.nimbus.callback(), event("sleeps"))
        run = wait_until(lambda: self.host.runs("--outcome", "running"), what="a run that sleeps")[0]["id"]
        self.assertIn("has not ended yet", self.lines("replay", run, status=1)[0]["error"])


class AsTests(Case):
    flows = {"show.lua": SHOW, "hard.lua": HARD.replace("support@", "sales@"), "broken.test.lua": "this is no Lua"}

    def export(self, run, name):
        text = self.command("runs", "export", run).stdout
        self.assertEqual(text, self.command("replay", run, "--as-test").stdout)
        pathlib.Path(self.host.tenant, "flows", f"{name}.test.lua").write_text(text, encoding="utf-8")

    def run_tests(self, name, status=0):
        done = self.host.command("test", os.path.join(self.host.tenant, "flows", f"{name}.lua"))
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def test_a_run_becomes_a_test(self):
        run = self.call("t1")
        self.export(run["id"], "show")
        os.unlink(os.path.join(self.host.tenant, "lists", "Book.csv"))
        self.run_tests("show")
        for old, new, parts in (
                ("row.Name }", 'row.Name .. "!" }', ('customer.lastName: expected "Ada", got "Ada!"', "show.lua:7: nimbus.tasks.update")),
                ('    kv.set("last", task.taskId)\n', "", ('missing: kv.set {"key":"last","value":"t1"}',)),
                ("if not row", "if row", ('outcome: expected "done", got "skipped"', "missing: nimbus.tasks.update")),
                ("math.random(1000000)", "math.random(10)", ("result: random: expected ",))):
            self.host.flow("show.lua", SHOW.replace(old, new))
            text = self.run_tests("show", status=1)
            for part in parts:
                self.assertIn(part, text)
        self.host.flow("show.lua", SHOW)
        self.run_tests("show")

    def test_a_run_that_is_hard_to_repeat(self):
        released = threading.Event()

        def answer(handler, _):
            if handler.path.endswith("/slow"):
                released.wait(30)
            if handler.path.endswith("/quick"):
                threading.Timer(0.5, released.set).start()
            if handler.path.endswith("/refused"):
                handler.reply(400, {"error": "no"})
                return True
            return False
        self.nimbus.answer = answer
        run = self.call("t1", serviceUPN="sales@contoso.example")
        self.assertEqual(("done", None), (run["outcome"], run["error"]))
        last = run["effects"][-2]["args"]["customContextParameters"]
        self.assertEqual(("quick,slow", 400, "argument", 2),
                         (last["Order"], last["Status"], last["Kind"], last["Modalities"]))
        self.export(run["id"], "hard")
        self.run_tests("hard")

    def test_a_run_that_failed(self):
        self.change("kv.set(", "local x = nil + 1 kv.set(")
        run = self.call("t1")
        self.export(run["id"], "show")
        self.run_tests("show")
        self.host.flow("show.lua", SHOW)
        self.assertIn('outcome: expected "failed", got "done"', self.run_tests("show", status=1))
        self.assertFalse([line for line in self.host.program.errors if "test.lua" in line])   # no host loads a test


if __name__ == "__main__":
    unittest.main()
