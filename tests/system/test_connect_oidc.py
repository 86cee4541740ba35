# SPDX-License-Identifier: Apache-2.0
"""Both ways to sign in, and the refreshes, against an identity server of others (the npm package oidc-provider)."""
import unittest

from entra import CLIENT, SignedHost
from host import event, post, wait_until
from nimbus import Nimbus
from oidc import Person, Provider, install

USER = "ada@contoso.example"


class Oidc(unittest.TestCase):
    def setUp(self):
        self.provider = Provider(CLIENT, 5)
        self.nimbus = Nimbus()
        self.tokens = set()
        self.nimbus.answer = self.check_token
        self.host = SignedHost(self.nimbus, "directory_tenant: 99999999-8888-7777-6666-555555555555\n",
                               authority=self.provider.url + "/organizations")
        path = "tenants/acme/tenant.yaml"
        with open(f"{self.host.dir}/{path}", encoding="utf-8") as file:
            self.host.write(path, file.read().replace("scope: api/.default ", "scope: "))
        self.host.write("nimflow.yaml", "listen: 127.0.0.1:0\nlog_level: debug\n")
        self.host.start(ready=False)

    def tearDown(self):
        status = self.host.end()
        self.provider.end()
        self.nimbus.close()
        self.host.remove()
        self.assertEqual(0, status, self.host.program.errors)

    def check_token(self, handler, _):
        """Nimbus takes what the identity server knows."""
        token = (handler.headers.get("Authorization") or "")[len("Bearer "):]
        if self.provider.takes(token):
            self.tokens.add(token)
            self.nimbus.token = token
        if handler.path == "/v1/diagnostics/testconnection" and token == self.nimbus.token:
            handler.reply(200)
            return True
        return False

    def works_and_lives_on(self, program):
        status, end = self.host.finish(program)
        self.assertEqual((0, "done", USER), (status, end["state"], end["upn"]), end)
        wait_until(self.host.ready, what="ready")
        for i in range(3):
            known = len(self.tokens)
            post(self.nimbus.callback(), event(f"task-{known}-{i}"))
            self.nimbus.wait(lambda task=f"task-{known}-{i}": task in self.nimbus.updates)
            seen = set(self.tokens)

            def another(at=i):
                post(self.nimbus.callback(), event(f"more-{at}-{len(self.nimbus.updates)}"))
                return self.tokens - seen
            wait_until(another, 60, "a refreshed token")
        self.assertIsNone(self.host.connections()["nimbus"]["trouble"])

    def test_device_code(self):
        program, shown = self.host.begin()
        person = Person()
        url, page = person.open(shown["address"])
        url, page = person.send(url, page, user_code=shown["user_code"])
        url, page = person.send(url, page, confirm="yes")
        url, page = person.sign_in(url, page, USER)
        self.assertIn("Sign-in Success", page)
        self.works_and_lives_on(program)

    def test_code_with_pkce(self):
        program, shown = self.host.begin("--browser")
        person = Person()
        url, page = person.open(shown["address"])
        url, page = person.sign_in(url, page, USER)
        self.assertIn("You can close this page", page)
        self.works_and_lives_on(program)


if __name__ == "__main__":
    install()
    unittest.main()
