# SPDX-License-Identifier: Apache-2.0
"""The command line as a person and as a program use it: help, mistakes, and 'nimflow run' in every form."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from host import event
from programs import path

COMMANDS = ("serve", "dev", "sim", "check", "run", "runs", "version")
USAGE = ("cpu_ms", "wall_ms", "memory_bytes", "effects", "log_bytes")
HEAD = 'nimbus.on_task {\n  name = "NAME", services = { "SERVICE" }, events = { "System Accepted" },\n'
UPDATE = HEAD + """  run = function(task)
    nimbus.tasks.update { taskId = task and task.taskId or "none", customer = { lastName = "Lovelace" } }
    return "updated"
  end,
}
"""


def flow(name="handler", service="support@contoso.example", source=UPDATE):
    return source.replace("NAME", name).replace("SERVICE", service)


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nimflow-test-")

    def tearDown(self):
        shutil.rmtree(self.dir)

    def write(self, name, text):
        full = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return name

    def nimflow(self, *args, stdin=None):
        return subprocess.run([path("nimflow"), *args], cwd=self.dir, capture_output=True, text=True, timeout=120,
                              check=False, input=stdin)

    def usage_error(self, *args, parts):
        done = self.nimflow(*args)
        self.assertEqual((2, ""), (done.returncode, done.stdout), args)
        for part in parts:
            self.assertIn(part, done.stderr, args)

    def runs(self, *args, status=0):
        """The objects that 'nimflow run --json' prints, one a line."""
        done = self.nimflow("run", "--json", *args)
        self.assertEqual(status, done.returncode, done.stderr + done.stdout)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def script(self, source, *args, status=0):
        self.write("script.lua", source)
        return self.runs("--script", *args, "script.lua", status=status)[0]


class Words(Case):
    def test_help(self):
        done = self.nimflow("--help")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        for command in COMMANDS:
            self.assertRegex(done.stdout, rf"(?m)^  {command} +[A-Z].*\.$")
            for flag in ("--help", "-h"):
                own = self.nimflow(command, flag)
                self.assertEqual((0, ""), (own.returncode, own.stderr))
                self.assertIn(f"Usage: nimflow {command} ", own.stdout)
                self.assertIn("--help", own.stdout)
        self.assertEqual(done.stdout, self.nimflow("help").stdout)
        self.assertEqual(done.stdout, self.nimflow("-h").stdout)

    def test_help_wins_over_everything_else(self):
        done = self.nimflow("run", "--help", "flow.lua")
        self.assertEqual(0, done.returncode)
        self.assertIn("Usage: nimflow run ", done.stdout)

    def test_nothing(self):
        done = self.nimflow()
        self.assertEqual((2, ""), (done.returncode, done.stdout))
        self.assertIn("Usage: nimflow COMMAND", done.stderr)

    def test_unknown_words(self):
        self.usage_error("chekc", parts=["unknown command 'chekc'; did you mean 'check'?"])
        self.usage_error("zzzzzz", parts=["unknown command 'zzzzzz'; known: serve, dev, sim, check"])
        self.usage_error("run", "--jsn", "x.lua", parts=["unknown option 'jsn'; did you mean 'json'?", "nimflow run --help"])
        for command in COMMANDS:
            self.usage_error(command, "--zzzzzz", parts=["unknown option 'zzzzzz'; known: "])
        self.usage_error("run", "--json=1", "x.lua", parts=["--json takes no value"])
        self.usage_error("run", "--event", parts=["--event needs a value: --event FILE"])
        self.usage_error("run", "--json", "--json", "x.lua", parts=["--json is given too often"])

    def test_arguments(self):
        self.usage_error("run", parts=["which flow? write its file name"])
        self.usage_error("check", parts=["which flow? write its file name"])
        self.usage_error("serve", "x", parts=["unexpected 'x'"])
        self.usage_error("version", "x", parts=["unexpected 'x'"])
        self.usage_error("dev", ".", "x", parts=["unexpected 'x'"])
        self.usage_error("dev", "nowhere", parts=["nowhere has no folder flows/"])
        self.usage_error("sim", "cal", parts=["unexpected 'cal'; write 'sim', 'sim call' or 'sim world'"])
        self.usage_error("sim", "--speed", "fast", parts=["--speed fast", "whole number from 1 to"])
        self.usage_error("runs", "shw", parts=["write 'runs list', 'runs show ID', 'runs tail', 'runs export ID', 'runs start HANDLER'"])

    def test_version(self):
        done = self.nimflow("version")
        self.assertRegex(done.stdout, r"^nimflow [0-9]+\.[0-9]+\.[0-9]+ \(binding interface [0-9]+\)\n")
        self.assertEqual(done.stdout, self.nimflow("--version").stdout)
        versions = json.loads(self.nimflow("version", "--json").stdout)
        self.assertEqual({"nimflow", "binding_abi", "libuv", "libcurl", "jansson", "sqlite"}, set(versions))

    def test_nobody_there(self):
        done = self.nimflow("runs", "--socket", os.path.join(self.dir, "admin.sock"))
        self.assertEqual(4, done.returncode)
        self.assertIn("is 'nimflow serve' running?", done.stderr)
        done = self.nimflow("sim", "call", "--url", "http://127.0.0.1:1")
        self.assertEqual(4, done.returncode)
        self.assertIn("is 'nimflow sim' running?", done.stderr)
        done = self.nimflow("runs", "--config", "nope.yaml")
        self.assertEqual(3, done.returncode)
        self.assertIn("nope.yaml: No such file or directory", done.stderr)


class Run(Case):
    def test_the_object(self):
        self.write("flow.lua", flow("good", source=HEAD + '  run = function(task)\n    log("hello", 1)\n    print("a")\n'
                                    "    flow.sleep(0.01)\n    return { n = 1, s = 'ü' }\n  end,\n}\n"))
        run, = self.runs("flow.lua")
        self.assertEqual({"file", "handler", "outcome", "result", "error", "usage", "effects", "log"}, set(run))
        self.assertEqual(("flow.lua", "good", "done", {"n": 1, "s": "ü"}, None),
                         (run["file"], run["handler"], run["outcome"], run["result"], run["error"]))
        for name in USAGE:
            self.assertEqual({"limit", "used", "peak"}, set(run["usage"][name]), name)
            for value in run["usage"][name].values():
                self.assertIsInstance(value, int)
            self.assertLessEqual(run["usage"][name]["used"], run["usage"][name]["limit"])
        self.assertEqual((1000, 30000, 32 << 20, 100, 64 << 10), tuple(run["usage"][name]["limit"] for name in USAGE))
        self.assertEqual(1, run["usage"]["effects"]["used"])
        self.assertGreaterEqual(run["usage"]["wall_ms"]["used"], 10, "a sleep counts as wall time")
        self.assertGreater(run["usage"]["memory_bytes"]["peak"], 0)
        self.assertGreater(run["usage"]["log_bytes"]["used"], 0)
        self.assertEqual([("info", "hello 1", 4), ("print", "a", 5)],
                         [(line["level"], line["text"], line["line"]) for line in run["log"]])
        effect, = run["effects"]
        self.assertEqual(("flow.sleep", "flow.lua:6", True), (effect["action"], effect["where"], effect["ok"]))

    def test_an_error(self):
        run = self.script("local t = {}\nlocal function f() error('not today') end\nf()", status=1)
        self.assertEqual(("failed", None), (run["outcome"], run["result"]))
        self.assertEqual(("not today", "script.lua:2"), (run["error"]["message"], run["error"]["where"]))
        done = self.nimflow("run", "--script", "script.lua")
        self.assertEqual(1, done.returncode)
        self.assertIn("script.lua:2: not today", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^  > +2 \| local function f")

    def test_a_file_that_does_not_load(self):
        self.write("bad.lua", "local x = = 1\n")
        run, = self.runs("bad.lua", status=1)
        self.assertEqual(("bad.lua", None, "failed", "bad.lua:1"),
                         (run["file"], run["handler"], run["outcome"], run["error"]["where"]))
        self.assertIn("unexpected symbol near '='", run["error"]["message"])
        self.assertEqual({"limit": 1000, "used": 0, "peak": 0}, run["usage"]["cpu_ms"])
        run, = self.runs("missing.lua", status=1)
        self.assertEqual(("missing.lua", "No such file or directory"), (run["error"]["where"], run["error"]["message"]))

    def test_script(self):
        run = self.script("return 6 * 7")
        self.assertEqual(("script.lua", "script.lua", "done", 42),
                         (run["file"], run["handler"], run["outcome"], run["result"]))
        self.assertEqual("skipped", self.script("return flow.skip('no need')")["outcome"])
        self.assertEqual(None, self.script("")["result"])
        self.write("event.json", json.dumps(event("from the file")))
        self.assertEqual("from the file", self.script("local task = ...\nreturn task.taskId", "--event", "event.json")["result"])

    def test_several_files_and_fresh_state(self):
        """One after the other in one worker: nothing of one is there in the next, not even of the same file."""
        self.write("a.lua", "x = (x or 0) + 1\nstring.mine = 1\nreturn x")
        self.write("b.lua", "return { x = x, mine = string.mine }")
        runs = self.runs("--script", "a.lua", "b.lua", "a.lua", "a.lua")
        self.assertEqual([1, {}, 1, 1], [run["result"] or {} for run in runs])
        self.assertEqual(["a.lua", "b.lua", "a.lua", "a.lua"], [run["file"] for run in runs])

    def test_a_killed_one_is_followed_by_a_clean_one(self):
        self.write("spin.lua", "while true do end")
        self.write("eat.lua", "local t = {} for i = 1, 1e9 do t[i] = {} end")
        self.write("good.lua", "return 'clean'")
        runs = self.runs("--script", "--limit", "cpu=50ms", "spin.lua", "good.lua", "eat.lua", "good.lua", "missing.lua",
                         "good.lua", status=1)
        self.assertIn(runs[2].pop("outcome"), ("over-memory", "over-cpu"))
        self.assertEqual(["over-cpu", "done", "done", "failed", "done"],
                         [run["outcome"] for run in runs if "outcome" in run])

    def test_handlers_of_one_file(self):
        self.write("two.lua", flow("one", "a@b.c") + flow("two", "d@e.f"))
        runs = self.runs("--dry-run", "two.lua")
        self.assertEqual(["one", "two"], [run["handler"] for run in runs])

    def test_only_handlers_that_fit_the_event(self):
        self.write("two.lua", flow("support") + flow("sales", "sales@contoso.example") + flow("all", "*"))
        self.write("event.json", json.dumps(event("t", serviceUPN="Support@contoso.example")))
        runs = self.runs("--dry-run", "--event", "event.json", "two.lua")
        self.assertEqual(["support", "all"], [run["handler"] for run in runs])
        self.assertEqual("t", runs[0]["effects"][0]["args"]["taskId"])
        self.write("event.json", json.dumps(event("t", event="TaskTerminated")))
        done = self.nimflow("run", "--json", "--event", "event.json", "two.lua")
        self.assertEqual((0, ""), (done.returncode, done.stdout))
        self.assertIn("two.lua: no handler wants this event", done.stderr)

    def test_wrong_events(self):
        self.write("flow.lua", flow())
        for text, part in ((b"nonsense", "event.json: not valid JSON at line 1"), (b"[1]", "event.json: a JSON object is expected"),
                           (b"", "event.json"), (b'{"a":1,"a":2}', "event.json: not valid JSON at line 1"),
                           (b"[" * 100 + b"]" * 100, "event.json"), (b'{"a":"\xff"}', "event.json")):
            self.write("event.json", text)
            done = self.nimflow("run", "--event", "event.json", "flow.lua")
            self.assertEqual((3, ""), (done.returncode, done.stdout), text)
            self.assertIn(part, done.stderr)
        done = self.nimflow("run", "--event", "missing.json", "flow.lua")
        self.assertEqual(3, done.returncode)
        self.assertIn("missing.json: No such file or directory", done.stderr)

    def test_effects_are_refused(self):
        self.write("flow.lua", flow())
        run, = self.runs("flow.lua", status=1)
        self.assertEqual(("failed", "unsupported", "flow.lua:4"),
                         (run["outcome"], run["error"]["kind"], run["error"]["where"]))
        self.assertIn("there is no connection to Nimbus here; with --dry-run the effect is only shown", run["error"]["message"])
        self.assertEqual(("nimbus.tasks.update", False), (run["effects"][0]["action"], run["effects"][0]["ok"]))

    def test_dry_run_shows_them(self):
        self.write("flow.lua", flow())
        run, = self.runs("--dry-run", "flow.lua")
        self.assertEqual(("done", "updated"), (run["outcome"], run["result"]))
        effect, = run["effects"]
        self.assertEqual(("nimbus.tasks.update", {"taskId": "none", "customer": {"lastName": "Lovelace"}}, True),
                         (effect["action"], effect["args"], effect["ok"]))
        done = self.nimflow("run", "--dry-run", "flow.lua")
        self.assertIn('(dry run) nimbus.tasks.update {', done.stdout)

    def test_arguments_are_checked_in_a_dry_run_too(self):
        run = self.script('nimbus.tasks.update { taskId = "1", customer = { lastName = "<b>x</b>" } }', "--dry-run", status=1)
        self.assertIn("customer.lastName", run["error"]["message"])
        run = self.script('nimbus.tasks.update { taskId = "1", custmer = {} }', "--dry-run", status=1)
        self.assertIn("did you mean 'customer'?", run["error"]["message"])

    def test_lists(self):
        self.write("acme/lists/people.csv", "Name;Phone\nAda;079 123 45 67\n")
        self.write("acme/flows/find.lua", 'return lists.find("people.csv", "Phone", "+41791234567").Name')
        self.write("other/people.csv", "Name;Phone\nBob;01 23 45 67 89\n")
        self.assertEqual("Ada", self.runs("--script", "acme/flows/find.lua")[0]["result"], "lists/ beside flows/")
        self.write("other/find.lua", 'return lists.find("people.csv", "Phone", "+33123456789").Name')
        self.assertEqual("Bob", self.runs("--script", "--country", "FR", "other/find.lua")[0]["result"], "beside the flow")
        self.write("find.lua", 'return lists.find("people.csv", "Phone", "+33123456789").Name')
        self.assertEqual("Bob", self.runs("--script", "--country", "FR", "--lists", "other", "find.lua")[0]["result"])


class Limits(Case):
    def test_wrong_ones(self):
        self.write("x.lua", "return 1")
        for given, part in (("cpu", "write NAME=VALUE, for example cpu=100ms"), ("cpu=", "'' is not a duration"),
                            ("=1", "unknown limit ''"), ("cpu=1", "'1' is not a duration"), ("cpus=1s", "did you mean 'cpu'?"),
                            ("cpu=2h", "allowed are 1 to 60000 ms"), ("cpu=0ms", "out of range"), ("cpu=1.5s", "not a duration"),
                            ("memory=81MiB", "allowed are 1 to 83886080 bytes"), ("memory=-1", "not a size"),
                            ("effects=-1", "'-1' is not a whole number"), ("effects=10001", "allowed are 1 to 10000"),
                            ("wall=99999999999999999999s", "is not a duration")):
            self.usage_error("run", "--script", "--limit", given, "x.lua", parts=[part])

    def test_they_hold(self):
        run = self.script("return 1", "--limit", "cpu=100ms", "--limit", "wall=2s", "--limit", "memory=40MiB",
                          "--limit=effects=7", "--limit", "log=4KiB")
        self.assertEqual((100, 2000, 40 << 20, 7, 4096), tuple(run["usage"][name]["limit"] for name in USAGE))

    def over(self, outcome, source, limit, where, *parts):
        run = self.script(source, "--limit", limit, status=1)
        self.assertEqual((outcome, outcome, where, None),
                         (run["outcome"], run["error"]["kind"], run["error"]["where"], run["result"]))
        for part in parts:
            self.assertIn(part, run["error"]["message"])
        return run

    def test_each_budget(self):
        run = self.over("over-cpu", "local n = 0\nwhile true do n = n + 1 end", "cpu=50ms", "script.lua:2", "CPU budget exceeded")
        self.assertGreaterEqual(run["usage"]["cpu_ms"]["used"], 50)
        self.over("over-cpu", "local s = ('a'):rep(30000)\ns:find('.-.-.-.-.-.-b$')", "cpu=50ms", "script.lua:2")
        run = self.over("over-memory", "local t = {}\nfor i = 1, 1e9 do t[i] = {} end", "memory=4MiB", "script.lua:2", "memory")
        self.assertGreater(run["usage"]["memory_bytes"]["peak"], 2 << 20)
        self.over("over-memory", "local s = 'x'\nwhile true do s = s .. s end", "memory=4MiB", "script.lua:2", "memory")
        run = self.over("over-effects", "for i = 1, 10 do\n  flow.sleep(0)\nend", "effects=3", "script.lua:2", "effects")
        self.assertEqual(3, len(run["effects"]))
        self.over("over-effects", "while true do pcall(flow.sleep, 0) end", "effects=3", "script.lua:1")
        self.over("over-output", "while true do\n  log('x')\nend", "log=1KiB", "script.lua:2", "log")
        self.over("over-output", "return ('x'):rep(2000)", "result=1KiB", "script.lua:1", "result")
        self.over("over-time", "while true do flow.sleep(0.01) end", "wall=100ms", "script.lua:1", "wall budget exceeded")

    def test_source(self):
        run = self.script("return 1" + " " * 100, "--limit", "source=50B", status=1)
        self.assertEqual("failed", run["outcome"])
        self.assertIn("larger than the limit source of 50 bytes", run["error"]["message"])

    def test_a_sleep_that_is_too_long_ends_at_once(self):
        run = self.over("over-time", "log('before')\nflow.sleep(600)\nlog('after')", "wall=5min", "script.lua:2",
                        "wall budget exceeded: a wait of 600000 ms, but of 300000 ms only ")
        self.assertEqual(["before"], [line["text"] for line in run["log"]])
        self.assertLess(run["usage"]["wall_ms"]["used"], 60000)
        self.assertEqual(("flow.sleep", False), (run["effects"][0]["action"], run["effects"][0]["ok"]))
        self.over("over-time", "pcall(flow.sleep, '1d')", "wall=5s", "script.lua:1", "a wait of 86400000 ms")

    def test_a_flow_sets_less_never_more(self):
        source = HEAD + '  limits = { cpu = "LIMIT" },\n  run = function() while true do end end,\n}\n'
        self.write("flow.lua", flow(source=source.replace("LIMIT", "50ms")))
        run, = self.runs("--limit", "cpu=200ms", "flow.lua", status=1)
        self.assertEqual((50, "over-cpu"), (run["usage"]["cpu_ms"]["limit"], run["outcome"]))
        self.write("flow.lua", flow(source=source.replace("LIMIT", "500ms")))
        run, = self.runs("--limit", "cpu=200ms", "flow.lua", status=1)
        self.assertIn("500ms is out of range; allowed are 1 to 200 ms", run["error"]["message"])


if __name__ == "__main__":
    unittest.main()
