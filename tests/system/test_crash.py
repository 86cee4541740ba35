# SPDX-License-Identifier: Apache-2.0
"""SIGKILL in the middle of the work: what got its 202 has exactly one recorded end, and its task is updated."""
import concurrent.futures
import os
import signal
import sqlite3
import unittest
import urllib.error

from host import Host, event, post, wait_until
from nimbus import Nimbus

SLOW = """
nimbus.on_task {
  name = "slow", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    flow.sleep(0.3)
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = task.customerIdentifier } }
  end,
}
"""
EVENTS = 1000


def deliver(callback, number):
    """True when the notification was accepted."""
    try:
        return post(callback, event(f"task-{number}", customerIdentifier=f"+4179{number:07}"), timeout=60)[0] == 202
    except (urllib.error.URLError, OSError):
        return False


def workers_of(pid):
    """Process ids of the children that are workers."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read()
        except (OSError, ValueError):
            continue
        comm, rest = fields[fields.index("(") + 1:fields.rindex(")")], fields[fields.rindex(")") + 2:].split()
        if comm.startswith("nimflow-worker") and int(rest[1]) == pid and rest[0] != "Z":
            found.append(int(name))
    return found


class Crash(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.host = Host(self.nimbus.url, flows={"slow.lua": SLOW}).start()
        self.host.keep_port()
        self.pool = concurrent.futures.ThreadPoolExecutor(32)

    def tearDown(self):
        self.host.end()
        self.pool.shutdown(cancel_futures=True)
        self.nimbus.close()
        self.host.remove()

    def database(self):
        return sqlite3.connect(f"file:{self.host.dir}/data/nimflow.db?mode=ro", uri=True)

    def check(self, accepted):
        """Every accepted event has one run with an end, and its task has the right update."""
        def open_runs():
            with self.database() as db:
                return db.execute("SELECT count(*) FROM run WHERE outcome = 0").fetchone()[0]
        wait_until(lambda: open_runs() == 0, 120, "the end of all runs")
        with self.database() as db:
            rows = dict(db.execute("SELECT json_extract(e.body, '$.taskId'), count(*) FROM run r JOIN event e"
                                   " ON e.id = r.event WHERE r.outcome = 1 GROUP BY 1"))
        lost = [task for task in accepted if rows.get(task) != 1]
        self.assertEqual([], lost, f"of {len(accepted)} accepted events these have not exactly one good end")
        for task in accepted:
            number = int(task.split("-")[1])
            self.assertEqual({"customer": {"lastName": f"+4179{number:07}"}}, self.nimbus.updates[task][-1])

    def test_broker(self):
        callback = self.nimbus.callback()
        sent = [self.pool.submit(deliver, callback, number) for number in range(EVENTS)]
        self.nimbus.wait(lambda: len(self.nimbus.updates) > 50)
        self.host.kill()
        accepted = [f"task-{number}" for number, done in enumerate(sent) if done.result()]
        self.assertGreater(len(accepted), 50)
        self.host.start()
        self.assertEqual(1, len(self.nimbus.registered), "the subscription was found again, not made twice")
        self.check(accepted)

    def test_worker(self):
        callback = self.nimbus.callback()
        sent = [self.pool.submit(deliver, callback, number) for number in range(EVENTS)]
        for count in (20, 150, 400):
            self.nimbus.wait(lambda: len(self.nimbus.updates) > count)
            for pid in workers_of(self.host.program.process.pid):
                os.kill(pid, signal.SIGKILL)
        accepted = [f"task-{number}" for number, done in enumerate(sent) if done.result()]
        self.assertEqual(EVENTS, len(accepted), "a dead worker delays runs, it refuses no event")
        self.check(accepted)

    def test_flow_changed_in_between(self):
        """A run resumes under the version it began with."""
        callback = self.nimbus.callback()
        self.assertTrue(deliver(callback, 1))
        self.host.kill()
        self.host.flow("slow.lua", SLOW.replace("task.customerIdentifier", "'new version'"))
        self.host.start()
        self.nimbus.wait(lambda: "task-1" in self.nimbus.updates)
        self.assertEqual("+41790000001", self.nimbus.updates["task-1"][0]["customer"]["lastName"])
        self.assertTrue(deliver(callback, 2))
        self.nimbus.wait(lambda: "task-2" in self.nimbus.updates)
        self.assertEqual("new version", self.nimbus.updates["task-2"][0]["customer"]["lastName"])


if __name__ == "__main__":
    unittest.main()
