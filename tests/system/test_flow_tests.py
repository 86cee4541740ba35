#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_flow_tests.py: nimflow test: cases beside a flow, run without network, and what is said when one fails."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from programs import path

FLOW = """\
nimbus.on_task {
  name = "show", services = { "support@contoso.example" }, events = { "SystemAccepted" }, modalities = { "Audio" },
  run = function(task)
    local row = lists.find("Book.csv", "Phone", task.customerIdentifier)
    if not row then return flow.skip("unknown") end
    nimbus.tasks.update {
      taskId = task.taskId,
      customer = { lastName = row.Name, firstName = row.First },
      customContextParameters = { VIP = true },
    }
    return { at = os.time() }
  end,
}
"""
CALL = 'event = { taskId = "t1", customerIdentifier = "+41791112233" }'
ADA = 'answers = { ["lists.find"] = { { row = { Name = "Lovelace", First = "Ada" }, matches = 1 } } }'


def flow(body, more=""):
    return f'nimbus.on_task {{\n  name = "h", services = "*", events = {{ "SystemAccepted" }},{more}\n' \
           f"  run = function(task)\n{body}\n  end,\n}}\n"


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nimflow-test-")
        os.makedirs(os.path.join(self.dir, "flows"))
        os.makedirs(os.path.join(self.dir, "lists"))

    def tearDown(self):
        shutil.rmtree(self.dir)

    def write(self, name, text):
        pathlib.Path(self.dir, name).write_text(text, encoding="utf-8")

    def nimflow(self, *args):
        return subprocess.run([path("nimflow"), *args], cwd=self.dir, capture_output=True, text=True, timeout=120, check=False)

    def cases(self, source, *cases, status=0):
        """The verdicts of cases for a flow."""
        self.write("flows/x.lua", source)
        self.write("flows/x.test.lua", "return {\n" + "".join(f"  {{ {case} }},\n" for case in cases) + "}\n")
        done = self.nimflow("test", "--json")
        self.assertEqual((status, ""), (done.returncode, done.stderr), done.stdout)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def people(self, status=1):
        done = self.nimflow("test")
        self.assertEqual((status, ""), (done.returncode, done.stderr), done.stdout)
        return done.stdout

    def good(self, source, *cases):
        """All of them pass: one start of the program for many."""
        for verdict in self.cases(source, *cases):
            self.assertTrue(verdict["ok"], verdict)

    def bad(self, source, *cases):
        """All of them fail; the verdicts."""
        verdicts = self.cases(source, *cases, status=1)
        self.assertEqual([False] * len(cases), [verdict["ok"] for verdict in verdicts])
        return verdicts

    def one(self, source, case, ok=True):
        verdict, = self.cases(source, case, status=0 if ok else 1)
        self.assertEqual(ok, verdict["ok"], verdict)
        return verdict


