# SPDX-License-Identifier: Apache-2.0
"""People sign in for a connection; their sign-ins live on: refreshed, swapped, lost and found again."""
import http.server
import json
import os
import random
import threading
import time
import unittest
import urllib.parse
import urllib.request

from entra import Entra, SignedHost, fetch
from host import SHOW_CALLER, wait_until
from simulator import Simulator

ADMIN, AGENT, OTHER = "admin@contoso.example", "agent1@contoso.example", "agent2@contoso.example"
NUMBER = "+41791234567"
TOKEN = "POST /{tenant}/oauth2/v2.0/token"


class Case(unittest.TestCase):
    tenant = ""
    flows = None

    def setUp(self):
        self.sim = Simulator("--token-ms", "3600000", "--speed", "10")
        self.host = SignedHost(self.sim, self.tenant, self.flows)
        self.entra = self.host.entra
        self.entra.set(interval=1)

    def tearDown(self):
        status = self.host.end()
        self.sim.end()
        self.host.remove()
        self.assertEqual(0, status, self.host.program.errors)

    def signed_in(self, upn=ADMIN, *args):
        """The host, with somebody signed in and ready."""
        if not self.host.program:
            self.host.start(ready=False)
        status, end = self.host.connect(upn, *args)
        self.assertEqual((0, "done", upn), (status, end["state"], end["upn"]), end)
        wait_until(self.host.ready, what="ready")

    def call(self, **more):
        """A call through everything: notification in, update out."""
        task = self.sim.call(**{"from": NUMBER}, **more)
        self.updated(task)
        return task

    def updated(self, task):
        wait_until(lambda: (self.sim.task(task)["customer"] or {}).get("lastName"), what="the update of a call")

    def subscriptions(self):
        """The users of what is registered."""
        return sorted(s["user"] for s in self.sim.state()["subscriptions"])

    def log(self, part):
        return [line for line in self.host.program.errors if part in line]


