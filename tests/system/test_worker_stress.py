# SPDX-License-Identifier: Apache-2.0
"""Thousands of runs that are interleaved, preempted and killed in one worker, and tampering with a loaded flow: each run
that follows finds everything as it was loaded."""
import os
import unittest

import worker
from worker import Effect, Worker

RUNS = 3000 if not worker.SANITIZED else 200
AT_ONE_TIME = 60
LIMITS = dict(cpu=12 if not worker.SANITIZED else 60, wall=60000, memory=4 << 20, effects=20, log=4000)
EVENT = {"taskId": "t", "tags": ["x"]}

# What the runs of the stress test do, by the last digit of their number; 0 to 2 are the canaries.
KINDS = """
local kinds = {}
local function work(n) local t = {} for i = 1, n do t[i % 50] = { i, tostring(i) } end end
local function check(number)
  local list = {}
  for i = 1, 50 do list[i] = (i * 37 + number) % 101 end
  table.sort(list, function(a, b) if a == b and false then return end return a < b end)
  for i = 2, 50 do assert(list[i - 1] <= list[i]) end
  assert(KEPT == nil and COUNT == 0 and shared.n == 0 and #shared == 0 and ('x'):upper() == 'X' and getmetatable(_G) == nil)
  assert(json.encode(json.decode('[1,{"a":"b"}]')) == '[1,{"a":"b"}]')
end
kinds[0] = function(n) check(n) return 'SAFE' end
kinds[1] = function(n) check(n) flow.sleep(0) check(n) return 'SAFE' end
kinds[2] = function(n)
  local a, b = flow.all { function() flow.sleep(0) check(n) return 1 end, function() work(100) flow.sleep(0) return 2 end }
  check(n)
  return a + b == 3 and 'SAFE'
end
kinds[3] = function() COUNT, KEPT, shared.n = 1, {}, 5 shared[1] = 1 while true do pcall(work, 1000) end end
kinds[4] = function() string.upper = nil local t = {} while true do t[#t + 1] = ('x'):rep(5000) .. #t end end
kinds[5] = function() setmetatable(_G, { __index = error }) flow.all { function() flow.sleep(0) while true do end end, work } end
kinds[6] = function() shared.n = 1 while true do http.get('x') work(10) end end
kinds[7] = function() COUNT = 7 pcall(string.find, ('a'):rep(20000), '.-.-.-.-b$') end
kinds[8] = function() shared.n = 1 pcall(table.sort, shared, error) error(shared) end
kinds[9] = function() while true do log(('y'):rep(50)) coroutine.wrap(function() flow.sleep(0) end)() end end
"""
FLOW = KINDS + """
COUNT, shared = 0, { n = 0 }
nimbus.on_task { name = 'stress', run = function(event) return kinds[event.isAnonymous % 10](event.isAnonymous) end }
"""
OUTCOMES = {3: {"over-cpu"}, 4: {"over-memory", "over-cpu"}, 5: {"over-cpu"}, 6: {"over-effects"}, 7: {"over-cpu"}, 8: {"failed"},
            9: {"over-output", "over-effects", "over-cpu"}}


