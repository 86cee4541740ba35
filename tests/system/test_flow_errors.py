# SPDX-License-Identifier: Apache-2.0
"""Wrong flows and wrong lists: as 'nimflow check' shows them and as flows of a running host, which goes on."""
import http.client
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
import zipfile

import workbook
from host import SHOW_CALLER, Host, event, post, wait_until
from nimbus import Nimbus
from programs import path

HEAD = 'nimbus.on_task {\n  name = "NAME", services = { "support@contoso.example" }, events = { "SystemAccepted" },\n'
GOOD = HEAD + "  run = function(task) end,\n}\n"

# name: source, parts of the error behind "FILE", the line that is shown, or None
WRONG = {
    "field": (HEAD + '  modalitys = { "Audio" },\n  run = function(task) end,\n}\n',
              (":1: ", "unknown field 'modalitys' of nimbus.on_task; did you mean 'modalities'?"), "nimbus.on_task {"),
    "global": (HEAD + "  run = function(task)\n    nimbsu.tasks.update { taskId = task.taskId }\n  end,\n}\n",
               (":4: ", "unknown global 'nimbsu'; did you mean 'nimbus'?"), "nimbsu.tasks"),
    "parse": (HEAD + "  run = function(task\n  end,\n}\n", (":4: ", "')' expected near 'end'"), "end,"),
    "endless": (GOOD + "while true do end\n", (":5: ", "load budget exceeded"), "while true"),
    "memory": (GOOD + 'local t = {}\nfor i = 1, 1e9 do t[i] = ("x"):rep(1000) .. i end\n',
               (":6: ", "memory budget exceeded"), "for i = 1"),
    "deep": ("local x = " + "(" * 300 + "1" + ")" * 300 + "\n", (": ", "overflow"), None),
    "none": ("local x = 1\n", (": ", "declares no trigger; a flow calls nimbus.on_task{...}"), None),
    "empty": ("", (": ", "declares no trigger"), None),
    "twice": (GOOD + GOOD, (":5: ", "the name 'NAME' is used in line 1 already"), "nimbus.on_task {"),
    "effect": ('nimbus.tasks.update { taskId = "1" }\n', (":1: ", "effects are not available while a file loads"),
               "nimbus.tasks"),
    "no-run": (HEAD + "}\n", (":1: ", "nimbus.on_task needs a field 'run'"), "nimbus.on_task {"),
    "no-services": ('nimbus.on_task {\n  name = "x", events = { "SystemAccepted" }, run = function() end,\n}\n',
                    (":1: ", "nimbus.on_task needs a field 'services'"), "nimbus.on_task {"),
    "type": ('nimbus.on_task {\n  name = "x", services = "s", events = { 1 }, run = function() end,\n}\n',
             (":1: ", "'events' of nimbus.on_task must be a list of strings"), "nimbus.on_task {"),
    "limit": (HEAD + '  limits = { cpu = "1h" },\n  run = function() end,\n}\n',
              (":1: ", "limit cpu: 1h is out of range; allowed are 1 to 1000 ms"), "nimbus.on_task {"),
    "raises": (GOOD + 'error("not today")\n', (":5: ", "not today"), "error("),
    "bytecode": ("\x1bLua" + "x" * 50, (": ", "attempt to load a binary chunk"), None),
}