class Expectations(Case):
    def test_effects(self):
        update = '{ "nimbus.tasks.update", { taskId = "t1", customer = { lastName = "Lovelace" } } }'
        head = f'name = "a", {CALL}, {ADA}, expect = '
        self.good(FLOW, f'{head}{{ outcome = "done", effects = {{ {update} }} }}',
                  f'{head}{{ effects = {{ {{ "lists.find" }}, {update} }} }}')
        exact, wrong_order, none = self.bad(
            FLOW, f'{head}{{ exactly = true, effects = {{ {update} }} }}',
            f'{head}{{ effects = {{ {update}, "lists.find" }} }}', f'{head}{{ effects = {{}} }}')
        self.assertEqual([{"what": "arguments", "action": "nimbus.tasks.update", "where": "flows/x.lua:6", "fields": [
            {"field": "customer.firstName", "got": "Ada"}, {"field": "customContextParameters", "got": {"VIP": True}}]}],
            exact["differences"])
        self.assertEqual(["missing", "new"], [d["what"] for d in wrong_order["differences"]])
        found, = none["differences"]
        self.assertEqual(("new", "nimbus.tasks.update", "flows/x.lua:6"), (found["what"], found["action"], found["where"]))

    def test_one_effect_more_does_not_make_the_others_different(self):
        source = flow('    for i = 1, 4 do nimbus.tasks.update { taskId = "t" .. i, customer = { lastName = "x" } } end')
        wanted = ", ".join(f'{{ "nimbus.tasks.update", {{ taskId = "t{i}" }} }}' for i in (1, 3, 4))
        found, = self.one(source, f'name = "a", {CALL}, expect = {{ effects = {{ {wanted} }} }}', ok=False)["differences"]
        self.assertEqual(("new", "t2"), (found["what"], found["args"]["taskId"]))

    def test_outcome_and_result(self):
        unknown = f'name = "a", {CALL}, answers = {{ ["lists.find"] = {{ json.null }} }}, expect = '
        self.good(FLOW, f'name = "a", {CALL}, {ADA}', unknown + '{ outcome = "skipped", result = "unknown" }')
        verdict, = self.bad(FLOW, unknown + '{ outcome = "done", result = "known" }')
        self.assertEqual([("outcome", "done", "skipped"), ("result", "known", "unknown")],
                         [(d["what"], d["fields"][0]["expected"], d["fields"][0]["got"]) for d in verdict["differences"]])
        broken = flow("    return task.event.there.not_there")
        self.good(broken, 'name = "a", expect = { outcome = "failed", error = "index a nil value" }',
                  'name = "a", expect = { outcome = "failed", error = { where = "flows/x.lua:4" } }')
        verdict, _ = self.bad(broken, 'name = "a"', 'name = "a", expect = { outcome = "failed", error = "disk" }')
        self.assertEqual("failed", verdict["outcome"])

    def test_the_clock_is_the_case_s(self):
        source = flow('    local a = os.time()\n    flow.sleep("3h")\n    flow.sleep(86400)\n'
                      '    return { a = a, b = time.now(), c = os.date("%H:%M:%S") }')
        self.one(source, 'name = "a", now = "2026-03-02T08:00:00Z", expect = { outcome = "done", exactly = true, '
                 'result = { a = 1772438400, b = 1772438400 + 3 * 3600 + 86400, c = "11:00:00" } }')
        at = flow("    lists.find('a.csv', 'b', 'c')\n    return os.time()")
        self.one(at, 'name = "a", now = 1000, answers = { ["lists.find"] = { { result = json.null, now = 1005 } } }, '
                 "expect = { result = 1005 }")
        self.assertEqual(self.one(flow("    return os.time()"), 'name = "a", expect = { result = 1767600000 }')["ok"], True)

    def test_random_numbers_are_those_of_the_seed(self):
        cases = [f"{case}, expect = {{ result = 0 }}" for case in ('name = "a"', 'name = "b"', 'name = "c", seed = 2')]
        got = [verdict["differences"][0]["fields"][0]["got"]
               for verdict in self.bad(flow("    return math.random(1000000)"), *cases)]
        self.assertEqual(got[0], got[1])
        self.assertNotEqual(got[0], got[2])

    def test_filters(self):
        self.good(FLOW, 'name = "a", event = { modality = "Email" }, expect = { outcome = "filtered" }')
        verdict, = self.bad(FLOW, 'name = "a", event = { serviceUPN = "sales@contoso.example" }')
        self.assertIn("does not fit the handler's filters: services", verdict["error"]["message"])
        self.good(flow("    return 1", ' where = { serviceName = "Sales" },'),
                  'name = "a", event = { serviceName = "support" }, expect = { outcome = "filtered" }',
                  'name = "b", event = { serviceName = "sales" }, expect = { outcome = "done" }')


