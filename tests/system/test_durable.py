# SPDX-License-Identifier: Apache-2.0
"""A run goes on where it was: after a long sleep, after a crash of the host or of its worker; what it did is not done again."""
import json
import os
import signal
import sqlite3
import threading
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

TWICE = """
nimbus.on_task {
  name = "twice", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    local began = time.now()
    nimbus.tasks.update { taskId = task.taskId, customer = { firstName = "first" } }
    %s
    nimbus.tasks.update { taskId = task.taskId, customer = { firstName = "second", lastName = tostring(began) } }
    return { began = began, over = time.now(), chance = math.random(1000000) }
  end,
}
"""
SLEEPS = TWICE % "flow.sleep(6)"
BESIDE = TWICE % """
    local a, b = flow.all {
      function() flow.sleep(7) return "slept" end,
      function()
        nimbus.tasks.update { taskId = task.taskId, customer = { firstName = "beside" } }
        flow.sleep("200ms")
        return "beside"
      end,
    }
    assert(a == "slept" and b == "beside")
"""
GOES_ON = TWICE % ""


class Durable(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.hosts = []

    def tearDown(self):
        for host in self.hosts:
            self.assertEqual(0, host.end())
            host.remove()
        self.nimbus.close()

    def host(self, source):
        host = Host(self.nimbus.url, flows={"twice.lua": source}).start()
        host.keep_port()
        self.hosts.append(host)
        return host

    def names(self, task="one"):
        bodies = [json.loads(body) for method, path, _, body in list(self.nimbus.requests)
                  if method == "PUT" and path.endswith("/" + task)]
        return [body["customer"]["firstName"] for body in bodies]

    @staticmethod
    def rows(host, sql):
        with sqlite3.connect(os.path.join(host.dir, "data", "nimflow.db"), timeout=30) as database:
            return database.execute(sql).fetchall()

    def wait_for_rows(self, host, sql):
        return wait_until(lambda: self.rows(host, sql), 30, sql)

    def test_a_sleeping_run_is_a_row(self):
        host = self.host(SLEEPS)
        self.assertEqual(202, post(self.nimbus.callback(), event("one"))[0])
        self.wait_for_rows(host, "SELECT id FROM run WHERE state = 1")
        self.assertEqual(0, host.status()["running"])
        run = host.run_of("one")
        self.assertEqual("done", run["outcome"], run)
        self.assertEqual(["first", "second"], self.names())
        self.assertGreaterEqual(run["result"]["over"] - run["result"]["began"], 5.9, run)
        self.assertEqual(3, len(run["effects"]))
        self.assertGreater(run["effects"][1]["took_ms"], 5900)
        self.assertEqual([], self.rows(host, "SELECT * FROM journal"))

    def test_it_survives_a_kill_and_a_new_version(self):
        host = self.host(SLEEPS)
        self.assertEqual(202, post(self.nimbus.callback(), event("one"))[0])
        self.wait_for_rows(host, "SELECT id FROM run WHERE state = 1")
        host.kill()
        host.flow("twice.lua", SLEEPS.replace('"second"', '"of the new version"'))
        host.start()
        run = host.run_of("one")
        self.assertEqual("done", run["outcome"], run)
        self.assertEqual(["first", "second"], self.names())

    def test_a_branch_sleeps_beside_another(self):
        host = self.host(BESIDE)
        self.assertEqual(202, post(self.nimbus.callback(), event("one"))[0])
        self.wait_for_rows(host, "SELECT id FROM run WHERE state = 1")
        run = host.run_of("one")
        self.assertEqual("done", run["outcome"], run)
        self.assertEqual(["first", "beside", "second"], self.names())

    def test_what_is_on_record_is_not_done_again(self):
        go_on = threading.Event()

        def hang(handler, body):
            if handler.command == "PUT" and body and b"second" in body and not go_on.is_set():
                go_on.wait(60)
            return False
        self.nimbus.answer = hang
        host = self.host(GOES_ON)
        self.assertEqual(202, post(self.nimbus.callback(), event("one"))[0])
        self.wait_for_rows(host, "SELECT run FROM journal WHERE state = 2")
        host.kill()
        go_on.set()
        host.start()
        run = host.run_of("one")
        self.assertEqual("done", run["outcome"], run)
        self.assertEqual(1, self.names().count("first"), self.names())
        self.assertEqual([1, 2], [e["n"] for e in run["effects"]])

    def test_another_effect_than_recorded_holds_the_run(self):
        host = self.host(SLEEPS)
        self.assertEqual(202, post(self.nimbus.callback(), event("one"))[0])
        self.wait_for_rows(host, "SELECT id FROM run WHERE state = 1")
        self.assertEqual(0, host.end())
        self.rows(host, "UPDATE journal SET args = zeroblob(32) WHERE number = 1 RETURNING run")
        host.start()
        self.wait_for_rows(host, "SELECT reason FROM held WHERE reason LIKE '%is not what it was%'")
        self.assertEqual(["first"], self.names())
        self.assertEqual("running", host.runs()[0]["outcome"])

    def test_a_life_has_a_limit(self):
        host = self.host(SLEEPS.replace("flow.sleep(6)", 'flow.sleep("2h")').replace(
            'events =', 'limits = { lifetime = "1h" }, events ='))
        self.assertEqual(202, post(self.nimbus.callback(), event("one"))[0])
        run = host.run_of("one")
        self.assertEqual("over-time", run["outcome"])
        self.assertIn("lifetime", run["error"]["message"])
        self.assertIn("twice.lua:7", run["error"]["where"])

    def test_a_worker_dies(self):
        go_on = threading.Event()

        def hang(handler, body):
            if handler.command == "PUT" and body and b"second" in body:
                go_on.wait(60)
            return False
        self.nimbus.answer = hang
        host = self.host(GOES_ON)
        self.assertEqual(202, post(self.nimbus.callback(), event("one"))[0])
        self.nimbus.wait(lambda: "second" in self.names())
        pid = host.program.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            for child in file.read().split():
                os.kill(int(child), signal.SIGKILL)
        go_on.set()
        run = host.run_of("one")
        self.assertEqual("done", run["outcome"])
        self.assertEqual(["first", "second"], self.names())
        self.assertGreaterEqual(run["attempts"], 2)


if __name__ == "__main__":
    unittest.main()