class Check(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nimflow-test-")

    def tearDown(self):
        shutil.rmtree(self.dir)

    def check(self, name, source, *args):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as file:
            file.write(source)
        return subprocess.run([path("nimflow"), "check", *args, name], cwd=self.dir, capture_output=True, text=True,
                              timeout=120, check=False)

    def test_each(self):
        for name, (source, parts, shown) in WRONG.items():
            with self.subTest(name):
                done = self.check(f"{name}.lua", source)
                self.assertEqual((1, ""), (done.returncode, done.stderr), done.stdout)
                first, *rest = done.stdout.splitlines()
                self.assertTrue(first.startswith(f"{name}.lua{parts[0]}"), first)
                for part in parts[1:]:
                    self.assertIn(part, first)
                if shown:
                    self.assertTrue(any(">" in line and shown in line for line in rest), done.stdout)
                again = self.check(f"{name}.lua", source, "--json")
                answer = json.loads(again.stdout)
                self.assertEqual((1, f"{name}.lua", False, []),
                                 (again.returncode, answer["file"], answer["ok"], answer["handlers"]))
                for part in parts:
                    self.assertIn(part, answer["error"])

    def test_good(self):
        done = self.check("good.lua", GOOD, "--json")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual({"file": "good.lua", "ok": True, "error": None, "handlers": [
            {"name": "NAME", "trigger": "nimbus.on_task", "line": 1,
             "filters": {"services": ["support@contoso.example"], "events": ["SystemAccepted"]}}]}, json.loads(done.stdout))

    def test_one_wrong_among_good_ones(self):
        self.check("good.lua", GOOD)
        self.check("bad.lua", WRONG["parse"][0])
        done = self.check("last.lua", GOOD, "good.lua", "bad.lua", "missing.lua")
        self.assertEqual(1, done.returncode)
        for part in ("good.lua: ok", "bad.lua:4: ", "missing.lua: No such file or directory", "last.lua: ok"):
            self.assertIn(part, done.stdout)

    def test_too_large(self):
        done = self.check("large.lua", "--" + "x" * (1 << 20))
        self.assertEqual(1, done.returncode)
        self.assertIn("large.lua: larger than the limit source of 1048576 bytes", done.stdout)


class Running(unittest.TestCase):
    """One host with one good flow beside the wrong ones."""

    def setUp(self):
        self.nimbus = Nimbus()
        self.host = Host(self.nimbus.url)
        self.numbers = itertools.count()

    def tearDown(self):
        status = self.host.end()
        self.nimbus.close()
        self.host.remove()
        self.assertEqual(0, status, self.host.program.errors)

    def status(self):
        """What the admin socket tells of the tenant."""
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(os.path.join(self.host.dir, "data", "admin.sock"))
        connection.request("GET", "/v1/status")
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer["tenants"][0]

    def flow_status(self, file):
        return next((flow for flow in self.status()["flows"] if flow["file"] == "flows/" + file), None)

    def still_runs(self, task):
        self.assertEqual(202, post(self.nimbus.callback(), event(task))[0])
        self.nimbus.wait(lambda: task in self.nimbus.updates)

    def new_version(self, name):
        """Events come to the new version as soon as Nimbus knows what it wants; until then to the old one or nobody."""
        def seen():
            task = f"{name} {next(self.numbers)}"
            post(self.nimbus.callback(), event(task))
            wait_until(lambda: not self.status()["running"] and not self.status()["waiting"])
            return any(name in json.dumps(bodies) for bodies in self.nimbus.updates.values())
        wait_until(seen, what="the new version")

    def test_each_wrong_one_is_told_and_the_good_one_runs(self):
        for name, (source, _, _) in WRONG.items():
            self.host.flow(f"{name}.lua", source)
        self.host.start()
        self.still_runs("beside")
        for name, (_, parts, _) in WRONG.items():
            with self.subTest(name):
                flow = self.flow_status(f"{name}.lua")
                self.assertFalse(flow["running"])
                self.assertTrue(flow["error"].startswith(f"flows/{name}.lua{parts[0]}"), flow["error"])
                for part in parts[1:]:
                    self.assertIn(part, flow["error"])
                self.assertEqual(1, sum(f"flows/{name}.lua{parts[0]}" in line for line in self.host.program.errors))
        self.assertEqual({"file": "flows/show.lua", "running": True, "error": None, "handlers": ["show caller"]},
                         self.flow_status("show.lua"))

    def test_misspelt_values_against_what_nimbus_lists(self):
        cases = {
            "event": ('"SystemAccepted"', '"SytemAccepted"', "events: unknown event 'SytemAccepted'; did you mean 'SystemAccepted'?"),
            "service": ("support@contoso", "suport@contoso",
                        "services: unknown service 'suport@contoso.example'; did you mean 'support@contoso.example'?"),
        }
        for name, (right, wrong, _) in cases.items():
            self.host.flow(f"{name}.lua", GOOD.replace("NAME", name).replace(right, wrong))
        self.host.flow("modality.lua", GOOD.replace("NAME", "modality").replace("  run", '  modalities = { "Fax" },\n  run'))
        self.host.start()
        for name, (_, _, text) in cases.items():
            self.host.error_line(f"flows/{name}.lua:1: {text}")
            self.assertIn(text, self.flow_status(f"{name}.lua")["error"])
        self.assertRegex(self.flow_status("modality.lua")["error"], "unknown modality 'Fax'.*Audio")
        self.still_runs("good")
        self.host.flow("event.lua", GOOD.replace("NAME", "event"))
        wait_until(lambda: self.flow_status("event.lua")["error"] is None, what="the corrected flow")

    def test_a_connection_that_there_is_not(self):
        self.host.flow("other.lua", GOOD.replace("NAME", "other").replace("  run", '  connection = "sales",\n  run'))
        self.host.start()
        self.assertIn("flows/other.lua:1: unknown connection 'sales'", self.flow_status("other.lua")["error"])
        self.assertIn("nimbus", self.flow_status("other.lua")["error"])
        self.still_runs("beside")

    def test_the_last_good_version_goes_on(self):
        self.host.start()
        self.host.flow("show.lua", SHOW_CALLER.replace("task.taskId,", "task.taskId"))
        line = self.host.error_line("flows/show.lua:7: ")
        self.assertIn("the last good version goes on running", line)
        self.still_runs("old")
        self.assertEqual("for +41791234567", self.nimbus.updates["old"][0]["customer"]["lastName"])
        flow = self.flow_status("show.lua")
        self.assertTrue(flow["running"])
        self.assertIn("flows/show.lua:7: ", flow["error"])
        self.host.flow("show.lua", SHOW_CALLER.replace('"for "', '"new "'))
        wait_until(lambda: self.flow_status("show.lua")["error"] is None, what="the repaired flow")
        self.new_version("new +41791234567")
        self.assertEqual(1, len(self.nimbus.registered), "the same filter needs no new registration")
        self.assertEqual([], self.nimbus.deleted)

    def test_reload_by_signal(self):
        self.host.start()
        before = sum("looking at the flow files again" in line for line in self.host.program.errors)
        self.host.program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: sum("looking at the flow files again" in line for line in self.host.program.errors) > before)
        self.still_runs("after")
        self.host.flow("second.lua", GOOD.replace("NAME", "second"))
        self.host.program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.flow_status("second.lua"), what="the new file")
        wait_until(lambda: self.flow_status("second.lua")["running"], what="the new flow")

    def test_a_removed_flow_unsubscribes(self):
        self.host.flow("sales.lua", GOOD.replace("NAME", "sales").replace("support@", "sales@"))
        self.host.start()
        self.nimbus.wait(lambda: len(self.nimbus.registered) == 2)
        number = next(i for i, body in enumerate(self.nimbus.registered, 1)
                      if body["config"]["services"] == ["sales@contoso.example"])
        secret = self.nimbus.registered[number - 1]["config"]["url"]
        self.assertEqual(202, post(secret, event("sale", serviceUPN="sales@contoso.example"))[0])
        self.host.run_of("sale")
        os.remove(os.path.join(self.host.tenant, "flows", "sales.lua"))
        self.nimbus.wait(lambda: self.nimbus.deleted)
        self.assertEqual([f"/v1/triggers/tasks/{number}"], self.nimbus.deleted)
        wait_until(lambda: post(secret, event("late", serviceUPN="sales@contoso.example"))[0] == 404, what="a dead address")
        self.assertIsNone(self.flow_status("sales.lua"))

    def test_a_name_becomes_free(self):
        """Of two files with one name the first is taken; the other one as soon as the first is gone."""
        self.host.start()
        self.host.flow("zweit.lua", SHOW_CALLER.replace('"for "', '"second "'))
        self.host.error_line("the name 'show caller' is used by flows/show.lua already")
        self.still_runs("first")
        os.remove(os.path.join(self.host.tenant, "flows", "show.lua"))
        wait_until(lambda: self.flow_status("show.lua") is None and self.flow_status("zweit.lua")["running"],
                   what="the other file")
        wait_until(lambda: self.flow_status("zweit.lua")["error"] is None)
        self.new_version("second +41791234567")

    def test_a_file_that_could_not_be_read(self):
        """Only a look at the folder in between: a folder in place of the file, then the same file again."""
        self.host.start()
        full = os.path.join(self.host.tenant, "flows", "show.lua")
        os.rename(full, full + ".aside")
        os.mkdir(full)
        self.host.error_line("show.lua: Is a directory")
        os.rmdir(full)
        os.rename(full + ".aside", full)
        wait_until(lambda: (self.flow_status("show.lua") or {"error": "none"})["error"] is None, what="the file again")
        wait_until(self.host.ready)
        self.still_runs("again")


