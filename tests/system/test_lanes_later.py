#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_lanes_later.py: lanes across a long sleep and across a crash."""
import os
import sqlite3
import unittest

from host import wait_until
from test_lanes import FLOW, SAY, Case


class Sleep(Case):
    def test_a_long_sleep_leaves_the_lane(self):
        self.serve('mode = "latest",', run="if task.initialMessage == 'sleeps' then flow.sleep(7) end" + SAY)
        self.send("sleeps")
        database = os.path.join(self.host.dir, "data", "nimflow.db")

        def asleep():
            with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
                return db.execute("SELECT count(*) FROM run WHERE state = 1").fetchone()[0] == 1
        wait_until(asleep, what="it sleeps")
        self.send("hold 2")  # is under way when the other one wakes
        self.wait_asked("hold 2", "sleeps")
        self.go_on.set()
        self.assertEqual([r[:2] for r in self.ended(2)], [("sleeps", "done"), ("hold 2", "done")])


class Restart(Case):
    def test_a_queue_keeps_its_order_across_versions(self):
        self.serve("")
        self.host.keep_port()
        self.send("hold 0", "running")
        self.wait_asked("hold 0")
        for i in range(1, 4):
            self.send(f"{i}", "running")
        self.host.flow("a.lua", FLOW % {"name": "a", "how": "", "run": SAY + " -- changed"})
        wait_until(lambda: sum("flows/a.lua: loaded" in line for line in self.host.program.errors) == 2, what="loaded")
        for i in range(4, 7):
            self.send(f"{i}", "running")
        self.host.kill()
        self.go_on.set()
        self.nimbus.requests.clear()
        self.host.start()
        self.assertEqual([r[:2] for r in self.ended(7)], [("hold 0", "done")] + [(str(i), "done") for i in range(1, 7)])
        self.assertEqual(self.asked(), ["hold 0", "1", "2", "3", "4", "5", "6"])

    def test_latest_and_single_hold_when_their_decisions_were_not_written(self):
        self.serve('mode = "latest",', b=('mode = "single",', SAY))
        self.host.keep_port()
        self.send("hold 1")
        self.wait_asked("hold 1")
        self.send("hold 2")
        self.wait_asked("hold 2")
        outcomes = {("hold 1", "a"): "cancelled", ("hold 2", "b"): "skipped"}
        wait_until(lambda: sorted(r["outcome"] for r in self.host.runs()) == ["cancelled", "running", "running", "skipped"])
        self.host.kill()
        with sqlite3.connect(os.path.join(self.host.dir, "data", "nimflow.db")) as db:
            db.execute("UPDATE run SET outcome = 0, attempts = 0")  # as if it had been killed before they were
        self.nimbus.requests.clear()
        self.host.start()
        self.wait_asked("hold 1", "hold 2")
        self.go_on.set()
        self.ended(4)
        for run in self.host.runs():
            message = self.host.show(run["id"])["event_body"]["initialMessage"]
            self.assertEqual(run["outcome"], outcomes.get((message, run["handler"]), "done"), run)
        self.assertEqual(sorted(self.asked()), ["hold 1", "hold 2"])


if __name__ == "__main__":
    unittest.main()
