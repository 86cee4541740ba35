#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_kv.py: what flows remember between runs: durable, shared by the flows of a tenant, bounded in bytes."""
import json
import os
import time
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

FLOW = """
nimbus.on_task {
  name     = "%s",
  services = { "support@contoso.example" },
  events   = { "SystemAccepted" },
  dedupe   = false,
  run = function(task)
    %s
  end,
}
"""


class Kv(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.host = None
        self.sent = 0

    def serve(self, tenant="", **flows):
        sources = {name + ".lua": FLOW % (name, body) for name, body in flows.items()}
        self.host = Host(self.nimbus.url, flows=sources, tenant=tenant).start()
        self.host.keep_port()
        self.callback = self.nimbus.callback()

    def tearDown(self):
        if self.host:
            self.assertEqual(self.host.end(), 0, self.host.program.errors)
            self.host.remove()
        self.nimbus.close()

    def restart(self, crash):
        self.host.kill() if crash else self.host.end()
        self.host.start()

    def result(self, **fields):
        """Send one event; how the run of the first handler ended: its result, or the error's message."""
        self.sent += 1
        task = f"t{self.sent}"
        self.assertEqual(post(self.callback, event(task, **fields))[0], 202)
        run = self.host.run_of(task)
        return run["result"] if run["outcome"] == "done" else run["error"]["message"]

    def test_values_come_back_as_they_were_after_a_crash(self):
        self.serve(a="if task.initialMessage == 'set' then\n"
                     "  kv.set('t', { a = { 1, 2, 3 }, b = 'ü' }) kv.set('n', 0.5) kv.set('f', false) kv.set('s', 'x')\n"
                     "  kv.set('gone', 1) kv.remove('gone') kv.remove('never') end\n"
                     "return { t = kv.get('t'), n = kv.get('n'), f = kv.get('f'), s = kv.get('s'), "
                     "none = kv.get('gone') == nil }")
        want = {"t": {"a": [1, 2, 3], "b": "ü"}, "n": 0.5, "f": False, "s": "x", "none": True}
        self.assertEqual(self.result(), {"none": True})
        self.assertEqual(self.result(initialMessage="set"), want)
        for crash in (True, False):
            self.restart(crash)
            self.assertEqual(self.result(), want)

    def test_a_value_ends_with_its_ttl(self):
        self.serve(a="if task.initialMessage == 'set' then kv.set('k', 1, { ttl = '1s' }) end return kv.get('k') or 'none'")
        self.assertEqual(self.result(initialMessage="set"), 1)
        time.sleep(1.1)
        self.assertEqual(self.result(), "none")
        self.restart(True)
        self.assertEqual(self.result(), "none")

    def test_bytes_are_bounded_and_an_admin_sees_and_changes_them(self):
        self.serve("limits: {kv: 1000B}\n",
                   a="local key, ttl = task.initialMessage:match('(%S+) ?(%S*)')\n"
                     "kv.set(key, ('x'):rep(300), { ttl = ttl ~= '' and ttl or nil }) return 'kept'")
        self.assertEqual([self.result(initialMessage=key) for key in "abc"], ["kept"] * 3)
        self.assertEqual(self.result(initialMessage="b"), "kept")  # it replaces one
        self.assertRegex(self.result(initialMessage="d"),
                         r"^kv\.set: no room for 303 bytes: 909 of 1000 are used \(limit kv\); remove keys")
        config = os.path.join(self.host.dir, "nimflow.yaml")
        rows = json.loads(self.host.command("limits", "acme", "set", "kv=1300B", "--json", "--config", config).stdout)
        row = next(row for row in rows["limits"] if row["name"] == "kv")
        self.assertEqual((row["used"], row["limit"]), (909, 1300))
        self.assertEqual(self.result(initialMessage="d 4s"), "kept")
        self.assertIn("no room", self.result(initialMessage="e"))
        time.sleep(4.1)  # the room of what expired is used
        self.assertEqual(self.result(initialMessage="e"), "kept")

    def test_bad_arguments(self):
        self.serve(a="local errors = {}\n"
                     "local function try(f, ...) local ok, e = pcall(f, ...) errors[#errors + 1] = ok and 'ok' or e.message end\n"
                     "try(kv.set, '', 1) try(kv.set, ('k'):rep(256), 1) try(kv.set, 'k', ('v'):rep(70000))\n"
                     "try(kv.set, 'k', 1, { ttl = 'soon' }) try(kv.set, 'k') try(kv.get, {}) return errors")
        errors = self.result()
        for text, part in zip(errors, ("must not be empty", "255", "70002 bytes as JSON; at most 65536", "'soon' is not a duration",
                                       "value", "key")):
            self.assertIn(part, text)

    def test_runs_at_the_same_time_see_whole_values(self):
        self.serve("limits: {workers: 2}\n",
                   a="for i = 1, 20 do kv.set('k', { task.taskId, task.taskId }) local v = kv.get('k') "
                     "if v[1] ~= v[2] then error('torn') end end return 'whole'")
        for i in range(20):
            self.assertEqual(post(self.callback, event(f"x{i}"))[0], 202)
        wait_until(lambda: len([r for r in self.host.runs() if r["outcome"] == "done"]) == 20, 60, "all runs done")


if __name__ == "__main__":
    unittest.main()
