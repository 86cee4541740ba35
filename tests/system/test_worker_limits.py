# SPDX-License-Identifier: Apache-2.0
"""Limits that change while a run goes on, pauses, signs of life, and where the CPU time went."""
import time
import unittest

import worker
from worker import (BY_ADMIN, BY_COMMAND, BY_FLOW, BY_HOST, BY_TENANT, LIMITS, Effect, End, Worker,
                    limits_of)
from worker_test import WorkerTest


class InFlight(WorkerTest):
    """flow.all runs as many functions at one time as `in_flight` says."""
    SOURCE = """
      local work = {}
      for i = 1, 12 do work[i] = function() return http.get(i) + (i % 3 == 0 and lists.find('f', 'c', i) and 0 or 0) end end
      return { flow.all(work) }"""

    def run_all(self, limit, effects=100):
        self.host.load(2, "flows/x.lua", self.SOURCE, script=True)
        self.host.start(1, 2, limits=dict(in_flight=limit, effects=effects))
        waiting = [self.host.next() for _ in range(limit)]
        most, order = limit, list(waiting)
        while True:
            what = self.host.next(0.05)
            if isinstance(what, Effect):
                waiting.append(what)
                order.append(what)
                most = max(most, len(waiting))
            elif what:
                return what, most, order
            elif waiting:
                effect = waiting.pop(0)
                self.host.result(1, effect.number, effect.args["url"] if effect.name == "http.get" else None)

    def test_at_most_so_many_at_one_time(self):
        for limit in (1, 2, 3, 8):
            end, most, order = self.run_all(limit)
            self.assertEqual((end.outcome, end.result, most), ("done", list(range(1, 13)), limit), end)
            self.assertEqual(end.usage["in_flight"], {"limit": limit, "used": limit, "peak": limit})
            self.assertEqual(end.usage["effects"]["used"] + end.usage["lookups"]["used"], 16)
            self.assertEqual([effect.number for effect in order], list(range(1, 17)))

    def test_a_higher_limit_begins_more(self):
        self.host.load(2, "flows/x.lua", self.SOURCE, script=True)
        self.host.start(1, 2, limits=dict(in_flight=1))
        effects = [self.host.next()]
        self.assertIsNone(self.host.next(0.05))
        self.host.limits(1, in_flight=4)
        effects += [self.host.next() for _ in range(3)]
        self.assertIsNone(self.host.next(0.05))
        self.assertEqual([effect.args["url"] for effect in effects], [1, 2, 3, 4])
        self.host.limits(1, in_flight=2)
        self.host.result(1, 1, 1)
        self.host.result(1, 2, 2)
        self.assertIsNone(self.host.next(0.05))
        self.host.cancel(1)
        self.assertEqual(self.host.next().outcome, "cancelled")

    def test_without_flow_all(self):
        self.host.effects.update({"http.get": lambda args: 1})
        end = self.host.script("http.get(1) http.get(2)")
        self.assertEqual(end.usage["in_flight"], {"limit": 8, "used": 1, "peak": 1})
        self.assertEqual(self.host.script("return 1").usage["in_flight"], {"limit": 8, "used": 0, "peak": 0})


