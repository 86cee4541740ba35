# SPDX-License-Identifier: Apache-2.0
"""A disk that takes no more: notifications are refused, nothing that was accepted is lost, and it goes on by itself.

The broker's file size limit stands for the full disk: every write to the database fails with an error of the system.
"""
import json
import resource
import sqlite3
import time
import unittest
import urllib.error
import urllib.request

from host import Host, event, wait_until
from nimbus import Nimbus

SLOW = """
nimbus.on_task {
  name = "slow", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    if task.taskId:find("slow") then flow.sleep(1) end
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "x" } }
  end,
}
"""
REFUSED = "new events are refused with 503 until it works again"


class DiskFull(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.host = Host(self.nimbus.url, flows={"slow.lua": SLOW}).start()
        self.callback = self.nimbus.callback()

    def tearDown(self):
        status = self.host.end()
        self.nimbus.close()
        self.host.remove()
        self.assertEqual(0, status, self.host.program.errors)

    def disk(self, works):
        size = resource.RLIM_INFINITY if works else 1
        resource.prlimit(self.host.program.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def send(self, task):
        """The status of the answer, and its Retry-After."""
        request = urllib.request.Request(self.callback, data=json.dumps(event(task)).encode(), method="POST",
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, None
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.headers["Retry-After"]

    def said(self, text):
        return sum(text in line for line in self.host.program.errors)

    def outcomes(self):
        with sqlite3.connect(f"file:{self.host.dir}/data/nimflow.db?mode=ro", uri=True) as db:
            return dict(db.execute("SELECT json_extract(e.body, '$.taskId'), group_concat(r.outcome) FROM run r"
                                   " JOIN event e ON e.id = r.event GROUP BY 1"))

    def accepted_again(self, task):
        return wait_until(lambda: self.send(task)[0] == 202, 60, "an accepted notification")

    def test_refused_and_accepted_again(self):
        self.assertEqual(202, self.send("before")[0])
        self.host.run_of("before")
        self.disk(False)
        for number in range(20):
            status, after = self.send(f"refused-{number}")
            self.assertEqual(503, status)
            self.assertRegex(after or "", "^[0-9]+$", "Retry-After")
        self.assertEqual(1, self.said(REFUSED), "said once, not for every event")
        self.disk(True)
        self.accepted_again("after")
        self.host.run_of("after")
        self.assertEqual(1, self.said("writing works again"))
        self.assertEqual({"before": "1", "after": "1"}, self.outcomes(), "what was refused left no trace")

    def test_it_works_again_without_an_event(self):
        self.disk(False)
        self.assertEqual(503, self.send("refused")[0])
        self.disk(True)
        self.host.error_line("writing works again")
        self.assertEqual(202, self.send("refused")[0], "sent again by Nimbus, taken now")
        self.host.run_of("refused")

    def test_ends_of_runs_are_kept(self):
        tasks = [f"slow-{number}" for number in range(20)]
        for task in tasks:
            self.assertEqual(202, self.send(task)[0])
        self.disk(False)
        self.nimbus.wait(lambda: len(self.nimbus.updates) == len(tasks))
        self.host.error_line(REFUSED)
        self.assertEqual(503, self.send("refused")[0])
        time.sleep(0.2)
        self.assertEqual({task: "0" for task in tasks}, self.outcomes(), "no end can be written yet")
        self.disk(True)
        wait_until(lambda: self.outcomes() == {task: "1" for task in tasks}, 60, "the end of every accepted event")
        self.accepted_again("after")
        self.assertEqual(1, self.said(REFUSED))

    def test_ending_while_the_disk_is_full(self):
        """What could not be recorded is found open and done again after the next start."""
        self.assertEqual(202, self.send("slow-1")[0])
        self.disk(False)
        self.nimbus.wait(lambda: "slow-1" in self.nimbus.updates)
        self.host.keep_port()
        self.assertEqual(0, self.host.end(), self.host.program.errors)
        self.assertEqual({"slow-1": "0"}, self.outcomes())
        self.host.start()
        wait_until(lambda: self.outcomes() == {"slow-1": "1"}, 60, "its end")

    def test_a_repeated_event_is_not_taken_for_stored(self):
        """The first delivery is refused; the second must not be answered as its duplicate."""
        self.disk(False)
        self.assertEqual(503, self.send("twice")[0])
        self.assertEqual(503, self.send("twice")[0])
        self.disk(True)
        self.accepted_again("twice")
        self.host.run_of("twice")


if __name__ == "__main__":
    unittest.main()
