# SPDX-License-Identifier: Apache-2.0
"""What the host tells of its runs: lists with filters, one run with where its time went, what keeps history small."""
import json
import os
import sqlite3
import time
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

FLOWS = {"show.lua": """
nimbus.on_task {
  name = "both at once", services = { "support@contoso.example" }, events = { "SystemAccepted" }, modalities = { "Audio" },
  run = function(task)
    log.info("hello from " .. task.taskId)
    if task.taskId == "bad" then error("no such customer") end
    if task.taskId == "skip" then return flow.skip("not ours") end
    flow.all {
      function() nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "one" } } end,
      function() nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "two" } } end,
    }
    flow.sleep(0.2)
    return { seen = true }
  end,
}
""", "hang.lua": """
nimbus.on_task {
  name = "hang", services = { "support@contoso.example" }, events = { "SystemAccepted" }, modalities = { "Email" },
  run = function(task) flow.sleep(4) end,
}
"""}


class History(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nimbus = Nimbus()
        cls.nimbus.answer = cls.slowly
        cls.host = Host(cls.nimbus.url, flows=FLOWS).start()
        cls.audio = cls.nimbus.callback('"Audio"')
        cls.email = cls.nimbus.callback('"Email"')
        for name in ("good", "bad", "skip", "bad2"):
            post(cls.audio, event(name if name != "bad2" else "bad", customerIdentifier="+4179123450" + str(len(name)) if name != "bad2" else "+41791234599"))
        wait_until(lambda: len([r for r in cls.host.runs() if r["outcome"] != "running"]) == 4, what="four ends")

    @classmethod
    def tearDownClass(cls):
        status = cls.host.end()
        cls.nimbus.close()
        cls.host.remove()
        assert status == 0, cls.host.program.errors

    @staticmethod
    def slowly(handler, _body):
        """Updates take a tenth of a second."""
        if handler.command == "PUT":
            time.sleep(0.1)
        return False

    def ask(self, *args):
        """Exit status and output of `nimflow runs …`."""
        done = self.host.command("runs", *args, "--config", os.path.join(self.host.dir, "nimflow.yaml"))
        return done.returncode, done.stdout if done.returncode == 0 else done.stderr

    def outcomes(self, *args):
        return [run["outcome"] for run in self.host.runs(*args)]

    def test_filters(self):
        self.assertEqual(["failed", "failed"], self.outcomes("--outcome", "failed"))
        self.assertEqual(["skipped"], self.outcomes("--outcome", "skipped"))
        self.assertEqual(4, len(self.outcomes("--flow", "show", "--since", "1h")))
        self.assertEqual(4, len(self.outcomes("--flow", "flows/show.lua")))
        self.assertEqual(4, len(self.outcomes("--flow", "both at once")))
        self.assertEqual([], self.outcomes("--flow", "sho"))
        self.assertEqual([], self.outcomes("--until", "1h"))
        self.assertEqual([], self.outcomes("--since", "2999-01-01"))
        self.assertEqual([], self.outcomes("--tenant", "nobody"))
        self.assertEqual(2, len(self.outcomes("--dead")))

    def test_wrong_filters_are_explained(self):
        for args, part in ((("--outcome", "faild"), "did you mean 'failed'"), (("--since", "soon"), "'soon' is not a time"),
                           (("--limit", "0"), "limit"), (("--outcome", "done", "--open"), "exclude each other"),
                           (("--by-flow",), "needs dead")):
            code, text = self.ask("list", *args)
            self.assertNotEqual(0, code, args)
            self.assertIn(part, text)

    def test_pages(self):
        code, text = self.ask("list", "--json", "--limit", "3")
        first = json.loads(text)
        self.assertEqual((0, 3, False), (code, len(first["runs"]), first["complete"]))
        rest = json.loads(self.ask("list", "--json", "--before", first["before"] if isinstance(first["before"], str)
                                   else str(first["before"]))[1])
        self.assertEqual((True, []), (rest["complete"], [r for r in rest["runs"] if r in first["runs"]]))
        self.assertEqual(4, len({r["id"] for r in first["runs"] + rest["runs"] if r["handler"] == "both at once"}))

    def test_where_the_time_went(self):
        run = self.host.run_of("good")
        times = run["times"]
        # two updates of 100 ms at once, then 200 ms asleep
        took = [e["took_ms"] for e in run["effects"] if e["action"] == "nimbus.tasks.update"]
        self.assertGreaterEqual(times["effects_ms"], max(took) - 0.01)
        self.assertLess(times["effects_ms"], sum(took))
        self.assertGreaterEqual(times["asleep_ms"], 195)
        parts = times["effects_ms"] + times["asleep_ms"] + times["cpu_ms"] + times["other_ms"]
        self.assertAlmostEqual(times["run_ms"], parts, delta=1)
        self.assertAlmostEqual(times["total_ms"], times["queued_ms"] + times["run_ms"], delta=0.01)

    def test_one_run_as_text(self):
        run = self.host.run_of("good")
        code, text = self.ask("show", str(run["id"]))
        self.assertEqual(0, code, text)
        for part in ("done", "both at once", "(flows/show.lua, version", "TIME", "queued", "asleep", "nimbus.tasks.update",
                     "flows/show.lua:9", "BUDGET", "cpu_ms", "LOG", "hello from good", "RESULT", '"seen": true'):
            self.assertIn(part, text)
        self.assertLess(max(len(line) for line in text.split("\n")), 130)
        bad = self.host.run_of("bad")
        code, text = self.ask("show", str(bad["id"]))
        self.assertIn("error      flows/show.lua:6: no such customer", text)
        self.assertEqual((3, True), (self.ask("show", "999999")[0], "no such run" in self.ask("show", "999999")[1]))

    def test_open_run(self):
        post(self.email, event("slow", modality="Email", event="SystemAccepted"))
        run = wait_until(lambda: self.host.runs("--open"), what="an open run")[0]
        self.assertEqual(("running", "open", "hang"), (run["outcome"], run["state"], run["handler"]))
        whole = wait_until(lambda: self.host.show(run["id"]).get("now", {}).get("effects") and self.host.show(run["id"]),
                           what="its effect")
        self.assertEqual("flow.sleep", whole["now"]["effects"][0]["action"])
        self.assertIn("under way", self.ask("show", str(run["id"]))[1])


class Summary(unittest.TestCase):
    def test_a_database_of_before_is_taken_over(self):
        nimbus = Nimbus()
        self.addCleanup(nimbus.close)
        host = Host(nimbus.url, flows=FLOWS).start()
        self.addCleanup(host.remove)
        host.end()
        with sqlite3.connect(f"{host.dir}/data/nimflow.db") as db:
            db.execute("DROP INDEX run_bad")
            db.execute("DROP TABLE dismissed")
            db.execute("INSERT INTO event VALUES(1, 'acme', 0, 'nimbus.on_task', x'', 1000, '', 0)")
            db.execute("INSERT INTO run(id, event, tenant, handler, file, version, outcome, started, ended)"
                       " VALUES(2, 1, 'acme', 'old', 'flows/old.lua', x'', 3, 1000, 1001)")
        host.start()
        dead = host.runs("--dead")
        self.assertEqual(["old"], [run["handler"] for run in dead])
        self.assertTrue(host.show(2)["detail_gone"])
        self.assertEqual(0, host.end(), host.program.errors)


if __name__ == "__main__":
    unittest.main()
