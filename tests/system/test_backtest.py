#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_backtest.py: a changed flow over the events that came, with the results of then, and nothing is sent."""
import json
import os
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

FLOW = """\
nimbus.on_task {
  name = "show", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    local row = lists.find("Book.csv", "Phone", task.customerIdentifier)
    if not row then return flow.skip("unknown") end
    local n = (kv.get("calls") or 0) + 1
    kv.set("calls", n)
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = row.Name }, customContextParameters = { Calls = n } }
    if n == 3 then nimbus.tasks.update { taskId = "refused", customer = { lastName = "x" } } end
  end,
}
"""
OTHER = FLOW.replace('"show"', '"other"').replace("support@", "sales@")


class Backtest(unittest.TestCase):
    """One host for all: three calls of Ada (the last one fails), one of Grace, one of somebody unknown, one of sales."""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.nimbus = Nimbus()
        cls.nimbus.answers["PUT", "/v1/tasks/refused"] = (403, {"error": "no"})
        cls.host = Host(cls.nimbus.url, flows={"show.lua": FLOW, "other.lua": OTHER})
        with open(os.path.join(cls.host.tenant, "lists", "Book.csv"), "w", encoding="utf-8") as file:
            file.write("Phone,Name,Email\n+41791234567,Ada,ada@a.example\n+41792222222,Grace,g@b.example\n")
        cls.host.start()
        wait_until(lambda: len(cls.nimbus.registered) >= 2, what="two registrations")
        for number, who in enumerate(("+41791234567", "+41791234567", "+41791234567", "+41792222222", "+390612345678")):
            cls.call(f"t{number}", customerIdentifier=who)
        cls.call("s", serviceUPN="sales@contoso.example")
        cls.ids = [run["id"] for run in reversed(cls.host.runs())]
        cls.updates = {task: len(bodies) for task, bodies in cls.nimbus.updates.items()}

    @classmethod
    def tearDownClass(cls):
        status = cls.host.end()
        cls.nimbus.close()
        cls.host.remove()
        assert status == 0, status

    @classmethod
    def call(cls, task, **fields):
        body = event(task, **fields)
        url = next(r["config"]["url"] for r in cls.nimbus.registered if body["serviceUPN"] in json.dumps(r))
        assert post(url, body)[0] == 202
        cls.host.run_of(task)

    def tearDown(self):
        self.assertEqual(self.updates, {task: len(bodies) for task, bodies in self.nimbus.updates.items()})
        self.assertEqual(6, len(self.host.runs()))

    def command(self, *args, status=0):
        done = self.host.command("backtest", *args, "--config", os.path.join(self.host.dir, "nimflow.yaml"))
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done

    def backtest(self, *changes, args=(), status=0, source=FLOW):
        """The verdicts for a changed flow, oldest first, and the sums."""
        for old, new in changes:
            self.assertIn(old, source)
            source = source.replace(old, new)
        file = os.path.join(self.host.tenant, "new.lua")
        with open(file, "w", encoding="utf-8") as out:
            out.write(source)
        done = self.command(file, "--json", "--lists", os.path.join(self.host.tenant, "lists"), *args, status=status)
        *verdicts, sums = [json.loads(line) for line in done.stdout.splitlines()]
        return list(reversed(verdicts)), sums["summary"]

    def test_the_same_flow_does_the_same(self):
        verdicts, sums = self.backtest()
        self.assertEqual([("done", []), ("done", []), ("failed", []), ("done", []), ("skipped", [])],
                         [(v["outcome"], v["differences"]) for v in verdicts])
        self.assertEqual(self.ids[:5], [v["run"] for v in verdicts])
        self.assertEqual({"runs": 5, "same": 5, "effects": 0, "outcomes": 0, "newly_failing": 0, "trimmed": 0}, sums)

    def test_other_arguments_missing_and_new(self):
        verdicts, sums = self.backtest(("customer = { lastName = row.Name }", "customer = { lastName = row.Name:upper() }"))
        field = {"field": "customer.lastName", "expected": "Ada", "got": "ADA"}
        self.assertEqual([field], verdicts[0]["differences"][0]["fields"])
        self.assertEqual("new.lua:8", verdicts[0]["differences"][0]["where"].rsplit("/", 1)[1])
        self.assertEqual((1, 4), (sums["same"], sums["effects"]))
        verdicts, _ = self.backtest(('    kv.set("calls", n)\n', ""))
        self.assertEqual([["missing"]] * 4 + [[]], [[d["what"] for d in v["differences"]] for v in verdicts])
        verdicts, _ = self.backtest(('kv.set("calls", n)', 'kv.set("calls", n) kv.set("at", 1)'))
        self.assertEqual([("new", {"key": "at", "value": 1})],
                         [(d["what"], d["args"]) for d in verdicts[0]["differences"]])

    def test_other_outcomes(self):
        verdicts, sums = self.backtest(('"refused", c', '"refused2", c'), status=0)
        self.assertEqual(["failed"], [v["outcome"] for v in verdicts if v["was"] == "failed"])  # the next of its action
        verdicts, sums = self.backtest(("if n == 3 then", "if false then"))
        self.assertEqual([("failed", "done")], [(v["was"], v["outcome"]) for v in verdicts if v["differences"]])
        self.assertEqual((1, 0), (sums["outcomes"], sums["newly_failing"]))
        verdicts, sums = self.backtest(('flow.skip("unknown")', 'error("nobody")'), status=1)
        self.assertEqual((True, "nobody"), (verdicts[4]["newly_failing"], verdicts[4]["error"]["message"]))
        self.assertEqual((1, 1), (sums["outcomes"], sums["newly_failing"]))

    def test_results_are_those_of_then(self):
        verdicts, _ = self.backtest(('kv.get("calls") or 0', 'kv.get("calls") or 100'))
        self.assertEqual([1, 0, 0, 0, 0], [len(v["differences"]) and 1 for v in verdicts])  # only the first had no count yet
        book = os.path.join(self.host.tenant, "lists", "Book.csv")
        os.rename(book, book + ".away")
        try:
            _, sums = self.backtest()
            self.assertEqual(5, sums["same"])
        finally:
            os.rename(book + ".away", book)

    def test_what_was_never_asked(self):
        verdicts, sums = self.backtest(('"Phone", task.customerIdentifier', '"Email", "G@B.example"'))   # for real
        got = [[f.get("got") for d in v["differences"] for f in d.get("fields", ()) if f["field"] == "customer.lastName"]
               for v in verdicts]
        self.assertEqual([["Grace"]] * 3 + [[]], got[:4])
        self.assertEqual("done", verdicts[4]["outcome"])
        verdicts, _ = self.backtest(('    kv.set("calls", n)\n', '    kv.set("calls", n)\n    log(#nimbus.lookups.modalities())\n'),
                                    args=("--limit", "2"))
        self.assertEqual([("new", "nimbus.lookups.modalities")],   # as in a dry run
                         [(d["what"], d["action"]) for v in verdicts for d in v["differences"]])

    def test_which_runs(self):
        _, sums = self.backtest(args=("--limit", "2"))
        self.assertEqual(2, sums["runs"])
        _, sums = self.backtest(args=("--outcome", "failed"))
        self.assertEqual(1, sums["runs"])
        _, sums = self.backtest(args=("--since", "1h", "--handler", "show"))
        self.assertEqual(5, sums["runs"])
        _, sums = self.backtest(source=OTHER + FLOW)
        self.assertEqual(6, sums["runs"])
        _, sums = self.backtest(source=OTHER + FLOW, args=("--handler", "other"))
        self.assertEqual(1, sums["runs"])
        _, sums = self.backtest(args=("--tenant", "nobody"))
        self.assertEqual(0, sums["runs"])

    def test_for_people(self):
        file = os.path.join(self.host.tenant, "flows", "show.lua")
        self.assertEqual("5 runs: 5 the same, 0 with other effects, 0 with another outcome\n", self.command(file).stdout)
        self.assertIn(f"run {self.ids[4]}: skipped: the same\n", self.command(file, "--all").stdout)
        self.backtest(("row.Name }", '"X" }'))
        text = self.command(os.path.join(self.host.tenant, "new.lua"), "--limit", "2", "--lists",
                            os.path.join(self.host.tenant, "lists")).stdout
        self.assertRegex(text, rf"^run {self.ids[3]}: 'show', 20\S+Z\n  \S+new.lua:8: nimbus.tasks.update\n"
                         r'    customer.lastName: was "Grace", now "X"\n2 runs: 1 the same, 1 with other effects, ')

    def test_mistakes(self):
        file = os.path.join(self.host.tenant, "flows", "show.lua")
        for args, status, part in (((), 2, "which flow?"), ((file, "x"), 2, "which flow?"),
                                   (("no.lua",), 3, "no.lua: No such file"), ((file, "--handler", "shw"), 3, "did you mean 'show'?"),
                                   ((file, "--since", "x"), 2, "--since x: "), ((file, "--limit", "x"), 2, "--limit x: "),
                                   ((file, "--socket", "nowhere"), 4, "is 'nimflow serve' running?")):
            self.assertIn(part, self.command(*args, status=status).stderr)


if __name__ == "__main__":
    unittest.main()