class SigningIn(Case):
    def test_with_a_device_code(self):
        self.host.start(ready=False)
        self.assertFalse(self.host.ready())
        program, shown = self.host.begin()
        self.assertEqual(("waiting", "nimbus"), (shown["state"], shown["connection"]))
        self.entra.enter(shown["address"], shown["user_code"].lower(), ADMIN)
        status, end = self.host.finish(program)
        self.assertEqual((0, "done", ADMIN, 200), (status, end["state"], end["upn"], end["test"]))
        wait_until(self.host.ready, what="ready")
        self.call()
        row = self.host.connections()["nimbus"]
        self.assertEqual((ADMIN, True, None, 200), (row["upn"], row["ready"], row["trouble"], row["test"]["status"]))
        self.assertEqual([ADMIN], self.subscriptions())
        text = self.host.command("connect", "list", "acme", "--config", self.host.config()).stdout
        self.assertRegex(text, "nimbus +admin@contoso.example +yes +200, ")

    def test_what_a_person_reads(self):
        self.host.start(ready=False)
        from programs import Program
        program = Program("nimflow", "connect", "nimbus", "acme", "--config", self.host.config())
        address = program.wait_line("Open ").split()[1]
        code = program.wait_line("and enter the code ").split()[-1]
        self.entra.enter(address, code, ADMIN)
        program.wait_line(f"Signed in as {ADMIN}, and Nimbus confirms it. Connection nimbus of acme works with it now;")
        wait_until(lambda: program.process.poll() is not None)
        self.assertEqual(0, program.end())

    def test_declined_and_too_late(self):
        self.host.start(ready=False)
        status, end = self.host.connect("")
        self.assertEqual((4, "failed"), (status, end["state"]))
        self.assertIn("the sign-in was declined", end["error"])
        self.entra.set(codeLife=1)
        program, _ = self.host.begin()
        status, end = self.host.finish(program)
        self.assertEqual((4, "failed"), (status, end["state"]))
        self.assertIn("the code was not entered in time", end["error"])
        self.assertEqual({}, self.host.connections())

    def test_with_a_browser_and_pkce(self):
        self.host.start(ready=False)
        program, shown = self.host.begin("--browser")
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(shown["address"]).query))
        self.assertEqual(("code", "S256", self.host.url("/sign-in")),
                         (query["response_type"], query["code_challenge_method"], query["redirect_uri"]))
        self.assertEqual((43, 43), (len(query["code_challenge"]), len(query["state"])))
        back = self.entra.browse(shown["address"], ADMIN)
        self.assertTrue(back.startswith(self.host.url("/sign-in?code=")), back)
        self.assertEqual(404, fetch(back.replace("state=", "state=x"))[0])
        self.assertEqual(404, fetch(self.host.url("/sign-in"))[0])
        status, headers, page = fetch(back)
        self.assertEqual((200, "no-store"), (status, headers["cache-control"]))
        self.assertIn("You can close this page", page)
        self.assertEqual((0, "done"), (lambda s, e: (s, e["state"]))(*self.host.finish(program)))
        fetch(back)  # a second time changes nothing
        wait_until(self.host.ready, what="ready")
        self.call()

    def test_a_browser_brings_an_error(self):
        self.host.start(ready=False)
        program, shown = self.host.begin("--browser")
        fetch(self.entra.browse(shown["address"], ""))
        status, end = self.host.finish(program)
        self.assertEqual((4, "failed"), (status, end["state"]))
        self.assertIn("access_denied", end["error"])

    def test_a_stolen_code_is_of_no_use(self):
        self.host.start(ready=False)
        _, first = self.host.begin("--browser")
        program, second = self.host.begin("--browser")
        code = urllib.parse.parse_qs(urllib.parse.urlparse(self.entra.browse(first["address"], AGENT)).query)["code"][0]
        state = urllib.parse.parse_qs(urllib.parse.urlparse(second["address"]).query)["state"][0]
        fetch(self.host.url(f"/sign-in?code={code}&state={state}"))
        status, end = self.host.finish(program)
        self.assertEqual((4, "failed"), (status, end["state"]))
        self.assertIn("code_verifier", end["error"])
        _.process.terminate()
        _.process.wait()
        _.end()

    def test_with_a_browser_on_this_machine(self):
        self.host.start(ready=False)
        program, shown = self.host.begin("--loopback")
        back = self.entra.browse(shown["address"], ADMIN)
        self.assertTrue(back.startswith("http://localhost:"), back)
        self.assertEqual(200, fetch(back)[0])
        self.assertEqual((0, "done"), (lambda s, e: (s, e["state"]))(*self.host.finish(program)))

    def test_nimbus_refuses_the_user(self):
        self.signed_in()
        self.sim.fault("GET /v1/diagnostics/testconnection", mode="status", status=403, count=1)
        status, end = self.host.connect(AGENT)
        self.assertEqual((4, "failed"), (status, end["state"]))
        self.assertIn(f"{AGENT} signed in, but Nimbus does not confirm it", end["error"])
        self.assertEqual(ADMIN, self.host.connections()["nimbus"]["upn"])
        self.call()

    def test_what_is_wrong_with_a_command(self):
        self.host.start(ready=False)
        for args, text in ((("nimbus", "nobody"), "there is no tenant 'nobody'"),
                           (("nimbus", "acme", "--name", "a b"), "the name of a connection has"),
                           (("remove", "acme", "nimbus"), "nobody has signed in|no connection|unknown connection"),
                           (("list",), "connect list TENANT"), (("lost", "acme"), "known: nimbus, list, remove")):
            done = self.host.command("connect", *args, "--config", self.host.config())
            self.assertNotEqual(0, done.returncode)
            self.assertRegex(done.stderr, text)


class NotSetUp(Case):
    def test_without_a_client_id(self):
        self.host.write("tenants/acme/tenant.yaml", f"cluster: {self.sim.url}\n")
        self.host.start(ready=False)
        done = self.host.command("connect", "nimbus", "acme", "--config", self.host.config())
        self.assertNotEqual(0, done.returncode)
        self.assertIn("tenant.yaml needs 'client_id'", done.stderr)


