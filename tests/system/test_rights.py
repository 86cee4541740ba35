# SPDX-License-Identifier: Apache-2.0
"""Who may what: directory.yaml at events and effects, changed while a flow runs, and nimflow why."""
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus
from programs import path

TENANT = "upn: anna@contoso.example\n"

# anna owns both services, but only one is on her path
DIRECTORY = """
units:
  Contoso:
  CH: Contoso
  Zurich: CH
  DE: Contoso
users:
  anna@contoso.example: {role: Service Owner, unit: Zurich, owns: [support@contoso.example, sales@contoso.example]}
  boss@contoso.example: {role: Tenant Admin}
services:
  support@contoso.example: {unit: CH, licence: Contact Center}
  sales@contoso.example: {unit: DE, licence: Contact Center}
address_books:
  Swiss: {unit: CH}
"""

BOTH = """
nimbus.on_task {
  name     = "both",
  services = { "*" },
  events   = { "SystemAccepted" },
  run = function(task)
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "x" } }
  end,
}
nimbus.on_task {
  name     = "slow",
  services = { "support@contoso.example" },
  events   = { "ParameterUpdated" },
  run = function(task)
    for i = 1, 200 do
      local ok, err = pcall(nimbus.tasks.update, { taskId = task.taskId, customer = { lastName = tostring(i) } })
      if not ok then return { round = i, kind = err.kind, message = err.message } end
      flow.sleep(0.1)
    end
  end,
}
nimbus.on_task {
  name       = "other task",
  services   = { "support@contoso.example" },
  events     = { "SystemAccepted" },
  modalities = { "Email" },
  run = function(task)
    local _, err = pcall(nimbus.tasks.update, { taskId = task.customerIdentifier, customer = { lastName = "x" } })
    return { kind = err and err.kind, message = err and err.message }
  end,
}
"""


