# SPDX-License-Identifier: Apache-2.0
"""The simulator's published operations, its sign-in and its deliveries, from outside.

Answers and events are held against our description of the API (docs/nimbus-api.json) and, when NIMBUS_DEFINITION names
the published file, against that one too.
"""
import json
import time
import unittest
import urllib.parse

from apidef import definitions
from simulator import Callback, Simulator, until

HAND = {"created": 0, "systemAccepted": 0, "queued": 0, "userAccepted": None, "terminated": None}


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Simulator("--retry-ms", "20")
        cls.definitions = definitions()
        cls.hook = Callback()

    @classmethod
    def tearDownClass(cls):
        cls.hook.close()
        cls.sim.end()

    def tearDown(self):
        self.sim.raw("DELETE", "/sim/faults")
        for subscription in self.sim.state()["subscriptions"]:
            self.sim.raw("DELETE", "/sim/subscriptions/" + subscription["id"])

    def check(self, method, path, described, expected, body=None, **options):
        """Send, compare the status, hold the answer against the descriptions."""
        status, headers, text = self.sim.raw(method, path, body, **options)
        self.assertEqual(status, expected, text)
        for definition in self.definitions:
            if definition.has(method, described):
                self.assertEqual(definition.answer_errors(method, described, status, text), [])
        return headers, text


class Descriptions(Case):
    def test_ours_agrees_with_the_published_one(self):
        if len(self.definitions) < 2:
            self.skipTest("the published description is not here (NIMBUS_DEFINITION)")
        ours, published = self.definitions
        for name in ("TaskEventData", "TaskInformation", "Customer", "TelNumber", "CustomField",
                     "CustomContextParameter", "PreferredUser", "NameValue", "SchedulerEntryWriteData",
                     "SchedulerEntryEventData", "ExternalTaskWriteDto", "ExternalTaskWriteResult", "ContactReadDto",
                     "ContactWriteDto", "Address", "AddressBook"):
            mine, theirs = ours.schema(name), published.schema(name)
            self.assertEqual({k: v.get("type") for k, v in mine["properties"].items() if not v.get("x-newer")},
                             {k: v.get("type") for k, v in theirs["properties"].items()}, name)
            self.assertEqual(mine.get("required"), theirs.get("required"), name)
        self.assertLessEqual({path for path in published.root["paths"]}, set(ours.root["paths"]))
        for path, operations in ours.root["paths"].items():
            for method in operations:
                if operations[method].get("x-newer"):
                    continue
                mine, theirs = ours.operation(method, path), published.operation(method, path)
                self.assertEqual(mine["operationId"], theirs["operationId"])
                self.assertLessEqual(set(theirs["responses"]), set(mine["responses"]), path)


class Lists(Case):
    def test_lists(self):
        for name, first in (("service-contacts", "support@contoso.example"), ("events", {"name": "Created", "value": "Created"}),
                            ("modalities", {"name": "Audio", "value": "Audio"}),
                            ("directions", {"name": "Inbound", "value": "Inbound"}),
                            ("users-for-preferred-routing", "admin@contoso.example")):
            path = "/v1/tasks/" + name
            _, text = self.check("GET", path, path, 200)
            self.assertEqual(json.loads(text)[0], first)
        self.assertIn({"name": "System Accepted", "value": "SystemAccepted"},
                      json.loads(self.sim.raw("GET", "/v1/tasks/events")[2]))

    def test_connection(self):
        path = "/v1/diagnostics/testconnection"
        self.assertEqual(self.check("GET", path, path, 200)[1], "")

    def test_unknown_paths_and_methods(self):
        self.assertEqual(self.sim.raw("GET", "/v1/nothing")[0], 404)
        status, headers, _ = self.sim.raw("POST", "/v1/tasks/events", {})
        self.assertEqual((status, "GET" in headers["allow"]), (405, True))