class Messages(WorkerTest):
    def over(self, outcome, message, source, setter, where="flows/x.lua:2", **limits):
        end = self.host.script(source, limits=limits, setter=setter)
        self.assertEqual(end.outcome, outcome, end)
        self.assertRegex(end.error["message"], message)
        self.assertEqual((end.error["where"], end.error["kind"]), (where, outcome))
        return end

    def test_log_lines(self):
        end = self.over("over-output", "^log_lines budget exceeded: 11 of 10, set by the flow$",
                        "\nfor i = 1, 20 do pcall(print, i) end", BY_FLOW, log_lines=10)
        self.assertEqual(end.usage["log_lines"], {"limit": 10, "used": 10, "peak": 10})
        self.assertEqual([line["text"] for line in end.log], [str(i) for i in range(1, 11)])
        end = self.host.script("for i = 1, 10 do log.debug(i) end", limits=dict(log_lines=10))
        self.assertEqual((end.outcome, len(end.log)), ("done", 10))

    def test_load(self):
        self.host.send_load(5, "flows/x.lua", "\nwhile true do end", limits=dict(load=40, cpu=60000))
        frame = self.host.receive()
        answer = worker.json.loads(frame.payload)
        self.assertEqual((frame.aux, answer["kind"], answer["where"]), (1, "over-cpu", "flows/x.lua:2"))
        self.assertRegex(answer["message"], r"^load budget exceeded: \d+ ms of 40 ms, the standard limit$")
        limit, used, peak = answer["usage"]["load"]
        self.assertTrue(limit == 40 and used == peak and used > 40, answer["usage"])
        answer = self.host.load(5, "flows/x.lua", "for i = 1, 3e6 do end nimbus.on_task { name = 'A', run = function() end }",
                                limits=dict(load=10000, cpu=1))
        self.assertGreater(answer["usage"]["load"][1], 0)
        self.assertEqual(self.host.run(5, {}, trigger=0).usage["load"], {"limit": 1000, "used": answer["usage"]["load"][1],
                                                                        "peak": answer["usage"]["load"][1]})

    def test_who_set_it(self):
        self.host.effects.update({"http.get": lambda args: None, "lists.find": lambda args: None})
        self.over("over-cpu", r"^CPU budget exceeded: \d+ ms of 30 ms, set in nimflow.yaml$", "\nwhile true do end", BY_HOST, cpu=30)
        self.over("over-time", r"^wall budget exceeded: \d+ ms of 30 ms, set by 'nimflow limits'$", "\nwhile true do end",
                  BY_ADMIN, wall=30)
        self.over("over-memory", r"^memory budget exceeded: \d+\.\d MiB of 4\.0 MiB, set by --limit$",
                  "local s\ns = ('x'):rep(5 << 20)", BY_COMMAND, memory=4 << 20)
        self.over("over-effects", "^effects budget exceeded: 3 of 2, set in tenant.yaml$", "\nfor i = 1, 3 do http.get(i) end",
                  BY_TENANT, effects=2)
        self.over("over-effects", "^lookups budget exceeded: 3 of 2, set in tenant.yaml$",
                  "\nfor i = 1, 3 do lists.find('f', 'c', i) end", BY_TENANT, lookups=2)
        self.over("over-output", r"^log budget exceeded: \d+ bytes of 500 bytes, set by the flow$",
                  "\nprint(('x'):rep(1000))", BY_FLOW, log=500)

    def test_where_of_a_result(self):
        said = "^result budget exceeded: 101 bytes of 100 bytes, set by the flow$"
        self.over("over-output", said, "local s = ('x'):rep(200)\nreturn s", BY_FLOW, result=100)
        self.over("over-output", said, "local function f() return 1 end\nreturn\n('x'):rep(200 + f())", BY_FLOW,
                  "flows/x.lua:3", result=100)
        self.over("over-output", said, "if math then return ('x'):rep(200) end\nreturn {}", BY_FLOW, "flows/x.lua", result=100)
        self.over("over-output", r"^result budget exceeded: \d+ bytes of 100 bytes, set by the flow$",
                  "\nflow.skip(('x'):rep(200))", BY_FLOW, result=100)
        self.host.load(3, "flows/y.lua", "local function big(n) return ('x'):rep(n) end\nnimbus.on_task { name = 'A',\n"
                                         "  run = function()\n    local n = 200\n    return big(n)\n  end }")
        end = self.host.run(3, {}, trigger=0, limits=dict(result=100))
        self.assertEqual((end.outcome, end.error["where"]), ("over-output", "flows/y.lua:5"))

    def test_an_error_of_a_branch_has_its_own_line(self):
        def fail(args):
            raise worker.EffectError("server", "broken", 500)
        self.host.effects["http.get"] = fail
        error = self.fails("flow.all {\n function() http.get(1) end,\n function() pcall(http.get, 2)\n pcall(http.get, 3) end }")
        self.assertEqual(error["where"], "flows/x.lua:2")


