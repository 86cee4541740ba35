# SPDX-License-Identifier: Apache-2.0
"""What starts runs besides a task's change of state: scheduler entries, the assistant, times, webhooks, people, failures,
alarms; and filters on any field of an event."""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from host import Host, event, post, wait_until
from nimbus import Nimbus
from programs import path

SECRET = "a secret of more than sixteen bytes"
LISTS = {
    "/v1/scheduler-entries/service-contacts": ["support@contoso.example"],
    "/v1/scheduler-entries/events": [{"name": "Completed", "value": "Completed"}],
}
ON_TASK = """nimbus.on_task {
  name = "task", services = { "*" }, events = { "SystemAccepted" }, %s
  run = function(task) return task.taskId end,
}
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.subscribed = []  # (path, config) of registrations beside those of tasks
        self.refused = set()
        self.nimbus.answer = self.answer
        self.host = None

    def answer(self, handler, body):
        if handler.path in self.refused:
            handler.reply(403)
        elif handler.command == "GET" and handler.path in LISTS:
            handler.reply(200, LISTS[handler.path])
        elif handler.command == "POST" and handler.path.startswith("/v1/triggers/") and handler.path != "/v1/triggers/tasks":
            self.subscribed.append((handler.path, json.loads(body)["config"]))
            handler.reply(201, None, [("Location", f"{handler.path}/s{len(self.subscribed)}")])
        else:
            return False
        return True

    def serve(self, source, tenant="", ready=True):
        self.host = Host(self.nimbus.url, flows={"a.lua": source}, tenant=tenant)
        os.makedirs(os.path.join(self.host.tenant, "secrets"))
        self.host.write("tenants/acme/secrets/orders", SECRET + "\n", 0o600)
        self.host.start(ready)

    def tearDown(self):
        if self.host:
            self.assertEqual(self.host.end(), 0, self.host.program.errors)
            self.host.remove()
        self.nimbus.close()

    def ended(self, count, *args):
        """Wait for so many ended runs; all of them, oldest first, with their details."""
        def enough():
            runs = [run for run in self.host.runs(*args) if run["outcome"] != "running"]
            return runs if len(runs) >= count else None
        return [self.show(run["id"]) for run in reversed(wait_until(enough, what=f"{count} runs"))]

    def show(self, run):
        return json.loads(self.nimflow("runs", "show", "--json", str(run)).stdout)

    def nimflow(self, *args):
        return self.host.command(*args, "--config", os.path.join(self.host.dir, "nimflow.yaml"))

    def status(self):
        return json.loads(self.nimflow("doctor", "--json").stdout)


class FromNimbus(Case):
    def test_scheduler_entries(self):
        self.serve("""nimbus.on_scheduler_entry {
          name = "entry", services = { "support@contoso.example" }, events = { "completed" },
          run = function(entry) return entry.completionReason .. " " .. entry.referenceid end,
        }""")
        path, config = wait_until(lambda: self.subscribed)[0]
        self.assertEqual(path, "/v1/triggers/scheduler-entries")
        url = config.pop("url")
        self.assertEqual(config, {"services": ["support@contoso.example"], "schedulerEntryEvents": ["Completed"]})
        sent = {"schedulerEntryId": "e1", "event": "Completed", "serviceUpn": "support@contoso.example",
                "completionReason": "NotReached", "ReferenceId": "r7"}
        self.assertEqual(post(url, sent)[0], 202)
        self.assertEqual(post(url, dict(sent, event="Created"))[0], 202)
        self.assertEqual([run["result"] for run in self.ended(1)], ["NotReached r7"])

    def test_the_assistant_at_the_path_of_the_settings(self):
        self.serve("""nimbus.on_assistant {
          name = "assistant", services = "*", dataTypes = { "Summarization" },
          run = function(update) return update.serviceSessionId end,
        }""", tenant="assistant_path: /v1/triggers/companion\n")
        path, config = wait_until(lambda: self.subscribed)[0]
        self.assertEqual(path, "/v1/triggers/companion")
        self.assertNotIn("dataTypes", config)
        sent = {"serviceSessionId": "s1", "dataType": "Transcription", "serviceUPN": "support@contoso.example"}
        self.assertEqual(post(config["url"], sent)[0], 202)
        self.assertEqual(post(config["url"], dict(sent, serviceSessionId="s2", dataType="Summarization"))[0], 202)
        self.assertEqual([run["result"] for run in self.ended(1)], ["s2"])

    def test_where_compares_any_field(self):
        self.serve(ON_TASK % 'where = { isanonymous = false, serviceName = { "support", "sales" }, outboundAttempt = 2 },')
        for task, fields in (("no-name", {}), ("other", {"serviceName": "x", "outboundAttempt": 2}),
                             ("hidden", {"serviceName": "sales", "outboundAttempt": 2, "isAnonymous": True}),
                             ("good", {"serviceName": "Sales", "outboundAttempt": 2})):
            self.assertEqual(post(self.nimbus.callback(), event(task, **fields))[0], 202)
        self.assertEqual([run["result"] for run in self.ended(1)], ["good"])

    def test_where_names_a_field_that_there_is(self):
        self.serve(ON_TASK % 'where = { serviceNam = "x" },', ready=False)
        self.host.error_line("where: unknown field of the event 'serviceNam'; did you mean 'serviceName'?")

    def test_what_is_refused_silences_only_who_needs_it(self):
        self.refused.add("/v1/scheduler-entries/events")
        self.serve(ON_TASK % "" + """nimbus.on_scheduler_entry {
          name = "entry", services = "*", events = { "Completed" }, run = function() end,
        }""", ready=False)
        self.assertEqual(post(self.nimbus.callback(), event("t1"))[0], 202)
        self.assertEqual([run["result"] for run in self.ended(1)], ["t1"])
        self.assertEqual(self.subscribed, [])
        self.host.error_line("/v1/scheduler-entries/events")

    def test_a_subscription_is_renewed(self):
        self.serve(ON_TASK % "", tenant="subscription_renewal: 2s\n")
        first = self.nimbus.callback()
        self.nimbus.wait(lambda: len(self.nimbus.registered) >= 2 and self.nimbus.deleted)
        self.assertEqual(self.nimbus.deleted[0], "/v1/triggers/tasks/1")
        second = self.nimbus.callback()
        self.assertNotEqual(first, second)
        wait_until(lambda: post(first, event("old"))[0] == 404, what="the old path refused")
        self.assertEqual(post(self.nimbus.callback(), event("new"))[0], 202)
        self.ended(1)

    def test_a_subscription_without_an_address_is_renewed_too(self):
        def answer(handler, body):
            if handler.command == "POST" and handler.path == "/v1/triggers/tasks":
                with self.nimbus.lock:
                    self.nimbus.registered.append(json.loads(body))
                    self.nimbus.lock.notify_all()
                handler.reply(201)
                return True
            return False
        self.nimbus.answer = answer
        self.serve(ON_TASK % "", tenant="subscription_renewal: 2s\n")
        first = self.nimbus.callback()
        self.nimbus.wait(lambda: len(self.nimbus.registered) >= 2)
        wait_until(lambda: post(first, event("old"))[0] == 404, what="the old path refused")

    def test_a_subscription_that_nimbus_dropped_raises_an_alarm(self):
        def answer(handler, body):
            if handler.command == "DELETE":
                handler.reply(404)
                return True
            return self.answer(handler, body)
        self.nimbus.answer = answer
        self.serve(ON_TASK % "" + 'flow.on_alarm { name = "alarm", kinds = { "subscription-removed" }, '
                   'run = function(a) return a.subject .. ": " .. a.text end }', tenant="subscription_renewal: 2s\n")
        run, = self.ended(1, "--handler", "alarm")[:1]
        self.assertRegex(run["result"], "^nimbus: Nimbus no longer had the subscription")


class Times(Case):
    EVERY = """flow.every { name = "tick", interval = "1s", catch_up = "%s",
      run = function(e) return { at = e.scheduledAt, missed = e.missed } end }"""

    def test_every_second_also_without_nimbus(self):
        self.nimbus.token = "another"
        self.serve(self.EVERY % "last", ready=False)
        runs = self.ended(3)
        self.assertEqual([run["result"]["missed"] for run in runs], [0] * len(runs))
        at = [run["result"]["at"] for run in runs]
        self.assertEqual(at, sorted(set(at)))

    def seconds(self, results):
        return [int(time.mktime(time.strptime(r["at"][:19], "%Y-%m-%dT%H:%M:%S"))) for r in results]

    def test_all_that_was_missed_is_made_up_for(self):
        self.serve(self.EVERY % "all")
        self.ended(1)
        self.host.keep_port()
        self.assertEqual(self.host.end(), 0)
        time.sleep(4)
        self.host.start()
        seconds = self.seconds([run["result"] for run in self.ended(6)])
        self.assertEqual(seconds, list(range(seconds[0], seconds[0] + len(seconds))))

    def test_the_last_that_was_missed_says_how_many(self):
        self.serve(self.EVERY % "last")
        self.ended(1)
        self.host.keep_port()
        self.assertEqual(self.host.end(), 0)
        time.sleep(4)
        self.host.start()
        results = [run["result"] for run in self.ended(4)]
        seconds = self.seconds(results)
        made_up = [r for r in results if r["missed"] > 0]
        self.assertTrue(made_up and made_up[0]["missed"] >= 2, results)
        # every second is there once, or counted by the one that follows
        self.assertEqual(seconds[-1] - seconds[0] + 1, len(seconds) + sum(r["missed"] for r in results))

    def test_a_slow_run_does_not_overlap_itself(self):
        self.serve("""flow.every { name = "tick", interval = "1s", run = function(e)
          flow.sleep(2.5)
          return { at = e.scheduledAt, missed = e.missed }
        end }""")
        runs = self.ended(3)
        for one, two in zip(runs, runs[1:]):
            self.assertLessEqual(one["ended"], two["started"])
        self.assertGreaterEqual(runs[1]["result"]["missed"], 1)

    def test_wrong_schedules_are_told_with_their_line(self):
        for fields, part in (('interval = "1x"', "interval: "), ('interval = "500ms"', "is not from 1s to 30d"),
                             ('interval = "1s", catch_up = "some"', "catch_up: 'some' is none of"),
                             ("", "interval"), ('interval = "1s", every = "2s"', "unknown field 'every'")):
            done = self.check("flow.every { name = 'x', run = function() end, %s }" % fields)
            self.assertIn("a.lua:1: ", done)
            self.assertIn(part, done)
        for fields, part in (('schedule = "61 * * * *"', "schedule: "), ('schedule = "0 8 * * *", zone = "Europe/Zurch"', "zone: ")):
            done = self.check("flow.cron { name = 'x', run = function() end, %s }" % fields)
            self.assertIn("a.lua:1: ", done)
            self.assertIn(part, done)

    def check(self, source):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "a.lua"), "w", encoding="utf-8") as file:
                file.write(source)
            done = subprocess.run([path("nimflow"), "check", "a.lua"], cwd=folder, capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            return done.stdout


class Webhooks(Case):
    HOOK = """flow.on_webhook { name = "order", path = "orders", secret = "orders", %s
      run = function(request) return request.body end }"""

    def send(self, body, id="m1", at=None, secret=SECRET, headers=None, path="/hooks/acme/orders", type="application/json"):
        at = str(int(time.time() if at is None else at))
        mac = hmac.new(secret.encode(), f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
        if headers is None:
            headers = {"webhook-id": id, "webhook-timestamp": at,
                       "webhook-signature": "v1,AAAA v1," + base64.b64encode(mac).decode()}
        request = urllib.request.Request(self.host.url(path), data=body, method="POST",
                                         headers=dict(headers, **{"Content-Type": type}))
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as refusal:
            self.assertNotIn(SECRET, refusal.read().decode())
            return refusal.code

    def test_standard(self):
        self.serve(self.HOOK % "")
        self.assertEqual(self.send(b'{"n": 1}'), 202)
        self.assertEqual(self.send(b'{"n": 1}'), 202)                       # the same again: its answer was lost
        self.assertEqual(self.send(b'{"n": 2}', id="m2", secret="wrong"), 401)
        self.assertEqual(self.send(b'{"n": 3}', id="m3", at=time.time() - 400), 401)
        self.assertEqual(self.send(b'{"n": 4}', id="m4", at=time.time() + 400), 401)
        self.assertEqual(self.send(b'{"n": 5}', headers={}), 401)
        self.assertEqual(self.send(b"{no", id="m6"), 400)
        self.assertEqual(self.send(b"plain text", id="m7", type="text/plain"), 202)
        self.assertEqual(self.send(b"{}", id="m8", path="/hooks/acme/other"), 404)
        self.assertEqual(self.send(b"{}", id="m8", path="/hooks/other/orders"), 404)
        self.assertEqual(sorted(map(str, (run["result"] for run in self.ended(2)))), ["plain text", "{'n': 1}"])
        self.assertFalse([line for line in self.host.program.errors if SECRET in line])

    def test_a_repetition_is_known_after_a_restart(self):
        self.serve(self.HOOK % "")
        self.assertEqual(self.send(b'{"n": 1}'), 202)
        self.ended(1)
        self.host.keep_port()
        self.host.program.process.kill()
        self.host.program.process.wait()
        self.host.start()
        self.assertEqual(self.send(b'{"n": 1}'), 202)
        self.assertEqual(self.send(b'{"n": 2}', id="m2"), 202)
        self.assertEqual([run["result"] for run in self.ended(2)], [{"n": 1}, {"n": 2}])

    def test_who_signs_the_body_only(self):
        self.serve(self.HOOK % 'scheme = "body", header = "X-Signature",')
        body = b'{"n": 1}'
        mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        self.assertEqual(self.send(body, headers={"x-signature": "sha256=" + mac}), 202)
        self.assertEqual(self.send(body, headers={"x-signature": mac.upper()}), 202)   # the same
        self.assertEqual(self.send(b'{"n": 2}', headers={"x-signature": "sha256=" + mac}), 401)
        self.assertEqual([run["result"] for run in self.ended(1)], [{"n": 1}])

    def test_without_a_secret_it_hears_nothing(self):
        self.serve((self.HOOK % "").replace('secret = "orders"', 'secret = "none"'), ready=False)
        self.host.error_line("a.lua:1: ")
        self.assertEqual(self.send(b"{}"), 404)


class Others(Case):
    def test_by_hand(self):
        self.serve(ON_TASK % "" + """flow.manual { name = "hand", run = function(e)
          return { e.startedBy, e.input and e.input.n } end }""")
        event_file = os.path.join(self.host.dir, "event.json")
        with open(event_file, "w", encoding="utf-8") as file:
            json.dump({"n": 5}, file)
        done = self.nimflow("runs", "start", "hand", "--event", event_file, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.nimflow("runs", "start", "hand").returncode, 0)
        with open(event_file, "w", encoding="utf-8") as file:
            json.dump(event("by hand"), file)
        self.assertEqual(self.nimflow("runs", "start", "task", "--event", event_file).returncode, 0)
        runs = self.ended(3)
        self.assertEqual(runs[0]["id"], json.loads(done.stdout)["run"])
        self.assertRegex(runs[0]["result"][0], "^uid ")
        self.assertEqual(runs[0]["result"][1], 5)
        self.assertEqual(runs[2]["result"], "by hand")
        done = self.nimflow("runs", "start", "handd")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("did you mean 'hand'?", done.stderr)
        self.assertIn("needs an event", self.nimflow("runs", "start", "task").stderr)

    def test_failures(self):
        self.serve(ON_TASK.replace("return task.taskId", 'error("no " .. task.taskId)') % "" + """
        flow.on_failure { name = "failed", outcomes = { "failed" }, run = function(f)
          error(f.handler .. " " .. f.outcome .. " " .. f.error.where .. " " .. f.event.taskId) end }
        flow.on_failure { name = "other", handlers = { "nobody" }, run = function() end }""")
        self.assertEqual(post(self.nimbus.callback(), event("t1"))[0], 202)
        task, failed = self.ended(2)
        self.assertEqual((task["handler"], failed["handler"]), ("task", "failed"))
        self.assertIn("task failed flows/a.lua:3 t1", failed["error"]["message"])
        time.sleep(0.5)
        self.assertEqual(len(self.host.runs()), 2)  # a failure of a handler of failures starts nothing

    def test_a_silent_service_raises_an_alarm(self):
        self.serve(ON_TASK % "" + """
        flow.on_alarm { name = "alarm", kinds = { "service-silent" }, run = function(a)
          return { a.subject, a.raised } end }""", tenant="silence_after: 1s\n")
        self.assertEqual(post(self.nimbus.callback(), event("t1"))[0], 202)
        self.assertEqual(self.ended(1, "--handler", "alarm")[0]["result"], ["support@contoso.example", True])
        self.assertIn("service-silent", [a["kind"] for t in self.status()["tenants"] for a in t["alarms"]])
        self.assertEqual(post(self.nimbus.callback(), event("t2"))[0], 202)
        self.assertEqual(self.ended(2, "--handler", "alarm")[1]["result"], ["support@contoso.example", False])

    def test_unknown_kind_of_alarm(self):
        self.serve('flow.on_alarm { name = "alarm", kinds = { "service-silence" }, run = function() end }', ready=False)
        self.host.error_line("kinds: unknown kind 'service-silence'; did you mean 'service-silent'?")


if __name__ == "__main__":
    unittest.main()
