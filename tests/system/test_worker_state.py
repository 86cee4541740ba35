# SPDX-License-Identifier: Apache-2.0
"""Every run begins with the same state, in every process; and what the broker may and may not send."""
import json
import os
import struct
import subprocess
import tempfile
import time
import unittest

import worker
from worker import CANCEL, HEAD, LOAD, LOCKDOWN, RESULT, START, Worker, limits_of

ORDER = """
local words = {}
for i = 1, 200 do words['k' .. i * 7919] = i end
words[print], words[string.rep], words[words], words[1.5], words[true] = 'f', 'g', 't', 'd', 'b'
for _, t in ipairs{{}, {}, {}} do words[t] = 'table' end
local seen = {}
for _, value in pairs(words) do seen[#seen + 1] = tostring(value) end
for name in pairs(_G) do seen[#seen + 1] = tostring(name) end
local event = ...
for name in pairs(event) do seen[#seen + 1] = name end
for name in pairs(http.get('x')) do seen[#seen + 1] = name end
seen[#seen + 1] = math.random(1 << 40)
return seen
"""
EVENT = {"field%d" % i: i for i in range(40)}


def order(host, version=999, before=()):
    host.effects["http.get"] = lambda args: EVENT
    for source in before:
        host.script(source)
    host.load(version, "flows/x.lua", ORDER, script=True)
    return host.run(version, EVENT).result


class State(unittest.TestCase):
    def test_the_same_order_in_every_process(self):
        results = []
        for before in ((), ("return 1",), ("local t = {} for i = 1, 1e5 do t[i] = {} end", "return {}", "error('x')")):
            with Worker() as host:
                results.append(order(host, before=before))
        self.assertGreater(len(results[0]), 200)
        self.assertEqual(results[0], results[1])
        self.assertEqual(results[0], results[2])

    def test_the_same_order_in_every_slot(self):
        with Worker() as host:
            first = order(host)
            host.load(2, "flows/wait.lua", "http.get('x')", script=True)
            for run in range(1, 40):  # occupy slots
                host.start(run, 2)
                host.next()
            self.assertEqual(order(host), first)

    def test_every_run_is_fresh(self):
        with Worker() as host:
            host.load(1, "flows/x.lua", """
                COUNT = 0
                local up, list = 0, {}
                nimbus.on_task { name = 'A', run = function()
                  COUNT, up, list[#list + 1] = COUNT + 1, up + 1, true
                  string.upper, math.floor, pairs, EXTRA = nil, nil, nil, (EXTRA or 0) + 1
                  return {COUNT, up, #list, EXTRA}
                end }""")
            for _ in range(5):
                self.assertEqual(host.run(1, {}, trigger=0).result, [1, 1, 1, 1])

    def test_pointers_move_with_the_image(self):
        """A loaded file keeps tables keyed by tables, functions, coroutines; weak tables; suspended coroutines."""
        with Worker() as host:
            host.effects["http.get"] = lambda args: None
            host.load(1, "flows/x.lua", """
                local keys, map, weak = {}, {}, setmetatable({}, {__mode = 'k'})
                for i = 1, 300 do
                  local k = i % 3 == 0 and {} or i % 3 == 1 and function() return i end or coroutine.create(function() end)
                  keys[i], map[k], weak[k] = k, i, {i}
                end
                local co = coroutine.wrap(function() for i = 1, 1e9 do coroutine.yield(i) end end)
                co() co()
                local long = ('long'):rep(1000)
                nimbus.on_task { name = 'A', run = function()
                  http.get('wait')
                  local garbage = {}
                  for round = 1, 3 do for i = 1, 20000 do garbage[i % 100] = {i} end end
                  for i = 1, 300 do if map[keys[i]] ~= i or weak[keys[i]][1] ~= i then return 'lost ' .. i end end
                  return co() .. #long
                end }""")
            for run in range(1, 101):
                host.start(run, 1, {}, trigger=0)
            effects = [host.next() for _ in range(100)]
            for effect in effects:
                host.result(effect.run, effect.number)
            self.assertEqual({host.next().result for _ in range(100)}, {"34000"})

    def test_random_numbers_come_from_the_seed(self):
        with Worker() as host:
            host.load(1, "flows/x.lua", "R = math.random(1 << 50) nimbus.on_task { name = 'A', run = function() "
                                        "return {R, math.random(1 << 50), math.random(1 << 50)} end }")
            seeds = [(11, 12, 13, 14), (11, 12, 13, 14), (0x1234567890abcdef, 5, 6, 7), (0, 0, 0, 0), (0, 0, 0, 0)]
            numbers = [host.run(1, {}, seed=seed).result for seed in seeds]
            self.assertEqual(numbers[0], numbers[1])
            self.assertEqual(numbers[3], numbers[4])
            self.assertEqual(len({tuple(n) for n in numbers}), 3)
            self.assertEqual(len({n[0] for n in numbers}), 1)
        with Worker() as host:
            host.load(1, "flows/x.lua", "nimbus.on_task { name = 'A', run = function() "
                                        "math.randomseed(42) return math.random(1 << 50) end }")
            self.assertEqual(host.run(1, {}).result, host.run(1, {}, seed=(9, 9, 9, 9)).result)

    def test_a_script_that_throws_math_away(self):
        with Worker() as host:
            host.load(1, "flows/x.lua", "math = nil for i = 1, 1e5 do local t = {i} end "
                                        "nimbus.on_task { name = 'A', run = function() return 'fine' end }")
            self.assertEqual(host.run(1, {}).result, "fine")

    def test_many_versions(self):
        with Worker() as host:
            for version in range(1, 151):
                host.load(version, "flows/x%d.lua" % version, "return %d" % version, script=True)
            for version in range(1, 151):
                self.assertEqual(host.run(version).result, version)
            before = host.memory_kib()
            for version in range(1, 151):
                host.unload(version)
            host.load(1, "flows/x.lua", "return 0", script=True)
            if not worker.SANITIZED:
                self.assertLess(host.memory_kib(), before - 150 * 30)
            self.assertEqual(host.run(1).result, 0)


