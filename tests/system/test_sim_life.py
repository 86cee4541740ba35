# SPDX-License-Identifier: Apache-2.0
"""The life of tasks in the simulator: ringing, RONA, declining, transfers, hang-ups, input, and what becomes of context."""
import os
import tempfile
import unittest

from simulator import Callback, Simulator, until
from test_sim_api import HAND, Case

ALL = ("Created", "SystemAccepted", "Queued", "UserAccepted", "ParameterUpdated", "Transferred", "Terminated")
SUPPORT, SALES = "support@contoso.example", "sales@contoso.example"
AGENT1, AGENT2 = "agent1@contoso.example", "agent2@contoso.example"


class LifeCase(Case):
    SPEED = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim.end()
        cls.sim = Simulator("--retry-ms", "20", "--speed", str(cls.SPEED))

    def tearDown(self):
        for task in self.sim.state()["tasks"]:
            self.sim.raw("POST", f"/sim/tasks/{task['taskId']}/hangup")
        for agent in (AGENT1, AGENT2):
            self.sim.control("users/" + agent, {"onDuty": True})
        super().tearDown()

    def call(self, state="In Queue", **wanted):
        task_id = self.sim.call(**{"timeline": HAND, "from": "+41791234567", **wanted})
        self.sim.wait_state(task_id, state)
        return task_id

    def act(self, task_id, verb, body=None, expected=200):
        return self.sim.control(f"tasks/{task_id}/{verb}", body, expected)

    def user(self, upn):
        return next(u for u in self.sim.state()["users"] if u["upn"] == upn)

    def told(self, task_id):
        return [e["event"] for e in self.sim.task(task_id)["history"] if not e["event"].startswith("(")]


class Life(LifeCase):
    def test_ring_and_accept(self):
        task_id = self.call()
        task = self.act(task_id, "ring", {"user": AGENT2})
        self.assertEqual((task["state"], task["ringing"]), ("Ringing", AGENT2))
        task = self.act(task_id, "accept")
        self.assertEqual((task["state"], task["user"], task["userSessions"]),
                         ("Connected", AGENT2, [{"user": AGENT2, "result": "Accepted"}]))

    def test_decline(self):
        task_id = self.call()
        self.act(task_id, "decline", expected=409)
        self.act(task_id, "ring")
        self.act(task_id, "decline")
        self.assertEqual(self.user(AGENT1)["state"], "RONA")
        until(lambda: self.sim.task(task_id).get("ringing") == AGENT2, what="ringing at the next one")
        self.assertEqual(self.sim.task(task_id)["userSessions"][0]["result"], "Declined")

    def test_preferred_users_come_first(self):
        task_id = self.call()
        self.sim.update(task_id, {"preferredUsers": [{"upn": AGENT1, "priority": 9}, {"upn": AGENT2, "priority": 2}]})
        self.assertEqual(self.act(task_id, "ring")["ringing"], AGENT2)

    def test_transfer_to_another_service(self):
        hook = Callback()
        self.sim.subscribe(hook.url, ALL, (SUPPORT, SALES))
        task_id = self.call()
        self.sim.update(task_id, {"customer": {"firstName": "Ada"}, "customContextParameters": [{"name": "A", "value": "1"}]})
        self.act(task_id, "accept")
        session = self.sim.task(task_id)["serviceSessionId"]
        self.act(task_id, "transfer", {"service": SALES})
        self.sim.wait_event(task_id, "Queued", 2)
        task = self.sim.task(task_id)
        self.assertEqual((task["serviceUPN"], task["serviceSessionId"] != session), (SALES, True))
        self.assertEqual((task["customer"], task["customContextParameters"]), ({"primaryTelNumber": "+41791234567"}, []))
        self.assertEqual(self.told(task_id), ["Created", "SystemAccepted", "Queued", "ParameterUpdated", "UserAccepted",
                                              "Transferred", "SystemAccepted", "Queued"])
        moved = next(e for e in hook.of(task_id) if e["event"] == "Transferred")
        self.assertEqual(moved["serviceUPN"], SUPPORT)
        self.act(task_id, "accept", {"user": AGENT2})
        self.assertEqual(self.act(task_id, "hangup")["outcome"], "User Internal Transfer Success")
        hook.close()

    def test_transfer_to_a_user(self):
        task_id = self.call()
        self.act(task_id, "accept")
        task = self.act(task_id, "transfer", {"user": AGENT2})
        self.assertEqual((task["state"], task["ringing"]), ("Transferring", AGENT2))
        self.assertEqual(self.act(task_id, "accept")["LastConnectedUserUPN"], AGENT2)
        self.assertEqual(self.told(task_id).count("UserAccepted"), 2)

    def test_wrong_transfers(self):
        early = self.sim.call(timeline={**HAND, "systemAccepted": None, "queued": None}, anonymous=True)
        self.sim.wait_event(early, "Created")
        self.act(early, "transfer", {"service": SALES}, 409)
        task_id = self.call()
        for body in ({}, {"service": SALES, "user": AGENT1}, {"service": "x"}, {"user": "x"}, {"service": SUPPORT}):
            self.act(task_id, "transfer", body, 400)

    def test_hang_up_in_each_state(self):
        ivr = {**HAND, "queued": None}
        early = self.sim.call(timeline={**ivr, "systemAccepted": None}, anonymous=True)
        self.sim.wait_event(early, "Created")
        self.assertEqual(self.act(early, "hangup")["outcome"], "Customer Hangup Before Accept")
        waiting = self.sim.call(timeline=ivr, anonymous=True)
        self.sim.wait_event(waiting, "SystemAccepted")
        self.assertEqual(self.act(waiting, "hangup")["outcome"], "Customer Hangup In Ivr")
        queued = self.call()
        self.assertEqual(self.act(queued, "hangup", {"by": "customer"})["outcome"], "Customer Hangup In Queue")
        ringing = self.call()
        self.act(ringing, "ring")
        task = self.act(ringing, "hangup")
        self.assertEqual((task["outcome"], task["userSessions"][0]["result"]), ("Customer Hangup In Queue", "Cancelled"))
        taken = self.call()
        self.act(taken, "accept")
        self.assertEqual(self.act(taken, "hangup", {"by": "user"})["outcome"], "User Accepted")
        self.act(taken, "hangup", expected=409)
        self.act(self.call(), "hangup", {"by": "cat"}, 400)

    def test_input_raises_parameter_events(self):
        hook = Callback()
        self.sim.subscribe(hook.url, ["ParameterUpdated"])
        task_id = self.call()
        task = self.act(task_id, "input", {"name": "Menu", "value": "2"})
        self.assertEqual(task["customContextParameters"], [{"name": "Menu", "value": "2"}])
        self.assertEqual(task["updates"], 0)
        self.sim.wait_event(task_id, "ParameterUpdated")
        self.assertEqual(hook.of(task_id)[0]["updatedParameterValue"], "2")
        self.act(task_id, "input", {"name": "x" * 65, "value": ""}, 400)
        hook.close()

    def test_every_modality_by_itself(self):
        for wanted in ({"from": "+41791234567"}, {"email": "a@example.org", "modality": "Email"},
                       {"email": "a@example.org", "modality": "InstantMessaging"}, {"id": "T-1"},
                       {"from": "+41791234567", "direction": "Outbound"}):
            with self.subTest(wanted):
                task_id = self.sim.call(timeline={"created": 0, "systemAccepted": 100, "queued": 200, "userAccepted": 400,
                                                  "terminated": 500}, **wanted)
                task = self.sim.wait_state(task_id, "Terminated")
                self.assertEqual((task["result"], task["outcome"]), ("Accepted", "User Accepted"))
                self.assertIn("(ringing)", [e["event"] for e in task["history"]])

    def test_nobody_on_duty(self):
        for agent in (AGENT1, AGENT2):
            self.sim.control("users/" + agent, {"onDuty": False})
        task_id = self.sim.call(timeline={"created": 0, "systemAccepted": 0, "queued": 0, "userAccepted": 100, "terminated": None},
                                anonymous=True)
        self.sim.wait_state(task_id, "In Queue")
        self.sim.control("users/" + AGENT2, {"onDuty": True})
        self.assertEqual(self.sim.wait_state(task_id, "Connected")["user"], AGENT2)


