# SPDX-License-Identifier: Apache-2.0
"""The simulator's scheduler entries, external tasks, virtual assistant and opening hours."""
import datetime
import json
import unittest

from simulator import Callback, Simulator, until
from test_sim_api import HAND, Case

ENTRIES = "/v1/scheduler-entries"
WORKFLOW = "/v1/outbound-call-with-workflow/scheduler-entries"
EVENTS = ["Created", "Updated", "InProgress", "Rescheduled", "Completed", "Deleted"]
FAR = "2036-03-23T11:00:00Z"


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Entries(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim.end()
        cls.sim = Simulator("--retry-ms", "20", "--speed", "1000")

    def setUp(self):
        self.hook = Callback()
        self.subscribe()

    def tearDown(self):
        self.hook.close()
        super().tearDown()

    def subscribe(self, events=tuple(EVENTS)):
        config = {"url": self.hook.url, "services": ["support@contoso.example"], "schedulerEntryEvents": list(events)}
        headers, _ = self.check("POST", "/v1/triggers/scheduler-entries", "/v1/triggers/scheduler-entries", 201,
                                {"config": config})
        self.assertRegex(headers["location"], "/v1/triggers/scheduler-entries/[0-9a-f-]{36}$")
        return headers["location"][len(self.sim.url):]

    def entry(self, path=ENTRIES, expected=200, **more):
        body = {"serviceUpn": "support@contoso.example", "destination": "+41791234567", "dueDateTimeUtc": FAR, **more}
        return json.loads(self.check("POST", path, path, expected, body)[1])

    def events(self, entry):
        return [e for e in self.hook.events if e.get("schedulerEntryId") == entry["schedulerEntryId"]]

    def ended(self, entry, count=3):
        """
        The names of the entry's events and its reason, once it is over and so many have come: each comes over a connection of
        its own, so the last may be here before another.
        """
        def end():
            events = self.events(entry)
            return len(events) >= count and next((e for e in events if e["event"] in ("Completed", "Deleted")), None)
        last = until(end, what=f"the end of the entry and {count} events")
        for event in self.events(entry):
            for definition in self.definitions:
                name = "WorkflowEntryEventData" if "conversationType" in event else "SchedulerEntryEventData"
                if name == "SchedulerEntryEventData" or "components" in definition.root:
                    self.assertEqual(definition.errors(definition.schema(name), event), [])
        return sorted(e["event"] for e in self.events(entry)), last["completionReason"]

    def test_write_read_change_remove(self):
        entry = self.entry(ReferenceId="R-1", maxAttempts=3, customer={"firstName": "Ada"},
                           customCallContextParameters=[{"name": "Campaign", "value": "x"}])
        self.assertEqual((entry["maxAttempts"], entry["attemptTimeoutInSeconds"], entry["maxQueueTimeInSeconds"],
                          entry["ronaTimeoutInSeconds"], entry["distributionPriority"]), (3, 3600, 300, 20, "Normal"))
        path = ENTRIES + "/" + entry["schedulerEntryId"]
        listed = json.loads(self.check("GET", ENTRIES + "?serviceUpn=support%40contoso.example", ENTRIES, 200)[1])
        self.assertIn(entry["schedulerEntryId"], [e["schedulerEntryId"] for e in listed])
        changed = {"serviceUpn": "support@contoso.example", "destination": "ada@contoso.example", "dueDateTimeUtc": FAR}
        answer = json.loads(self.check("PUT", path, ENTRIES + "/{SchedulerEntryID}", 200, changed)[1])
        self.assertEqual((answer["destination"], answer["maxAttempts"], "ReferenceId" in answer), ("ada@contoso.example", 1, False))
        self.assertEqual(self.check("DELETE", path, ENTRIES + "/{SchedulerEntryID}", 200)[1], "")
        self.check("DELETE", path, ENTRIES + "/{SchedulerEntryID}", 404)
        self.assertEqual(self.ended(entry), (["Created", "Deleted", "Updated"], "Cancelled"))

    def test_wrong_entries(self):
        for more, word in (({"destination": None}, "destination"), ({"destination": "079 123"}, "international"),
                           ({"dueDateTimeUtc": "tomorrow"}, "dueDateTimeUtc"), ({"dueDateTimeUtc": "2026-02-30T00:00:00Z"}, "UTC"),
                           ({"maxAttempts": 11}, "from 1 to 10"), ({"maxAttempts": 0}, "maxAttempts"),
                           ({"attemptTimeoutInSeconds": 29}, "30 to 86400"), ({"maxQueueTimeInSeconds": 3601}, "5 to 3600"),
                           ({"ronaTimeoutInSeconds": 31}, "5 to 30"), ({"ronaTimeoutInSeconds": "20"}, "ronaTimeout"),
                           ({"distributionPriority": "Urgent"}, "Urgent"), ({"customer": []}, "customer"),
                           ({"serviceUpn": "nobody@contoso.example"}, "service"),
                           ({"serviceUpn": "versand@contoso.example"}, "Contact Center"),
                           ({"customCallContextParameters": [{"value": "x"}]}, "name is missing")):
            with self.subTest(more):
                self.assertIn(word, self.entry(expected=400, **more)["error"])
        self.check("GET", ENTRIES, ENTRIES, 400)
        self.check("GET", ENTRIES + "?serviceUpn=nobody", ENTRIES, 403)
        self.assertEqual(self.sim.raw("PUT", ENTRIES + "/nothing", {})[0], 404)

    def test_accepted(self):
        entry = self.entry(dueDateTimeUtc=now(), ReferenceId="R-2", customer={"firstName": "Ada"})
        self.assertEqual(self.ended(entry), (["Completed", "Created", "InProgress"], "Accepted"))
        shown = next(e for e in self.sim.state()["schedulerEntries"] if e["schedulerEntryId"] == entry["schedulerEntryId"])
        task = self.sim.task(shown["taskId"])
        self.assertEqual((task["direction"], task["destinationTelNumber"]), ("Outbound", "+41791234567"))
        self.assertEqual(self.events(entry)[-1]["unifiedConversationId"], shown["unifiedConversationId"])
        self.assertEqual(self.sim.raw("DELETE", ENTRIES + "/" + entry["schedulerEntryId"])[0], 409)

    def test_not_reached_and_attempts(self):
        once = self.entry(dueDateTimeUtc=now(), destination="+41790000000", attemptTimeoutInSeconds=30)
        self.assertEqual(self.ended(once), (["Completed", "Created", "InProgress"], "NotReached"))
        thrice = self.entry(dueDateTimeUtc=now(), destination="+41790000000", attemptTimeoutInSeconds=30, maxAttempts=3)
        self.assertEqual(self.ended(thrice, 5), (["Completed", "Created", "InProgress", "Rescheduled", "Rescheduled"],
                                                 "MaxAttemptsReached"))
        second = self.entry(dueDateTimeUtc=now(), destination="+41790000002", attemptTimeoutInSeconds=30, maxAttempts=3)
        self.assertEqual(self.ended(second, 4), (["Completed", "Created", "InProgress", "Rescheduled"], "Accepted"))

    def test_limit_reached_when_nobody_is_free(self):
        for user in ("agent1", "agent2"):
            self.sim.control(f"users/{user}@contoso.example", {"onDuty": False})
        try:
            entry = self.entry(dueDateTimeUtc=now(), maxQueueTimeInSeconds=5)
            self.assertEqual(self.ended(entry), (["Completed", "Created", "InProgress"], "LimitReached"))
        finally:
            for user in ("agent1", "agent2"):
                self.sim.control(f"users/{user}@contoso.example", {"onDuty": True})

    def test_by_hand(self):
        entry = self.entry(destination="+41790000000", attemptTimeoutInSeconds=86400, maxAttempts=9)
        self.sim.control(f"entries/{entry['schedulerEntryId']}/due")
        until(lambda: any(e["event"] == "InProgress" for e in self.events(entry)), what="InProgress")
        self.sim.control(f"entries/{entry['schedulerEntryId']}/cancel")
        self.assertEqual(self.ended(entry, 1)[1], "Cancelled")

    def test_with_workflow(self):
        self.assertIn("switched off", self.entry(WORKFLOW, 400, serviceUpn="sales@contoso.example")["error"])
        entry = self.entry(WORKFLOW, dueDateTimeUtc=now())
        self.assertNotIn("maxQueueTimeInSeconds", entry)
        self.assertEqual(self.ended(entry), (["Completed", "Created", "InProgress"], "Accepted"))
        later = self.entry(WORKFLOW)
        body = {"serviceUpn": "support@contoso.example", "destination": "+41791234568", "dueDateTimeUtc": FAR}
        path = WORKFLOW + "/" + later["schedulerEntryId"]
        answer = json.loads(self.check("PUT", path, WORKFLOW + "/{SchedulerEntryID}", 200, body)[1])
        self.assertEqual(answer["destination"], "+41791234568")
        self.assertEqual(self.sim.raw("PUT", ENTRIES + "/" + later["schedulerEntryId"], body)[0], 404)
        self.assertEqual(self.sim.raw("DELETE", ENTRIES + "/" + later["schedulerEntryId"])[0], 200)

    def test_a_trigger_ends(self):
        path = self.subscribe()
        self.check("DELETE", path.replace("scheduler-entries", "tasks"), "/v1/triggers/tasks/{triggerId}", 404)
        self.check("DELETE", path, "/v1/triggers/scheduler-entries/{triggerId}", 204)

    def test_lists(self):
        for path, first in ((ENTRIES + "/events", {"name": "Created", "value": "Created"}),
                            (ENTRIES + "/service-contacts", "support@contoso.example"),
                            (ENTRIES + "/distribution-priorities", {"name": "Low", "value": "Low"}),
                            ("/v1/ExternalTasks/service-contacts", "support@contoso.example"),
                            ("/v1/ExternalTasks/distribution-priorities", {"name": "Low", "value": "Low"})):
            self.assertEqual(json.loads(self.check("GET", path, path, 200)[1])[0], first)
        services = json.loads(self.sim.raw("GET", ENTRIES + "/service-contacts")[2])
        self.assertNotIn("versand@contoso.example", services)


class ExternalTasks(Case):
    PATH = "/v1/ExternalTasks"

    def add(self, expected=200, **more):
        return json.loads(self.check("POST", self.PATH, self.PATH, expected, {"serviceUpn": "support@contoso.example", **more})[1])

    def remove(self, task_id, expected=200):
        if expected == 200:
            return self.check("DELETE", self.PATH + "/" + task_id, self.PATH + "/{externalTaskId}", 200)[1]
        return self.assertEqual(self.sim.raw("DELETE", self.PATH + "/" + task_id)[0], expected)

    def test_life(self):
        self.sim.subscribe(self.hook.url, ["Created", "Terminated"])
        made = self.add(customerIdentifier="T-1", customer={"firstName": "Ada"}, distributionPriority="High",
                        customContextParameters=[{"name": "Room", "value": "12"}],
                        preferredUsers=[{"upn": "agent2@contoso.example"}])
        self.assertEqual((made["modality"], made["isAnonymous"], made["serviceUPN"]), ("ExternalTask", False, "support@contoso.example"))
        task = self.sim.task(made["id"])
        self.assertEqual((task["direction"], task["customerIdentifier"], task["priority"]), ("None", "T-1", "High"))
        self.sim.wait_event(made["id"], "Created")
        self.assertEqual(self.hook.of(made["id"])[0]["taskInformation"]["customer"], {"firstName": "Ada"})
        self.assertEqual(self.remove(made["id"]), "")
        self.sim.wait_event(made["id"], "Terminated")
        self.assertEqual(self.sim.task(made["id"])["outcome"], "Cancelled")
        self.remove(made["id"], 404)
        taken = self.add()
        self.assertTrue(taken["isAnonymous"])
        self.sim.wait_event(taken["id"], "Queued")
        self.sim.control(f"tasks/{taken['id']}/accept", {"user": "agent2@contoso.example"})
        self.remove(taken["id"])
        self.assertEqual(self.sim.task(taken["id"])["outcome"], "Abandoned")
        call = self.sim.call(anonymous=True)
        self.remove(call, 404)

    def test_wrong_ones(self):
        for more, word in (({"serviceUpn": None}, "serviceUpn"), ({"serviceUpn": "x"}, "service"),
                           ({"serviceUpn": "versand@contoso.example"}, "licence"), ({"distributionPriority": "x"}, "list"),
                           ({"preferredUsers": [{"upn": "a", "priority": 100}]}, "priority")):
            self.assertIn(word, self.add(400, **more)["error"])


class Assistant(Case):
    def test_trigger_and_data(self):
        trigger = "/v1/triggers/virtual-assistant"
        config = {"url": self.hook.url, "services": ["support@contoso.example"], "dataTypes": ["Summarization", "Mine"]}
        headers, _ = self.check("POST", trigger, trigger, 201, {"config": config})
        task_id = self.sim.call(timeline=HAND, **{"from": "+41791234567"})
        self.sim.wait_event(task_id, "Queued")
        self.sim.control(f"tasks/{task_id}/accept")
        self.sim.control(f"tasks/{task_id}/assistant", {"dataType": "Mine", "data": {"x": [1]}})
        self.sim.control(f"tasks/{task_id}/hangup")
        events = until(lambda: sorted(self.hook.of(task_id), key=lambda e: e["dataType"])[1:] and self.hook.of(task_id), what="updates")
        self.assertEqual(sorted(e["dataType"] for e in events), ["Mine", "Summarization"])
        service, user = events[0]["serviceSessionId"], events[0]["userSessionId"]
        described = "/v1/virtual-assistant/{serviceSessionId}/transcriptionData/{dataType}"
        path = f"/v1/virtual-assistant/{service}/transcriptionData/"
        self.assertEqual(json.loads(self.check("GET", path + "Mine?userSessionId=" + user, described, 200)[1]), {"x": [1]})
        self.assertIn("Title", json.loads(self.check("GET", path + "Summarization", described, 200)[1]))
        self.check("GET", path + "Nothing", described, 404)
        self.check("GET", path + "Mine?userSessionId=other", described, 404)
        self.check("DELETE", headers["location"][len(self.sim.url):], trigger + "/{triggerId}", 204)

    def test_sessions_of_an_update(self):
        task_id = self.sim.call(timeline=HAND, anonymous=True)
        session = self.sim.task(task_id)["serviceSessionId"]
        path = "/v1/tasks/" + task_id
        self.check("PUT", path + "?serviceSessionId=" + session, "/v1/tasks/{taskId}", 200, {})
        self.check("PUT", path + "?serviceSessionId=wrong", "/v1/tasks/{taskId}", 404, {})


class OpeningHours(Case):
    def test_hours(self):
        path = "/v1/service-check/opening-hours"
        for service, time, expected in (("support", "2026-03-23T11:00:00Z", "Open"), ("support", "2026-03-23T18:00:00Z", "Closed"),
                                        ("support", "2026-03-22T11:00:00Z", "Closed"), ("support", "2026-12-25T11:00:00Z", "Holiday"),
                                        ("sales", "2026-03-23T11:00:00Z", "None")):
            _, text = self.check("GET", f"{path}?serviceUpn={service}%40contoso.example&time={time}", path, 200)
            self.assertEqual(json.loads(text), expected)
        self.check("GET", path + "?serviceUpn=support%40contoso.example", path, 200)
        self.check("GET", path, path, 400)
        self.check("GET", path + "?serviceUpn=support%40contoso.example&time=noon", path, 400)
        self.check("GET", path + "?serviceUpn=nobody", path, 404)


if __name__ == "__main__":
    unittest.main()
