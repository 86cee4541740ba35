# SPDX-License-Identifier: Apache-2.0
"""Signing in in a real browser: the identity server's page, and back to the host's."""
import unittest

from entra import SignedHost
from host import wait_until
from simulator import Simulator
from webdriver import Browser


class Page(unittest.TestCase):
    def test_pick_a_user_and_come_back(self):
        browser = Browser()
        sim = Simulator()
        host = SignedHost(sim).start(ready=False)
        try:
            program, shown = host.begin("--browser")
            browser.open(shown["address"])
            browser.click('button[value="agent1@contoso.example"]')
            browser.wait("h1", "Thank you")
            self.assertEqual([], [line for line in browser.console() if "favicon" not in line])
            status, end = host.finish(program)
            self.assertEqual((0, "agent1@contoso.example"), (status, end["upn"]))
            wait_until(host.ready, what="ready")
            program, shown = host.begin()
            browser.open(shown["address"])
            browser.type('input[name="code"]', shown["user_code"])
            browser.click('button[value="admin@contoso.example"]')
            browser.wait("h1", "You have signed in")
            self.assertEqual((0, "admin@contoso.example"), (lambda s, e: (s, e["upn"]))(*host.finish(program)))
        finally:
            browser.close()
            status = host.end()
            sim.end()
            host.remove()
        self.assertEqual(0, status)


if __name__ == "__main__":
    unittest.main()
