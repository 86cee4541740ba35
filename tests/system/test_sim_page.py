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

    def view(self, name):
        self.browser.click(f'[data-view="{name}"]')

    def choose(self, selector, value):
        self.browser.script("const s = document.querySelector(arguments[0]); s.value = arguments[1];"
                            "s.dispatchEvent(new Event('change'))", selector, value)

    def queued(self, **wanted):
        task_id = self.sim.call(timeline={"created": 0, "systemAccepted": 0, "queued": 0, "userAccepted": None,
                                          "terminated": None}, **wanted)
        self.sim.wait_state(task_id, "In Queue")
        return task_id

    def test_the_toast_rings_and_declines_and_accepts(self):
        task_id = self.queued(**{"from": "+41791234501"})
        self.sim.control(f"tasks/{task_id}/ring", {"user": "agent2@contoso.example"})
        self.addCleanup(self.choose, "#acting", "")
        self.choose("#acting", "agent1@contoso.example")
        self.browser.wait("#link", "live")
        self.assertTrue(self.browser.script("return document.getElementById('toast').hidden"))
        self.choose("#acting", "agent2@contoso.example")
        self.browser.wait("#toast", "+41791234501")
        self.browser.wait("#toast", "No context yet")
        self.sim.update(task_id, {"customer": {"displayName": "Ada <i>Muster</i>"},
                                  "customContextParameters": [{"name": "VIP", "value": "true"}]})
        self.browser.wait("#toast", "Ada <i>Muster</i>")
        self.browser.wait("#toast", "true")
        self.browser.click("#toast .accept")
        until(lambda: self.sim.task(task_id).get("user") == "agent2@contoso.example", what="the user to be connected")
        self.browser.wait(f'[data-task="{task_id}"]', "Connected")

    def test_my_queue_and_live_view(self):
        task_id = self.queued(modality="Email", email="queue@example.org")
        self.view("queue")
        self.browser.wait("#queue", "queue@example.org")
        self.view("live")
        self.browser.wait("#live-tasks", "queue@example.org")
        self.browser.wait("#live-users", "Amira Arnold")
        self.browser.wait("#live-figures", "Sessions")
        self.sim.control(f"tasks/{task_id}/hangup")
        until(lambda: "queue@example.org" not in self.browser.text("#live-tasks"), what="the task to leave the lanes")

    def test_transfer_and_input_from_the_details(self):
        task_id = self.queued(**{"from": "+41791234502"})
        self.browser.wait(f'[data-task="{task_id}"]', "+41791234502")
        self.browser.click(f'[data-task="{task_id}"]')
        self.browser.type("#input-name", "Menu")
        self.browser.type("#input-value", "2")
        self.browser.click("#input-form button")
        self.browser.wait("#parameters", "Menu")
        self.choose("#transfer", "service sales@contoso.example")
        self.browser.wait("#about", "Sales")
        self.browser.wait("#events", "Transferred")
        self.browser.click("#hang-up")
        self.browser.wait("#customer", "Not Available")

    def test_contacts_and_books(self):
        book = "/v2/AddressBooks/zurich/contacts"
        self.sim.raw("POST", book, {"externalId": "p1", "displayName": "Petra Page", "mobilePhones": ["+41791112233"]})
        self.view("contacts")
        self.browser.wait("#contacts", "Ada Muster")
        self.browser.type("#contact-search", "petra")
        until(lambda: "Ada Muster" not in self.browser.text("#contacts"), what="the search")
        self.browser.wait("#contacts", "Petra Page")
        self.browser.click("#contacts button")
        self.browser.wait("#caller", "+41791112233")
        self.browser.wait("#about", "Outbound")
        self.browser.click("#hang-up")  # or it would ring at the agent for a while
        self.browser.wait("#about", "Terminated")
        self.view("books")
        self.browser.wait("#books", "ZH-Support")
        self.browser.script("document.querySelectorAll('#books button')[2].click()")
        self.browser.wait("#book-contacts", "Petra Page")
        self.sim.raw("POST", book + "/clear")
        until(lambda: "Petra" not in self.browser.text("#book-contacts"), what="the contact to go")

    def test_the_scheduler(self):
        self.sim.raw("POST", "/v1/scheduler-entries", {"serviceUpn": "support@contoso.example", "destination": "+41790000000",
                                                       "dueDateTimeUtc": "2036-01-01T00:00:00Z", "ReferenceId": "CRM-9"})
        self.view("scheduler")
        self.browser.wait("#entries", "CRM-9")
        self.browser.wait("#entries", "Scheduled")
        self.browser.script("document.querySelectorAll('#entries button')[0].click()")
        self.browser.wait("#entries", "In Progress")
        self.browser.script("document.querySelectorAll('#entries button')[0].click()")
        self.browser.wait("#entries", "Cancelled")

    def test_roles_change_at_once(self):
        def user():
            return next(u for u in self.sim.state()["users"] if u["upn"] == "supervisor@contoso.example")
        self.view("people")
        self.browser.wait("#unit-tree", "Address books: Zurich")
        self.browser.wait("#user-table", "Sara Suter")
        self.choose('[aria-label="Role of Sara Suter"]', "Tenant Admin")
        until(lambda: user()["role"] == "Tenant Admin", what="the role")
        self.choose('[aria-label="Unit of Sara Suter"]', "DE")
        until(lambda: user()["unit"] == "DE", what="the unit")
        self.sim.control("users/supervisor@contoso.example", {"role": "Supervisor", "unit": "ZH-Support"})
        until(lambda: self.browser.script("return document.querySelector(arguments[0]).value",
                                          '[aria-label="Role of Sara Suter"]') == "Supervisor", what="the page to follow")

    def test_every_view_fits_and_is_quiet(self):
        self.browser.console()
        for width in (1280, 420):
            self.browser.size(width, 800)
            for name in ("sessions", "queue", "live", "contacts", "books", "scheduler", "people"):
                self.view(name)
                wide, room = self.browser.script("return [document.documentElement.scrollWidth, innerWidth]")
                self.assertLessEqual(wide, room, name)
        self.assertEqual(self.browser.console(), [])

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
