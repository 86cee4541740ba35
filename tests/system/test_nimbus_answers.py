# SPDX-License-Identifier: Apache-2.0
"""What a flow and the admin see when Nimbus refuses, fails, answers nonsense or nothing."""
import os
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

CATCHES = """
nimbus.on_task {
  name = "catches", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  limits = { wall = "20s" },
  run = function(task)
    local ok, err = pcall(nimbus.tasks.update, { taskId = task.taskId, customer = { lastName = "x" } })
    return { ok = ok, kind = err and err.kind, message = err and err.message, status = err and err.status,
             where = err and err.where }
  end,
}
"""


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nimbus = Nimbus()
        cls.host = Host(cls.nimbus.url, flows={"catches.lua": CATCHES},
                        tenant="request_timeout: 1s\nretry_times: 4\nbreaker_failures: 0\n").start()

    @classmethod
    def tearDownClass(cls):
        status = cls.host.end()
        cls.nimbus.close()
        cls.host.remove()
        assert status == 0, cls.host.program.errors

    def tearDown(self):
        self.nimbus.answer = None

    def outcome(self, task, answer):
        """Send an event whose update gets `answer(handler)`; what the flow saw, and how often it was tried."""
        tries = []

        def misbehave(handler, body):
            if handler.command != "PUT":
                return False
            tries.append(body)
            return answer(handler, len(tries))
        self.nimbus.answer = misbehave
        self.assertEqual(202, post(self.nimbus.callback(), event(task))[0])
        return self.host.run_of(task)["result"], len(tries)

    def status(self, task, status, headers=(), only=10**6):
        def answer(handler, number):
            if number > only:
                return False
            handler.reply(status, {"secret": "detail of the server"}, headers)
            return True
        return self.outcome(task, answer)

    def test_refusals_are_not_repeated(self):
        for status, kind, words in ((401, "sign-in", "token"), (403, "denied", "role"), (404, "not-found", "ended")):
            result, tries = self.status(f"refused-{status}", status)
            self.assertEqual((False, kind, status), (result["ok"], result["kind"], result["status"]))
            self.assertIn(words, result["message"])
            self.assertIn(f"PUT /v1/tasks/refused-{status} answered {status}", result["message"])
            self.assertRegex(result["where"], r"flows/catches.lua:\d+")
            self.assertNotIn("secret", result["message"])
            self.assertEqual(1, tries)

    def test_failures_are_repeated_since_an_update_is_safe(self):
        for status in (500, 503, 504, 429):
            result, tries = self.status(f"passing-{status}", status, only=1)
            self.assertTrue(result["ok"], result)
            self.assertEqual(2, tries)

    def test_lasting_failures_are_told(self):
        for status, kind in ((500, "server"), (504, "unknown-outcome"), (429, "rate")):
            result, tries = self.status(f"lasting-{status}", status)
            self.assertEqual((False, kind, status), (result["ok"], result["kind"], result["status"]))
            self.assertEqual(4, tries)

    def test_retry_after_is_obeyed(self):
        result, tries = self.status("after", 429, [("Retry-After", "1")], only=1)
        self.assertTrue(result["ok"])
        self.assertEqual(2, tries)
        run = self.host.run_of("after")
        self.assertGreaterEqual(run["effects"][0]["took_ms"], 1000)

    def test_garbage(self):
        def answer(handler, _):
            handler.wfile.write(b"this is no HTTP\r\n\r\n")
            handler.close_connection = True
            return True
        result, _ = self.outcome("garbage", answer)
        self.assertEqual((False, "unknown-outcome"), (result["ok"], result["kind"]))

    def test_an_answer_that_is_not_json(self):
        def answer(handler, _):
            handler.send_response(200)
            handler.send_header("Content-Length", "5")
            handler.end_headers()
            handler.wfile.write(b"<ok/>")
            return True
        result, _ = self.outcome("no json", answer)
        self.assertEqual((False, "protocol"), (result["ok"], result["kind"]))
        self.assertIn("not valid JSON", result["message"])

    def test_no_answer(self):
        hung = []

        def answer(handler, _):
            hung.append(handler.rfile.read(1))  # until the client gives up
            handler.close_connection = True
            return True
        result, tries = self.outcome("nothing", answer)
        self.assertEqual((False, "unknown-outcome"), (result["ok"], result["kind"]))
        self.assertIn("not known", result["message"])
        self.assertEqual(4, tries)

    def test_cut_connection(self):
        def answer(handler, _):
            handler.close_connection = True
            return True
        result, _ = self.outcome("cut", answer)
        self.assertEqual(False, result["ok"])


class TokenChange(unittest.TestCase):
    def test_a_new_token_in_the_file_is_used(self):
        nimbus = Nimbus()
        host = Host(nimbus.url, flows={"catches.lua": CATCHES}).start()
        try:
            nimbus.token = "renewed"
            host.write("tenants/acme/token", "renewed\n", 0o600)
            self.assertEqual(202, post(nimbus.callback(), event("renewed"))[0])
            self.assertTrue(host.run_of("renewed")["result"]["ok"])
            self.assertFalse(any("renewed\"" in line or "secret" in line for line in host.program.errors))
        finally:
            self.assertEqual(0, host.end())
            nimbus.close()
            host.remove()


class Away(unittest.TestCase):
    def test_nimbus_comes_later(self):
        nimbus = Nimbus()
        calls = []

        def unavailable(handler, _):
            calls.append(handler.path)
            handler.reply(503, None, [("Retry-After", "0")])
            return True
        nimbus.answer = unavailable
        host = Host(nimbus.url).start(ready=False)
        try:
            host.error_line("HTTP 503")
            self.assertFalse(host.ready())
            nimbus.answer = None
            wait_until(host.ready, 60, "ready after Nimbus came back")
            self.assertEqual(1, len(nimbus.registered))
        finally:
            self.assertEqual(0, host.end())
            nimbus.close()
            host.remove()

    def test_a_token_file_others_may_read(self):
        host = Host("http://127.0.0.1:9")
        os.chmod(os.path.join(host.tenant, "token"), 0o644)
        done = host.command("serve", "--config", host.dir + "/nimflow.yaml")
        host.remove()
        self.assertEqual(3, done.returncode)
        self.assertIn("chmod 600", done.stderr)


if __name__ == "__main__":
    unittest.main()