class OtherDirectory(Case):
    tenant = "directory_tenant: 00000000-1111-2222-3333-444444444444\n"

    def test_is_refused(self):
        self.host.start(ready=False)
        status, end = self.host.connect()
        self.assertEqual((4, "failed"), (status, end["state"]))
        self.assertIn(f"{ADMIN} belongs to the directory {self.entra.state()['tid']}, but tenant.yaml takes only users of "
                      "00000000-1111-2222-3333-444444444444", end["error"])

    def test_the_right_one_is_taken(self):
        path = os.path.join(self.host.dir, "tenants/acme/tenant.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read().replace("00000000-1111-2222-3333-444444444444", self.entra.state()["tid"].upper())
        self.host.write("tenants/acme/tenant.yaml", text)
        self.signed_in()


class LivingOn(Case):
    def test_many_refreshes(self):
        self.entra.set(tokenMs=1000)
        self.signed_in()
        wait_until(lambda: self.entra.state()["refreshes"] >= 6, 120, "refreshes")
        self.call()
        state = self.entra.state()
        self.assertEqual((1, 0), (state["families"], state["reuses"]))
        self.assertEqual([], self.log("refused"))

    def test_killed_again_and_again(self):
        self.entra.set(tokenMs=2000)
        self.signed_in()
        self.host.keep_port()
        random.seed(1)
        for _ in range(6):
            time.sleep(random.random() * 2)
            self.host.kill()
            self.host.start(ready=False)
            wait_until(self.host.ready, what="ready")
            self.call()
        before = self.entra.state()["refreshes"]
        wait_until(lambda: self.entra.state()["refreshes"] >= before + 2, 60, "refreshes")
        self.assertEqual((1, 0), (self.entra.state()["families"], self.entra.state()["reuses"]))

    def test_revoked(self):
        self.entra.set(tokenMs=3000)
        self.signed_in()
        self.entra.set(revoke=ADMIN)
        row = self.host.wait_connection("nimbus", lambda row: row["trouble"])
        self.assertIn("the sign-in has expired or was revoked", row["trouble"])
        self.assertFalse(self.host.ready())
        self.assertEqual(1, len(self.log("sign-in-expired")), self.host.program.errors)
        time.sleep(2)
        self.assertEqual(1, len(self.log("AADSTS70008: ")[:1]))
        self.assertEqual(1, len([line for line in self.log("error auth:") if "AADSTS70008" in line]), "it was tried again")
        self.signed_in()
        self.call()

    def test_a_restart_after_it_was_revoked(self):
        self.signed_in()
        self.host.keep_port()
        self.host.end()
        self.entra.set(revoke=ADMIN)
        self.host.start(ready=False)
        self.host.wait_connection("nimbus", lambda row: "revoked" in (row["trouble"] or ""))

    def test_the_identity_server_fails_for_a_while(self):
        self.entra.set(tokenMs=8000)
        self.signed_in()
        self.sim.fault(TOKEN, mode="status", status=503, count=1000)
        self.host.error_line("the identity server answered 503", 60)
        self.call()
        self.assertIsNone(self.host.connections()["nimbus"]["trouble"])
        self.host.wait_connection("nimbus", lambda row: "503" in (row["trouble"] or ""))
        self.sim.raw("DELETE", "/sim/faults", headers={"x-requested-with": "test"})
        self.host.wait_connection("nimbus", lambda row: row["trouble"] is None)
        self.call()
        self.assertEqual(0, self.entra.state()["reuses"])

    def test_one_refresh_for_all_that_wait(self):
        self.signed_in()
        before = self.entra.state()["refreshes"]
        self.sim.fault(TOKEN, mode="slow", delayMs=1000)
        self.entra.set(revokeAccess=ADMIN)
        tasks = json.loads(self.sim.raw("POST", "/sim/calls", {"from": NUMBER, "count": 200})[2])["taskIds"]
        for task in tasks:
            self.updated(task)
        self.assertEqual(before + 1, self.entra.state()["refreshes"])
        self.assertEqual([], [run for run in self.host.runs() if run["outcome"] not in ("done", "running")])


class Swapping(Case):
    def test_another_user_takes_over(self):
        self.signed_in(ADMIN)
        self.call()
        self.signed_in(AGENT)
        wait_until(lambda: self.subscriptions() == [AGENT], what="the old registration to go")
        self.call()
        self.assertEqual(AGENT, self.host.connections()["nimbus"]["upn"])
        self.host.keep_port()
        self.host.end()
        self.host.start()
        self.call()
        self.assertEqual([AGENT], self.subscriptions())

    def test_killed_between_the_new_and_the_old(self):
        self.signed_in(ADMIN)
        self.host.keep_port()
        self.sim.fault("DELETE /v1/triggers/tasks/{triggerId}", mode="status", status=500, count=1000)
        self.signed_in(AGENT)
        wait_until(lambda: self.subscriptions() == [ADMIN, AGENT], what="the new registration")
        self.host.kill()
        self.sim.raw("DELETE", "/sim/faults", headers={"x-requested-with": "test"})
        self.host.start()
        wait_until(lambda: self.subscriptions() == [AGENT], 60, what="the old registration to go")
        self.call()

    def test_an_event_that_both_registrations_bring_runs_once(self):
        self.signed_in(ADMIN)
        self.sim.fault("DELETE /v1/triggers/tasks/{triggerId}", mode="status", status=500, count=1000)
        self.signed_in(AGENT)
        wait_until(lambda: self.subscriptions() == [ADMIN, AGENT], what="the new registration")
        self.call()
        task = self.sim.call(**{"from": NUMBER})
        self.sim.wait_event(task, "SystemAccepted")
        self.host.run_of(task)
        self.assertEqual(2, len(self.host.runs()))
        self.sim.raw("DELETE", "/sim/faults", headers={"x-requested-with": "test"})

    def test_signing_out(self):
        self.signed_in(ADMIN)
        done = self.host.command("connect", "remove", "acme", "nimbus", "--config", self.host.config())
        self.assertEqual(0, done.returncode, done.stderr)
        wait_until(lambda: self.subscriptions() == [], what="the registration to go")
        self.assertEqual({}, self.host.connections())
        self.assertFalse(self.host.ready())
        self.host.error_line("the former sign-in is gone")
        self.signed_in(OTHER)
        self.call()
        self.assertEqual([OTHER], self.subscriptions())


class Several(Case):
    flows = {"show.lua": SHOW_CALLER,
             "sales.lua": SHOW_CALLER.replace("show caller", "sales").replace("  run", '  connection = "sales",\n  run')
             .replace("support@", "sales@")}

    def test_each_flow_hears_and_acts_by_its_own(self):
        self.signed_in(ADMIN)
        self.assertEqual([ADMIN], self.subscriptions())
        self.host.error_line("flows/sales.lua:2: unknown connection 'sales'")
        self.signed_in(AGENT, "--name", "sales")
        wait_until(lambda: self.subscriptions() == [ADMIN, AGENT], what="both registrations")
        self.call()
        self.call(service="sales@contoso.example")
        self.entra.set(revoke=AGENT)
        status = json.loads(self.host.command("connect", "list", "acme", "--json", "--config", self.host.config()).stdout)
        self.assertEqual(["nimbus", "sales"], [row["name"] for row in status["connections"]])
        self.sim.call(**{"from": NUMBER}, service="sales@contoso.example")
        self.host.wait_connection("sales", lambda row: "connection sales: " in (row["trouble"] or ""))
        self.assertIsNone(self.host.connections()["nimbus"]["trouble"])
        self.call()


class Recorder:
    """Stands between host and identity server and remembers every secret that goes through."""

    def __init__(self, target):
        self.secrets = set()
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                request = urllib.request.Request(target + self.path, body, {"content-type": self.headers["content-type"]})
                try:
                    with urllib.request.urlopen(request, timeout=60) as answer:
                        status, text = answer.status, answer.read()
                except urllib.error.HTTPError as error:
                    status, text = error.code, error.read()
                said = json.loads(text)
                recorder.secrets.update(said[name] for name in ("access_token", "refresh_token", "id_token", "device_code")
                                        if name in said)
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Secrets(unittest.TestCase):
    def setUp(self):
        self.sim = Simulator("--token-ms", "2000", "--speed", "10")
        self.recorder = Recorder(self.sim.url)
        self.host = SignedHost(self.sim, authority=self.recorder.url + "/organizations",
                               flows={"show.lua": SHOW_CALLER, "fails.lua": SHOW_CALLER.replace("show caller", "fails")
                                      .replace("nimbus.tasks.update {", "error('x') nimbus.tasks.update {")})
        Entra(self.sim).set(interval=1)

    def tearDown(self):
        self.recorder.server.shutdown()
        self.recorder.server.server_close()
        self.sim.end()
        self.host.remove()

    def everything(self):
        """All that the host wrote: its folder, its log, its history and what it tells about itself."""
        texts = [("\n".join(self.host.program.errors)).encode(), json.dumps(self.host.connections()).encode()]
        texts += [json.dumps(self.host.show(run["id"])).encode() for run in self.host.runs()]
        for folder, _, names in os.walk(self.host.dir):
            for name in names:
                if not name.endswith(".sock"):
                    with open(os.path.join(folder, name), "rb") as file:
                        texts.append(file.read())
        return texts

    def test_are_nowhere(self):
        self.host.write("nimflow.yaml", "listen: 127.0.0.1:0\nlog_level: debug\n")
        self.host.start(ready=False)
        self.assertEqual(0, self.host.connect()[0])
        wait_until(self.host.ready, what="ready")
        task = self.sim.call(**{"from": NUMBER})
        wait_until(lambda: self.sim.task(task)["customer"].get("lastName"), what="the update")
        wait_until(lambda: Entra(self.sim).state()["refreshes"] >= 2, what="refreshes")
        texts = self.everything()
        self.host.end()
        texts += self.everything_left()
        self.assertGreaterEqual(len(self.recorder.secrets), 6)
        for secret in self.recorder.secrets:
            self.assertFalse(any(secret.encode() in text for text in texts))

    def everything_left(self):
        found = []
        for name in os.listdir(os.path.join(self.host.dir, "data")):
            full = os.path.join(self.host.dir, "data", name)
            if os.path.isfile(full):
                with open(full, "rb") as file:
                    found.append(file.read())
        return found

    def test_the_key_is_another_one(self):
        key = os.path.join(self.host.dir, "data", "key")
        self.host.start(ready=False)
        self.assertEqual(0, self.host.connect()[0])
        self.assertEqual(0o600, os.stat(key).st_mode & 0o777)
        self.host.end()
        self.host.keep_port()
        with open(key, encoding="utf-8") as file:
            right = file.read()
        self.host.write("data/key", "x" * 43 + "\n", 0o600)
        self.host.start(ready=False)
        row = self.host.wait_connection("nimbus", lambda row: row["trouble"])
        self.assertIn("data/key; restore the key or sign in again: the key is not the one it was encrypted with",
                      row["trouble"])
        self.host.end()
        self.host.write("data/key", right, 0o600)
        self.host.start()
        self.host.end()
        os.remove(key)
        os.environ["NIMFLOW_KEY"] = right.strip()
        try:
            self.host.start()
        finally:
            del os.environ["NIMFLOW_KEY"]
        self.assertEqual(0, self.host.end())
        self.assertFalse(os.path.exists(key))


class TokenFile(Case):
    def test_a_sign_in_takes_over_from_a_token_file(self):
        self.host.write("tenants/acme/token", Simulator.TOKEN + "\n", 0o600)
        with open(os.path.join(self.host.dir, "tenants/acme/tenant.yaml"), "a", encoding="utf-8") as file:
            file.write("token_file: token\n")
        self.host.start()
        self.call()
        done = self.host.command("connect", "remove", "acme", "nimbus", "--config", self.host.config())
        self.assertIn("comes from 'token_file' in tenant.yaml", done.stderr)
        self.signed_in(AGENT)
        wait_until(lambda: self.subscriptions() == [AGENT], what="the old registration to go")
        self.call()


if __name__ == "__main__":
    unittest.main()