class Rona(LifeCase):
    SPEED = 20  # 1 s of ringing, 30 s of RONA

    def test_rona_goes_to_the_next_user(self):
        task_id = self.call()
        self.act(task_id, "ring")
        until(lambda: self.user(AGENT1)["state"] == "RONA", what="RONA of the first")
        until(lambda: self.user(AGENT2)["state"] == "RONA", what="RONA of the second")
        self.sim.wait_state(task_id, "In Queue")
        self.assertEqual([s["result"] for s in self.sim.task(task_id)["userSessions"]], ["RONA", "RONA"])
        self.assertEqual(self.told(task_id), ["Created", "SystemAccepted", "Queued"])
        self.act(task_id, "ring", expected=409)
        self.sim.control("users/" + AGENT2, {"onDuty": True})
        self.assertEqual(self.act(task_id, "accept")["user"], AGENT2)


class Context(unittest.TestCase):
    WORLD = """
units: [{name: A}]
users: [{upn: a@x, role: Tenant Admin, unit: A}, {upn: b@x, role: User, unit: A}]
services:
  - {upn: keeps@x, unit: A, storesContext: true}
  - {upn: forgets@x, unit: A, agents: [a@x], ronaTimeout: 1s}
"""

    def setUp(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as file:
            file.write(self.WORLD)
        self.file = file.name
        self.sim = Simulator("--world", file.name, "--speed", "100")

    def tearDown(self):
        self.sim.end()
        os.unlink(self.file)

    def test_lost_at_the_end_unless_stored(self):
        for service, kept in (("keeps@x", True), ("forgets@x", False)):
            hook = Callback()
            self.sim.subscribe(hook.url, ["Terminated"], [service])
            task_id = self.sim.call(timeline=HAND, service=service, **{"from": "+41791234567"})
            self.sim.wait_state(task_id, "In Queue")
            self.sim.update(task_id, {"customer": {"firstName": "Ada"}})
            self.sim.control(f"tasks/{task_id}/hangup")
            self.sim.wait_event(task_id, "Terminated")
            task = self.sim.task(task_id)
            self.assertEqual((task["customer"].get("firstName"), task["contextLost"]), ("Ada" if kept else None, not kept))
            self.assertEqual(hook.of(task_id)[0]["taskInformation"]["customer"]["firstName"], "Ada")
            hook.close()

    def test_a_services_own_agents_and_ring_time(self):
        task_id = self.sim.call(timeline=HAND, service="forgets@x", anonymous=True)
        self.sim.wait_state(task_id, "In Queue")
        self.assertEqual(self.sim.control(f"tasks/{task_id}/ring")["ringing"], "a@x")
        self.sim.wait_state(task_id, "In Queue")

    def test_stored_context_goes_along(self):
        task_id = self.sim.call(timeline=HAND, service="keeps@x", anonymous=True)
        self.sim.wait_state(task_id, "In Queue")
        self.sim.update(task_id, {"customer": {"firstName": "Ada"}})
        self.sim.control(f"tasks/{task_id}/transfer", {"service": "forgets@x"})
        self.assertEqual(self.sim.task(task_id)["customer"]["firstName"], "Ada")


if __name__ == "__main__":
    unittest.main()
