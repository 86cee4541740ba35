# SPDX-License-Identifier: Apache-2.0
"""Notifications, good and bad, and what becomes of them."""
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus


class Notifications(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nimbus = Nimbus()
        cls.host = Host(cls.nimbus.url).start()
        cls.callback = cls.nimbus.callback()

    @classmethod
    def tearDownClass(cls):
        status = cls.host.end()
        cls.nimbus.close()
        cls.host.remove()
        assert status == 0, cls.host.program.errors

    def events(self):
        """The fates counted so far."""
        done = self.host.command("runs", "list", "--json", "--config", self.host.dir + "/nimflow.yaml")
        self.assertEqual(0, done.returncode, done.stderr)

    def test_registration_names_filter_and_secret_path(self):
        config = self.nimbus.registered[0]["config"]
        self.assertEqual(["support@contoso.example"], config["services"])
        self.assertEqual(["SystemAccepted"], config["taskEvents"])
        secret = config["url"].rsplit("/", 1)[1]
        self.assertGreaterEqual(len(secret), 43, "256 bits")
        self.assertFalse(any(secret in line for line in self.host.program.errors), "the secret is in the log")

    def test_a_call_updates_its_task(self):
        self.assertEqual(202, post(self.callback, event("good"))[0])
        self.nimbus.wait(lambda: "good" in self.nimbus.updates)
        self.assertEqual({"customer": {"lastName": "for +41791234567"}}, self.nimbus.updates["good"][0])
        run = self.host.run_of("good")
        self.assertEqual("done", run["outcome"])
        self.assertEqual(["nimbus.tasks.update"], [effect["action"] for effect in run["effects"]])

    def test_the_same_again_is_one_run(self):
        body = event("twice")
        self.assertEqual([202, 202, 202], [post(self.callback, body)[0] for _ in range(3)])
        run = self.host.run_of("twice")
        self.assertEqual(2, run["duplicates"])
        self.assertEqual(1, len(self.nimbus.updates["twice"]))

    def test_other_services_are_filtered(self):
        self.assertEqual(202, post(self.callback, event("other", serviceUPN="sales@contoso.example"))[0])
        self.assertEqual(202, post(self.callback, event("after"))[0])
        self.nimbus.wait(lambda: "after" in self.nimbus.updates)
        self.assertNotIn("other", self.nimbus.updates)

    def test_wrong_secret(self):
        wrong = self.callback[:-1] + ("A" if self.callback[-1] != "A" else "B")
        for url in (wrong, self.callback + "x", self.callback[:-1], self.host.url("/nimbus/"), self.host.url("/x")):
            self.assertEqual(404, post(url, event("wrong"))[0], url)

    def test_bad_bodies(self):
        deep = b'{"taskId":' + b"[" * 100 + b"]" * 100 + b"}"
        cases = {
            b"": 400, b"nonsense": 400, b'{"taskId":"x"': 400, b'["a list"]': 400, b'"text"': 400, deep: 400,
            b'{"taskId":"\xff"}': 400, b'{"taskId":"x"} more': 400, b"{'taskId':1}": 400,
        }
        for body, status in cases.items():
            got, text = post(self.callback, body)
            self.assertEqual(status, got, body[:40])
            self.assertRegex(text, "line [0-9]+, column [0-9]+", body[:40])

    def test_too_large(self):
        self.assertEqual(413, post(self.callback, b'{"x":"' + b"a" * (2 << 20) + b'"}')[0])

    def test_content_type_and_method(self):
        self.assertEqual(415, post(self.callback, event("type"), content_type="text/plain")[0])
        self.assertEqual(202, post(self.callback, event("charset"), content_type="application/json; charset=utf-8")[0])
        self.assertEqual(405, post(self.callback, event("put"), method="PUT")[0])

    def test_it_goes_on_after_all_that(self):
        self.assertEqual(202, post(self.callback, event("still here"))[0])
        wait_until(lambda: "still%20here" in self.nimbus.updates, what="the update")


if __name__ == "__main__":
    unittest.main()