FIND = """
nimbus.on_task {
  name = "find", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    local row = lists.find(task.initialMessage, task.emailSubject, task.customerIdentifier)
    return row and row.Name or "nobody"
  end,
}
"""


class Lists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nimbus = Nimbus()
        cls.host = Host(cls.nimbus.url, flows={"find.lua": FIND}).start()

    @classmethod
    def tearDownClass(cls):
        status = cls.host.end()
        cls.nimbus.close()
        cls.host.remove()
        assert status == 0, cls.host.program.errors

    def put(self, name, data):
        with open(os.path.join(self.host.tenant, "lists", name), "wb") as file:
            file.write(data)

    def find(self, task, file, column="MobilePhone"):
        self.assertEqual(202, post(self.nimbus.callback(), event(task, initialMessage=file, emailSubject=column))[0])
        return self.host.run_of(task)

    def refuses(self, task, *parts, file=None, column="MobilePhone"):
        run = self.find(task, file or task, column)
        self.assertEqual("failed", run["outcome"], run)
        self.assertEqual("flows/find.lua:5", run["error"]["where"])
        for part in parts:
            self.assertIn(part, run["error"]["message"])

    def good_workbook(self):
        rows = f'<row>{workbook.inline("Name")}{workbook.inline("MobilePhone")}</row>' \
               f'<row>{workbook.inline("Ada")}{workbook.inline("+41 79 123 45 67")}</row>'
        return workbook.pack(workbook.parts({"Sheet1": workbook.sheet(rows)}))

    def test_missing_workbook(self):
        self.put("Addressbook.csv", b"Name;MobilePhone\nAda;+41791234567\n")
        self.refuses("missing", "'Adressbook.csv'", "did you mean 'Addressbook.csv'?", file="Adressbook.csv")
        self.refuses("far", "quite-another.xlsx", file="quite-another.xlsx")
        self.refuses("outside", "../token", file="../token")
        self.refuses("absolute", "/etc/passwd", file="/etc/passwd")

    def test_missing_column(self):
        self.put("columns.csv", b"Name;MobilePhone\nAda;+41791234567\n")
        self.refuses("column", "'MobilPhone'", "did you mean 'MobilePhone'?", file="columns.csv", column="MobilPhone")
        self.assertEqual("Ada", self.find("right column", "columns.csv")["result"])

    def test_no_zip(self):
        self.put("text.xlsx", b"Name;MobilePhone\n" * 100)
        self.refuses("text.xlsx", "text.xlsx is not an Excel workbook (.xlsx): it is no zip archive")
        self.put("empty.xlsx", b"")
        self.refuses("empty.xlsx", "empty.xlsx")
        self.put("cut.xlsx", self.good_workbook()[:200])
        self.refuses("cut.xlsx", "cut.xlsx")

    def test_zip_bomb(self):
        files = workbook.parts({"Sheet1": workbook.sheet(f'<row>{workbook.inline("Name")}</row>' + " " * (600 << 20))})
        self.put("bomb.xlsx", workbook.pack(files, zipfile.ZIP_DEFLATED))
        self.refuses("bomb.xlsx", "bomb.xlsx, sheet 'Sheet1': it unpacks to more than 250 times its size")

    def test_it_is_read_again_when_it_is_repaired(self):
        self.put("repaired.xlsx", b"not yet")
        self.refuses("broken", file="repaired.xlsx")
        self.put("repaired.xlsx", self.good_workbook())
        numbers = itertools.count()  # a file is looked at once a second
        wait_until(lambda: self.find(f"repaired {next(numbers)}", "repaired.xlsx")["result"] == "Ada", what="the new file")


if __name__ == "__main__":
    unittest.main()