class Changed(WorkerTest):
    """LIMITS: in force from the next slice of a run, whatever it does."""

    def begin(self, source, **limits):
        self.host.load(2, "flows/x.lua", source, script=True)
        self.host.start(1, 2, limits=limits)

    def ends(self, outcome, message):
        end = self.host.next()
        self.assertIsInstance(end, End)
        self.assertEqual(end.outcome, outcome, end)
        self.assertRegex(end.error["message"], message)
        return end

    def test_cpu_of_a_running_one(self):
        self.begin("\nwhile true do end", cpu=60000, wall=900000)
        time.sleep(0.1)
        self.host.limits(1, BY_ADMIN, cpu=50, wall=900000)
        end = self.ends("over-cpu", r"^CPU budget exceeded: \d+ ms of 50 ms, set by 'nimflow limits'$")
        self.assertEqual((end.error["where"], end.usage["cpu"]["limit"]), ("flows/x.lua:2", 50))

    def test_more_cpu(self):
        self.begin("local n = ... for i = 1, 3e8 do end return 'done'", cpu=500)
        self.host.limits(1, cpu=60000)
        self.assertEqual(self.host.next().outcome, "done")

    def test_wall_of_a_waiting_one(self):
        self.begin("http.get(1)", wall=900000)
        self.host.next()
        began = time.monotonic()
        self.host.limits(1, BY_ADMIN, wall=100)
        self.ends("over-time", r"^wall budget exceeded: \d+ ms of 100 ms, set by 'nimflow limits'$")
        self.assertLess(time.monotonic() - began, 20)

    def test_wall_of_a_running_one(self):
        self.begin("\nwhile true do end", cpu=60000, wall=900000)
        time.sleep(0.05)
        self.host.limits(1, BY_ADMIN, cpu=60000, wall=10)
        self.ends("over-time", r"^wall budget exceeded: \d+ ms of 10 ms")

    def test_more_wall(self):
        self.begin("return http.get(1)", wall=200)
        effect = self.host.next()
        self.host.limits(1, wall=60000)
        self.assertIsNone(self.host.next(0.5))
        self.host.result(1, effect.number, 5)
        self.assertEqual(self.host.next().result, 5)

    def test_memory(self):
        keep = "local keep = {} for i = 1, 1e5 do keep[i] = {} end "
        said = r"^memory budget exceeded: \d+\.\d MiB of 2\.0 MiB, set by 'nimflow limits'$"
        self.begin(keep + "\nhttp.get(1) return #keep")
        effect = self.host.next()
        self.host.limits(1, BY_ADMIN, memory=2 << 20)
        self.host.result(1, effect.number)
        self.ends("over-memory", said)
        self.begin(keep + "http.get(1)\nwhile true do end", cpu=60000, wall=60000)
        self.host.result(1, self.host.next().number)
        time.sleep(0.1)
        self.host.limits(1, BY_ADMIN, cpu=60000, memory=2 << 20)  # it takes no more memory
        self.ends("over-memory", said)

    def test_memory_that_is_garbage(self):
        self.begin("do local t = {} for i = 1, 1e5 do t[i] = {} end end http.get(1) local t = {} for i = 1, 100 do t[i] = {} end "
                   "return #t")
        effect = self.host.next()
        self.host.limits(1, BY_ADMIN, memory=2 << 20)
        self.host.result(1, effect.number)
        end = self.host.next()
        self.assertEqual((end.outcome, end.result), ("done", 100), end)

    def test_more_memory(self):
        self.begin("local s = http.get(1) s = ('x'):rep(6 << 20) return #s", memory=4 << 20)
        effect = self.host.next()
        self.host.limits(1, memory=16 << 20)
        self.host.result(1, effect.number)
        self.assertEqual(self.host.next().result, 6 << 20)

    def test_memory_before_it_begins(self):
        self.host.load(2, "flows/x.lua", "local t = {} for i = 1, 1e6 do t[i] = {} end", script=True)
        self.host.pause()
        self.host.start(1, 2)
        self.host.limits(1, BY_ADMIN, memory=1 << 20)
        self.host.pause(False)
        self.ends("over-memory", "of 1.0 MiB, set by 'nimflow limits'$")

    def test_counts_with_branches(self):
        self.begin("\nflow.all { function() http.get(1) http.get(2) end, function() http.get(3) http.get(4) end }")
        effects = [self.host.next(), self.host.next()]
        self.host.limits(1, BY_ADMIN, effects=3, wall=900000)
        for effect in effects:
            self.host.result(1, effect.number)
        self.assertIsInstance(self.host.next(), Effect)
        self.ends("over-effects", "^effects budget exceeded: 4 of 3, set by 'nimflow limits'$")

    def test_log_below_what_is_used(self):
        self.begin("for i = 1, 10 do log(('x'):rep(50)) end http.get(1)\nlog('y')")
        effect = self.host.next()
        self.host.limits(1, BY_ADMIN, log=100)
        self.host.result(1, effect.number)
        end = self.ends("over-output", r"^log budget exceeded: \d+ bytes of 100 bytes")
        self.assertEqual(len(end.log), 10)

    def test_a_run_that_is_gone(self):
        self.host.limits(4711, cpu=1)
        self.assertEqual(self.ok("return 1"), 1)

    def test_nonsense(self):
        for kind, aux, payload, text in [(LIMITS, 0, b"123", "limits of 3 bytes"),
                                         (LIMITS, 0, limits_of(None) + b"x", "limits of %d bytes" % (len(limits_of(None)) + 1)),
                                         (worker.PAUSE, 2, b"", "a pause of 2")]:
            host = Worker()
            host.send(kind, aux, 1, payload)
            code, errors = host.die()
            self.assertEqual(code, 2)
            self.assertIn(text, errors)


