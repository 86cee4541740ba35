# SPDX-License-Identifier: Apache-2.0
"""Every script of tests/sandbox must end as its first line says, within its budget, and leave the worker as it was.

The first line: -- [kill] ended by a budget, [error] a Lua error, [ok] returns "SAFE", [contained] any end. After each
attack canary.lua runs in the same worker. All of them also run many at a time, in the build that preempts at any
instruction, in the one with the stack switch of other machines, and inside flow.all.
"""
import glob
import os
import re
import time
import unittest

import worker
from worker import Effect, Worker

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sandbox")
CPU_MS = 100
# A sanitizer slows the host's part of a preempted or collecting step, not the script's CPU budget.
MOST_CPU_MS = CPU_MS * (3 if worker.SANITIZED else 1.5)
MOST_SLICE_MS = 60 if worker.SANITIZED else 12
TRIES = 8  # a busy machine may make one late; an attack that is late every time is a fault of ours
LIMITS = dict(cpu=CPU_MS, wall=2000 if not worker.SANITIZED else 4000, memory=40 << 20, log=1 << 16, effects=10000)
PRELUDE = ("local function sleep(ms) flow.sleep(ms / 1000) end "
           "local function host_handle() return setmetatable({}, {__metatable = false}) end ")
EVENT = {"taskId": "t1", "isAnonymous": False, "customerIdentifier": "+41", "serviceUPN": None, "tags": ["x"],
         "taskInformation": {"customer": {"firstName": "Anna"}, "customContextParameters": [{"name": "a", "value": "b"}]}}
FAILURE = dict(kind="timeout", message="timed out", status=0, retryable=True, hint="")


def attacks():
    return [path for path in sorted(glob.glob(os.path.join(FOLDER, "*.lua"))) if not path.endswith("canary.lua")]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def expected(source):
    return re.match(r"-- \[(\w+)\]", source).group(1)


def harnessed(source, event="local event = ... "):
    """The host functions go onto the first line, before its comment: line numbers stay."""
    return event + PRELUDE + source


def verdict(want, end):
    """What is wrong with this end, or None."""
    if "ESCAPED" in end.text() or "ESCAPED" in (end.result_text or ""):
        return "it escaped: " + end.text()
    if want == "kill" and not end.outcome.startswith("over-"):
        return "it was not stopped"
    if want == "error" and end.outcome != "failed":
        return "it did not fail"
    if want == "ok" and (end.outcome != "done" or end.result != "SAFE"):
        return "it did not return SAFE"
    return None


def lateness(end, slice_ms):
    """What took too long, or None."""
    if end.cpu_ns / 1e6 > MOST_CPU_MS:
        return "it used %.1f ms of CPU" % (end.cpu_ns / 1e6)
    if slice_ms > MOST_SLICE_MS:
        return "one slice had %.1f ms" % slice_ms
    return None


def answer(args, name):
    """What the broker answers to anything but flow.sleep; a failure is a dict with retryable."""
    if name == "lists.find":
        return {"row": {"FirstName": "Hans", "Empty": None}, "matches": 2}
    if name == "http.get":
        return FAILURE if str(args.get("url", "")).startswith("fail:") else args
    return None


class Sleeper:
    """Answers effects: flow.sleep after the time asked for, all others at once; from this thread, for any number of runs."""

    def __init__(self, host):
        self.host, self.due = host, []

    def __call__(self, effect):
        if effect.name != "flow.sleep":
            value = answer(effect.args, effect.name)
            failed = value is FAILURE
            self.host.result(effect.run, effect.number, None if failed else value, FAILURE if failed else None)
            return
        duration = effect.args.get("duration")
        if not isinstance(duration, (int, float)):
            self.host.result(effect.run, effect.number, error=dict(FAILURE, kind="argument", retryable=False))
            return
        self.due.append((time.monotonic() + min(duration, 1000), effect))

    def answer(self):
        now = time.monotonic()
        for item in [item for item in self.due if item[0] <= now]:
            self.due.remove(item)
            self.host.result(item[1].run, item[1].number)

    def wait(self):
        return max(0.001, min([item[0] for item in self.due], default=time.monotonic() + 1) - time.monotonic())


