# SPDX-License-Identifier: Apache-2.0
"""Why: the fate of every event, what a run waits for, how it ended and by whose limit."""
import hashlib
import json
import os
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

FLOWS = {"lane.lua": """
nimbus.on_task {
  name = "one by one", services = { "support@contoso.example" }, events = { "SystemAccepted" }, modalities = { "Audio" },
  dedupe = false,
  run = function(task)
    if task.taskId == "spin" then while true do end end
    if task.taskId == "loud" then error("no customer") end
    if task.taskId == "skip" then return flow.skip("not ours") end
    if task.taskId:find("^slow") then flow.sleep(3) end
  end,
}
""", "email.lua": """
nimbus.on_task {
  name = "mails", services = { "support@contoso.example" }, events = { "SystemAccepted" }, modalities = { "Email" },
  where = { customerIdentifier = { "anna@contoso.example" } },
  run = function(task) end,
}
"""}


class Why(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nimbus = Nimbus()
        cls.host = Host(cls.nimbus.url, flows=FLOWS, tenant="limits:\n  cpu: 100ms\n  concurrent_runs: 1\n").start()
        cls.audio, cls.email = cls.nimbus.callback('"Audio"'), cls.nimbus.callback('"Email"')

    @classmethod
    def tearDownClass(cls):
        status = cls.host.end()
        cls.nimbus.close()
        cls.host.remove()
        assert status == 0, cls.host.program.errors

    def why(self, *args):
        done = self.host.command("why", *args, "--config", os.path.join(self.host.dir, "nimflow.yaml"))
        return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"

    def ended(self, task):
        post(self.audio, event(task))
        return self.host.run_of(task)

    def test_how_a_run_ended(self):
        for task, parts in (("loud", ["it ended failed", "flows/lane.lua:7: no customer", "dead letter"]),
                            ("skip", ["the flow skipped it: not ours"]),
                            ("spin", ["it ended over-cpu", "of 100 ms, set in tenant.yaml", "nimflow limits acme set cpu="]),
                            ("fine", ["it ended well"])):
            run = self.ended(task)
            answer = self.why(str(run["id"]))
            for part in parts:
                self.assertIn(part, answer)
            self.assertIn(f"run {run['id']} of 'one by one' (flows/lane.lua)", answer)

    def test_what_a_run_waits_for(self):
        for number in range(2):
            post(self.audio, event("slow", customerIdentifier=str(number)))
        post(self.audio, event("slow other"))
        runs = wait_until(lambda: len(self.host.runs("--open")) == 3 and self.host.runs("--open"), what="three open runs")
        other, second, first = (run["id"] for run in runs)
        wait_until(lambda: "flow.sleep" in self.why(str(first)), what="its sleep")
        self.assertIn("it waits for effect 1, flow.sleep at flows/lane.lua:9", self.why(str(first)))
        self.assertIn(f"it waits behind run {first}: a handler does the events of one key (\"slow\")", self.why(str(second)))
        answer = self.why(str(other))
        self.assertIn("its tenant has reached concurrent_runs: 1, set in tenant.yaml", answer)
        self.host.run_of("slow other")

    def test_filtered_event(self):
        body = event("filtered-1", modality="Email", customerIdentifier="bert@contoso.example")
        text = json.dumps(body).encode()
        self.assertEqual(202, post(self.email, text)[0])
        for name in ("filtered-1", hashlib.sha256(text).hexdigest()[:10]):
            answer = self.why(name)
            self.assertIn("was filtered: 'mails' does not want it: customerIdentifier", answer)
        listed = json.loads(self.why("--filtered", "--json"))
        self.assertEqual("filtered-1", listed["events"][0]["task"])
        self.assertIn("'mails' does not want it", self.why("--filtered"))
        self.assertIn("was filtered", self.why(str(listed["events"][0]["event"])))

    def test_duplicate_event(self):
        body = event("twice", modality="Email", customerIdentifier="anna@contoso.example")
        for _ in range(2):
            self.assertEqual(202, post(self.email, body)[0])
        run = self.host.run_of("twice")
        answer = self.why("twice")
        self.assertIn(f"it became run {run['id']} of 'mails'", answer)
        self.assertIn("the same came 1 more times", answer)
        self.assertIn(f"the first one is event {run['event']}", answer)
        self.assertIn(f"event {run['event']} (nimbus.on_task) was received", self.why(str(run["event"])))

    def test_refused_event(self):
        text = b'{"taskId": '
        self.assertEqual(400, post(self.audio, text)[0])
        self.assertIn("was refused: ", self.why(hashlib.sha256(text).hexdigest()))
        self.assertIn("unexpected end", self.why("--refused"))

    def test_nothing_is_known(self):
        answer = self.why("nobody knows this")
        self.assertTrue(answer.startswith("exit 3: "), answer)
        self.assertIn("nothing is known of 'nobody knows this'", answer)
        self.assertIn("exit 2", self.why("--filtered", "and more"))


if __name__ == "__main__":
    unittest.main()