class SignIn(Case):
    def token(self, **form):
        status, _, text = self.sim.raw("POST", "/common/oauth2/token", urllib.parse.urlencode(form).encode(),
                                       token=None, kind="application/x-www-form-urlencoded")
        return status, json.loads(text)

    def test_every_operation_wants_a_token(self):
        for method, path in (("GET", "/v1/diagnostics/testconnection"), ("GET", "/v1/tasks/events"),
                             ("POST", "/v1/triggers/tasks"), ("PUT", "/v1/tasks/x"), ("DELETE", "/v1/triggers/tasks/x")):
            for token in (None, "wrong", self.sim.TOKEN + "x", self.sim.TOKEN[:-1]):
                status, headers, _ = self.sim.raw(method, path, {}, token=token)
                self.assertEqual(status, 401)
                self.assertTrue(headers["www-authenticate"].startswith("Bearer"))
        self.assertEqual(self.sim.raw("GET", "/v1/tasks/events", token=None, headers={"authorization": "Basic eA=="})[0], 401)

    def test_password_and_refresh(self):
        status, answer = self.token(grant_type="password", username="Agent1@contoso.example", password="simulator")
        self.assertEqual((status, answer["token_type"], answer["expires_in"]), (200, "Bearer", "3600"))
        self.assertEqual(self.sim.raw("GET", "/v1/tasks/events", token=answer["access_token"])[0], 200)
        self.assertEqual(self.sim.raw("GET", "/v1/tasks/events", token=answer["refresh_token"])[0], 401)
        status, again = self.token(grant_type="refresh_token", refresh_token=answer["refresh_token"])
        self.assertEqual(status, 200)
        self.assertEqual(self.sim.raw("GET", "/v1/tasks/events", token=again["access_token"])[0], 200)
        status, refused = self.token(grant_type="refresh_token", refresh_token=answer["refresh_token"])
        self.assertEqual((status, refused["error"]), (400, "invalid_grant"))

    def test_refusals(self):
        for form, error in (({"grant_type": "password", "username": "agent1@contoso.example", "password": "x"}, "invalid_grant"),
                            ({"grant_type": "password", "username": "x@contoso.example", "password": "simulator"}, "invalid_grant"),
                            ({"grant_type": "password"}, "invalid_request"), ({}, "invalid_request"),
                            ({"grant_type": "client_credentials"}, "unsupported_grant_type")):
            status, answer = self.token(**form)
            self.assertEqual((status, answer["error"]), (400, error))
            self.assertRegex(answer["error_description"], r"^AADSTS\d+: ")

    def test_tokens_expire(self):
        sim = Simulator("--token-ms", "300")
        try:
            form = urllib.parse.urlencode({"grant_type": "password", "username": "agent1@contoso.example", "password": "simulator"})
            _, _, text = sim.raw("POST", "/common/oauth2/token", form.encode(), kind="application/x-www-form-urlencoded")
            token = json.loads(text)["access_token"]
            until(lambda: sim.raw("GET", "/v1/tasks/events", token=token)[0] == 401, what="the token to expire")
            self.assertEqual(sim.raw("GET", "/v1/tasks/events")[0], 200)
        finally:
            sim.end()


class Subscriptions(Case):
    def test_register_and_delete(self):
        config = {"url": self.hook.url, "services": ["support@contoso.example"], "taskEvents": ["SystemAccepted"]}
        for definition in self.definitions:
            self.assertEqual(definition.errors(definition.request_schema("POST", "/v1/triggers/tasks"), {"config": config}), [])
        headers, text = self.check("POST", "/v1/triggers/tasks", "/v1/triggers/tasks", 201, {"config": config})
        self.assertEqual(text, "")
        path = headers["location"][len(self.sim.url):]
        self.assertRegex(headers["location"], "^" + self.sim.url + "/v1/triggers/tasks/[0-9a-f-]{36}$")
        self.check("DELETE", path, "/v1/triggers/tasks/{triggerId}", 204)
        self.check("DELETE", path, "/v1/triggers/tasks/{triggerId}", 404)

    def test_wrong_registrations_say_what(self):
        good = {"url": self.hook.url, "services": ["support@contoso.example"], "taskEvents": ["SystemAccepted"]}
        cases = [({"config": good, "more": 1}, "more"), ({}, "config"), ({"config": []}, "config"), ([], "object"),
                 ({"config": {**good, "url": "ftp://x"}}, "url"), ({"config": {**good, "services": []}}, "services"),
                 ({"config": {**good, "services": "support@contoso.example"}}, "services"),
                 ({"config": {**good, "services": ["x@contoso.example"]}}, "x@contoso.example"),
                 ({"config": {**good, "taskEvents": ["System Accepted"]}}, "System Accepted"),
                 ({"config": {**good, "taskEvents": [1]}}, "taskEvents[0]"),
                 ({"config": {**good, "modalities": ["Telepathy"]}}, "Telepathy"),
                 ({"config": {**good, "directions": [None]}}, "directions[0]")]
        for body, word in cases:
            with self.subTest(body):
                _, text = self.check("POST", "/v1/triggers/tasks", "/v1/triggers/tasks", 400, body)
                self.assertIn(word, json.loads(text)["error"])
        self.assertEqual(self.sim.raw("POST", "/v1/triggers/tasks", b"{nonsense")[0], 400)
        self.assertEqual(self.sim.raw("POST", "/v1/triggers/tasks", b"x", kind="text/plain")[0], 415)

    def test_another_users_trigger_stays(self):
        subscription = self.sim.subscribe(self.hook.url)
        form = urllib.parse.urlencode({"grant_type": "password", "username": "agent2@contoso.example", "password": "simulator"})
        _, _, text = self.sim.raw("POST", "/common/oauth2/token", form.encode(), kind="application/x-www-form-urlencoded")
        self.check("DELETE", "/v1/triggers/tasks/" + subscription, "/v1/triggers/tasks/{triggerId}", 403,
                   token=json.loads(text)["access_token"])


