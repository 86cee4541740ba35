# SPDX-License-Identifier: Apache-2.0
"""The simulator's page in a real browser: a test call is placed, its context arrives, it is accepted and ended."""
import os
import sys
import unittest

from simulator import Callback, Simulator, until
from webdriver import Browser


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.sim = Simulator()
        cls.hook = Callback()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.hook.close()
        cls.sim.end()

    def setUp(self):
        self.browser.size(1280, 800)
        self.browser.open(self.sim.url)
        self.browser.wait("#link", "live")

    def place(self, kind, identity=None, by_hand=True):
        """Place a test call by the dialog; returns the task as the simulator knows it."""
        known = {task["taskId"] for task in self.sim.state()["tasks"]}
        self.browser.click("#test-call")
        self.browser.script("document.getElementById(arguments[0]).click()", "kind-" + kind)
        if identity:
            self.browser.type("#identity", identity)
        if by_hand:
            self.browser.script("document.getElementById('pace').value = 'hand'")
        self.browser.click("#place")
        return until(lambda: next((t for t in self.sim.state()["tasks"] if t["taskId"] not in known), None),
                     what="the call to arrive")

    def field(self, name):
        return self.browser.script("return [...document.querySelectorAll('#customer > div')].find(d => "
                                   "d.querySelector('dt').textContent === arguments[0]).querySelector('dd').textContent", name)

    def test_a_call_with_context(self):
        self.sim.subscribe(self.hook.url)
        task_id = self.place("known", "+41 79 123 45 67")["taskId"]
        self.browser.wait("#caller", "+41791234567")
        self.assertEqual((self.field("Telephone"), self.field("First name")), ("+41791234567", "—"))
        self.browser.wait("#context", "No context yet")
        self.sim.wait_event(task_id, "SystemAccepted")
        self.sim.update(task_id, {"customer": {"firstName": "Ada", "lastName": "<b>Muster</b>", "company": "Example AG"},
                                  "customContextParameters": [{"name": "VIP", "value": "true"}],
                                  "preferredUsers": [{"upn": "agent1@contoso.example", "priority": 3}]})
        self.browser.wait("#context", "Context arrived")
        self.browser.wait("#caller", "Ada <b>Muster</b>")
        self.assertEqual((self.field("First name"), self.field("Company"), self.field("City")), ("Ada", "Example AG", "—"))
        self.assertEqual(self.browser.text("#parameters tbody"), "VIP true")
        self.assertEqual(self.browser.text("#users tbody"), "agent1@contoso.example 3")
        self.browser.wait("#events", "202 in")
        self.browser.wait("#about", "In Queue")
        self.browser.click("#accept")
        self.browser.wait("#about", "Connected")
        self.browser.wait("#about", "agent1@contoso.example")
        self.browser.click("#hang-up")
        self.browser.wait("#about", "Terminated")
        self.browser.wait(f'[data-task="{task_id}"]', "Terminated")
        self.assertTrue(self.browser.script("return document.getElementById('accept').disabled"))
        self.assertNotIn("a-secret", self.browser.script("return document.documentElement.outerHTML"))

    def test_every_kind_of_caller(self):
        for kind, shown in (("unknown", "+41449990000"), ("anonymous", "Anonymous"), ("internal", "ada.muster@contoso.example"),
                            ("chat", "ada.muster@example.org"), ("email", "ada.muster@example.org"), ("external", "TICKET-4711")):
            with self.subTest(kind):
                self.place(kind)
                self.browser.wait("#caller", shown)

    def test_a_wrong_number_says_so(self):
        self.browser.click("#test-call")
        self.browser.type("#identity", "079 123")
        self.browser.click("#place")
        self.browser.wait("#problem", "international form")
        self.browser.click("#cancel")

    def test_services_filter_the_list(self):
        task_id = self.sim.call(anonymous=True, service="sales@contoso.example")
        self.browser.wait(f'[data-task="{task_id}"]')
        for service, shown in (("support@contoso.example", 0), ("sales@contoso.example", 1), ("", 1)):
            self.browser.script("const s = document.getElementById('service'); s.value = arguments[0];"
                                "s.dispatchEvent(new Event('change'))", service)
            found = self.browser.script("return document.querySelectorAll(arguments[0]).length", f'[data-task="{task_id}"]')
            self.assertEqual(found, shown)

    def test_fits_wide_and_narrow_screens(self):
        task_id = self.place("known")["taskId"]
        for width in (1280, 420):
            self.browser.size(width, 800)
            self.browser.wait("#caller", "+41")
            wide, room = self.browser.script("return [document.documentElement.scrollWidth, innerWidth]")
            self.assertLessEqual(wide, room)
        self.browser.click("#back")
        self.browser.wait(f'[data-task="{task_id}"]', "In")

    def test_nothing_wrong_in_the_console(self):
        self.browser.console()
        self.place("chat")
        self.browser.wait("#caller", "@")
        self.assertEqual(self.browser.console(), [])

    def test_every_control_has_a_name(self):
        unnamed = self.browser.script("return [...document.querySelectorAll('button, select, input')].filter(e => "
                                      "!e.textContent.trim() && !e.ariaLabel && !(e.labels && e.labels.length)).map(e => e.outerHTML)")
        self.assertEqual(unnamed, [])


if __name__ == "__main__":
    if os.environ.get("NF_NO_BROWSER"):
        print("skipped: NF_NO_BROWSER is set")
        sys.exit(77)
    unittest.main()
