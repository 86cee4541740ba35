# SPDX-License-Identifier: Apache-2.0
"""The simulator's faults on demand, its control interface and who may use it."""
import http.client
import json
import threading
import time
import unittest

from programs import Program
from simulator import Callback, Simulator
from test_sim_api import HAND, Case


class Faults(Case):
    OPERATION = "PUT /v1/tasks/{taskId}"

    def setUp(self):
        self.task_id = self.sim.call(timeline=HAND, anonymous=True)

    def name(self):
        return self.sim.task(self.task_id)["customer"].get("firstName")

    def put(self, name):
        return self.sim.update(self.task_id, {"customer": {"firstName": name}})

    def test_status_with_count(self):
        self.sim.fault(self.OPERATION, status=429, retryAfter=7, count=2)
        for _ in range(2):
            status, headers, _ = self.put("Ada")
            self.assertEqual((status, headers["retry-after"]), (429, "7"))
        self.assertIsNone(self.name())
        self.assertEqual(self.put("Ada")[0], 200)

    def test_each_status(self):
        for wanted in (401, 403, 404, 500, 504):
            self.sim.fault(self.OPERATION, status=wanted)
            self.assertEqual(self.put("Ada")[0], wanted)

    def test_effect_although_the_answer_fails(self):
        self.sim.fault(self.OPERATION, status=504, mode="status-after")
        self.assertEqual((self.put("Ada")[0], self.name()), (504, "Ada"))
        self.sim.fault(self.OPERATION, mode="close-after")
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionError)):
            self.put("Bea")
        self.assertEqual(self.name(), "Bea")

    def test_garbage_and_close(self):
        self.sim.fault(self.OPERATION, mode="garbage")
        with self.assertRaises(http.client.BadStatusLine):
            self.put("Ada")
        self.sim.fault(self.OPERATION, mode="close")
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionError)):
            self.put("Ada")
        self.assertIsNone(self.name())

    def test_slow(self):
        self.sim.fault("*", mode="slow", delayMs=200)
        start = time.monotonic()
        self.assertEqual(self.put("Ada")[0], 200)
        self.assertGreaterEqual(time.monotonic() - start, 0.19)

    def test_faults_can_be_cleared_and_are_shown(self):
        self.sim.fault(self.OPERATION, count=-1)
        self.assertEqual(self.sim.state()["faults"][0]["operation"], self.OPERATION)
        self.assertEqual([self.put("Ada")[0] for _ in range(3)], [500] * 3)
        self.assertEqual(self.sim.raw("DELETE", "/sim/faults")[0], 204)
        self.assertEqual(self.put("Ada")[0], 200)

    def test_wrong_faults(self):
        for body, word in (({}, "operation"), ({"operation": 1}, "operation"), ({"operation": "*", "mode": "odd"}, "odd"),
                           ({"operation": "*", "status": 99}, "599"), ({"operation": "*", "count": "x"}, "count"),
                           ({"operation": "*", "statsu": 500}, "did you mean 'status'"), ({"operation": "*", "share": 0}, "100"),
                           ({"operation": "PUT /v1/task/{taskId}"}, "did you mean 'PUT /v1/tasks/{taskId}'"),
                           ({"operation": "deliver"}, "deliver goes with"), ({"operation": "*", "mode": "burst"}, "deliver"),
                           ({"operation": "*", "mode": "no-location"}, "registration")):
            status, _, text = self.sim.raw("POST", "/sim/faults", body)
            self.assertEqual(status, 400, body)
            self.assertIn(word, json.loads(text)["error"])

    def test_a_share_of_the_requests(self):
        self.sim.fault(self.OPERATION, count=-1, share=50)
        failed = [self.put("Ada")[0] for _ in range(200)].count(500)
        self.assertTrue(50 < failed < 150, failed)

    def test_registrations_that_go_wrong(self):
        config = {"url": self.hook.url, "services": ["support@contoso.example"], "taskEvents": ["Created"]}
        self.sim.fault("POST /v1/triggers/tasks", mode="no-location")
        status, headers, _ = self.sim.raw("POST", "/v1/triggers/tasks", {"config": config})
        self.assertEqual((status, headers["location"], len(self.sim.state()["subscriptions"])), (201, None, 1))
        self.sim.fault("POST /v1/triggers/tasks", mode="lost-subscription")
        status, headers, _ = self.sim.raw("POST", "/v1/triggers/tasks", {"config": config})
        self.assertEqual((status, len(self.sim.state()["subscriptions"])), (201, 1))
        self.assertEqual(self.sim.raw("DELETE", headers["location"][len(self.sim.url):])[0], 404)
        self.sim.fault("deliver", mode="lost-subscription")
        task_id = self.sim.call(timeline=HAND, anonymous=True)
        self.assertEqual((self.sim.wait_event(task_id, "Created"), self.sim.state()["subscriptions"]), ([], []))

    def test_deliveries_out_of_order(self):
        hook = Callback()
        self.sim.subscribe(hook.url, ["Created", "SystemAccepted"])
        self.sim.fault("deliver", mode="out-of-order", delayMs=60000)
        task_id = self.sim.call(timeline=HAND, anonymous=True)
        self.sim.wait_event(task_id, "SystemAccepted")
        self.sim.wait_event(task_id, "Created")
        self.assertEqual([e["event"] for e in hook.of(task_id)], ["SystemAccepted", "Created"])
        hook.close()

    def test_one_held_back_leaves_by_itself(self):
        self.sim.subscribe(self.hook.url, ["Created"])
        self.sim.fault("deliver", mode="out-of-order", delayMs=50)
        task_id = self.sim.call(timeline=HAND, anonymous=True)
        self.assertEqual([d["state"] for d in self.sim.wait_event(task_id, "Created")], ["delivered"])

    def test_a_burst(self):
        self.sim.subscribe(self.hook.url, ["Created", "SystemAccepted", "Queued"])
        self.sim.fault("deliver", mode="burst", count=6, delayMs=300)
        start = time.monotonic()
        tasks = [self.sim.call(timeline=HAND, anonymous=True) for _ in range(2)]
        for task_id in tasks:
            self.sim.wait_event(task_id, "Queued")
        self.assertGreaterEqual(time.monotonic() - start, 0.29)
        self.assertEqual(sum(len(self.hook.of(t)) for t in tasks), 6)