class Rights(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.addCleanup(self.nimbus.close)
        self.host = Host(self.nimbus.url, tenant=TENANT, flows={"both.lua": BOTH})
        self.addCleanup(self.host.remove)

    def start(self, directory=DIRECTORY):
        if directory:
            self.write(directory)
        self.host.start()

    def end(self):
        self.assertEqual(0, self.host.end(), self.host.program.errors)

    def write(self, directory):
        """In one step, as a careful editor does."""
        self.host.write("tenants/acme/.new", directory)
        os.rename(os.path.join(self.host.tenant, ".new"), os.path.join(self.host.tenant, "directory.yaml"))

    def ask(self, *args):
        """A command that asks the running host; its exit status and JSON answer."""
        done = self.host.command(*args, "--json", "--config", os.path.join(self.host.dir, "nimflow.yaml"))
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def status(self):
        connection = http.client.HTTPConnection("host", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(os.path.join(self.host.dir, "data", "admin.sock"))
        with contextlib.closing(connection):
            connection.request("GET", "/v1/status")
            return json.load(connection.getresponse())["tenants"][0]

    def test_event_of_a_service_off_the_path_is_denied(self):
        self.start()
        callback = self.nimbus.callback("sales@contoso.example")
        self.assertEqual(202, post(callback, event("german", serviceUPN="sales@contoso.example"))[0])
        self.assertEqual(202, post(callback, event("swiss"))[0])
        self.nimbus.wait(lambda: "swiss" in self.nimbus.updates)
        self.assertNotIn("german", self.nimbus.updates)
        events = self.status()["events"]
        self.assertEqual((2, 1, 1), (events["received"], events["denied"], events["accepted"]))
        code, answer = self.ask("why", "--denied")
        self.assertEqual(0, code)
        self.assertEqual(1, answer["count"])
        denied = answer["events"][0]
        self.assertEqual(("both", "german"), (denied["handler"], denied["task"]))
        for part in ("Service Owner in Contoso > CH > Zurich", "in Contoso > DE", "not on the path"):
            self.assertIn(part, denied["why"])
        self.end()

    def test_effect_on_a_task_of_another_service_is_denied(self):
        self.start()
        callback = self.nimbus.callback('"Email"')
        german = event("german", serviceUPN="sales@contoso.example")
        post(self.nimbus.callback("sales@contoso.example"), german)  # denied, but from now on it is known whose it is
        for name, other, part in (("by-path", "german", "not on the path"), ("unseen", "t-1", "no event of it came")):
            post(callback, event(name, modality="Email", customerIdentifier=other))
            run = self.host.run_of(name)
            self.assertEqual("denied", run["result"]["kind"], run)
            self.assertIn(part, run["result"]["message"])
            self.assertIn("anna@contoso.example (Service Owner in Contoso > CH > Zurich)", run["result"]["message"])
            self.assertEqual("denied", run["effects"][0]["kind"])
        self.assertNotIn("german", self.nimbus.updates)
        self.assertNotIn("t-1", self.nimbus.updates)
        self.end()

    def test_directory_changed_while_a_flow_runs(self):
        self.start()
        callback = self.nimbus.callback("ParameterUpdated")
        post(callback, event("slow", event="ParameterUpdated"))
        self.nimbus.wait(lambda: len(self.nimbus.updates.get("slow", ())) >= 2)
        # a wrong file changes nothing
        self.write(DIRECTORY.replace("unit: Zurich", "unit: Zurigh"))
        self.host.error_line("directory.yaml:8:53: unknown unit 'Zurigh'; did you mean 'Zurich'?")
        rights = self.status()["rights"]
        self.assertIn("Zurigh", rights["error"])
        count = len(self.nimbus.updates["slow"])
        self.nimbus.wait(lambda: len(self.nimbus.updates["slow"]) > count)
        # a right one that takes the right away ends the updates
        self.write(DIRECTORY.replace("support@contoso.example: {unit: CH", "support@contoso.example: {unit: DE"))
        run = self.host.run_of("slow")
        self.assertEqual("denied", run["result"]["kind"], run)
        self.assertIsNone(self.status()["rights"]["error"])
        # and no further event comes in
        before = self.status()["events"]["denied"]
        post(callback, event("next", event="ParameterUpdated"))
        self.assertEqual(before + 1, self.status()["events"]["denied"])
        # without the file the last one stays in force
        os.remove(os.path.join(self.host.tenant, "directory.yaml"))
        self.host.error_line("directory.yaml is gone")
        post(callback, event("last", event="ParameterUpdated"))
        self.assertEqual(before + 2, self.status()["events"]["denied"])
        self.end()

    def test_wrong_directory_at_the_start(self):
        self.write(DIRECTORY.replace("role: Tenant Admin", "role: Boss").replace("Contact Center", "Gold"))
        for more in ([], ["--check-config"]):
            done = self.host.command("serve", "--config", os.path.join(self.host.dir, "nimflow.yaml"), *more)
            self.assertEqual(3, done.returncode)
            self.assertIn("directory.yaml:9:32: unknown role 'Boss'", done.stderr)
            self.assertIn("directory.yaml:11:48: unknown licence 'Gold'", done.stderr)

    def test_without_upn_everything_is_denied(self):
        self.host.write("tenants/acme/tenant.yaml", f"cluster: {self.nimbus.url}\ntoken_file: token\n")
        self.start()
        post(self.nimbus.callback("sales@contoso.example"), event("nobody"))
        self.assertEqual(1, self.status()["events"]["denied"])
        self.assertIn("write 'upn' in tenant.yaml", json.dumps(self.status()["rights"]["warnings"]))
        self.end()

    def test_without_directory_nimbus_decides(self):
        self.start(directory=None)
        post(self.nimbus.callback("sales@contoso.example"), event("any", serviceUPN="sales@contoso.example"))
        self.nimbus.wait(lambda: "any" in self.nimbus.updates)
        self.assertIsNone(self.status()["rights"]["directory"])
        self.end()

    def test_warnings_where_nimbus_lists_something_else(self):
        self.start(DIRECTORY.replace("sales@contoso.example", "desk@contoso.example").replace("unit: DE", "unit: CH"))
        warnings = wait_until(lambda: self.status()["rights"]["warnings"])
        self.assertEqual(["connection nimbus: desk@contoso.example: directory.yaml allows it, Nimbus does not list it "
                          "for this connection",
                          "connection nimbus: sales@contoso.example: Nimbus lists it for this connection, directory.yaml "
                          "does not have it: denied"], warnings)
        doctor = self.ask("doctor")[1]["findings"]
        self.assertEqual(["ok", "warning", "warning"], [f["level"] for f in doctor if f["what"] == "rights"])
        self.end()

    def test_why(self):
        self.start()
        denied = ("why", "anna@contoso.example", "task-update", "sales@contoso.example")
        code, answer = self.ask(*denied)
        self.assertEqual(1, code)
        self.assertEqual((False, "Service Owner", "Contoso > CH > Zurich", "Contoso > DE"),
                         tuple(answer[name] for name in ("allowed", "role", "user_path", "entity_path")))
        self.assertEqual(0, self.ask("why", "BOSS@contoso.example", "Update task", "sales@contoso.example")[0])
        # the task is known once an event of it came
        task = ("why", "anna@contoso.example", "task-update", "swiss")
        self.assertEqual(1, self.ask(*task)[0])
        post(self.nimbus.callback("sales@contoso.example"), event("swiss"))
        self.assertEqual((0, "support@contoso.example"), (self.ask(*task)[0], self.ask(*task)[1]["entity"]))
        self.assertEqual(1, self.ask("why", "boss@contoso.example", "task-trigger", "new@contoso.example")[0])
        code, text = self.ask("why", "boss@contoso.example", "task-updat", "x@y")
        self.assertIn("did you mean 'task-update'?", text)
        self.assertNotEqual(0, code)
        self.assertIn("unknown tenant 'acmee'; did you mean 'acme'?", self.ask(*denied, "--tenant", "acmee")[1])
        self.end()
        # the same without a host
        file = os.path.join(self.host.tenant, "directory.yaml")
        offline = subprocess.run([path("nimflow"), *denied, "--directory", file], capture_output=True, text=True,
                                 check=False, timeout=60)
        self.assertEqual(1, offline.returncode)
        self.assertIn("denied     it is not on the path from the user's unit up to the root", offline.stdout)


class Document(unittest.TestCase):
    """docs/RIGHTS.md says what the program does."""
    ROLES = ("Tenant Admin", "OU Admin", "Service Owner", "Team Owner Limited")

    @classmethod
    def setUpClass(cls):
        with open(os.path.join(os.environ.get("NF_SOURCE", "."), "docs", "RIGHTS.md"), encoding="utf-8") as file:
            cls.text = file.read()
        cls.folder = tempfile.mkdtemp(prefix="nimflow-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def allowed(self, directory, *question):
        name = os.path.join(self.folder, "directory.yaml")
        with open(name, "w", encoding="utf-8") as file:
            file.write(directory)
        done = subprocess.run([path("nimflow"), "why", *question, "--directory", name, "--json"], capture_output=True,
                              text=True, check=False, timeout=60)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.returncode == 0

    def test_example(self):
        directory = re.search(r"```yaml\n(# tenants/contoso/directory.yaml\n.*?)```", self.text, re.S).group(1)
        does = {"hears": "task-trigger", "adds a contact to": "contact-add"}
        rows = re.findall(r"^\| (\w+) (hears|adds a contact to) (.+?) \| (allowed|denied) \|", self.text, re.M)
        self.assertGreater(len(rows), 6)
        for user, verb, entity, verdict in rows:
            with self.subTest(user=user, verb=verb, entity=entity):
                got = self.allowed(directory, f"{user}@contoso.example", does[verb],
                                   entity.replace("@", "@contoso.example"))
                self.assertEqual(verdict == "allowed", got)

    def test_matrix(self):
        users = "".join(f"  u{i}@x: {{role: {role}, unit: T{', owns: [s@x]' if 'Owner' in role else ''}}}\n"
                        for i, role in enumerate(self.ROLES))
        directory = f"units:\n  T:\nusers:\n{users}services:\n  s@x: {{unit: T, licence: CC}}\naddress_books:\n" \
                    "  B: {unit: T}\n"
        rows = re.findall(r"^\| ([^|]+) \| `([a-z-]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\| ([^|]+) \|$", self.text, re.M)
        self.assertEqual(21, len(rows))
        for title, name, *marks, decides in rows:
            entity = {"book": ["B"], "service": ["s@x"]}.get(decides.split()[0], [])
            for i, mark in enumerate(marks):
                with self.subTest(name=name, role=self.ROLES[i]):
                    self.assertEqual("✓" in mark, self.allowed(directory, f"u{i}@x", name, *entity))
            self.assertTrue(self.allowed(directory, "u0@x", title, *entity), title)
            plain = directory.replace("CC", "ER")  # which need Contact Center?
            self.assertEqual("CC" not in decides, self.allowed(plain, "u0@x", name, *entity), name)


if __name__ == "__main__":
    unittest.main()
