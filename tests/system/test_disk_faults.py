# SPDX-License-Identifier: Apache-2.0
"""A disk that fails under the database: notifications are refused, nothing that was accepted is lost, it goes on by itself.

The disk is host/store/fault_disk.h, which reads from a file how it is.
"""
import base64
import concurrent.futures
import hashlib
import hmac
import os
import signal
import sqlite3
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from host import Host, event, post, wait_until
from nimbus import Nimbus
from programs import Program, path

FLOW = """
nimbus.on_task {
  name = "writes", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    kv.set(task.taskId, 1)
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "x" } }
  end,
}
"""
HOOK = """
flow.on_webhook { name = "order", path = "orders", secret = "orders", run = function(request) return request.body end }
"""
SECRET = "0123456789abcdef"
REFUSED = "new events are refused with 503 until it works again"


def compiled_in():
    """Do these programs have fault points? They say so by the file of counts."""
    with tempfile.TemporaryDirectory() as folder:
        counts = os.path.join(folder, "counts")
        host = Host("http://127.0.0.1:1")
        host.write("nimflow.yaml", "listen: 127.0.0.1:0\n")
        program = Program("nimflow", "serve", "--config", os.path.join(host.dir, "nimflow.yaml"), env={"NF_FAULT_COUNTS": counts})
        wait_until(lambda: program.process.poll() is not None or any("reached by" in line for line in list(program.errors)))
        program.end()
        host.remove()
        return os.path.exists(counts)


class DiskFaults(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.host = Host(self.nimbus.url, flows={"writes.lua": FLOW})
        self.state = os.path.join(self.host.dir, "disk")
        os.environ["NF_FAULT_DISK"] = self.state

    def tearDown(self):
        self.disk("works")
        status = self.host.end()
        del os.environ["NF_FAULT_DISK"]
        self.nimbus.close()
        self.host.remove()
        self.assertEqual(0, status, self.host.program and self.host.program.errors)

    def disk(self, word):
        with open(self.state + ".new", "w", encoding="ascii") as file:
            file.write(word + "\n")
        os.rename(self.state + ".new", self.state)

    def ended(self):
        with sqlite3.connect(f"file:{self.host.dir}/data/nimflow.db?mode=ro", uri=True) as db:
            return dict(db.execute("SELECT json_extract(e.body, '$.taskId'), group_concat(r.outcome) FROM run r"
                                   " JOIN event e ON e.id = r.event GROUP BY 1"))

    def send(self, task):
        return post(self.callback, event(task))[0]

    def goes_wrong_and_right(self, word):
        """Refused while the disk is so; all of it is taken when it is sent again, and run once."""
        self.host.start()
        self.callback = self.nimbus.callback()
        self.assertEqual(202, self.send("before"))
        wait_until(lambda: self.ended() == {"before": "1"}, 60, "its end")
        self.disk(word)
        tasks = [f"task-{number}" for number in range(10)]
        self.assertEqual({503}, {self.send(task) for task in tasks})
        self.assertEqual(1, sum(REFUSED in line for line in self.host.program.errors))
        self.disk("works")
        for task in tasks:
            wait_until(lambda: self.send(task) == 202, 60, "an accepted notification")
        wait_until(lambda: self.ended() == {"before": "1", **{task: "1" for task in tasks}}, 60, "the end of each")

    def test_full(self):
        self.goes_wrong_and_right("full")

    def test_errors_of_writes(self):
        self.goes_wrong_and_right("broken")

    def test_errors_of_syncs(self):
        self.goes_wrong_and_right("unsynced")

    def test_made_read_only(self):
        self.goes_wrong_and_right("readonly")

    def test_now_and_then(self):
        """One write of ten fails. What was accepted is run; what was refused is accepted in the end."""
        self.host.start()
        self.callback = self.nimbus.callback()
        self.disk("sometimes")
        tasks = [f"task-{number}" for number in range(100)]
        refused = [task for task in tasks if self.send(task) != 202]
        self.disk("works")
        for task in refused:
            wait_until(lambda: self.send(task) == 202, 60, "an accepted notification")
        # kv.set may have failed in a run, which then failed: that is its recorded end
        wait_until(lambda: set(self.ended()) == set(tasks) and "0" not in ",".join(self.ended().values()), 60, "the end of each")
        self.assertEqual({"1"}, {part for part in self.ended().values()} - {"3"}, self.ended())
        self.assertTrue(all(len(part) == 1 for part in self.ended().values()), "each once")

    def test_a_crash_while_it_fails(self):
        self.host.start()
        self.callback = self.nimbus.callback()
        self.host.keep_port()
        self.assertEqual(202, self.send("before"))
        self.disk("broken")
        self.assertEqual(503, self.send("refused"))
        self.host.kill()
        self.disk("works")
        self.host.start()
        wait_until(lambda: self.ended().get("before") == "1", 60, "its end")
        self.assertEqual(202, self.send("refused"))
        wait_until(lambda: self.ended().get("refused") == "1", 60, "its end")

    def hook(self, number):
        """Send the request of a webhook; the status of the answer."""
        at, body = str(int(time.time())), b"{}"
        mac = base64.b64encode(hmac.new(SECRET.encode(), f"{number}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
        request = urllib.request.Request(self.host.url("/hooks/acme/orders"), data=body, method="POST", headers={
            "webhook-id": number, "webhook-timestamp": at, "webhook-signature": "v1," + mac, "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code

    def test_a_repeated_request_of_a_webhook(self):
        """Two at once, and the first cannot be stored: the second is no repetition of something that was taken."""
        os.makedirs(os.path.join(self.host.tenant, "secrets"))
        self.host.write("tenants/acme/secrets/orders", SECRET, 0o600)
        self.host.flow("hook.lua", HOOK)
        self.host.start()
        self.disk("broken")
        self.host.program.process.send_signal(signal.SIGSTOP)  # so that it finds both when it goes on
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            sent = [pool.submit(self.hook, "one") for _ in range(2)]
            time.sleep(0.5)
            self.host.program.process.send_signal(signal.SIGCONT)
            self.assertEqual([503, 503], [answer.result() for answer in sent])
        self.disk("works")
        wait_until(lambda: self.hook("one") == 202, 60, "an accepted request")
        self.assertEqual(202, self.hook("one"), "the same again")
        wait_until(lambda: list(self.ended().values()) == ["1"], 60, "one run, and its end")

    def test_a_start_on_a_broken_disk(self):
        """It says what is wrong and where, and does not run without its database."""
        for word in ("broken", "readonly", "full"):
            self.disk(word)
            done = self.host.command("serve", "--config", os.path.join(self.host.dir, "nimflow.yaml"))
            self.assertEqual(3, done.returncode, (word, done.stderr))
            self.assertIn("data/nimflow.db: ", done.stderr)


if __name__ == "__main__":
    path("nimflow")
    if not compiled_in():
        print("skipped: built without NF_FAULT_POINTS")
        sys.exit(77)
    unittest.main()