class Protocol(unittest.TestCase):
    def nonsense(self, *frames, text, lock=True):
        host = Worker(lock=lock)
        for kind, aux, ident, payload in frames:
            host.send(kind, aux, ident, payload)
        code, errors = host.die()
        self.assertEqual(code, 2, errors)
        self.assertIn(text, errors)
        self.assertIn("nimflow-worker: the broker broke the protocol: ", errors)

    def test_nonsense_ends_the_worker(self):
        start = struct.pack("=QII4Qq", 5, 0, 0, 1, 2, 3, 4, 0) + limits_of(None)
        load = struct.pack("=II", 0, 999) + limits_of(None) + struct.pack("=q", 0)
        self.nonsense((10, 0, 0, b""), text="a message of type 10")
        self.nonsense((LOAD, 0, 1, b"abc"), text="a payload of 3 bytes is too short")
        self.nonsense((LOAD, 0, 1, load), text="a file name of 999 bytes")
        self.nonsense((START, 0, 1, b""), text="a payload of 0 bytes is too short")
        self.nonsense((START, 0, 1, start), text="no handler 0 of version 5")
        self.nonsense((RESULT, 0, 1, b"x"), text="too short")
        self.nonsense((CANCEL, 77, 1, b""), text="cancel with the outcome 77")
        self.nonsense((LOCKDOWN, 0, 0, b"1234567"), text="a seccomp program of 7 bytes", lock=False)
        self.nonsense((START, 0, 0, b""), text="message 5 instead of 2", lock=False)
        host = Worker()
        host.sock.sendall(HEAD.pack(1 << 30, LOAD, 0, 1))
        self.assertIn("a frame of 1073741824 bytes", host.die()[1])

    def test_a_wrong_surface(self):
        for surface, text in [(5, "must be an object"), ({"actions": [5]}, "is not an object"),
                              ({"actions": [{"params": []}]}, "without a usable name")]:
            host = Worker(surface=surface, lock=False)
            code, errors = host.die()
            self.assertEqual(code, 2)
            self.assertIn(text, errors)

    def test_a_closed_channel_ends_it_quietly(self):
        for prepare in (lambda host: None, lambda host: host.start(1, 1, limits=dict(cpu=60000))):
            host = Worker()
            host.load(1, "flows/x.lua", "while true do end", script=True)
            prepare(host)
            time.sleep(0.02)
            self.assertEqual(host.close(), 0)
            self.assertEqual(host.errors, "")

    def test_frames_in_pieces(self):
        with Worker() as host:
            host.load(1, "flows/x.lua", "return #(...)", script=True)
            payload = struct.pack("=QII4Qq", 1, 0, 0xFFFFFFFF, 1, 2, 3, 4, 0) + limits_of(None)
            frame = HEAD.pack(len(payload) + 7, START, 0, 1) + payload + b'"12345"'
            for byte in frame:
                host.sock.sendall(bytes([byte]))
            self.assertEqual(host.next().result, 5)

    def test_a_full_socket(self):
        """The worker sends more than the socket holds while the broker does not read, then nothing is missing."""
        with Worker() as host:
            host.load(1, "flows/x.lua", "return ('x'):rep(900000)", script=True)
            limits = dict(result=1 << 20)
            for run in range(1, 61):
                host.start(run, 1, limits=limits)
            time.sleep(0.3)
            ends = [host.next() for _ in range(60)]
            self.assertEqual(sorted(end.run for end in ends), list(range(1, 61)))
            self.assertEqual({len(end.result) for end in ends}, {900000})

    def test_the_largest_event(self):
        with Worker() as host:
            host.load(1, "flows/x.lua", "return #(...)", script=True)
            text = json.dumps("y" * ((4 << 20) - 200)).encode()
            self.assertEqual(host.run(1, text).result, (4 << 20) - 200)

    def test_rights_are_gone(self):
        with Worker() as host:
            with open("/proc/%d/status" % host.process.pid, encoding="ascii") as file:
                status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
            self.assertEqual(status["NoNewPrivs"], "1")
            self.assertEqual(status["Threads"], "1")
            if host.filter:
                self.assertEqual(status["Seccomp"], "2")
            with open("/proc/%d/limits" % host.process.pid, encoding="ascii") as file:
                limits = {line[:26].strip(): line[26:].split()[:2] for line in file}
            self.assertEqual(limits["Max core file size"], ["0", "0"])
            self.assertEqual(limits["Max open files"], ["4", "4"])
            self.assertEqual(limits["Max processes"], ["0", "0"])
            self.assertEqual(sorted(os.listdir("/proc/%d/fd" % host.process.pid)), ["0", "1", "2", "3"])

    @unittest.skipIf(worker.SANITIZED, "a sanitizer needs much memory for so many")
    def test_too_many_runs(self):
        host = Worker()
        host.load(1, "flows/x.lua", "http.get('x')", script=True)
        for run in range(1, 10002):
            try:
                host.start(run, 1)
            except OSError:
                break
        with self.assertRaisesRegex(EOFError, "more than 10000 runs"):
            while True:
                host.next()
        host.close()


