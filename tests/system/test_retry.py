# SPDX-License-Identifier: Apache-2.0
"""What becomes of requests that fail: which are repeated, which wait, which are looked up, and what is told."""
import json
import os
import threading
import time
import unittest
import urllib.request

from host import Host, event, post, wait_until
from nimbus import Nimbus
from prism import free_port

ENTRIES = "/v1/scheduler-entries"

FLOW = """
nimbus.on_task {
  name = "flow", services = { "support@contoso.example" }, events = { "SystemAccepted" }, %s
  run = function(task)
    local ok, err = pcall(function()
      %s
    end)
    return { ok = ok, value = ok and err, kind = not ok and err.kind, message = not ok and (err.message or err),
             retryable = not ok and err.retryable }
  end,
}
"""
CREATE = """
      return nimbus.scheduler.create {
        serviceUpn = task.serviceUPN, destination = task.customerIdentifier, dueDateTimeUtc = time.now() + 6000, %s
      }.schedulerEntryId"""
MARKED = CREATE % "ReferenceId = task.taskId,"
UPDATE = 'nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "x" }, %s }'


class Retry(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.host = None
        self.entries = []
        self.took = threading.Lock()

    def tearDown(self):
        self.nimbus.answer = None
        if self.host:
            self.assertEqual(0, self.host.end(), self.host.program.errors)
            self.host.remove()
        self.nimbus.close()

    def serve(self, body, fields="", tenant=""):
        self.host = Host(self.nimbus.url, flows={"flow.lua": FLOW % (fields, body)}, tenant=tenant).start()

    def send(self, task="one", **fields):
        self.assertEqual(202, post(self.nimbus.callback(), event(task, **fields))[0])

    def result(self, task="one"):
        self.send(task)
        return self.host.run_of(task)["result"]

    def metric(self, name):
        with urllib.request.urlopen(self.metrics, timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + "{"):
                    return float(line.rsplit(" ", 1)[1])
        raise AssertionError(name)

    def puts(self, task="one"):
        return len(self.nimbus.seen("PUT", "/v1/tasks/" + task))

    def on(self, method, part, answers):
        """The first answers to an operation: callables, statuses, "cut" or "nonsense"; then as always."""
        answers = list(answers)

        def answer(handler, body):
            with self.took:
                if handler.command != method or part not in handler.path or not answers:
                    return False
                now = answers.pop(0)
            if callable(now):
                now = now(body)
            if now == "nonsense":
                handler.wfile.write(b"this is no HTTP\r\n\r\n")
            if now in ("cut", "nonsense"):
                handler.close_connection = True
            elif isinstance(now, tuple):
                handler.reply(*now)
            else:
                handler.reply(now, None)
            return True
        self.nimbus.answer = answer

    # ---- what the flow, the tenant and the call say ----

    def test_the_nearest_word_counts(self):
        for fields, call, tries in (("", "", 3), ("retry = { times = 2 },", "", 2),
                                    ("retry = { times = 2 },", "retry = { times = 4, backoff = 0.01 }", 4)):
            with self.subTest(fields=fields, call=call):
                self.serve(UPDATE % call, fields, "retry_times: 3\nretry_backoff: 20ms\n")
                self.on("PUT", "/v1/tasks/", [500] * 20)
                result = self.result()
                self.assertEqual((False, "server", True), (result["ok"], result["kind"], result["retryable"]))
                self.assertIn(f"tried {tries} times", result["message"])
                self.assertEqual(tries, self.puts())
                self.assertNotIn(b"retry", self.nimbus.seen("PUT", "/v1/tasks/one")[0][3])
                self.tearDown()
                self.setUp()

    def test_wrong_words(self):
        cases = (('{ times = 0 }', "retry: times: is 0; allowed are 1 to 100"),
                 ('{ backoff = "soon" }', 'retry: backoff: write seconds as a number, or a text like "500ms"'),
                 ('{ attempts = 3 }', "retry: unknown field 'attempts'; known: times, backoff, longest"), ('3', "retry: a table with named fields"))
        for text, words in cases:
            self.serve(UPDATE % ("retry = " + text))
            result = self.result()
            self.assertEqual((False, "argument"), (result["ok"], result["kind"]))
            self.assertIn(words, result["message"])
            self.assertEqual(0, self.puts())
            self.tearDown()
            self.setUp()
        self.host = Host(self.nimbus.url, flows={"flow.lua": FLOW % ("retry = { times = 0 },", "")})
        path = os.path.join(self.host.tenant, "flows", "flow.lua")
        done = self.host.command("check", path)
        self.assertEqual(1, done.returncode, done)
        self.assertIn("flow.lua:2: retry: times: is 0; allowed are 1 to 100", done.stdout + done.stderr)
        self.host.flow("flow.lua", FLOW % ("retry = 3,", ""))
        done = self.host.command("check", path)
        self.assertIn("field 'retry' of nimbus.on_task must be a table", done.stdout + done.stderr)
        self.host.remove()
        self.host = None

    def test_what_is_read_is_asked_for_again(self):
        self.nimbus.answers["GET", ENTRIES] = (200, [])
        self.serve("return #nimbus.scheduler.list { serviceUpn = task.serviceUPN }")
        self.on("GET", ENTRIES, ["nonsense", "cut", 502])
        self.assertEqual(0, self.result()["value"])
        self.assertEqual(4, len(self.nimbus.seen("GET", ENTRIES)))

    def test_a_look_up_serves_several(self):
        self.serve("nimbus.lookups.modalities { retry = { times = 1 } }")
        self.assertIn("one request may serve several runs", self.result()["message"])

    # ---- the run's time ----

    def test_no_wait_beyond_the_time_of_the_run(self):
        self.serve(UPDATE % "", 'limits = { wall = "20s" },')
        self.on("PUT", "/v1/tasks/", [(429, None, [("Retry-After", "40")])])
        result = self.result()
        self.assertEqual((False, "rate"), (result["ok"], result["kind"]))
        self.assertRegex(result["message"], r"not tried again: that would be in 40000 ms, but only \d+ ms of the run's wall")
        result = self.result("two")  # the whole connection pauses
        self.assertEqual((False, "rate"), (result["ok"], result["kind"]))
        self.assertIn("asked this connection for a pause (429)", result["message"])
        self.assertEqual((1, 0), (self.puts(), self.puts("two")))

    def test_longer_than_is_obeyed(self):
        self.serve(UPDATE % 'retry = { longest = "2s" }')
        self.on("PUT", "/v1/tasks/", [(503, None, [("Retry-After", "3")])])
        self.assertIn("it asks for a wait of 3000 ms, and 2000 ms are the most", self.result()["message"])

    def test_a_pause_is_everybodys(self):
        self.serve(UPDATE % "")
        times = []

        def answer(handler, _):
            if handler.command != "PUT":
                return False
            times.append(time.monotonic())
            if len(times) > 1:
                return False
            handler.reply(429, None, [("Retry-After", "2")])
            return True
        self.nimbus.answer = answer
        self.send("one")
        wait_until(lambda: times)
        for number in range(5):
            self.send(f"more-{number}")
        connection = wait_until(lambda: [c for c in self.host.status()["connections"] if c["requests"]["waiting"] >= 5])
        self.assertGreater(connection[0]["requests"]["paused_ms"], 0)
        doctor = self.host.command("doctor", "--config", self.host.dir + "/nimflow.yaml").stdout
        self.assertRegex(doctor, r"warning +requests .* wait \(Nimbus asked for a pause: \d+ s more\)")
        self.nimbus.wait(lambda: len(self.nimbus.updates) == 6)
        self.assertGreaterEqual(min(times[1:]) - times[0], 1.9)

    # ---- what must not be done twice ----

    def put_entry(self, body, **changes):
        entry = json.loads(body)
        self.entries.append({**entry, "schedulerEntryId": f"entry-{len(self.entries) + 1}", **changes})
        self.nimbus.answers["GET", ENTRIES] = (200, self.entries)

    def entry_flow(self, flow, answers):
        self.nimbus.answers["GET", ENTRIES] = (200, self.entries)
        self.nimbus.answers["POST", ENTRIES] = (200, {"schedulerEntryId": "the second"})
        self.serve(flow)
        self.on("POST", ENTRIES, answers)

    def held(self):
        alarms = wait_until(lambda: [a for a in self.host.status()["alarms"] if a["kind"] == "run-held"])
        return alarms[0]["text"]

    def sent(self):
        return len(self.nimbus.seen("POST", ENTRIES))

    def test_cut_off_but_done_is_found(self):
        def takes(body):
            self.put_entry(body, dueDateTimeUtc=json.loads(body)["dueDateTimeUtc"].replace("Z", ".000Z"))
            return "cut"
        self.entry_flow(MARKED, [takes])
        self.assertEqual({"ok": True, "value": "entry-1"}, {k: self.result()[k] for k in ("ok", "value")})
        self.assertEqual(1, self.sent())

    def test_cut_off_and_not_done_is_sent_again(self):
        self.entry_flow(MARKED, ["cut"])
        self.assertEqual("the second", self.result()["value"])
        self.assertEqual(2, self.sent())
        self.assertEqual(2, len(self.nimbus.seen("GET", ENTRIES)))

    def test_one_that_comes_late_is_found_at_the_second_look(self):
        def late(body):
            threading.Timer(1, self.put_entry, (body,)).start()
            return 504
        self.entry_flow(MARKED, [late])
        self.assertEqual("entry-1", self.result()["value"])
        self.assertEqual(1, self.sent())

    def test_without_a_mark_one_alike_holds_the_run(self):
        def takes(body):
            self.put_entry(body)
            return 500
        self.entry_flow(CREATE % "", [takes])
        self.send()
        text = self.held()
        self.assertIn("without a ReferenceId nobody can tell whose it is", text)
        self.assertIn("look at the scheduler entries of the service", text)
        self.assertEqual(1, self.sent())

    def test_what_cannot_be_looked_up_holds_the_run(self):
        self.serve("nimbus.external_tasks.add { serviceUpn = task.serviceUPN }")
        self.on("POST", "/v1/ExternalTasks", ["cut"])
        self.send()
        text = self.held()
        self.assertRegex(text, r"POST /v1/ExternalTasks was sent at \d{4}-\d\d-\d\dT[0-9:.]+Z: ")
        self.assertIn("Nimbus offers no way to look it up", text)
        self.assertEqual(1, len(self.nimbus.seen("POST", "/v1/ExternalTasks")))

    def test_it_goes_out_on_no_link_that_was_idle(self):
        last = {}

        def forgets(handler, _):  # a balancer that drops idle connections without a word
            before, last[handler] = last.get(handler), time.monotonic()
            if handler.command == "POST" and before and last[handler] - before > 2:
                handler.close_connection = True
                return True
            return False
        self.entry_flow(MARKED, [])
        self.nimbus.answer = forgets
        self.assertEqual("the second", self.result()["value"])
        time.sleep(2.5)
        self.assertEqual("the second", self.result("two")["value"])
        self.assertEqual((2, 0), (self.sent(), len(self.nimbus.seen("GET", ENTRIES))))

    def test_refused_is_certainly_not_done(self):
        self.entry_flow(MARKED, [503, 429])
        self.assertEqual("the second", self.result()["value"])
        self.assertEqual((3, 0), (self.sent(), len(self.nimbus.seen("GET", ENTRIES))))

    # ---- what was done at the first attempt ----

    def test_gone_at_the_first_attempt(self):
        self.serve('nimbus.scheduler.remove { SchedulerEntryID = "e", confirm = true } return "gone"')
        self.on("DELETE", ENTRIES, [504, 404])
        self.assertEqual("gone", self.result()["value"])
        self.on("DELETE", ENTRIES, [404])
        self.assertEqual("not-found", self.result("two")["kind"])

    def test_added_at_the_first_attempt(self):
        contact = {"externalId": "c1", "displayName": "Ada"}
        path = "/v2/AddressBooks/book/contacts"
        self.nimbus.answers["GET", "/v2/AddressBooks"] = (200, [{"id": "book", "name": "Book"}])
        self.nimbus.answers["GET", path] = (200, [contact])
        self.serve('return nimbus.contacts.add { AddressBook = "Book", externalId = "c1", displayName = "Ada" }.externalId')
        self.on("POST", path, [504, 409])
        self.assertEqual("c1", self.result()["value"])
        self.on("POST", path, [409])  # somebody else's
        self.assertEqual("argument", self.result("two")["kind"])
        self.nimbus.answers["GET", path] = (200, [{**contact, "displayName": "Somebody else"}])
        self.on("POST", path, [504, 409])
        self.assertEqual("argument", self.result("three")["kind"])

    # ---- the breaker ----

    def test_the_breaker(self):
        self.host = Host(self.nimbus.url, flows={"flow.lua": FLOW % ("", UPDATE % "")},
                         tenant="breaker_failures: 4\nbreaker_probe: 1s\nretry_times: 8\nretry_backoff: 10ms\n",
                         config=f"metrics_listen: 127.0.0.1:{(port := free_port())}\n")
        self.host.start()
        self.metrics = f"http://127.0.0.1:{port}/metrics"
        self.assertEqual(0, self.metric("nimflow_breaker_open"))
        failures = []

        def fails(handler, _):
            failures.append(time.monotonic())
            handler.reply(500, None)
            return True
        self.nimbus.answer = fails
        tasks = [f"t{number}" for number in range(6)]
        for task in tasks:
            self.send(task)
        alarm = wait_until(lambda: [a for a in self.host.status()["alarms"] if a["kind"] == "breaker-open"])[0]
        self.assertIn("HTTP 500", alarm["text"])
        self.assertEqual(1, self.metric("nimflow_breaker_open"))
        wait_until(lambda: self.metric("nimflow_requests_waiting") >= 5)
        before = len(failures)
        wait_until(lambda: len(failures) >= before + 2)  # probes
        probes = failures[before:]
        self.assertTrue(all(b - a > 0.9 for a, b in zip(probes, probes[1:])), probes)
        doctor = self.host.command("doctor", "--config", self.host.dir + "/nimflow.yaml")
        self.assertEqual(4, doctor.returncode)
        self.assertRegex(doctor.stdout, r"failure +breaker-open")
        self.nimbus.answer = None
        for task in tasks:
            self.assertTrue(self.host.run_of(task)["result"]["ok"])
        self.assertEqual(0, self.metric("nimflow_breaker_open"))
        self.assertEqual([], self.host.status()["alarms"])

    def test_who_is_not_to_try_again_does_not_wait_for_the_breaker(self):
        self.serve(UPDATE % "retry = { times = 1 }", "", "breaker_failures: 2\nbreaker_probe: 1min\n")
        self.on("PUT", "/v1/tasks/", [500] * 9)
        self.result("one")
        self.result("two")
        result = self.result("three")
        self.assertEqual((False, "unreachable", True), (result["ok"], result["kind"], result["retryable"]))
        self.assertRegex(result["message"], r"not sent: the last 2 requests to .* failed \(HTTP 500\), so only a probe goes out")
        self.assertEqual(0, self.puts("three"))


if __name__ == "__main__":
    unittest.main()
