# SPDX-License-Identifier: Apache-2.0
"""One flow in many fresh worker processes: every effect, the result and the log are the same, byte for byte."""
import hashlib
import unittest

import worker
from worker import Effect, Worker

PROCESSES = 20 if not worker.SANITIZED else 8
FLOW = """
local loaded = math.random(1 << 60)
nimbus.on_task { name = 'all', run = function(task)
  local words = {}
  for i = 1, 300 do words['k' .. i * 7919] = i end
  words[print], words[{}], words[coroutine.create(print)], words[2.5], words[task] = 'f', 't', 'c', 'n', 'task'
  local order = {}
  for _, value in pairs(words) do order[#order + 1] = tostring(value) end
  for name in pairs(_G) do order[#order + 1] = name end
  for name in pairs(task) do order[#order + 1] = name end
  http.get { url = 'order', headers = order }

  http.get { url = 'random', headers = { loaded, math.random(1 << 60), math.random(), math.random(10) } }
  http.get { url = 'time', headers = { os.time(), os.date(), os.clock(), time.now(), tostring({}), tostring(print) } }

  -- sorts with bad pivots: the comparisons made are effects here
  local asked = {}
  for _, size in ipairs { 150, 400, 1000 } do
    local list = {}
    for i = 1, size do list[i] = i % 2 == 0 and i or size * 2 - i end
    table.sort(list, function(a, b) asked[#asked + 1] = a * 10000 + b return a < b end)
  end
  http.get { url = 'comparisons', headers = { #asked, asked[100], asked[2000], asked[#asked // 2], asked[#asked] } }

  local turns = {}
  local function branch(n)
    return function()
      for i = 1, 4 do
        turns[#turns + 1] = n * 10 + i
        http.get { url = 'branch ' .. n, headers = { i, math.random(1 << 30) } }
        local t = {} for j = 1, n * 3000 do t[j % 10] = { j } end
      end
      return n
    end
  end
  local all = { flow.all { branch(1), branch(2), branch(3), branch(4), branch(5) } }
  http.get { url = 'turns', headers = { turns, all } }
  local t = setmetatable({}, { __mode = 'k' })
  for i = 1, 5000 do t[{}] = i end
  local left = 0
  for _ in pairs(t) do left = left + 1 end
  http.get { url = 'collected', headers = { left, collectgarbage('count') } }
  log(json.decode('{"b":[1,2.5,"\\\\u00e9"],"a":{"z":1,"y":2}}'), words.k7919)
  local ok, err = pcall(http.get, 'fail')
  return { json.encode { b = 1, a = { 2, 3 } }, tostring(err), select(2, pcall(error, 'x')), select(2, pcall(load, nil)) }
end }
"""
EVENT = {"taskId": "t1", "isAnonymous": False, "customerIdentifier": "+41", "tags": ["x", "y"], "other": {"q": 1, "p": [2]}}


def everything(noise):
    """All that the run says, with `noise` other runs before it in the same process."""
    said = []
    with Worker() as host:
        host.load(2, "flows/noise.lua", "local t = {} for i = 1, 1e5 do t[i % 100] = { i } end http.get('x')", script=True)
        host.load(1, "flows/x.lua", FLOW)
        for run in range(100, 100 + noise):  # these occupy slots, and wait
            host.start(run, 2)
            host.next()
        host.start(7, 1, EVENT, trigger=0, limits=dict(cpu=60000))
        while True:
            what = host.next()
            if not isinstance(what, Effect):
                break
            said.append("%d %s %s %s" % (what.number, what.name, what.where, what.args_text))
            failed = what.args.get("url") == "fail"
            host.result(7, what.number, what.args, dict(kind="timeout", message="m", retryable=True) if failed else None)
        said.append("%s %s %r %r" % (what.outcome, what.result_text, what.error, what.log))
        said.append(str(what.usage["memory"]["peak"]) if not worker.SANITIZED else "")
    return said


class Determinism(unittest.TestCase):
    def test_the_same_in_every_process(self):
        first = everything(0)
        self.assertEqual(len(first), 29)
        self.assertTrue(first[-2].startswith("done"), first[-2])
        for number in range(1, PROCESSES):
            self.assertEqual(first, everything(number % 4), "process %d" % number)
        print(hashlib.sha256("\n".join(first).encode()).hexdigest())


if __name__ == "__main__":
    unittest.main()