class Answers(Case):
    def test_errors_are_those_of_production(self):
        source = flow('    local ok, e = pcall(nimbus.tasks.update, { taskId = "t", customer = { lastName = "x" } })\n'
                      "    return { ok = ok, kind = e.kind, status = e.status, retryable = e.retryable, message = e.message }")
        self.one(source, 'name = "a", answers = { ["nimbus.tasks.update"] = { { error = { kind = "rate", status = 429, '
                 'message = "slow down" } } } }, expect = { exactly = true, result = { ok = false, kind = "rate", '
                 'status = 429, retryable = true, message = "slow down" } }')
        unsafe = source.replace("nimbus.tasks.update", "nimbus.scheduler.create").replace(
            'taskId = "t", customer = { lastName = "x" }', 'serviceUpn = "a@b.example", destination = "+41791112233", dueDateTimeUtc = 1767600000')
        self.one(unsafe, 'name = "a", answers = { ["nimbus.scheduler.create"] = { { error = { kind = "server" } } } }, '
                 'expect = { result = { ok = false, kind = "server", retryable = false } }')

    def test_wrong_arguments_fail_whatever_the_answer(self):
        source = flow('    nimbus.tasks.update { taskId = "t", customer = { lastNam = "x" } }')
        self.one(source, 'name = "a", answers = { ["nimbus.tasks.update"] = { json.null } }, '
                 'expect = { outcome = "failed", error = "did you mean \'lastName\'?" }')
        nothing = flow('    nimbus.tasks.update { taskId = "t" }')
        self.one(nothing, 'name = "a", answers = { ["nimbus.tasks.update"] = { json.null } }, '
                 'expect = { outcome = "failed", error = "there is nothing to send" }')

    def test_in_order_then_a_dry_run(self):
        source = flow('    local t = {}\n    for i = 1, 3 do\n      local r = lists.find("none.csv", "a", i)\n'
                      "      t[i] = r.n\n    end\n    return t")
        answers = ", ".join(f"{{ row = {{ n = {n} }}, matches = 1 }}" for n in (7, 8, 9))
        self.one(source, f'name = "a", answers = {{ ["lists.find"] = {{ {answers} }} }}, expect = {{ result = {{ 7, 8, 9 }} }}')
        retried = flow('    flow.retry { times = 3, backoff = "1min" } (function()\n'
                       '      nimbus.tasks.update { taskId = "t", customer = { lastName = "x" } }\n    end)\n    return os.time()')
        busy = '{ error = { kind = "server", status = 503 } }'
        self.one(retried, f'name = "a", now = 0, answers = {{ ["nimbus.tasks.update"] = {{ {busy}, {busy} }} }}, '
                 'expect = { result = 180, effects = { "nimbus.tasks.update", "nimbus.tasks.update", "nimbus.tasks.update" } }')
        kept = flow("    return #nimbus.lookups.modalities()")
        self.one(kept, 'name = "a", answers = { ["nimbus.lookups.modalities"] = { { { id = "a" }, { id = "b" } } } }, '
                 "expect = { result = 2 }")

    def test_in_the_order_they_came(self):
        source = flow('    local order = {}\n    flow.all {\n'
                      '      function() lists.find("a.csv", "x", 1) order[#order + 1] = "a" end,\n'
                      '      function() lists.find("b.csv", "x", 1) order[#order + 1] = "b" end,\n    }\n    return order')
        late = '{ result = json.null, number = 1, turn = 2 }, { result = json.null, number = 2, turn = 1 }'
        self.one(source, f'name = "a", answers = {{ ["lists.find"] = {{ {late} }} }}, expect = {{ result = {{ "b", "a" }} }}')
        self.one(source, 'name = "a", answers = { ["lists.find"] = { json.null, json.null } }, '
                 'expect = { result = { "a", "b" } }')
        never = '{ result = json.null, number = 1, turn = 2 }, { result = json.null, number = 9, turn = 1 }'
        self.one(flow('    lists.find("a.csv", "x", 1)\n    return 1'),
                 f'name = "a", answers = {{ ["lists.find"] = {{ {never} }} }}, expect = {{ result = 1 }}')

    def test_lists_and_memory_are_real(self):
        self.write("lists/Book.csv", "Phone,Name,First\n079 111 22 33,Hopper,Grace\n")
        self.one(FLOW, f'name = "a", {CALL}, expect = {{ effects = {{ {{ "nimbus.tasks.update", '
                 '{ customer = { lastName = "Hopper" } } } } }')
        counted = flow('    kv.set("n", (kv.get("n") or 0) + 1)\n    return kv.get("n")')
        for verdict in self.cases(counted, *[f'name = "{i}", expect = {{ result = 1 }}' for i in range(3)]):
            self.assertTrue(verdict["ok"], verdict)