class Stress(unittest.TestCase):
    def stress(self, program, runs):
        """Keep AT_ONE_TIME runs going; a few are cancelled on their way."""
        with Worker(program=program) as host:
            host.load(1, "flows/x.lua", FLOW)
            begun, ends, wrong = 0, 0, []
            while ends < runs:
                while begun < runs and begun - ends < AT_ONE_TIME:
                    begun += 1
                    host.start(begun, 1, dict(EVENT, isAnonymous=begun), trigger=0, limits=LIMITS)
                what = host.next()
                if isinstance(what, Effect):
                    if what.run % 70 == 6:
                        host.cancel(what.run)
                    else:
                        host.result(what.run, what.number)
                    continue
                self.assertIsNotNone(what, "no run ends any more")
                ends += 1
                kind = what.run % 10
                if what.outcome != "cancelled" and (what.result != "SAFE" if kind < 3 else what.outcome not in OUTCOMES[kind]):
                    wrong.append("run %d: %r" % (what.run, what))
        self.assertEqual(wrong, [])
        self.assertEqual(host.errors, "")

    def test_thousands_of_runs(self):
        self.stress(worker.PROGRAM, RUNS)

    def test_preempted_at_any_instruction(self):
        self.stress(worker.PROGRAM + "-stress", RUNS // 10)

    @unittest.skipIf(worker.ADDRESS_SANITIZED, "AddressSanitizer does not know swapcontext")
    def test_the_stack_switch_of_other_machines(self):
        self.stress(worker.PROGRAM + "-ucontext", RUNS // 10)


LOADED = """
local up, list, weak = 0, { 1, 2, 3 }, setmetatable({}, { __mode = 'kv' })
local cyclic = {} cyclic.__index, cyclic.me = cyclic, cyclic
setmetatable(cyclic, cyclic)
weak[cyclic] = list
local thread = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() up = 99 end })
  for i = 1, 10 do coroutine.yield(i) end end)
assert(select(2, coroutine.resume(thread)) == 1)
local near = {} -- numbers and texts that look like addresses of a heap
for i = 0, 40 do near[i + 1] = 0x2c5b53300000 + i * 65536 near[('k'):rep(i)] = string.pack('<i8i8', 0x2c5b53300000 + i, i) end
string.own, math.own, json.own, flow.own = 1, 2, 3, 4
local function state()
  return json.encode { up, list, weak[cyclic] == list, cyclic.me == cyclic, coroutine.status(thread), string.own, math.own, json.own,
    flow.own, ('x'):rep(2), LEAK or 'none', math.type(near[1]), tostring(getmetatable(_G)), rawlen(near) }
end
local function tamper()
  up, list[1], weak[cyclic], cyclic.me, LEAK = up + 1, 'x', nil, nil, true
  coroutine.resume(thread) coroutine.close(thread)
  string.own, math.own, json.own, flow.own, string.rep = nil, nil, nil, nil, nil
  setmetatable(_G, { __index = function() return 'x' end })
  setmetatable(cyclic, nil)
  for k in pairs(near) do near[k] = nil end
  for name in pairs(_G) do if name ~= '_G' then _G[name] = nil end end
end
nimbus.on_task { name = 'A', run = function() local s = state() tamper() return s end }
nimbus.on_task { name = 'B', run = function() local s = state() http.get('x') tamper() while true do end end }
nimbus.on_task { name = 'C', run = function() return state() end }
"""


class Image(unittest.TestCase):
    def test_tampering_is_gone_in_the_next_run(self):
        with Worker() as host:
            host.effects["http.get"] = lambda args: None
            host.load(1, "flows/x.lua", LOADED)
            first = host.run(1, EVENT, handler=2, trigger=0).result
            self.assertIn('"suspended"', first)
            for _ in range(5):
                self.assertEqual(host.run(1, EVENT, handler=0, trigger=0).result, first)
                self.assertEqual(host.run(1, EVENT, handler=1, trigger=0, limits=dict(cpu=10)).outcome, "over-cpu")
                self.assertEqual(host.run(1, EVENT, handler=2, trigger=0).result, first)

    def test_images_that_are_too_large_or_odd(self):
        with Worker() as host:
            host.load(1, "flows/ok.lua", LOADED)
            for source in ("T = {} for i = 1, 1e6 do T[i] = ('x'):rep(200) .. i end",
                           "nimbus.on_task { name = 'A', run = print } T = ('x'):rep(20 << 20)",
                           "T = ('x'):rep(1 << 40)", "while true do end", "flow.all { print }", "flow.skip('x')", "http.get('x')",
                           "local x <close> = setmetatable({}, { __close = function() while true do end end })",
                           "error(setmetatable({}, { __tostring = function() while true do end end }))", "return coroutine.yield()"):
                with self.assertRaises(worker.LoadFailed, msg=source):
                    host.load(2, "flows/bad.lua", source, limits=dict(load=100))
            self.assertIn('"suspended"', host.run(1, EVENT, handler=2, trigger=0).result)


if __name__ == "__main__":
    unittest.main()