class Pause(WorkerTest):
    def tearDown(self):
        self.host.pause(False)

    def cpu_ticks(self):
        with open("/proc/%d/stat" % self.host.process.pid, encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def test_nothing_begins(self):
        self.host.load(2, "flows/x.lua", "http.get(1) return 'done'", script=True)
        self.host.load(3, "flows/x.lua", "while true do end", script=True)
        self.host.start(1, 2)
        effect = self.host.next()
        self.host.start(3, 3, limits=dict(cpu=60000, wall=900000))
        time.sleep(0.05)
        self.host.pause()
        self.host.start(2, 2)
        self.host.result(1, effect.number)
        self.host.send_load(9, "flows/x.lua", "return 1", script=True)
        self.assertIsNone(self.host.next(0.2))
        before = self.cpu_ticks()
        time.sleep(1)
        self.assertLessEqual(self.cpu_ticks() - before, 20)  # of 100
        self.host.cancel(3)
        self.assertEqual(self.host.next().outcome, "cancelled")
        self.host.pause(False)
        seen = {}
        while len(seen) < 3:
            frame = self.host.receive()
            seen[frame.kind] = frame
            if frame.kind == worker.EFFECT:
                self.host.result(2, 1)
        self.assertEqual(seen[worker.LOADED].id, 9)
        self.host.receive()

    def test_deadlines_end_runs(self):
        self.host.load(2, "flows/x.lua", "http.get(1)", script=True)
        self.host.load(3, "flows/x.lua", "while true do end", script=True)
        self.host.start(1, 2, limits=dict(wall=200))
        self.host.next()
        self.host.start(2, 3, limits=dict(wall=250, cpu=60000))
        self.host.pause()
        self.host.start(3, 2, limits=dict(wall=50))
        self.host.send_load(8, "flows/x.lua", "return 1", limits=dict(wall=100))
        frames = [self.host.receive() for _ in range(4)]
        self.assertEqual([(frame.kind, frame.id) for frame in frames if frame.kind == worker.END and frame.id == 3],
                         [(worker.END, 3)])
        loaded = [frame for frame in frames if frame.kind == worker.LOADED]
        self.assertEqual([(frame.id, frame.aux) for frame in loaded], [(8, 1)])
        self.assertEqual({End(frame).outcome for frame in frames if frame.kind == worker.END}, {"over-time"})
        for frame in frames:
            if frame.kind == worker.END:
                self.assertTrue(End(frame).error["where"].startswith("flows/x.lua"))


class Alive(WorkerTest):
    def test_while_it_computes(self):
        self.host.alive = 0
        end = self.host.script("while true do end", limits=dict(cpu=1500, wall=60000))
        self.assertEqual(end.outcome, "over-cpu")
        self.assertGreaterEqual(self.host.alive, 3)
        self.assertLessEqual(self.host.alive, end.usage["wall"]["used"] // 200)

    def test_with_many_that_compute(self):
        self.host.load(2, "flows/x.lua", "while true do end", script=True)
        self.host.alive = 0
        for run in range(1, 61):
            self.host.start(run, 2, limits=dict(cpu=25, wall=60000))
        for _ in range(60):
            self.host.next()
        self.assertGreaterEqual(self.host.alive, 1)

    def test_not_while_it_waits(self):
        self.host.load(2, "flows/x.lua", "http.get(1)", script=True)
        self.host.start(1, 2)
        effect = self.host.next()
        self.host.alive = 0
        self.assertIsNone(self.host.next(0.7))
        self.host.result(1, effect.number)
        self.host.next()
        self.assertIsNone(self.host.next(0.7))
        self.assertEqual(self.host.alive, 0)

    def test_branches_that_ask_for_nothing(self):
        self.host.alive = 0
        end = self.host.script("while true do flow.all { function() end } end", limits=dict(cpu=1000, wall=60000))
        self.assertEqual(end.outcome, "over-cpu")
        self.assertGreaterEqual(self.host.alive, 2)


class CpuLines(WorkerTest):
    def lines(self, source, outcome="over-cpu", cpu=600):
        end = self.host.script(source, limits=dict(cpu=cpu, wall=120000, memory=80 << 20))
        self.assertEqual(end.outcome, outcome, end)
        found = end.error["cpu_lines"]
        self.assertLessEqual(len(found), 3)
        self.assertEqual(found, sorted(found, key=lambda entry: -entry["ms"]))
        self.assertLessEqual(sum(entry["ms"] for entry in found), end.usage["cpu"]["used"])
        self.assertTrue(all(entry["ms"] > 0 for entry in found))
        return {entry["line"]: entry["ms"] for entry in found}

    def test_one_line(self):
        lines = self.lines("\n\nlocal n = 0\nwhile true do n = n + 1 end")
        self.assertEqual(list(lines), [4])
        self.assertGreater(lines[4], 450)

    def test_shares(self):
        lines = self.lines("""
            local function heavy() for i = 1, 3e5 do local x = i * i end end
            local function light()
              for i = 1, 1e5 do local x = i * i end
            end
            while true do heavy() light() end""")
        self.assertEqual(list(lines)[:2], [2, 4])
        self.assertGreater(lines[2], lines[4])

    def test_inside_c_functions(self):
        lines = self.lines("local s = ('a'):rep(2000)\nwhile true do\n  s:find('.-.-b')\nend")
        self.assertEqual(list(lines)[0], 3)
        lines = self.lines("local s = ('a'):rep(20000)\n\nreturn s:find('.-.-.-.-.-.-b$')")
        self.assertEqual(list(lines)[0], 3)

    def test_coroutines_and_branches(self):
        lines = self.lines("local co = coroutine.wrap(function()\n  while true do coroutine.yield() for i = 1, 1e5 do end end end)\n"
                           "flow.all { function() while true do co() end end }")
        self.assertEqual(list(lines)[0], 2)

    def test_many_lines(self):
        body = "\n".join("f()" for _ in range(200))
        lines = self.lines("local function f() for i = 1, 1e5 do end end\nwhile true do\n%s\nend" % body)
        self.assertEqual(list(lines)[0], 1)

    def test_a_small_budget(self):
        self.assertEqual(list(self.lines("\nwhile true do end", cpu=1)), [2])

    def test_while_memory_is_collected(self):
        self.assertTrue(self.lines("while true do\n  local t = {}\n  for i = 1, 1e4 do t[i] = {i, tostring(i)} end\nend"))

    def test_only_of_cpu(self):
        end = self.host.script("\nwhile true do end", limits=dict(cpu=60000, wall=200))
        self.assertNotIn("cpu_lines", end.error)

    def test_preempted_everywhere(self):
        with Worker(program=worker.PROGRAM + "-stress") as host:
            end = host.script("local t = {}\nwhile true do\n  t[#t + 1] = {}\n  if #t > 1000 then t = {} end\n"
                              "  pcall(error)\nend", limits=dict(cpu=500, wall=120000))
            self.assertEqual(end.outcome, "over-cpu")
            self.assertTrue(set(entry["line"] for entry in end.error["cpu_lines"]) <= {2, 3, 4, 5}, end)


if __name__ == "__main__":
    unittest.main()
