# SPDX-License-Identifier: Apache-2.0
"""SIGTERM under load: what runs may end, the rest goes on after the next start, new events are refused, nothing is lost."""
import concurrent.futures
import json
import signal
import sqlite3
import threading
import time
import unittest
import urllib.error
import urllib.request

from host import Host, event, post, wait_until
from nimbus import Nimbus

FLOW = """
nimbus.on_task {
  name = "slow", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "begin" } }
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "end" } }
  end,
}
"""


class Drain(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.go_on = threading.Event()
        self.host = None

    def tearDown(self):
        self.go_on.set()
        if self.host:
            self.assertEqual(0, self.host.end(), self.host.program.errors)
            self.host.remove()
        self.nimbus.close()

    def serve(self, config=""):
        self.host = Host(self.nimbus.url, flows={"slow.lua": FLOW}, config=config).start()
        self.host.write("nimflow.yaml", f"listen: 127.0.0.1:{self.host.port}\n" + config)
        return self.nimbus.callback()

    def hang(self, handler, _):
        """Updates are not answered before the test says so."""
        if handler.command == "PUT":
            self.go_on.wait(120)
        return False

    def terminate(self):
        self.host.program.process.send_signal(signal.SIGTERM)
        self.host.error_line("ending; new events are refused")

    def names(self, task):
        return [body["customer"]["lastName"] for body in self.nimbus.updates.get(task, [])]

    def ended(self):
        with sqlite3.connect(f"file:{self.host.dir}/data/nimflow.db?mode=ro", uri=True) as db:
            return dict(db.execute("SELECT json_extract(e.body, '$.taskId'), r.outcome FROM run r JOIN event e ON e.id = r.event"))

    def test_what_runs_ends_and_new_events_are_refused(self):
        callback = self.serve("drain: 2min\n")
        self.nimbus.answer = self.hang
        self.assertEqual(202, post(callback, event("one"))[0])
        self.nimbus.wait(lambda: self.nimbus.seen("PUT", "/v1/tasks/one"))
        self.terminate()
        with self.assertRaises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(urllib.request.Request(
                callback, data=json.dumps(event("two")).encode(), method="POST", headers={"Content-Type": "application/json"}), timeout=30)
        with refusal.exception as answer:
            self.assertEqual(503, answer.code)
            self.assertRegex(answer.headers["Retry-After"] or "", "^[0-9]+$")
            self.assertIn(b"ending", answer.read())
        self.assertFalse(self.host.ready())
        self.go_on.set()
        self.assertEqual(0, self.host.program.process.wait(60), "long before the two minutes")
        self.assertEqual({"one": 1}, self.ended())
        self.assertEqual(["begin", "end"], self.names("one"))

    def test_what_does_not_end_goes_on_after_the_next_start(self):
        callback = self.serve("drain: 300ms\n")
        self.nimbus.answer = self.hang
        for task in ("one", "two"):
            self.assertEqual(202, post(callback, event(task))[0])
            self.nimbus.wait(lambda: self.nimbus.seen("PUT", f"/v1/tasks/{task}"))
        began = time.monotonic()
        self.assertEqual(0, self.host.end())
        self.assertGreater(time.monotonic() - began, 0.25, "they had their time")
        self.assertTrue(any("2 runs are still under way" in line for line in self.host.program.errors))
        self.assertEqual({"one": 0, "two": 0}, self.ended())
        self.go_on.set()
        self.host.start()
        wait_until(lambda: self.ended() == {"one": 1, "two": 1}, 60, "their ends")

    def test_under_load(self):
        """Events keep coming while it ends, three times; each one that was accepted is run to its end."""
        callback = self.serve("drain: 5s\n")
        accepted, over = [], threading.Event()

        def send(sender):
            number = 0
            while not over.is_set():
                number += 1
                task = f"t{sender}-{number}"
                try:
                    if post(callback, event(task))[0] == 202:
                        accepted.append(task)
                    else:
                        time.sleep(0.02)
                except (OSError, urllib.error.URLError):  # between two lives
                    time.sleep(0.02)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for sender in range(8):
                pool.submit(send, sender)
            try:
                for _ in range(3):
                    before = len(accepted)
                    wait_until(lambda: len(accepted) > before + 60, 60, "events")
                    self.assertEqual(0, self.host.end(), self.host.program.errors)
                    self.host.start(ready=False)
            finally:
                over.set()
        wait_until(lambda: all(self.ended().get(task) == 1 for task in accepted), 60, "the end of each")
        lost = [task for task in accepted if self.names(task)[-1:] != ["end"]]
        self.assertEqual([], lost)
        self.assertGreater(len(accepted), 180)


if __name__ == "__main__":
    unittest.main()
