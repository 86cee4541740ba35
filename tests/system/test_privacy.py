# SPDX-License-Identifier: Apache-2.0
"""nimflow privacy erase: a person goes from events, effects, logs and remembered values; nobody else does."""
import json
import os
import sqlite3
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

FLOWS = {"keep.lua": """
nimbus.on_task {
  name = "keep", services = { "support@contoso.example" }, events = { "SystemAccepted" }, modalities = { "Audio" },
  run = function(task)
    log.info("call of " .. task.customerIdentifier .. " begins")
    kv.set("last:" .. task.customerIdentifier, task.taskId)
    kv.set("caller of " .. task.taskId, { email = "Anna.M@Contoso.example", phone = task.customerIdentifier, n = 3 })
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "Muster", company = "ACME" } }
    if task.taskId == "mail" then error("cannot write to anna.m@contoso.example") end
    return { said = "hello " .. task.customerIdentifier }
  end,
}
""", "open.lua": """
nimbus.on_task {
  name = "waits", services = { "support@contoso.example" }, events = { "SystemAccepted" }, modalities = { "Email" },
  run = function(task) flow.sleep(4.5) flow.sleep(4.5) flow.sleep(4.5) flow.sleep(4.5) end,
}
"""}


class Privacy(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.addCleanup(self.nimbus.close)
        self.host = Host(self.nimbus.url, flows=FLOWS).start()
        self.addCleanup(self.host.remove)
        self.audio, self.email = self.nimbus.callback('"Audio"'), self.nimbus.callback('"Email"')

    def command(self, *args):
        done = self.host.command(*args, "--config", os.path.join(self.host.dir, "nimflow.yaml"))
        return done.returncode, done.stdout if done.returncode == 0 else done.stderr

    def erase(self, *args):
        code, text = self.command("privacy", "erase", "--tenant", "acme", "--json", *args)
        self.assertEqual(0, code, text)
        return json.loads(text)

    def database(self):
        """All texts of the database, of which no part is left in the file's free pages."""
        texts = {}
        with sqlite3.connect(f"file:{self.host.dir}/data/nimflow.db?mode=ro", uri=True) as db:
            for table in ("event", "run_detail", "kv", "audit", "journal"):
                texts[table] = "\n".join(str(row) for row in db.execute(f"SELECT * FROM {table}"))
        return texts

    def test_a_person_goes(self):
        for task, number in (("t1", "+41 79 555 01 01"), ("t2", "0795550101"), ("other", "+41795550202"), ("mail", "0445550303")):
            post(self.audio, event(task, customerIdentifier=number))
            self.host.run_of(task)
        post(self.email, event("open", modality="Email", customerIdentifier="+41795550101"))
        waiting = wait_until(lambda: self.host.runs("--open"), what="an open run")[0]["id"]
        before = self.host.run_of("other")
        dry = self.erase("--number", "079 555 01 01", "--dry-run")
        self.assertEqual((2, 2, 4), (dry["events"], dry["runs"], dry["keys"]), dry)
        self.assertEqual([waiting], dry["open"])
        self.assertIn("+41 79 555 01 01", self.database()["event"])
        done = self.erase("--number", "079 555 01 01")
        self.assertEqual({**dry}, done)
        self.assertEqual(0, self.erase("--number", "+41795550101")["texts"])

        run = self.host.run_of("t1")
        mark = run["event_body"]["customerIdentifier"]
        self.assertRegex(mark, r"^\[erased \d{4}-\d\d-\d\d\]$")
        self.assertEqual(("t1", "Inbound"), (run["event_body"]["taskId"], run["event_body"]["direction"]))
        self.assertEqual(f"call of {mark} begins", run["log"][0]["text"])
        self.assertEqual(f"hello {mark}", run["result"]["said"])
        update = next(e for e in run["effects"] if e["action"] == "nimbus.tasks.update")
        self.assertEqual({"lastName": mark, "company": mark}, update["args"]["customer"])
        self.assertTrue(update["ok"] and run["usage"]["cpu_ms"]["limit"])
        self.assertEqual(before, self.host.run_of("other"))
        left = self.database()
        for table, text in left.items():
            digits = "".join(c for c in text.replace("+41795550101", "", 1) if c.isdigit()) if table == "event" else \
                "".join(c for c in text if c.isdigit())
            self.assertNotIn("795550101", digits, table)
        self.assertIn("'erase person', 'number #", left["audit"])

        # the address: what flows remember, and the words of an error
        done = self.erase("--email", "ANNA.M@contoso.example")
        self.assertGreaterEqual(done["keys"], 2)
        left = self.database()
        self.assertNotIn("anna.m@", (left["run_detail"] + left["kv"]).lower())
        self.assertIn(mark, self.host.run_of("mail")["error"]["message"])
        self.assertEqual([], done["open"])
        code, text = self.command("privacy", "erase", "--tenant", "acme", "--number", "0795550101")
        self.assertIn(f"run {waiting}", text)
        self.assertEqual(0, self.command("runs", "cancel", str(waiting))[0])
        self.host.run_of("open")
        self.assertEqual(1, self.erase("--number", "0795550101")["events"])
        self.assertEqual(0, self.host.end(), self.host.program.errors)
        # memory and database agree: a restart finds what was left
        self.host.keep_port()
        self.host.start()
        self.assertEqual(0, self.erase("--email", "anna.m@contoso.example")["keys"])
        self.assertEqual(0, self.host.end(), self.host.program.errors)

    def test_wrong_questions(self):
        for args, code, part in ((("--number", "hello"), 3, "'hello' is not a telephone number"),
                                 (("--email", "hello"), 3, "'hello' is not an e-mail address"), ((), 2, "--dry-run to look first")):
            done = self.command("privacy", "erase", "--tenant", "acme", *args)
            self.assertEqual(code, done[0], done)
            self.assertIn(part, done[1])
        self.assertIn("no tenant 'nobody'", self.command("privacy", "erase", "--tenant", "nobody", "--email", "a@b.example")[1])
        self.assertEqual(0, self.host.end(), self.host.program.errors)


if __name__ == "__main__":
    unittest.main()
