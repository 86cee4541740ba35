# SPDX-License-Identifier: Apache-2.0
"""What a script sees: effects, events, rows, errors, triggers, modules; and what the broker hears of it."""
import time
import unittest

from worker import Effect, EffectError, LoadFailed, Worker

HANDLER = "nimbus.on_task {\n  name = 'A', services = '*',\n  run = function(task)\n%s\n  end,\n}\n"


class WorkerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Worker()

    @classmethod
    def tearDownClass(cls):
        assert cls.host.close() == 0
        assert cls.host.errors == "", cls.host.errors

    def setUp(self):
        self.host.effects = {"flow.sleep": lambda args: None}

    def ok(self, source, event=None, **options):
        end = self.host.script(source, event, **options)
        self.assertEqual(end.outcome, "done", end)
        return end.result

    def fails(self, source, event=None, **options):
        end = self.host.script(source, event, **options)
        self.assertEqual(end.outcome, "failed", end)
        return end.error

    def refused(self, source, **options):
        with self.assertRaises(LoadFailed) as caught:
            self.host.load(1, "flows/x.lua", source, **options)
        return caught.exception


class Effects(WorkerTest):
    def test_the_example_of_a_flow(self):
        self.host.effects["lists.find"] = lambda args: {"row": {"FirstName": "Ann", "VIP": None}, "matches": 2}
        self.host.effects["nimbus.tasks.update"] = lambda args: True
        answer = self.host.load(1, "flows/show-caller.lua", HANDLER % """
          local row, matches = lists.find("Addressbook.xlsx", "MobilePhone", task.customerIdentifier)
          if not row then return flow.skip("not in the list") end
          nimbus.tasks.update { taskId = task.taskId, customer = { firstName = row.firstname }, n = matches, v = row.VIP }
          log.info("shown", row.FirstName)""")
        self.assertEqual(answer["handlers"], [{"trigger": "nimbus.on_task", "name": "A", "line": 1,
                                               "filters": {"services": ["*"]}}])
        end = self.host.run(1, {"taskId": "T1", "customerIdentifier": "+41"}, trigger=0)
        self.assertEqual(end.outcome, "done", end)
        find, update = self.host.seen
        self.assertEqual(find.args, {"file": "Addressbook.xlsx", "column": "MobilePhone", "value": "+41"})
        self.assertEqual(find.where, "flows/show-caller.lua:5")
        self.assertEqual(update.args_text, '{"customer":{"firstName":"Ann"},"n":2,"taskId":"T1"}')
        self.assertEqual((find.number, update.number), (1, 2))
        self.assertEqual(end.log, [{"level": "info", "text": "shown Ann", "line": 8}])
        self.assertEqual(end.usage["effects"], {"limit": 100, "used": 1, "peak": 1})
        self.assertEqual(end.usage["lookups"], {"limit": 1000, "used": 1, "peak": 1})

    def test_arguments_by_position_and_by_name(self):
        seen = []
        self.host.effects["http.get"] = lambda args: seen.append(args)
        self.ok("http.get('u') http.get('u', {headers={a='1'}}) http.get{url='u'} http.get()")
        self.assertEqual(seen, [{"url": "u"}, {"url": "u", "headers": {"a": "1"}}, {"url": "u"}, {}])
        self.assertIn("takes one table", self.fails("nimbus.tasks.update('x')")["message"])
        self.assertIn("takes 1 arguments", self.fails("http.get('x', 'y')")["message"])

    def test_a_failed_effect_raises_an_object(self):
        def deny(_):
            raise EffectError("denied", "no right for that", 403, False, "rights.role")
        self.host.effects["http.get"] = deny
        self.assertEqual(self.ok("\nlocal ok, e = pcall(http.get, 'x')\n"
                                 "return {ok, tostring(e), e.kind, e.message, e.status, e.retryable, e.hint, e.where}"),
                         [False, "flows/x.lua:2: no right for that", "denied", "no right for that", 403, False,
                          "rights.role", "flows/x.lua:2"])
        error = self.fails("local function inner()\n  http.get('x')\nend\ninner()\n")
        self.assertEqual((error["message"], error["where"], error["kind"], error["hint"]),
                         ("no right for that", "flows/x.lua:2", "denied", "rights.role"))
        self.assertEqual(len(error["traceback"]), 2)
        self.assertEqual(self.ok("local r, e = flow.try(http.get, 'x') return {r == nil, e.kind}"), [True, "denied"])

    def test_retry(self):
        calls = []

        def flaky(args):
            calls.append(args)
            if len(calls) < 3:
                raise EffectError("server", "later", 503, True)
            return {"fine": True}
        self.host.effects["http.get"] = flaky
        self.assertEqual(self.ok("return flow.retry{times=3, backoff='2s'}(http.get, 'x').fine"), True)
        self.assertEqual([e.args for e in self.host.seen if e.name == "flow.sleep"], [{"duration": 2}, {"duration": 4}])
        calls.clear()
        self.assertEqual(self.fails("local r = flow.retry{times=2, backoff=0}(http.get, 'x') return r")["kind"], "server")

    def test_anywhere(self):
        self.host.effects["http.get"] = lambda args: args["url"]
        source = """
          local function get(x) return http.get(x) end
          local out = {}
          local ok, v = pcall(get, 'pcall') out[#out+1] = v
          local t = {3, 1, 2} table.sort(t, function(a, b) get('x') return a < b end) out[#out+1] = t[1]
          out[#out+1] = (('ab'):gsub('.', function(c) return get(c .. c) end))
          out[#out+1] = setmetatable({}, {__index = function(_, k) return get(k) end}).meta
          out[#out+1] = tostring(setmetatable({}, {__tostring = function() return get('text') end}))
          local co = coroutine.wrap(function(a) local b = coroutine.yield(get(a)) return get(b) end)
          out[#out+1] = co('co1') out[#out+1] = co('co2')
          local i = 0
          out[#out+1] = load(function() i = i + 1 return get(({'return ', '42', ''})[i]) end)()
          for k in (function() return get(nil) end) do end
          do local c <close> = setmetatable({}, {__close = function() out[#out+1] = get('close') end}) end
          return out"""
        self.host.effects["http.get"] = lambda args: args.get("url")
        self.assertEqual(self.ok(source), ["pcall", 1, "aabb", "meta", "text", "co1", "co2", 42, "close"])

    def test_many_at_once_end_in_any_order(self):
        self.host.load(2, "flows/x.lua", "local n = ... local r = http.get(n) return n .. r", script=True)
        for run in range(1, 301):
            self.host.start(run, 2, "e%d" % run)
        effects = [self.host.next() for _ in range(300)]
        for effect in reversed(effects):
            self.host.result(effect.run, effect.number, "-" + effect.args["url"])
        ends = [self.host.next() for _ in range(300)]
        self.assertEqual({e.run: e.result for e in ends}, {n: "e%d-e%d" % (n, n) for n in range(1, 301)})

    def test_results_keep_their_shape(self):
        self.host.effects["http.get"] = lambda args: {"list": [], "null": None, "float": 1.5, "big": 2**53, "t": "é\u0000\""}
        self.assertEqual(self.ok("local r = http.get('x') return {r.list, r.null == nil, r.float, r.big, r.t}"),
                         [[], True, 1.5, 2**53, "é\u0000\""])
        self.host.effects["http.get"] = lambda args: None
        self.assertEqual(self.ok("return http.get('x') == nil"), True)

    def test_a_megabyte_each_way(self):
        self.host.effects["http.get"] = lambda args: args["url"] * 3
        self.assertEqual(self.ok("return #http.get(('x'):rep(1000000))"), 3000000)
        self.assertIn("larger than", self.fails("http.get(('x'):rep(1100000))")["message"])

    def test_cancel_in_every_state(self):
        self.host.effects["http.get"] = lambda args: ...
        self.host.load(2, "flows/x.lua", "log('before') http.get('x')", script=True)
        self.host.start(1, 2)
        self.assertIsInstance(self.host.next(), Effect)
        self.host.cancel(1, "cancelled")
        end = self.host.next()
        self.assertEqual((end.outcome, end.text(), end.error["where"]), ("cancelled", "before", "flows/x.lua:1"))
        self.host.result(1, 1, "too late")  # nobody minds
        self.host.load(3, "flows/x.lua", "while true do end", script=True)
        self.host.start(2, 3, limits=dict(cpu=60000))
        time.sleep(0.05)
        self.host.cancel(2, "over-time")
        self.assertEqual(self.host.next().outcome, "over-time")
        self.host.cancel(77)  # unknown
        self.assertEqual(self.ok("return 1"), 1)

    def test_unload_lets_runs_go_on(self):
        self.host.load(5, "flows/x.lua", "return http.get('x')", script=True)
        self.host.start(9, 5)
        effect = self.host.next()
        self.host.unload(5)
        self.host.result(9, effect.number, "still here")
        self.assertEqual(self.host.next().result, "still here")

    def test_the_clock_stands_still_between_messages(self):
        def later(_):
            self.host.now_ms += 2500
        start, self.host.effects["flow.sleep"] = self.host.now_ms, later
        now = self.ok("local a = {os.time(), os.clock(), time.now()} for i = 1, 1e6 do end\n"
                      "assert(os.clock() == a[2])\nflow.sleep(2)\nreturn {a[1], a[2], a[3], os.time(), os.clock(), time.now()}")
        self.assertEqual(now, [start // 1000, 0, start / 1000, (start + 2500) // 1000, 2.5, (start + 2500) / 1000])


class Events(WorkerTest):
    def event(self, source, event):
        return self.host.script("local task = ...\n" + source, event, trigger=0)

    def test_reading_is_tolerant_and_strict(self):
        event = {"taskId": "T", "IsAnonymous": True, "customerIdentifier": None, "extra": 5, "gone": None,
                 "taskInformation": {"customer": {"firstName": "Ann"}, "customContextParameters": [{"name": "a"}]},
                 "tags": ["x", "y"]}
        good = {"task.taskId": "T", "task.TASKID": "T", "task.isAnonymous": True, "task.Extra": 5,
                "task.customerIdentifier == nil": True, "task.serviceUPN == nil": True, "task.gone == nil": True,
                "task.taskInformation.Customer.FirstName": "Ann", "task.tags[2]": "y",
                "task.taskInformation.customContextParameters[1].Name": "a", "#task.tags": 2, "task[1] == nil": True}
        for expression, value in good.items():
            end = self.event("return " + expression, event)
            self.assertEqual((expression, end.result), (expression, value), end)
        bad = {"task.custmerIdentifier": "unknown field 'custmerIdentifier' of the task event; "
                                         "did you mean 'customerIdentifier'?",
               "task.taskInformation.customer.fistName": "unknown field 'fistName' of taskInformation.customer of the "
                                                         "task event; did you mean 'firstName'?",
               "task.taskInformation.customContextParameters[1].valu": "unknown field 'valu' of taskInformation."
               "customContextParameters of the task event; did you mean 'value'?",
               "task.zzzzzzzzzzz": "unknown field 'zzzzzzzzzzz' of the task event"}
        for expression, message in bad.items():
            end = self.event("return " + expression, event)
            self.assertEqual((end.outcome, end.error["message"], end.error["where"]),
                             ("failed", message, "flows/x.lua:2"))

    def test_pairs_gives_what_is_present(self):
        end = self.event("local n = {} for k in pairs(task) do n[#n+1] = k end table.sort(n) return n",
                         {"taskId": 1, "isAnonymous": None, "other": 2})
        self.assertEqual(end.result, ["other", "taskId"])

    def test_it_can_be_changed_copied_and_sent(self):
        end = self.event("task.taskId = 'new' task.mine = 1 return task", {"taskId": 1, "extra": [1, [2]]})
        self.assertEqual(end.result, {"taskId": "new", "mine": 1, "extra": [1, [2]]})

    def test_rows(self):
        self.host.effects["lists.find"] = lambda args: {"row": {"FirstName": "Ann", "E-Mail": "a@b", "Empty": None},
                                                        "matches": 1}
        source = "local row, n = lists.find('f', 'c', 'v') return %s"
        self.assertEqual(self.ok(source % "{row.FirstName, row.firstname, row['e-mail'], row.Empty == nil, n}"),
                         ["Ann", "Ann", "a@b", True, 1])
        self.assertIn("did you mean 'FirstName'?", self.fails(source % "row.FistName")["message"])
        self.host.effects["lists.find"] = lambda args: {"row": None, "matches": 0}
        self.assertEqual(self.ok(source % "{row == nil, n}"), [True, 0])
        self.host.effects["lists.find"] = lambda args: None
        self.assertEqual(self.ok(source % "row == nil"), True)

    def test_events_that_are_no_object(self):
        for value in (None, 5, "text", [1, 2], True):
            self.assertEqual(self.ok("return (...)", value), value)
        self.assertEqual(self.event("return task == nil", b"null").result, True)


class Loading(WorkerTest):
    def test_syntax_and_runtime_errors(self):
        for source, where, message, kind in [
                ("x = = 1", 1, "unexpected symbol near '='", "syntax"),
                ("\n\nerror('boom')", 3, "boom", "error"),
                ("\nlocal t = nil\nt.x = 1", 3, "attempt to index a nil value (local 't')", "error"),
                ("\nhttp.get('x')", 2, "effects are not available while a file loads", "error"),
                ("flow.skip('x')", 1, "flow.skip is not available while a file loads", "error"),
                ("while true do end", 1, "CPU budget exceeded: ", "over-cpu"),
                ("local t = {} while true do t[#t+1] = {} end", 1, "memory budget exceeded: ", "over-memory"),
                ("KEEP = ('x'):rep(17 << 20)", None,
                 "the file keeps more than 16 MiB in memory after it is loaded", "error")]:
            error = self.refused(source, limits=dict(memory=80 << 20 if "KEEP" in source else 32 << 20))
            self.assertEqual((error.message.startswith(message), error.kind), (True, kind), error)
            if where:
                self.assertEqual(error.where, "flows/x.lua:%d" % where)
        self.assertEqual(self.ok("return 1"), 1)

    def test_triggers_are_checked(self):
        for fields, message in [
                ("run = print", "needs a field 'name'"),
                ("name = 'x'", "needs a field 'run', the function to call"),
                ("name = '', run = print", "field 'name' of nimbus.on_task must be a text that is not empty"),
                ("name = 'x', run = 1", "field 'run' of nimbus.on_task must be a function"),
                ("name = 'x', run = print, servics = {}", "unknown field 'servics' of nimbus.on_task; did you mean 'services'?"),
                ("name = 'x', run = print, services = 1", "must be a string or a list of strings, not a number"),
                ("name = 'x', run = print, services = {a = 1}", "must be a list of strings"),
                ("name = 'x', run = print, services = {1}", "must be a list of strings"),
                ("name = 'x', run = print, limits = {cpuu = 1}", "unknown limit 'cpuu' of nimbus.on_task; did you mean 'cpu'?"),
                ("name = 'x', run = print, limits = 5", "must be a table like"),
                ("name = 'x', run = print, dedupe = 5", "field 'dedupe' of nimbus.on_task must be true or false"),
                ("'x'", "takes named fields")]:
            error = self.refused("\nnimbus.on_task {\n  %s\n}" % fields)
            self.assertIn(message, error.message)
            self.assertEqual(error.where, "flows/x.lua:2", error)
        self.assertIn("triggers are declared at the top level of the file",
                      self.fails("nimbus.on_task { name = 'x', run = print }")["message"])

    def test_what_is_reported(self):
        answer = self.host.load(1, "flows/x.lua", """
            local function go() end
            nimbus.on_task { name = "a", run = go, services = {"u1", "u2"}, limits = { cpu = "500ms", effects = 5 },
                             dedupe = false }
            schedule.every { name = "b", cron = "* * * * *", run = go }
            log("loaded", 2)""")
        self.assertEqual(answer["handlers"], [
            {"trigger": "nimbus.on_task", "name": "a", "line": 3, "filters": {"services": ["u1", "u2"]},
             "limits": {"cpu": "500ms", "effects": "5"}, "dedupe": False},
            {"trigger": "schedule.every", "name": "b", "line": 5, "filters": {"cron": ["* * * * *"]}}])
        self.assertEqual(answer["log"], [{"level": "info", "text": "loaded 2", "line": 6}])
        self.assertEqual(answer["usage"]["effects"], [100, 0, 0])
        self.assertEqual(self.host.load(1, "flows/x.lua", "")["handlers"], [])

    def test_unknown_globals(self):
        for body, message in [
                ("lsits.find('a', 'b', 'c')", "unknown global 'lsits'; did you mean 'lists'?"),
                ("foo = 1 return fooo", "unknown global 'fooo'; did you mean 'foo'?"),
                ("return function() return function() return xyz end end", "unknown global 'xyz'"),
                ("nimbus.task.update {}", "nimbus has no 'task'; did you mean 'tasks'?"),
                ("nimbus.tasks.updat {}", "nimbus.tasks has no 'updat'; did you mean 'update'?"),
                ("log.inf('x')", "log has no 'inf'; did you mean 'info'?"),
                ("for i = 1, 3 do prnt(i) end", "unknown global 'prnt'; did you mean 'print'?")]:
            error = self.refused(HANDLER % body)
            self.assertEqual((error.message, error.where, error.kind), (message, "flows/x.lua:4", "unknown-global"))
        for body in ["foo = 1 return foo", "local _ENV = {} return xyz", "return _G.xyz, xyz", "return (log or nimbus).tasks",
                     "local m = nimbus or log return m.info", "return function() bar = 1 end, bar",
                     "local xyz = 1 return function() return xyz end"]:
            self.host.load(1, "flows/x.lua", HANDLER % body)

    def test_unknown_globals_in_long_functions(self):
        lines = "\n".join("local a%d = %d.5" % (i % 150, i) if i < 150 else "a%d = '%d'" % (i % 150, i) for i in range(600))
        self.assertEqual(self.refused("bla()\n" + lines).where, "flows/x.lua:1")
        error = self.refused("-- first\n" * 500 + "local x = 1\n" * 100 + "bla()")
        self.assertEqual(error.where, "flows/x.lua:601")

    def test_a_script_gets_the_hint_at_run_time(self):
        error = self.fails("\nlsits.find('a')")
        self.assertEqual(error["message"], "attempt to index a nil value (global 'lsits'); did you mean 'lists'?")
        self.assertEqual(error["where"], "flows/x.lua:2")
        self.assertEqual(self.ok("return undefined_thing == nil"), True)

    def test_a_long_file_name(self):
        name = "flows/" + "long/" * 40 + "x.lua"
        self.host.load(1, name, "\nerror('boom')", script=True)
        end = self.host.run(1)
        self.assertEqual((end.error["message"], end.error["where"]), ("boom", name + ":2"))


class Errors(WorkerTest):
    def test_all_kinds_of_values(self):
        for source, message, where in [
                ("error('a: b: 3')", "a: b: 3", 1), ("error('plain', 0)", "plain", 1), ("\nerror()", "an error that is a nil", 2),
                ("error({message = 'mine', kind = 'own', where = 'there'})", "mine", None), ("error(42)", "42", 1),
                ("error({})", "an error that is a table without a field 'message'", 1),
                ("error(print)", "an error that is a function", 1), ("error(true)", "an error that is a boolean", 1),
                ("error(setmetatable({}, {__tostring = function() while true do end end}))",
                 "an error that is a table without a field 'message'", 1),
                ("error(setmetatable({}, {__index = function() while true do end end}))",
                 "an error that is a table without a field 'message'", 1)]:
            error = self.fails(source)
            self.assertEqual(error["message"], message)
            self.assertEqual(error["where"], "flows/x.lua:%d" % where if where else "there")
        self.assertEqual(self.fails("error({message = 'mine', kind = 'own'})")["kind"], "own")
        self.assertEqual(len(self.fails("error(('x'):rep(1000000))")["message"]), 4095)

    def test_traceback(self):
        error = self.fails("local function deep()\n  error('x')\nend\nlocal function outer()\n  deep()\nend\nouter()")
        self.assertEqual(error["traceback"], ["flows/x.lua:2: in function 'deep'", "flows/x.lua:5: in function 'outer'",
                                              "flows/x.lua:7: at the top level"])
        error = self.fails("local function f(n) if n == 0 then error('x') end f(n - 1) return 1 end f(100)")
        self.assertEqual(len(error["traceback"]), 10)

    def test_in_coroutines(self):
        error = self.fails("local w = coroutine.wrap(function()\n  error('inside')\nend)\nw()")
        self.assertEqual((error["message"], error["where"]), ("inside", "flows/x.lua:2"))
        self.assertEqual(self.ok("local ok, e = coroutine.resume(coroutine.create(function() error('x', 0) end)) return {ok, e}"),
                         [False, "x"])

    def test_stack_overflow(self):
        self.assertIn("stack overflow", self.fails("local function f() return pcall(error, f()) end return f()",
                                                   limits=dict(memory=80 << 20))["message"])
        self.assertIn("C stack overflow", self.fails("local function f(s) return (s:gsub('.', f)) end f('x')")["message"])

    def test_skip(self):
        for source, reason in [("flow.skip('because')", "because"), ("pcall(flow.skip)", ""),
                               ("coroutine.wrap(function() flow.skip('co') end)()", "co"),
                               ("local t = {2, 1} table.sort(t, function() flow.skip('sort') end)", "sort"),
                               ("setmetatable({}, {__index = function() flow.skip('meta') end}).x()", "meta")]:
            end = self.host.script("log('x') " + source + " error('not reached')")
            self.assertEqual((end.outcome, end.result, end.text(), end.error), ("skipped", reason, "x", None))


class Modules(WorkerTest):
    def test_json(self):
        self.assertEqual(self.ok("return json.encode{b = 1, a = {1, 2.5, 'x', json.null}, c = json.array(), d = {}, e = 1e300, f = 3.0}"),
                         '{"a":[1,2.5,"x",null],"b":1,"c":[],"d":{},"e":1e+300,"f":3}')
        self.assertEqual(self.ok("local t = json.decode('{\"a\":[],\"b\":null,\"c\":[null,1],\"d\":-1.5e3,\"e\":\"\\\\u00e9\"}') "
                                 "return {t.b == json.null, #t.a, t.c[1] == json.null, t.d, t.e, json.encode(t)}"),
                         [True, 0, True, -1500, "é", '{"a":[],"b":null,"c":[null,1],"d":-1500,"e":"é"}'])
        self.assertEqual(self.ok("return {math.type(json.decode('1')), math.type(json.decode('1.0')), "
                                 "json.decode('9223372036854775807') == math.maxinteger, json.decode('9223372036854775808')}"),
                         ["integer", "float", True, 9223372036854775808])
        for text in ["{", "[1,]", "01", "\"\\x\"", "nul", "1 2", "[" * 65 + "]" * 65, ""]:
            self.assertIn("line 1, column", self.fails("json.decode(...)", text)["message"])
        for source, message in [("{f = print}", "a function cannot be written as JSON (field 'f')"),
                                ("{a = {{x = 0/0}}}", "not a number (nan) cannot be written as JSON (field 'a[1].x')"),
                                ("{1, 2, x = 3}", "a table with both named fields and list items cannot"),
                                ("{[1] = 1, [3] = 3}", "a list with holes"), ("{[{}] = 1}", "a list with holes"),
                                ("(function() local t = {} t.t = t return t end)()", "does it contain itself?")]:
            self.assertIn(message, self.fails("json.encode(%s)" % source)["message"])
        many = self.ok("local t = {} for i = 1, 3000 do t['k' .. i] = i end return json.encode(t)", limits=dict(result=1 << 20))
        keys = [part.split(":")[0] for part in many[1:-1].split(",")]
        self.assertEqual(keys, sorted(keys))

    def test_log_lines(self):
        end = self.host.script("print('a', 1, nil, true)\nlog('x', {b = 1, a = {1}})\nlog.debug('d') log.warn('w')\n"
                               "log.error(setmetatable({}, {__tostring = function() log('inner') return 'T' end}), print)\nlog()")
        self.assertEqual([(e["level"], e["text"], e["line"]) for e in end.log], [
            ("print", "a\t1\tnil\ttrue", 1), ("info", 'x {"a":[1],"b":1}', 2), ("debug", "d", 3), ("warn", "w", 3),
            ("info", "inner", 4), ("error", "T function", 4), ("info", "", 5)])

    def test_what_is_there(self):
        self.assertEqual(self.ok("""
            local names = {}
            for name in pairs(_G) do names[#names + 1] = name end
            table.sort(names)
            return names"""), sorted(
                "_G _VERSION assert collectgarbage coroutine error flow getmetatable http ipairs json lists load log math next "
                "nimbus os pairs pcall print rawequal rawget rawlen rawset schedule select setmetatable string table time "
                "tonumber tostring type utf8 xpcall".split()))
        self.assertEqual(self.ok("local n = {} for k in pairs(os) do n[#n+1] = k end table.sort(n) return n"),
                         ["clock", "date", "difftime", "time"])
        self.assertIn("finalizers", self.fails("setmetatable({}, {__gc = true})")["message"])
        self.assertIn("number expected", self.fails("math.randomseed()")["message"])
        self.assertEqual(self.ok("return {tostring({}), tostring(print), ('%s'):format({}), (pcall(string.format, '%p', {}))}"),
                         ["table", "function", "table", False])
        self.assertEqual(self.ok("return collectgarbage('count') > 10"), True)

    def test_dates(self):
        self.assertEqual(self.ok("return os.date('!%Y-%m-%dT%H:%M:%S %j %a %B %p', 951782400)"),
                         "2000-02-29T00:00:00 060 Tue February AM")
        self.assertEqual(self.ok("return os.time{year = 2024, month = 14, day = 0, hour = 0}"), 1738281600)
        self.assertEqual(self.ok("local t = os.date('*t', 0) return {t.year, t.month, t.day, t.hour, t.wday, t.yday, t.isdst}"),
                         [1970, 1, 1, 0, 5, 1, False])
        self.assertEqual(self.ok("return os.date('%F %T', -1)"), "1969-12-31 23:59:59")


if __name__ == "__main__":
    unittest.main()
