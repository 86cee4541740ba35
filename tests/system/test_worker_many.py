# SPDX-License-Identifier: Apache-2.0
"""As many runs in one worker as it takes, all waiting at the same time: what they hold, and that all go on."""
import os
import resource
import time
import unittest

import worker
from worker import Effect, End, Worker

MANY = 500 if worker.SANITIZED else 10000


class Many(unittest.TestCase):
    def status(self, host, name):
        with open("/proc/%d/status" % host.process.pid, encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))

    def test_all_wait_at_the_same_time(self):
        limits = dict(wall=900000)
        with Worker() as host:
            host.load(1, "flows/x.lua", "local n = ... return http.get(n) + 1", script=True)
            for run in range(1, MANY + 1):
                host.start(run, 1, run, limits=limits)
            effects = [host.next() for _ in range(MANY)]
            self.assertEqual(sorted(effect.args["url"] for effect in effects), list(range(1, MANY + 1)))
            resident, tables = self.status(host, "VmRSS"), self.status(host, "VmPTE")
            print("%d runs wait: %d kB resident, %.1f kB each, and %d kB of page tables"
                  % (MANY, resident, resident / MANY, tables))
            if not worker.SANITIZED:
                self.assertLess(resident, 80 * MANY)
            for effect in reversed(effects):
                host.result(effect.run, effect.number, effect.args["url"])
            ends = [host.next() for _ in range(MANY)]
            self.assertEqual({end.run: end.result for end in ends}, {run: run + 1 for run in range(1, MANY + 1)})
            if not worker.SANITIZED:  # idle, nearly all of it goes back
                deadline = time.monotonic() + 30
                while self.status(host, "VmRSS") > resident // 10 and time.monotonic() < deadline:
                    time.sleep(0.2)
                self.assertLessEqual(self.status(host, "VmRSS"), resident // 10)
                self.assertLessEqual(self.status(host, "VmPTE"), tables // 10)
            host.effects["http.get"] = lambda args: args["url"]
            self.assertEqual([host.run(1, 5).result for _ in range(3)], [6, 6, 6])
            for run in range(1, MANY + 1):
                host.start(run, 1, run, limits=limits)
            for _ in range(MANY):
                self.assertIsInstance(host.next(), Effect)
        self.assertEqual(host.errors, "")

    def test_all_are_late_at_the_same_time(self):
        with Worker() as host:
            host.load(1, "flows/x.lua", "http.get(1)", script=True)
            for run in range(1, MANY + 1):
                host.start(run, 1, limits=dict(wall=900000 if run % 2 else 30000))
            for _ in range(MANY):
                host.next()
            for run in range(2, MANY + 1, 2):
                host.limits(run, wall=1)
            ends = [host.next() for _ in range(MANY // 2)]
            self.assertEqual({(end.outcome, end.run % 2) for end in ends}, {("over-time", 0)})

    def test_flow_all_in_many_runs(self):
        """More runs use flow.all than there are stacks for at one time: the others wait for theirs."""
        many = 100 if worker.SANITIZED else 3300
        with Worker() as host:
            host.load(1, "flows/x.lua", "local n = ... local a, b = flow.all { function() return http.get(n) end, "
                                        "function() return http.get(-n) end } return a + b", script=True)
            for run in range(1, many + 1):
                host.start(run, 1, run, limits=dict(wall=900000))
            effects, results, asked = [], {}, 0
            while len(results) < many:
                what = host.next(1)
                if isinstance(what, Effect):
                    effects.append(what)
                elif what:
                    results[what.run] = what.result
                else:
                    asked = asked or len(effects)
                    self.assertTrue(effects, "nothing goes on")
                    for effect in effects:
                        host.result(effect.run, effect.number, effect.args["url"] * 2 if effect.args["url"] > 0 else 0)
                    effects = []
            self.assertEqual(results, {run: 2 * run for run in range(1, many + 1)})
            self.assertEqual(asked, 2 * min(many, 3000))

    @unittest.skipIf(worker.SANITIZED, "a sanitizer has no limit of address space")
    def test_no_memory_for_another_run(self):
        with Worker() as host:
            host.load(1, "flows/x.lua", "return flow.all { function() return http.get(1) end }", script=True)
            host.load(2, "flows/x.lua", "return http.get(1)", script=True)
            with open("/proc/%d/statm" % host.process.pid, encoding="ascii") as file:
                size = int(file.read().split()[0]) * os.sysconf("SC_PAGESIZE")
            resource.prlimit(host.process.pid, resource.RLIMIT_AS, (size + (1 << 30), resource.RLIM_INFINITY))
            for run in range(1, 21):
                host.start(run, 2)
            frames = [host.next() for _ in range(20)]
            refused = [end for end in frames if isinstance(end, End)]
            waiting = [effect for effect in frames if isinstance(effect, Effect)]
            self.assertTrue(refused and waiting, frames)
            self.assertEqual({(end.outcome, end.error["message"]) for end in refused},
                             {("failed", "the worker has no memory for another run")})
            host.send_load(3, "flows/x.lua", "return 1", script=True)
            self.assertIn(b"no memory for another run", host.receive().payload)
            for effect in waiting:
                host.result(effect.run, effect.number, 1)
            self.assertEqual({host.next().outcome for _ in waiting}, {"done"})
            resource.prlimit(host.process.pid, resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))
            host.start(100, 1)
            end = host.next()
            self.assertEqual((end.outcome, end.error["message"], end.error["where"]),
                             ("failed", "flow.all: the worker has no memory for more stacks", "flows/x.lua:1"))
            resource.prlimit(host.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            host.effects["http.get"] = lambda args: 7
            self.assertEqual(host.run(1).result, 7)


if __name__ == "__main__":
    unittest.main()