def run_all(host, starts, timeout=120):
    """Start (run, version) pairs and serve them all; {run: End}."""
    sleeper, ends, deadline = Sleeper(host), {}, time.monotonic() + timeout
    for run, version in starts:
        host.start(run, version, EVENT, trigger=0, limits=LIMITS)
    while len(ends) < len(starts):
        assert time.monotonic() < deadline, "runs did not end: %s" % (set(r for r, _ in starts) - set(ends))
        what = host.next(sleeper.wait())
        if isinstance(what, Effect):
            sleeper(what)
        elif what is not None:
            ends[what.run] = what
        sleeper.answer()
    return ends


class Attacks(unittest.TestCase):
    def test_each_with_the_canary_after_it(self):
        canary, wrong = read(os.path.join(FOLDER, "canary.lua")), []
        with Worker() as host:
            host.load(1, "canary.lua", canary, script=True)
            for number, path in enumerate(attacks()):
                name, source = os.path.basename(path), read(path)
                host.load(2, name, harnessed(source), script=True)
                for attempt in range(TRIES):
                    host.longest_slice_ms()
                    end = run_all(host, [(2 * number + 1, 2)])[2 * number + 1]
                    late = lateness(end, host.longest_slice_ms())
                    if not late:
                        break
                problem = verdict(expected(source), end) or late
                if problem:
                    wrong.append("%s: %s: %r" % (name, problem, end))
                after = run_all(host, [(2 * number + 2, 1)])[2 * number + 2]
                if after.result != "SAFE":
                    wrong.append("after %s the canary says %r" % (name, after))
                if os.environ.get("VERBOSE"):
                    print("%-34s %-10s %-12s %7.1f ms, try %d  %s" % (
                        name, expected(source), end.outcome, end.cpu_ns / 1e6, attempt + 1,
                        (end.error or {}).get("where", "") + " " + (end.error or {}).get("message", "")[:60]))
        self.assertEqual(wrong, [])
        self.assertEqual(host.errors, "")

    def test_all_at_the_same_time(self):
        self.interleave(worker.PROGRAM)

    @unittest.skipIf(worker.ADDRESS_SANITIZED, "AddressSanitizer does not know swapcontext")
    def test_the_stack_switch_of_other_machines(self):
        self.interleave(worker.PROGRAM + "-ucontext")

    def test_preempted_everywhere(self):
        self.interleave(worker.PROGRAM + "-stress")

    def test_inside_flow_all(self):
        canary = read(os.path.join(FOLDER, "canary.lua"))
        with Worker() as host:
            host.load(1, "canary.lua", canary, script=True)
            for number, path in enumerate(attacks()[::3 if worker.SANITIZED else 1]):
                body = harnessed(read(path), "")
                host.load(2, os.path.basename(path), "local event = ... return flow.all { function() %s\nend, function() sleep = nil "
                          "for i = 1, 3 do flow.sleep(0) end %s\nend }" % (body, body), script=True)
                run_all(host, [(2 * number + 1, 2)])
                after = run_all(host, [(2 * number + 2, 1)])[2 * number + 2]
                self.assertEqual(after.result, "SAFE", path)

    def interleave(self, program):
        canary, wrong = read(os.path.join(FOLDER, "canary.lua")), []
        with Worker(program=program) as host:
            host.load(1, "canary.lua", canary, script=True)
            versions = {}
            for number, path in enumerate(attacks()):
                versions[100 + number] = expected(read(path))
                host.load(100 + number, os.path.basename(path), harnessed(read(path)), script=True)
            names = sorted(versions)
            for part in range(0, len(names), 12):
                starts = []
                for version in names[part:part + 12]:
                    starts += [(version * 10, version), (version * 10 + 1, 1)]
                for run, end in run_all(host, starts).items():
                    if run % 10 and end.result != "SAFE":
                        wrong.append("canary: %r" % end)
        self.assertEqual(wrong, [])
        self.assertEqual(host.errors, "")


if __name__ == "__main__":
    unittest.main()