class Control(Case):
    def test_wrong_calls_say_what(self):
        for body, word in (({}, "exactly one"), ({"from": "079 123"}, "international"), ({"from": "+41791234567", "upn": "a"}, "exactly one"),
                           ({"form": "+41791234567"}, "did you mean 'from'"), ({"email": "a@b"}, "modality"),
                           ({"anonymous": True, "service": "x"}, "service"), ({"anonymous": 1}, "anonymous"),
                           ({"anonymous": True, "modality": "Telepathy"}, "Telepathy"),
                           ({"anonymous": True, "direction": "Sideways"}, "Sideways"), ({"anonymous": True, "count": 0}, "count"),
                           ({"id": "x", "modality": "Audio"}, "ExternalTask"),
                           ({"anonymous": True, "timeline": {"queued": 1}}, "timeline"),
                           ({"anonymous": True, "timeline": {"queued": "x"}}, "timeline")):
            with self.subTest(body):
                status, _, text = self.sim.raw("POST", "/sim/calls", body)
                self.assertEqual(status, 400)
                self.assertIn(word, json.loads(text)["error"])

    def test_accept_and_hang_up(self):
        early = self.sim.call(timeline={**HAND, "systemAccepted": None, "queued": None}, anonymous=True)
        self.sim.wait_event(early, "Created")
        self.assertEqual(self.sim.raw("POST", f"/sim/tasks/{early}/accept")[0], 409)
        task_id = self.sim.call(timeline=HAND, anonymous=True)
        self.sim.wait_event(task_id, "Queued")
        self.assertEqual(self.sim.raw("POST", f"/sim/tasks/{task_id}/accept", {"user": "nobody"})[0], 400)
        self.assertEqual(self.sim.raw("POST", f"/sim/tasks/{task_id}/accept", {"user": "agent2@contoso.example"})[0], 200)
        self.assertEqual(self.sim.raw("POST", f"/sim/tasks/{task_id}/accept")[0], 409)
        task = self.sim.task(task_id)
        self.assertEqual((task["state"], task["LastConnectedUserUPN"]), ("Connected", "agent2@contoso.example"))
        self.assertEqual(self.sim.raw("POST", f"/sim/tasks/{task_id}/hangup")[0], 200)
        self.assertEqual(self.sim.raw("POST", f"/sim/tasks/{task_id}/hangup")[0], 409)
        self.assertEqual(self.sim.task(task_id)["state"], "Terminated")
        self.assertEqual(self.sim.raw("POST", "/sim/tasks/nothing/hangup")[0], 404)

    def test_foreign_pages_stay_out(self):
        host = self.sim.url[len("http://"):]
        for headers, expected in (({"origin": "http://evil.example"}, 403), ({"origin": "null"}, 403),
                                  ({"host": "evil.example"}, 403), ({"host": "evil.example:80"}, 403),
                                  ({"sec-fetch-site": "cross-site"}, 403), ({"content-type": "text/plain"}, 415),
                                  ({"origin": self.sim.url, "sec-fetch-site": "same-origin"}, 201),
                                  ({"host": host.replace("127.0.0.1", "localhost")}, 201)):
            with self.subTest(headers):
                self.assertEqual(self.sim.raw("POST", "/sim/calls", {"anonymous": True}, headers=headers, token=None)[0],
                                 expected)
        self.assertEqual(self.sim.raw("GET", "/sim/state", headers={"host": "evil.example"}, token=None)[0], 403)

    def test_watching(self):
        version = self.sim.state()["version"]
        start = time.monotonic()
        caller = threading.Timer(0.3, lambda: self.sim.call(anonymous=True))
        caller.start()
        state = json.loads(self.sim.raw("GET", f"/sim/state?after={version}")[2])
        caller.join()
        self.assertGreater(state["version"], version)
        self.assertGreaterEqual(time.monotonic() - start, 0.25)

    def test_old_tasks_go(self):
        sim = Simulator("--max-tasks", "5")
        try:
            live = sim.call(timeline=HAND, anonymous=True)
            ended = [sim.call(timeline={"created": 0, "systemAccepted": 0, "queued": 0, "userAccepted": 0, "terminated": 0},
                              anonymous=True) for _ in range(4)]
            for task_id in ended:
                sim.wait_event(task_id, "Terminated")
            status, _, text = sim.raw("POST", "/sim/calls", {"anonymous": True, "count": 9, "timeline": HAND})
            self.assertEqual((status, len(json.loads(text)["taskIds"])), (201, 4))
            self.assertEqual(sim.raw("GET", "/sim/tasks/" + ended[0])[0], 404)
            self.assertEqual(sim.raw("GET", "/sim/tasks/" + live)[0], 200)
            self.assertEqual(sim.raw("POST", "/sim/calls", {"anonymous": True})[0], 429)
        finally:
            sim.end()

    def test_end_with_everything_under_way(self):
        sim = Simulator()
        sim.subscribe("http://127.0.0.1:9/x", ["Created", "SystemAccepted"])
        sim.subscribe(self.hook.url, ["Created", "SystemAccepted"])
        sim.fault("GET /v1/tasks/events", mode="slow", delayMs=60000)
        def ask(path):
            try:
                sim.raw("GET", path)
            except (OSError, http.client.HTTPException):
                pass
        version = sim.state()["version"]
        waiting = [threading.Thread(target=ask, args=(path,)) for path in ("/v1/tasks/events", f"/sim/state?after={version}")]
        for thread in waiting:
            thread.start()
        sim.raw("POST", "/sim/calls", {"anonymous": True, "count": 200})
        sim.end()
        for thread in waiting:
            thread.join(60)