class Words(Case):
    def test_for_people(self):
        self.write("flows/x.lua", FLOW)
        self.write("flows/x.test.lua", 'return {\n  { name = "good",\n    ' + f"{CALL}, {ADA} }},\n"
                   f'  {{ name = "bad", {CALL}, {ADA},\n    expect = {{ effects = {{\n'
                   '      { "nimbus.tasks.update", { taskId = "t2", customer = { lastName = "Hopper" } } },\n'
                   '      { "kv.set", { key = "a" } },\n    } } },\n}\n')
        self.assertEqual("""\
ok    flows/x.test.lua:2: good
FAIL  flows/x.test.lua:4: bad
      flows/x.lua:6: nimbus.tasks.update
        customer.lastName: expected "Hopper", got "Lovelace"
        taskId: expected "t2", got "t1"
      missing: kv.set {"key":"a"}
2 cases, 1 failed
""", self.people())

    def test_an_error_of_the_flow_is_shown_with_its_lines(self):
        self.cases(flow("    log.warn('about to')\n    return task.event.there.not_there"), 'name = "a"', status=1)
        text = self.people()
        for part in ('outcome: expected "done", got "failed"', "flows/x.lua:5: ", "\n  >    5 |     return task.event.there.not_there\n",
                     "warn: about to"):
            self.assertIn(part, text)

    def test_mistakes_in_cases(self):
        cases, parts = [], []
        for case, part in (
                ('name = "a", evnt = {}', "unknown field of a case 'evnt'; did you mean 'event'?"),
                ('name = "a", expect = { effect = {} }', "unknown field of expect 'effect'; did you mean 'effects'?"),
                ('name = "a", expect = { outcome = "skiped" }', "unknown expect.outcome 'skiped'; did you mean 'skipped'?"),
                ('name = "a", event = { customerIdentifer = "x" }', "event: unknown field 'customerIdentifer'; did you mean"),
                ('name = "a", event = { taskInformation = { customer = { lastNam = "x" } } }', "unknown field 'lastNam'"),
                ('name = "a", event = "no.json"', "event: flows/no.json: No such file or directory"),
                ('name = "a", handler = "shwo"', "unknown handler 'shwo'; did you mean 'show'?"),
                ('name = "a", answers = { ["lists.fnd"] = {} }', "unknown action 'lists.fnd'; did you mean 'lists.find'?"),
                ('name = "a", answers = { ["lists.find"] = { row = {} } }', 'answers["lists.find"]: a list of answers is'),
                ('name = "a", answers = { ["lists.find"] = { { error = { kind = "raet" } } } }', "no error of kind 'raet'"),
                ('name = "a", expect = { effects = { { "kv.st" } } }', "expect.effects: unknown action 'kv.st'"),
                ('name = "a", expect = { effects = { { x = 1 } } }', "expect.effects: {"),
                ('name = "a", now = "noon"', "now: a text like"),
                ("event = {}", "the case has no name")):
            cases.append(case)
            parts.append(part)
        for verdict, part in zip(self.cases(FLOW, *cases, status=1), parts, strict=True):
            self.assertIn(part, verdict["error"]["message"])

    def test_mistakes_in_files(self):
        self.write("flows/x.lua", FLOW)
        for text, part in (("return {", "flows/x.test.lua:1: "), ("return 7", "flows/x.test.lua: it does not return a list"),
                           ('\nlocal x = nil + 1\nreturn {}', "flows/x.test.lua:2: "),
                           ("return { { name = 'a', expect = print } }", "a function cannot be written as JSON (field '[1].exp"),
                           ('kv.set("a", 1) nimbus.tasks.update { taskId = "t", customer = {} }', "flows/x.test.lua:1: nimbus")):
            self.write("flows/x.test.lua", text)
            self.assertIn(part, self.people())
        self.write("flows/x.test.lua", "return {}")
        self.write("flows/x.lua", "nimbus.on_task {")
        self.assertIn("flows/x.lua:1: ", self.people())
        os.unlink(os.path.join(self.dir, "flows/x.lua"))
        self.assertIn("the flow that it tests is not there: flows/x.lua", self.people())

    def test_which_files(self):
        for args, part in ((("nowhere",), "nowhere: No such file"), (("lists",), "no NAME.test.lua in it"), ((), "put one beside")):
            done = self.nimflow("test", *args)
            self.assertEqual(2, done.returncode)
            self.assertIn(part, done.stderr)
        for name in "ab":
            self.write(f"flows/{name}.lua", FLOW.replace('"show"', f'"{name}"'))
        self.write("flows/a.test.lua", 'return { { name = "first" } }')
        self.assertIn("flows/b.lua has no tests: there is no flows/b.test.lua", self.nimflow("test", "flows/b.lua").stderr)
        self.write("flows/b.test.lua", 'return { { name = "second" } }')
        for args in ((), (".",), ("flows",), ("flows/",), ("flows/a.lua", "flows/b.test.lua")):
            text = self.nimflow("test", *args).stdout
            self.assertLess(text.index("first"), text.index("second"), args)
            self.assertIn("2 cases, 2 failed", text)

    def test_several_handlers(self):
        self.write("flows/x.lua", FLOW + FLOW.replace('"show"', '"other"').replace('"unknown"', '"other"'))
        self.write("flows/x.test.lua", f'return {{ {{ name = "a", {CALL} }} }}')
        self.assertIn('flows/x.lua has 2 handlers; name one: handler = "show"', self.people())
        self.write("flows/x.test.lua", f'return {{ {{ name = "a", handler = "other", {CALL}, '
                   'answers = { ["lists.find"] = { json.null } }, expect = { result = "other" } } }')
        self.people(status=0)

    def test_check_knows_them(self):
        self.cases(FLOW, f'name = "a", {CALL}, {ADA}')
        done = self.nimflow("check", "flows/x.lua", "flows/x.test.lua")
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn("flows/x.test.lua: ok (tests; nimflow test runs them)", done.stdout)


if __name__ == "__main__":
    unittest.main()
