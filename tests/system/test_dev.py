# SPDX-License-Identifier: Apache-2.0
"""nimflow dev: a simulated cluster and a host for a folder, as somebody who writes flows starts it."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.request

from host import wait_until
from programs import Program, path

MINE = """
nimbus.on_task {
  name = "mine", services = { "*" }, events = { "SystemAccepted" },
  run = function(task)
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "Mine" } }
  end,
}
"""
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


class Dev(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nimflow-test-")
        self.work = os.path.join(self.dir, "work")
        self.temporary = os.path.join(self.dir, "tmp")
        os.mkdir(self.temporary)
        shutil.copytree(EXAMPLES / "flows", os.path.join(self.work, "flows"))
        os.mkdir(os.path.join(self.work, "lists"))
        shutil.copy(EXAMPLES / "lists/Addressbook.xlsx", os.path.join(self.work, "lists"))
        self.program = None

    def tearDown(self):
        if self.program:
            self.program.end()
        shutil.rmtree(self.dir)

    def start(self):
        self.program = Program("nimflow", "dev", "--sim", "127.0.0.1:0", self.work, env={"TMPDIR": self.temporary})
        self.sim = self.program.wait_line("simulated Nimbus and page:").split()[-1]
        self.host = self.program.wait_line("notifications are taken at:").split()[-1]
        self.runs = self.program.wait_line("runs: nimflow ").split()[2:]
        wait_until(self.ready, what="ready")

    def ready(self):
        try:
            with urllib.request.urlopen(self.host + "/readyz", timeout=10) as answer:
                return answer.status == 200
        except OSError:
            return False

    def nimflow(self, *args):
        done = subprocess.run([path("nimflow"), *args], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def task(self, task_id):
        with urllib.request.urlopen(f"{self.sim}/sim/tasks/{task_id}", timeout=30) as answer:
            return json.loads(answer.read())

    def call(self, *args):
        """Place a call and wait until a flow has updated its task, which is returned."""
        task_id = self.nimflow("sim", "call", "--url", self.sim, *args).strip()
        return wait_until(lambda: self.task(task_id) if self.task(task_id)["updates"] else None, 60, "an update")

    def listed(self, outcome):
        return json.loads(self.nimflow(*self.runs, "--outcome", outcome, "--json"))["runs"]

    def test_a_call_gets_its_context(self):
        self.start()
        task = self.call("--from", "+41 79 123 45 67")
        wait_until(lambda: not self.listed("running"), what="the end of all runs")
        task = self.task(task["taskId"])
        self.assertEqual(("Jürg", "Müller", "Contoso AG"),
                         tuple(task["customer"][name] for name in ("firstName", "lastName", "company")))
        self.assertIn({"name": "VIP", "value": "true"}, task["customContextParameters"])
        self.assertIn("Show caller from the address list", [run["handler"] for run in self.listed("done")])
        self.assertEqual([], self.listed("failed"))

    def test_a_changed_flow_is_loaded_again(self):
        self.start()
        with open(os.path.join(self.work, "flows", "mine.lua"), "w", encoding="utf-8") as file:
            file.write(MINE)
        wait_until(lambda: any("flows/mine.lua: loaded" in line for line in self.program.errors), what="the new flow")
        wait_until(lambda: self.call("--from", "+41441234567")["customer"].get("lastName") == "Mine", 60, "its update")

    def test_a_wrong_start(self):
        done = subprocess.run([path("nimflow"), "dev", "--sim", "256.0.0.1:0", self.work], capture_output=True, text=True,
                              timeout=60, check=False, env=dict(os.environ, TMPDIR=self.temporary))
        self.assertIn(done.returncode, (3, 4), done.stderr)
        self.assertIn("256.0.0.1", done.stderr)
        self.assertEqual([], os.listdir(self.temporary))

    def test_it_ends_cleanly(self):
        self.start()
        self.assertEqual(1, len(os.listdir(self.temporary)), "everything it writes is in one folder")
        self.assertEqual(0, self.program.end(), self.program.errors)
        self.assertEqual([], os.listdir(self.temporary))
        self.assertEqual({"flows", "lists"}, set(os.listdir(self.work)), "it left something in the folder of the flows")


if __name__ == "__main__":
    unittest.main()