class Events(Case):
    ALL = ("Created", "SystemAccepted", "Queued", "UserAccepted", "ParameterUpdated", "Transferred", "Terminated")

    def event(self, event="SystemAccepted", **wanted):
        """The event that a call raises, checked against the descriptions."""
        task_id = self.sim.call(**{"timeline": HAND, **wanted})
        self.sim.wait_event(task_id, event)
        found = until(lambda: [e for e in self.hook.of(task_id) if e["event"] == event], what=event)[0]
        for definition in self.definitions:
            self.assertEqual(definition.errors(definition.schema("TaskEventData"), found), [])
        return found

    def setUp(self):
        self.sim.subscribe(self.hook.url, self.ALL, ("support@contoso.example", "sales@contoso.example"))

    def test_external_caller(self):
        event = self.event(**{"from": "+41 79 123 45 67"})
        self.assertEqual((event["modality"], event["direction"], event["isAnonymous"]), ("Audio", "Inbound", False))
        self.assertEqual((event["callerTelNumber"], event["customerIdentifier"]), ("+41791234567",) * 2)
        self.assertEqual(event["serviceUPN"], "support@contoso.example")
        self.assertEqual(event["taskInformation"], {"customer": {"primaryTelNumber": "+41791234567"},
                                                    "customContextParameters": [], "preferredUsers": []})
        self.assertNotIn("callerUPN", event)
        self.assertIn("application/json", self.hook.types[-1])

    def test_internal_caller(self):
        event = self.event(upn="ada@contoso.example")
        self.assertRegex(event["customerIdentifier"], "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$")
        self.assertEqual((event["callerUPN"], event["callerId"]), ("ada@contoso.example", event["customerIdentifier"]))
        self.assertNotIn("callerTelNumber", event)
        self.assertEqual(self.event(upn="ADA@contoso.example")["customerIdentifier"], event["customerIdentifier"])

    def test_anonymous_caller(self):
        event = self.event(anonymous=True)
        self.assertEqual((event["isAnonymous"], event["customerIdentifier"]), (True, ""))
        self.assertNotIn("callerTelNumber", event)

    def test_chat_email_and_external_task(self):
        chat = self.event(modality="InstantMessaging", email="ada@example.org", message="hi")
        self.assertEqual((chat["customerIdentifier"], chat["initialMessage"]), ("ada@example.org", "hi"))
        mail = self.event(modality="Email", email="ada@example.org", subject="Order", text="Where?")
        self.assertEqual((mail["customerIdentifier"], mail["emailSubject"], mail["emailBodyUniquePlainText"]),
                         ("ada@example.org", "Order", "Where?"))
        task = self.event(id="T-1", service="Sales")
        self.assertEqual((task["modality"], task["direction"], task["customerIdentifier"], task["referenceId"],
                          task["serviceUPN"]), ("ExternalTask", "None", "T-1", "T-1", "sales@contoso.example"))

    def test_outbound(self):
        event = self.event(direction="Outbound", **{"from": "+41791234567"})
        self.assertEqual((event["destinationTelNumber"], event["outboundAttempt"]), ("+41791234567", 1))
        self.assertNotIn("callerTelNumber", event)

    def test_a_life_in_order(self):
        task_id = self.sim.call(**{"from": "+41791234567", "timeline": {"created": 0, "systemAccepted": 10, "queued": 20,
                                                                        "userAccepted": 30, "terminated": 40}})
        self.sim.wait_event(task_id, "Terminated")
        history = [e["event"] for e in self.sim.task(task_id)["history"] if not e["event"].startswith("(")]
        self.assertEqual(history, ["Created", "SystemAccepted", "Queued", "UserAccepted", "Terminated"])
        last = [e for e in self.hook.of(task_id) if e["event"] == "Terminated"][0]
        self.assertEqual(last["LastConnectedUserUPN"], "agent1@contoso.example")
        self.assertGreaterEqual(last["terminated"], last["created"])

    def test_filters(self):
        for subscription in self.sim.state()["subscriptions"]:
            self.sim.raw("DELETE", "/v1/triggers/tasks/" + subscription["id"])
        self.sim.subscribe(self.hook.url, ["SystemAccepted"], modalities=["Audio"], directions=["Inbound"])
        wanted = self.sim.call(timeline=HAND, **{"from": "+41791234567"})
        others = [self.sim.call(timeline=HAND, id="X"), self.sim.call(timeline=HAND, service="Sales", anonymous=True),
                  self.sim.call(timeline=HAND, direction="Outbound", **{"from": "+41791234567"})]
        self.assertEqual(len(self.sim.wait_event(wanted, "SystemAccepted")), 1)
        for task_id in others:
            self.assertEqual(self.sim.wait_event(task_id, "SystemAccepted"), [])
        self.assertEqual([e["event"] for e in self.hook.of(wanted)], ["SystemAccepted"])

    def test_delivery_is_repeated_until_taken(self):
        self.hook.answers[:] = [503, None, 500, 202]
        event = self.event("Created", anonymous=True)
        delivery = self.sim.wait_event(event["taskId"], "Created")[0]
        self.assertEqual(delivery["state"], "delivered")
        self.assertGreaterEqual(delivery["attempts"] + len(self.hook.of(event["taskId"])), 3)

    def test_delivery_that_is_refused_is_not_repeated(self):
        subscription = self.sim.subscribe("http://127.0.0.1:9/nobody", ["Created"], modalities=["ExternalTask"])
        self.hook.answers[:] = [404]
        task_id = self.sim.call(timeline={**HAND, "systemAccepted": None, "queued": None}, id="X")
        self.assertEqual({d["subscription"] == subscription: (d["state"], d["attempts"], d.get("status"))
                          for d in self.sim.wait_event(task_id, "Created")},
                         {True: ("failed", 5, None), False: ("failed", 1, 404)})

    def test_duplicate_deliveries_on_demand(self):
        self.sim.fault("deliver", mode="duplicate")
        task_id = self.sim.call(timeline=HAND, anonymous=True)
        self.assertEqual(len(self.sim.wait_event(task_id, "Created")), 2)
        self.assertEqual(len([e for e in self.hook.of(task_id) if e["event"] == "Created"]), 2)

    def test_secrets_are_not_shown(self):
        text = self.sim.raw("GET", "/sim/state")[2]
        self.assertNotIn("a-secret-nobody-may-see", text)
        self.assertNotIn(self.sim.TOKEN, text)


