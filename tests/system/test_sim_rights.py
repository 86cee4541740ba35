# SPDX-License-Identifier: Apache-2.0
"""Who may what in the simulator: roles and organization units, at registration, at actions and at deliveries."""
import json
import os
import tempfile
import unittest

from programs import Program
from simulator import Callback, Simulator, until
from test_sim_api import HAND, Case

FAR = "2036-03-23T11:00:00Z"
SUPPORT, SALES, VERSAND = "support@contoso.example", "sales@contoso.example", "versand@contoso.example"


class Roles(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tokens = {name: cls.sim.sign_in(name + "@contoso.example")
                      for name in ("admin", "owner", "limited", "ouadmin", "supervisor", "agent1", "partner")}

    def get(self, who, path):
        status, _, text = self.sim.raw("GET", path, token=self.tokens[who])
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def status(self, who, method, path, body=None):
        return self.sim.raw(method, path, body, token=self.tokens[who])[0]

    def test_services_that_are_listed(self):
        for who, tasks, entries, external in (
                ("admin", [SUPPORT, SALES, VERSAND], [SUPPORT, SALES], [SUPPORT, SALES]),
                ("owner", [SUPPORT], [SUPPORT], [SUPPORT]), ("limited", [], [SUPPORT], []), ("ouadmin", [], [], []),
                ("supervisor", [], [], []), ("agent1", [], [], []), ("partner", [], [], [])):
            with self.subTest(who):
                self.assertEqual(self.get(who, "/v1/tasks/service-contacts"), tasks)
                self.assertEqual(self.get(who, "/v1/scheduler-entries/service-contacts"), entries)
                self.assertEqual(self.get(who, "/v1/ExternalTasks/service-contacts"), external)

    def test_users_and_books_that_are_listed(self):
        self.assertEqual(len(self.get("admin", "/v1/tasks/users-for-preferred-routing")), 8)
        self.assertNotIn("agent1@contoso.example", self.get("ouadmin", "/v1/tasks/users-for-preferred-routing"))
        self.assertIn("agent1@contoso.example", self.get("owner", "/v1/tasks/users-for-preferred-routing"))
        for who, books in (("admin", ["company", "zurich", "germany"]), ("ouadmin", ["company", "zurich"]), ("owner", []),
                           ("agent1", [])):
            self.assertEqual([b["id"] for b in self.get(who, "/v2/AddressBooks")], books)

    def test_the_matrix(self):
        task_id = self.sim.call(timeline=HAND, anonymous=True)
        entry = {"serviceUpn": SUPPORT, "destination": "+41791234567", "dueDateTimeUtc": FAR}
        tasks = {"config": {"url": self.hook.url, "services": [SUPPORT], "taskEvents": ["Created"]}}
        entries = {"config": {"url": self.hook.url, "services": [SUPPORT], "schedulerEntryEvents": ["Created"]}}
        assistant = {"config": {"url": self.hook.url, "services": [SUPPORT]}}
        book = "/v2/AddressBooks/zurich/contacts"
        operations = [
            ("POST", "/v1/triggers/tasks", tasks, "admin owner"),
            ("POST", "/v1/triggers/virtual-assistant", assistant, "admin owner"),
            ("PUT", "/v1/tasks/" + task_id, {}, "admin owner"),
            ("POST", "/v1/ExternalTasks", {"serviceUpn": SUPPORT}, "admin owner"),
            ("POST", book, {"externalId": "a"}, "admin ouadmin"),
            ("PUT", book, {"externalId": "a"}, "admin ouadmin"),
            ("GET", book, None, "admin ouadmin"),
            ("POST", book + "/delete", [], "admin ouadmin"),
            ("POST", book + "/clear", None, "admin ouadmin"),
            ("POST", "/v1/triggers/scheduler-entries", entries, "admin owner"),
            ("POST", "/v1/scheduler-entries", entry, "admin owner limited"),
            ("POST", "/v1/outbound-call-with-workflow/scheduler-entries", entry, "admin owner limited"),
            ("GET", "/v1/scheduler-entries?serviceUpn=" + SUPPORT, None, "admin owner"),
            ("GET", "/v1/service-check/opening-hours?serviceUpn=" + SUPPORT, None, "admin owner limited"),
        ]
        for method, path, body, may in operations:
            for who in self.tokens:
                with self.subTest(operation=f"{method} {path}", who=who):
                    expected = may.split() if who in may.split() else None
                    status = self.status(who, method, path, body)
                    self.assertEqual(status // 100 == 2 if expected else status == 403, True, status)

    def test_units(self):
        for who, book, read, change in (("ouadmin", "company", 200, 403), ("ouadmin", "zurich", 200, 200),
                                        ("ouadmin", "germany", 403, 403), ("admin", "germany", 200, 200)):
            path = f"/v2/AddressBooks/{book}/contacts"
            self.assertEqual(self.status(who, "GET", path), read, book)
            self.assertEqual(self.status(who, "POST", path + "/delete", []), change, book)
        self.sim.control("users/owner@contoso.example", {"owns": [SUPPORT, VERSAND]})
        try:
            self.assertEqual(self.get("owner", "/v1/tasks/service-contacts"), [SUPPORT])  # Versand is not on the path
            self.sim.control("users/owner@contoso.example", {"unit": "DE"})
            self.assertEqual(self.get("owner", "/v1/tasks/service-contacts"), [VERSAND])
        finally:
            self.sim.control("users/owner@contoso.example", {"owns": [SUPPORT], "unit": "ZH-Support"})

    def test_refusals_say_why(self):
        _, _, text = self.sim.raw("PUT", "/v1/tasks/" + self.sim.call(anonymous=True), {}, token=self.tokens["supervisor"])
        self.assertIn("role", json.loads(text)["error"])
        self.assertIn("Supervisor in ZH-Support", json.loads(text)["error"])

    def test_wrong_changes(self):
        for body, word in (({"role": "King"}, "role"), ({"unit": "Moon"}, "Moon"), ({"owns": ["x"]}, "x"), ({"rôle": 1}, "field")):
            self.assertIn(word, self.sim.control("users/owner@contoso.example", body, 400)["error"])
        self.sim.control("users/nobody@contoso.example", {}, 404)


class Lost(Case):
    def subscribe(self):
        hook = Callback()
        token = self.sim.sign_in("owner@contoso.example")
        config = {"url": hook.url, "services": [SUPPORT], "taskEvents": ["Created"]}
        self.assertEqual(self.sim.raw("POST", "/v1/triggers/tasks", {"config": config}, token=token)[0], 201)
        return hook, token

    def created(self):
        task_id = self.sim.call(timeline=HAND, anonymous=True)
        deliveries = self.sim.wait_event(task_id, "Created")
        return task_id, len(deliveries)

    def test_silent(self):
        hook, token = self.subscribe()
        self.assertEqual(self.created()[1], 1)
        self.sim.control("users/owner@contoso.example", {"role": "User"})
        task_id, count = self.created()
        self.assertEqual(count, 0)
        self.assertEqual(self.sim.update(task_id, {}, token=token)[0], 403)
        self.assertEqual(self.sim.state()["subscriptions"][0]["withheld"], 1)
        self.sim.control("users/owner@contoso.example", {"role": "Service Owner", "owns": [SALES]})
        self.assertEqual(self.created()[1], 0)
        self.sim.control("users/owner@contoso.example", {"owns": [SUPPORT]})
        self.assertEqual(self.created()[1], 1)
        hook.close()


class World(unittest.TestCase):
    TWO = """
lostRights: "403"
externalTaskLimit: 2
assistantTrigger: /v1/triggers/companion
units: [{name: A}, {name: B, id: 00000000-0000-4000-8000-00000000000b}]
users:
  - {upn: admin@a.example, role: Tenant Admin, unit: A}
  - {upn: owner@a.example, role: Service Owner, unit: A}
  - {upn: admin@b.example, role: Tenant Admin, unit: B, password: other}
services:
  - {upn: one@a.example, unit: A, owners: [owner@a.example]}
  - {upn: quiet@a.example, unit: A, workflow: false}
  - {upn: two@b.example, unit: B, modalities: [Audio]}
addressBooks: [{name: Book B, id: b, unit: B}]
events: [{value: "1", name: Created}, {value: SystemAccepted, name: Accepted by the system}, {value: Created}]
"""

    def setUp(self):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False)

    def tearDown(self):
        os.unlink(self.file.name)

    def start(self, text):
        with self.file as file:
            file.write(text)
        return Simulator("--world", self.file.name, "--retry-ms", "20")

    def test_tenants_apart(self):
        sim = self.start(self.TWO)
        hook = Callback()
        try:
            other = sim.sign_in("admin@b.example", "other")
            self.assertEqual(json.loads(sim.raw("GET", "/v1/tasks/service-contacts", token=other)[2]), ["two@b.example"])
            self.assertEqual(json.loads(sim.raw("GET", "/v2/AddressBooks")[2]), [])
            self.assertEqual(sim.raw("GET", "/v2/AddressBooks/b/contacts")[0], 404)
            self.assertEqual(json.loads(sim.raw("GET", "/v1/tasks/events")[2])[1],
                             {"name": "Accepted by the system", "value": "SystemAccepted"})
            config = {"url": hook.url, "services": ["two@b.example"], "taskEvents": ["Created"]}
            self.assertEqual(sim.raw("POST", "/v1/triggers/tasks", {"config": config})[0], 400)
            self.assertEqual(sim.raw("POST", "/v1/triggers/tasks", {"config": config}, token=other)[0], 201)
            task_id = sim.call(service="two@b.example", **{"from": "+41791234567"})
            sim.wait_event(task_id, "Created")
            self.assertEqual(hook.of(task_id)[0]["tenantId"], "00000000-0000-4000-8000-00000000000b")
            self.assertEqual(sim.update(task_id, {})[0], 404)
            self.assertEqual(sim.raw("POST", "/sim/calls", {"service": "two@b.example", "id": "x"})[0], 400)
        finally:
            sim.end()
            hook.close()

    def test_settings(self):
        sim = self.start(self.TWO)
        hook = Callback()
        try:
            assistant = {"config": {"url": hook.url, "services": ["one@a.example"]}}
            self.assertEqual(sim.raw("POST", "/v1/triggers/virtual-assistant", assistant)[0], 404)
            status, headers, _ = sim.raw("POST", "/v1/triggers/companion", assistant)
            self.assertEqual((status, "/v1/triggers/companion/" in headers["location"]), (201, True))
            self.assertEqual(sim.raw("DELETE", headers["location"][len(sim.url):])[0], 204)
            body = {"serviceUpn": "one@a.example"}
            self.assertEqual([sim.raw("POST", "/v1/ExternalTasks", body)[0] for _ in range(3)], [200, 200, 403])
            quiet = sim.subscribe(hook.url, ["Created"], ["quiet@a.example"])
            task_id = sim.call(anonymous=True, service="quiet@a.example")
            self.assertEqual((sim.wait_event(task_id, "Created"), bool(quiet)), ([], True))
        finally:
            sim.end()
            hook.close()

    def test_lost_rights_that_refuse(self):
        sim = self.start(self.TWO)
        hook = Callback()
        try:
            token = sim.sign_in("owner@a.example")
            config = {"url": hook.url, "services": ["one@a.example"], "taskEvents": ["Created"]}
            self.assertEqual(sim.raw("POST", "/v1/triggers/tasks", {"config": config}, token=token)[0], 201)
            sim.control("users/owner@a.example", {"role": "User"})
            task_id = sim.call(anonymous=True)
            self.assertEqual(len(sim.wait_event(task_id, "Created")), 1)
            self.assertEqual(sim.update(task_id, {}, token=token)[0], 403)
            self.assertEqual(sim.raw("POST", "/v1/triggers/tasks", {"config": config}, token=token)[0], 403)
        finally:
            sim.end()
            hook.close()

    def refused(self, text):
        with open(self.file.name, "w", encoding="utf-8") as file:
            file.write(text)
        program = Program("prog_sim", "--world", self.file.name)
        self.assertEqual(program.process.wait(60), 4)
        program.end()
        return "\n".join(program.errors)

    def test_wrong_worlds_say_where(self):
        base = "units: [{name: A}]\nusers: [{upn: a@x, role: Tenant Admin, unit: A}]\n"
        good = base + "services: [{upn: s@x, unit: A}]\n"
        for text, words in ((base, ["services", "missing"]), (good + "colour: red\n", [":4:1:", "colour"]),
                            (good.replace("Tenant Admin", "King"), [":2:", "King"]),
                            (good.replace("upn: s@x, unit: A", "upn: s@x, unit: B"), [":3:", "'B'"]),
                            (good.replace("upn: s@x, unit: A", "upn: s@x, unit: A, licence: gold"), ["gold", "CC"]),
                            (good.replace("upn: s@x, unit: A", "upn: s@x, unit: A, owners: [z@x]"), ["z@x"]),
                            (good.replace("upn: s@x, unit: A", "upn: s@x, unit: A, outbond: true"), ["outbond", "outbound"]),
                            (good + "externalTaskLimit: many\n", [":4:", "whole number"]),
                            (good + "lostRights: loud\n", ["loud", "silent"]),
                            (good.replace("[{name: A}]", "[{name: A}, {name: A}]"), ["two units"]),
                            (good.replace("[{name: A}]", "[{name: A, parent: Q}]"), ["'Q'"]),
                            (good + "openingHours: []\n", ["openingHours"]),
                            (good.replace("unit: A}]\n", 'unit: A, openingHours: [{from: "8", to: "17:00", status: Open}]}]\n')
                             .replace("role: Tenant Admin, unit: A, openingHours: [{from: \"8\", to: \"17:00\", status: Open}]",
                                      "role: Tenant Admin, unit: A"), ["'8'", "08:30"]),
                            ("[]", ["key: value"]), ("units: [", [":"])):
            with self.subTest(text):
                errors = self.refused(text)
                for word in words:
                    self.assertIn(word, errors)

    def test_a_world_as_json(self):
        sim = self.start(json.dumps({"units": [{"name": "A"}], "users": [{"upn": "a@x", "role": "Tenant Admin", "unit": "A"}],
                                     "services": [{"upn": "s@x", "unit": "A", "storesContext": True}]}))
        self.assertEqual(json.loads(sim.raw("GET", "/v1/tasks/service-contacts")[2]), ["s@x"])
        sim.end()


if __name__ == "__main__":
    unittest.main()
