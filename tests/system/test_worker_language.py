# SPDX-License-Identifier: Apache-2.0
"""Loading a file, errors and their reports, and the modules every script has."""
import unittest

from worker_test import HANDLER, WorkerTest


class Loading(WorkerTest):
    def test_syntax_and_runtime_errors(self):
        for source, where, message, kind in [
                ("x = = 1", 1, "unexpected symbol near '='", "syntax"),
                ("\n\nerror('boom')", 3, "boom", "error"),
                ("\nlocal t = nil\nt.x = 1", 3, "attempt to index a nil value (local 't')", "error"),
                ("\nhttp.get('x')", 2, "effects are not available while a file loads", "error"),
                ("flow.skip('x')", 1, "flow.skip is not available while a file loads", "error"),
                ("while true do end", 1, "load budget exceeded: ", "over-cpu"),
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
                ("name = 'x', run = print, connection = ''", "field 'connection' of nimbus.on_task must be a text that is not empty"),
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
                             dedupe = false, connection = "sales" }
            schedule.every { name = "b", cron = "* * * * *", run = go }
            log("loaded", 2)""")
        self.assertEqual(answer["handlers"], [
            {"trigger": "nimbus.on_task", "name": "a", "line": 3, "filters": {"services": ["u1", "u2"]},
             "options": {},
             "limits": {"cpu": "500ms", "effects": "5"}, "dedupe": False, "connection": "sales"},
            {"trigger": "schedule.every", "name": "b", "line": 5, "filters": {"cron": ["* * * * *"]},
             "options": {}}])
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
                "_G _VERSION assert collectgarbage coroutine error flow getmetatable http ipairs json kv lists load log math next "
                "nimbus os pairs pcall print rawequal rawget rawlen rawset schedule select setmetatable string table text time "
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