class Remote(unittest.TestCase):
    def test_beyond_loopback_only_when_allowed(self):
        refused = Program("prog_sim", "--listen", "0.0.0.0:0")
        self.assertEqual(refused.process.wait(60), 4)
        refused.end()
        self.assertIn("loopback", " ".join(refused.errors))

    def test_remote_control_wants_a_token(self):
        sim = Simulator("--listen", "0.0.0.0:0", "--remote")
        sim.url = sim.url.replace("0.0.0.0", "127.0.0.1")
        try:
            self.assertEqual(sim.raw("GET", "/sim/state", token=None)[0], 401)
            self.assertEqual(sim.raw("GET", "/sim/state")[0], 200)
        finally:
            sim.end()


class Seed(unittest.TestCase):
    def look(self, *args):
        sim = Simulator(*args)
        try:
            ids = [sim.call(**{"from": "random"}) for _ in range(3)]
            sim.fault("PUT /v1/tasks/{taskId}", count=-1, share=50)
            hits = [sim.update(ids[0], {})[0] for _ in range(20)]
            return ids, [sim.task(i)["callerTelNumber"] for i in ids], hits
        finally:
            sim.end()

    def test_a_seed_repeats_everything(self):
        first = self.look("--seed", "7")
        self.assertEqual(first, self.look("--seed", "7"))
        self.assertNotEqual(first[0], self.look("--seed", "8")[0])
        self.assertNotEqual(self.look()[0], self.look()[0])
        self.assertRegex(first[1][0], r"^\+4179\d{7}$")
        self.assertRegex(first[0][0], "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


if __name__ == "__main__":
    unittest.main()
