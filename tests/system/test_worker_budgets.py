# SPDX-License-Identifier: Apache-2.0
"""Each budget ends the run that exceeds it, says so with both numbers and the line, and nothing else suffers."""
import re
import time
import unittest

import worker
from worker import BY_TENANT, Effect, Worker


class Budgets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Worker()

    @classmethod
    def tearDownClass(cls):
        assert cls.host.close() == 0
        assert cls.host.errors == "", cls.host.errors

    def setUp(self):
        self.host.effects = {"flow.sleep": lambda args: None, "http.get": lambda args: None,
                             "lists.find": lambda args: None}

    def over(self, outcome, message, source, where="flows/x.lua:2", **limits):
        end = self.host.script(source, limits=limits, setter=BY_TENANT)
        self.assertEqual(end.outcome, outcome, end)
        self.assertRegex(end.error["message"], message)
        self.assertEqual((end.error["where"], end.error["kind"]), (where, outcome))
        self.assertEqual(self.host.script("return 1").result, 1)
        return end

    def test_cpu(self):
        end = self.over("over-cpu", r"^CPU budget exceeded: \d+ ms of 40 ms, set in tenant.yaml$", "log('a')\nwhile true do end", cpu=40)
        used = int(re.search(r"(\d+) ms of", end.error["message"]).group(1))
        self.assertEqual(end.usage["cpu"]["used"], used)
        self.assertEqual((end.usage["cpu"]["limit"], end.text()), (40, "a"))
        self.over("over-cpu", "^CPU", "local s = ('a'):rep(20000)\ns:find('.-.-.-.-.-.-b$')", cpu=40)
        self.over("over-cpu", "^CPU", "local function spin() while true do pcall(error) end end\npcall(spin)",
                  "flows/x.lua:1", cpu=40)
        self.over("over-cpu", "^CPU", "\nwhile true do for i = 1, 1e5 do end http.get('x') end", cpu=40, effects=10000)

    def test_cpu_is_not_wall(self):
        end = self.host.script("flow.sleep(1) local x = 0 for i = 1, 1e5 do x = x + i end return x", limits=dict(cpu=1000))
        self.assertEqual(end.outcome, "done")
        self.assertLess(end.usage["cpu"]["used"], 1000)

    def test_wall_while_waiting(self):
        self.host.effects["http.get"] = lambda args: ...
        began = time.monotonic()
        end = self.over("over-time", r"^wall budget exceeded: \d+ ms of 150 ms, set in tenant.yaml$", "\nhttp.get('never')", wall=150)
        self.assertGreaterEqual(end.usage["wall"]["used"], 150)
        self.assertGreaterEqual(time.monotonic() - began, 0.149)

    def test_wall_while_running(self):
        self.over("over-time", r"^wall budget exceeded: \d+ ms of 60 ms, set in tenant.yaml$", "\nwhile true do end", wall=60, cpu=60000)

    def test_memory(self):
        end = self.over("over-memory", r"^memory budget exceeded: \d+\.\d MiB, none of it garbage, of 4\.0 MiB, set in tenant.yaml$",
                        "local t = {}\nfor i = 1, 1e7 do t[i] = {} end", memory=4 << 20)
        self.assertLessEqual(end.usage["memory"]["peak"], 4 << 20)
        self.over("over-memory", r"^memory budget exceeded: \d+\.\d MiB of 4\.0 MiB, set in tenant.yaml$", "local s\ns = ('x'):rep(5 << 20)",
                  memory=4 << 20)
        self.over("over-memory", "^memory", "local s = 'x'\nwhile true do s = s .. s end", memory=4 << 20)
        self.over("over-memory", "^memory", "local c = {}\nwhile true do c[#c + 1] = coroutine.create(print) end", memory=4 << 20)

    def test_c_stack(self):
        with worker.Worker(program=worker.PROGRAM + "-stress") as host:
            for _ in range(3):
                end = host.script("local function f(s) return (s:gsub('.', f)) end\nreturn f('x')")
                self.assertEqual(end.outcome, "over-memory", end)
                self.assertEqual(end.error["message"], "C stack overflow: calls are nested too deeply")
                self.assertEqual(host.script("return 1").result, 1)

    def test_garbage_is_collected(self):
        end = self.host.script("local keep = ('k'):rep(1 << 20) for i = 1, 200 do local s = ('x'):rep(1 << 20) .. i end "
                               "return #keep", limits=dict(memory=8 << 20, cpu=30000))
        self.assertEqual((end.outcome, end.result), ("done", 1 << 20), end)

    def test_effects_and_lookups(self):
        self.over("over-effects", "^effects budget exceeded: 4 of 3, set in tenant.yaml$", "\nfor i = 1, 10 do http.get(i) end", effects=3)
        self.assertEqual(len(self.host.seen), 0)  # of the run after it
        end = self.over("over-effects", "^lookups budget exceeded: 6 of 5, set in tenant.yaml$",
                        "\nfor i = 1, 10 do pcall(lists.find, 'f', 'c', i) end", lookups=5)
        self.assertEqual((end.usage["lookups"]["used"], end.usage["effects"]["used"]), (5, 0))
        self.assertEqual(self.host.script("for i = 1, 3 do http.get(i) end return 'x'", limits=dict(effects=3)).result, "x")

    def test_log(self):
        end = self.over("over-output", r"^log budget exceeded: \d+ bytes of 1000 bytes, set in tenant.yaml$",
                        "\nfor i = 1, 1000 do print(('x'):rep(50)) end", log=1000)
        self.assertTrue(5 < len(end.log) < 20, end)
        self.assertLessEqual(end.usage["log"]["used"], 1000)
        self.over("over-output", "^log", "\nprint(('\\1'):rep(900))", log=1000)
        self.over("over-output", "^log", "\npcall(print, ('x'):rep(1 << 20))", log=1000)
        self.over("over-output", "^log", "\nwhile true do log() end")

    def test_result(self):
        end = self.host.script("return ('x'):rep(2000)", limits=dict(result=1000))
        self.assertEqual((end.outcome, end.result), ("over-output", None))
        self.assertEqual(end.error["message"], "result budget exceeded: 1001 bytes of 1000 bytes, the standard limit")
        self.assertEqual(self.host.script("return ('x'):rep(998)", limits=dict(result=1000)).outcome, "done")
        self.assertEqual(self.host.script("flow.skip(('x'):rep(999))", limits=dict(result=1000)).outcome, "over-output")
        end = self.host.script("return ('\\1'):rep(170000)", limits=dict(result=1 << 20))
        self.assertEqual((end.outcome, len(end.result)), ("done", 170000))

    def test_the_largest_end(self):
        """Log, result and everything at the ceiling still fit one frame."""
        end = self.host.script("for i = 1, 1000 do log(('\\1'):rep(160)) end return ('y'):rep((1 << 20) - 2)",
                               limits=dict(result=1 << 20, log=1 << 20))
        self.assertEqual((end.outcome, len(end.result), len(end.log)), ("done", (1 << 20) - 2, 1000))

    def test_a_hog_does_not_stop_the_others(self):
        self.host.load(2, "flows/hog.lua", "while true do end", script=True)
        self.host.load(3, "flows/x.lua", "http.get(1) http.get(2) return 'done'", script=True)
        self.host.start(1, 2, limits=dict(cpu=3000, wall=60000))
        self.host.start(2, 2, limits=dict(cpu=3000, wall=60000))
        order = []
        for run in range(10, 20):
            self.host.start(run, 3)
        while len(order) < 12:
            what = self.host.next()
            if isinstance(what, Effect):
                self.host.answer(what)
            else:
                order.append((what.run, what.outcome))
        self.assertEqual(sorted(order[:10]), [(run, "done") for run in range(10, 20)])
        self.assertEqual(sorted(order[10:]), [(1, "over-cpu"), (2, "over-cpu")])

    def test_the_page_tells_who_runs(self):
        self.assertEqual(self.host.running(), 0)
        self.host.load(2, "flows/hog.lua", "while true do end", script=True)
        self.host.start(4711, 2, limits=dict(cpu=500))
        seen = set()
        while True:
            seen.add(self.host.running())
            what = self.host.next(0.005)
            if what:
                break
        self.assertIn(4711, seen)
        self.assertEqual(what.outcome, "over-cpu")

    def test_memory_goes_back(self):
        if worker.SANITIZED:
            self.skipTest("a sanitizer keeps shadow memory")
        self.host.load(2, "flows/x.lua", "local t = {} for i = 1, 2e5 do t[i] = {i} end http.get('x') return 1", script=True)
        self.host.script("return 1")
        before = self.host.memory_kib()
        for run in range(1, 9):
            self.host.start(run, 2)
        effects = [self.host.next() for _ in range(8)]
        self.assertGreater(self.host.memory_kib() - before, 8 * 8000)
        for effect in effects:
            self.host.result(effect.run, effect.number)
        for _ in range(8):
            self.host.next()
        deadline = time.monotonic() + 20
        while self.host.memory_kib() - before > 8 * 80 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertLessEqual(self.host.memory_kib() - before, 8 * 80)


if __name__ == "__main__":
    unittest.main()