class Updates(Case):
    PATH = "/v1/tasks/{taskId}"

    def setUp(self):
        self.task_id = self.sim.call(timeline=HAND, **{"from": "+41791234567"})
        self.sim.wait_event(self.task_id, "Queued")

    def put(self, body, expected=200, **options):
        return self.check("PUT", "/v1/tasks/" + self.task_id, self.PATH, expected, body, **options)[1]

    def test_only_what_is_sent_changes(self):
        self.assertEqual(self.put({"customer": {"firstName": "Ada", "company": "Example AG"}}), "")
        self.put({"customer": {"lastName": "Muster", "telNumbers": [{"name": "Office", "value": "+41441112233"}]},
                  "customContextParameters": [{"name": "VIP", "value": "true"}, {"name": "Language"}],
                  "preferredUsers": [{"upn": "agent1@contoso.example", "priority": 1}]})
        self.put({"customContextParameters": [{"name": "VIP", "value": "no"}]})
        self.put({})
        task = self.sim.task(self.task_id)
        self.assertEqual(task["customer"], {"primaryTelNumber": "+41791234567", "firstName": "Ada", "company": "Example AG",
                                            "lastName": "Muster",
                                            "telNumbers": [{"name": "Office", "value": "+41441112233"}]})
        self.assertEqual(task["customContextParameters"], [{"name": "VIP", "value": "no"}, {"name": "Language", "value": ""}])
        self.assertEqual(task["preferredUsers"], [{"upn": "agent1@contoso.example", "priority": 1}])
        self.assertEqual(task["updates"], 4)

    def test_no_body_and_unknown_fields_are_fine(self):
        self.put(None)
        self.put({"customer": {"hairColour": "red"}, "more": [1]})
        self.assertEqual(self.sim.task(self.task_id)["customer"], {"primaryTelNumber": "+41791234567"})

    def test_wrong_types(self):
        for body, word in (({"customer": {"firstName": 1}}, "customer.firstName"), ({"customer": {"email": None}}, "customer.email"),
                           ({"customer": []}, "customer"), ([], "body"), ({"customer": {"telNumbers": [{}]}}, "telNumbers[0]"),
                           ({"customContextParameters": {"VIP": "x"}}, "customContextParameters"),
                           ({"customContextParameters": [{"name": "VIP", "value": 1}]}, "customContextParameters[0]"),
                           ({"preferredUsers": [{"upn": "a"}] * 11}, "preferredUsers"),
                           ({"preferredUsers": [{"upn": "a", "priority": 0}]}, "priority"),
                           ({"preferredUsers": [{"upn": "a", "priority": 100}]}, "priority"),
                           ({"preferredUsers": [{"upn": "a", "priority": "1"}]}, "priority"),
                           ({"preferredUsers": [{"priority": 1}]}, "upn")):
            with self.subTest(body):
                self.assertIn(word, json.loads(self.put(body, 400))["error"])
        self.put(b"{", 400)
        self.put(b'{"customer":{},"customer":{}}', 400)
        self.put(b"{}", 415, kind="text/plain")
        self.assertEqual(self.sim.task(self.task_id)["updates"], 0)

    def test_unknown_and_ended_tasks(self):
        self.check("PUT", "/v1/tasks/no-such-task", self.PATH, 404, {})
        self.assertEqual(self.sim.raw("POST", f"/sim/tasks/{self.task_id}/hangup")[0], 200)
        self.put({"customer": {"firstName": "Ada"}}, 404)

    def test_parameter_updates_raise_events(self):
        self.sim.subscribe(self.hook.url, ["ParameterUpdated"])
        self.put({"customContextParameters": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})
        self.put({"customContextParameters": [{"name": "A", "value": "1"}]})
        self.put({"customer": {"firstName": "Ada"}})
        self.sim.wait_event(self.task_id, "ParameterUpdated", 2)
        self.assertEqual(sorted((e["updatedParameterName"], e["updatedParameterValue"]) for e in self.hook.of(self.task_id)),
                         [("A", "1"), ("B", "2")])

    def test_time_until_context(self):
        self.assertIsNone(self.sim.task(self.task_id)["contextMs"])
        self.sim.subscribe(self.hook.url)
        task_id = self.sim.call(timeline=HAND, anonymous=True)
        self.sim.wait_event(task_id, "SystemAccepted")
        self.sim.update(task_id, {})
        self.assertIsNone(self.sim.task(task_id)["contextMs"])
        time.sleep(0.05)
        self.sim.update(task_id, {"customer": {"firstName": "Ada"}})
        first = self.sim.task(task_id)["contextMs"]
        self.assertGreaterEqual(first, 50)
        self.sim.update(task_id, {"customer": {"firstName": "Bea"}})
        self.assertEqual(self.sim.task(task_id)["contextMs"], first)


if __name__ == "__main__":
    unittest.main()
