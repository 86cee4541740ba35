# SPDX-License-Identifier: Apache-2.0
"""Effects, events and rows as a script sees them; and what the broker hears of it."""
import time
import unittest

from worker import Effect, EffectError
from worker_test import HANDLER, WorkerTest


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
                                               "filters": {"services": ["*"]}, "options": {}}])
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

    def test_flow_all(self):
        self.host.effects["http.get"] = lambda args: "r" + args["url"]
        self.assertEqual(self.ok("local a, b, c = flow.all { function() return http.get('a') .. http.get('b') end, "
                                 "function() return http.get('c') end, function() return 'd' end } return {a, b, c}"),
                         ["rarb", "rc", "d"])
        self.assertEqual([e.args["url"] for e in self.host.seen], ["a", "c", "b"])
        self.assertEqual([e.number for e in self.host.seen], [1, 2, 3])
        self.assertEqual(self.ok("return select('#', flow.all {})"), 0)

    def test_flow_all_in_any_order(self):
        source = """
          local order, work = {}, {}
          for i = 1, 20 do work[i] = function()
            local co = coroutine.wrap(function() coroutine.yield() return http.get(i .. 'x') end)
            co()
            local first = co()
            local ok, e = pcall(function() return http.get(i .. 'y') end)
            order[#order + 1] = i
            for round = 1, 5 do local t = {} for k = 1, 500 do t[k] = {k} end end
            return first .. e
          end end
          local results = { flow.all(work) }
          return {order, results}"""
        self.host.load(2, "flows/x.lua", source, script=True)
        self.host.start(1, 2)
        done, waiting, most = None, [], 0
        while not done:
            what = self.host.next(0.05)
            if isinstance(what, Effect):
                waiting.append(what)
            elif what:
                done = what
            elif waiting:
                most = max(most, len(waiting))
                effect = waiting.pop(0 if len(waiting) % 2 else -1)
                self.host.result(1, effect.number, effect.args["url"])
        self.assertEqual(done.outcome, "done", done)
        order, results = done.result
        self.assertEqual(sorted(order), list(range(1, 21)))
        self.assertNotEqual(order, list(range(1, 21)))
        self.assertEqual(results, ["%dx%dy" % (i, i) for i in range(1, 21)])
        self.assertEqual(most, 8)
        self.assertEqual(done.usage["effects"], {"limit": 100, "used": 40, "peak": 8})

    def test_flow_all_ends(self):
        def fail(args):
            if args["url"] == "bad":
                raise EffectError("server", "broken", 500)
            return args["url"]
        self.host.effects["http.get"] = fail
        error = self.fails("flow.all {\n function() return http.get('x') end,\n function() return http.get('bad')\n end,\n"
                           " function() error('later') end }")
        self.assertEqual((error["message"], error["kind"], error["where"]), ("broken", "server", "flows/x.lua:3"))
        end = self.host.script("flow.all { function() http.get('x') end, function() http.get('y') flow.skip('enough') end }")
        self.assertEqual((end.outcome, end.result), ("skipped", "enough"))
        self.assertIn("inside flow.all", self.fails("flow.all { function() flow.all { print } end }")["message"])
        self.assertIn("list of functions", self.fails("flow.all { 1 }")["message"])
        self.assertIn("at most 64", self.fails("local t = {} for i = 1, 65 do t[i] = print end flow.all(t)")["message"])
        end = self.host.script("flow.all { function() http.get('x') end,\nfunction() while true do end end }",
                               limits=dict(cpu=30))
        self.assertEqual((end.outcome, end.error["where"]), ("over-cpu", "flows/x.lua:2"))
        self.assertIn("attempt to yield", self.fails("flow.all { coroutine.yield }")["message"])
        self.host.effects["http.get"] = lambda args: ...
        end = self.host.script("flow.all { function() http.get('x') end, function() http.get('y') end }", limits=dict(wall=80))
        self.assertEqual(end.outcome, "over-time")
        self.host.effects["http.get"] = fail
        self.assertEqual(self.ok("return (flow.all { function() return http.get('z') end })"), "z")

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
        turned = dict(reversed(event.items()))  # the API's order is not promised
        late = {"a1": 1, "a2": 2, "a3": 3, "a4": 4, "a5": 5, **event}
        for expression, value in good.items():
            for order in event, turned, late:
                end = self.event("return " + expression, order)
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


if __name__ == "__main__":
    unittest.main()