SPY = r"""
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>
#include <dlfcn.h>
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);
static int locked;
static void seen(const char *what, size_t len) { if (locked) { write(2, what, len); _exit(66); } }
void *malloc(size_t n) { seen("malloc\n", 7); return __libc_malloc(n); }
void *calloc(size_t a, size_t b) { seen("calloc\n", 7); return __libc_calloc(a, b); }
void *realloc(void *p, size_t n) { seen("realloc\n", 8); return __libc_realloc(p, n); }
void free(void *p) { seen("free\n", 5); __libc_free(p); }
int prctl(int a, unsigned long b, unsigned long c, unsigned long d, unsigned long e)
{
    locked = 1;
    return ((int (*)(int, unsigned long, unsigned long, unsigned long, unsigned long))dlsym(RTLD_NEXT, "prctl"))(a, b, c, d, e);
}
"""


@unittest.skipIf(worker.SANITIZED, "a sanitizer has its own malloc")
class NoMalloc(unittest.TestCase):
    def test_no_malloc_after_the_lock_down(self):
        folder = tempfile.mkdtemp()
        with open(folder + "/spy.c", "w", encoding="ascii") as file:
            file.write(SPY)
        try:
            subprocess.run([os.environ.get("CC", "cc"), "-w", "-shared", "-fPIC", "-o", folder + "/spy.so", folder + "/spy.c",
                            "-ldl"], check=True)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("no C compiler")
        os.environ["LD_PRELOAD"] = folder + "/spy.so"
        try:
            host = Worker()
        finally:
            del os.environ["LD_PRELOAD"]
        with host:
            host.effects.update({action["name"]: lambda args: None for action in host.surface["actions"]})
            sandbox = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sandbox")
            for name in sorted(os.listdir(sandbox)):
                with open(os.path.join(sandbox, name), encoding="utf-8") as file:
                    host.script("local function sleep() flow.sleep(0) end " + file.read(),
                                limits=dict(cpu=30, wall=1000, memory=20 << 20))
            order(host)
            host.script("error('x')")
            host.script("return json.encode(json.decode('[1.5,1e300,\"\\\\u00e9\"]')) .. os.date() .. ('%g %a %q'):format(1.1, 2.2, 3.3)")


if __name__ == "__main__":
    unittest.main()
