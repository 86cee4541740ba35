# SPDX-License-Identifier: Apache-2.0
"""nimflow sim --scenario: a described day is played, and its summary; nimflow sim world; what wrong files are told."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from programs import Program, path
from simulator import Callback, Simulator, until

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples/scenarios/monday-morning.yaml"


class Scenario(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nimflow-test-")
        self.file = os.path.join(self.dir, "day.yaml")

    def tearDown(self):
        for name in os.listdir(self.dir):
            os.unlink(os.path.join(self.dir, name))
        os.rmdir(self.dir)

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)

    def play(self, *args, file=None):
        return subprocess.run([path("nimflow"), "sim", "--listen", "127.0.0.1:0", "--scenario", file or self.file, *args],
                              capture_output=True, text=True, timeout=240, check=False)

    def refused(self, text):
        self.write(text)
        done = self.play()
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        return done.stderr

    def test_the_example(self):
        done = self.play("--seed", "1", "--speed", "240", file=str(EXAMPLE))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"A Monday morning: \d+ actions, 0 failed")
        found = re.search(r"tasks +(\d+): (\d+) taken by a user, (\d+) ended without one, (\d+) under way", done.stdout)
        self.assertEqual(found.group(1), "68", done.stdout)
        self.assertGreaterEqual(int(found.group(2)), 60, done.stdout)

    def test_steps_do_what_they_say(self):
        self.write("""
afterSubscriptions: 1
speed: 100
steps:
  - at: 1s
    name: first
    call: {from: random, timeline: {userAccepted: null, terminated: null}}
    then:
      - {after: 5s, input: {name: Menu, value: "2"}}
      - {after: 20s, accept: anybody}
      - {after: 40s, hangup: user}
  - {at: 30s, user: {upn: agent2@contoso.example, role: Supervisor, onDuty: false}}
  - {at: 60s, fault: {operation: "GET /v1/tasks/events", count: -1}}
  - {at: 61s, task: first, hangup: customer}
endAt: 2m
""")
        hook = Callback()
        program = Program("nimflow", "sim", "--listen", "127.0.0.1:0", "--token", Simulator.TOKEN, "--stay", "--scenario", self.file)
        sim = Simulator.__new__(Simulator)
        sim.program = program
        sim.url = program.wait_line("simulated Nimbus cluster").split()[-1]
        try:
            self.assertEqual(sim.state()["tasks"], [])
            sim.subscribe(hook.url, ["Created", "UserAccepted", "ParameterUpdated", "Terminated"])
            self.assertIn("1: 1 taken by a user", program.wait_line("tasks "))
            self.assertIn("4 done", program.wait_line("events "))
            self.assertEqual(sorted(e["event"] for e in hook.events), ["Created", "ParameterUpdated", "Terminated", "UserAccepted"])
            self.assertEqual(sim.raw("GET", "/v1/tasks/events")[0], 500)
            user = next(u for u in sim.state()["users"] if u["upn"] == "agent2@contoso.example")
            self.assertEqual((user["role"], user["state"]), ("Supervisor", "Off Duty"))
            until(lambda: any("day.yaml:14: hangup: the task has ended" in line for line in program.errors), what="the failed step")
        finally:
            self.assertEqual(program.end(), 1)  # a step failed
            hook.close()

    def test_a_failed_step_is_told_and_counts(self):
        self.write("speed: 1000\nsteps:\n  - {at: 0s, call: {from: '079 123'}}\n  - {at: 1s, call: {anonymous: true}}\n")
        done = self.play()
        self.assertEqual(done.returncode, 1)
        self.assertIn("day.yaml:3: call: from must be a number in international form", done.stderr)
        self.assertIn("2 actions, 1 failed", done.stdout)

    def test_wrong_scenarios_say_where(self):
        for text, words in (("steps: [{at: soon, call: {anonymous: true}}]", [":1:", "duration"]),
                            ("steps:\n  - {at: 1s}\n", [":2:", "what happens"]),
                            ("steps:\n  - {at: 1s, call: {anonymus: true}}\n", [":2:", "anonymus", "anonymous"]),
                            ("steps:\n  - {at: 1s, call: {anonymous: true}, hangup: user}\n", [":2:", "one thing"]),
                            ("steps:\n  - {at: 1s, task: x, hangup: user}\n", ["'x'", "name of a call"]),
                            ("steps:\n  - {at: 1s, call: {anonymous: true, service: Moon}}\n", ["Moon"]),
                            ("steps:\n  - {at: 1s, fault: {operation: PUT /v1/task}}\n", [":2:", "PUT /v1/task"]),
                            ("steps:\n  - {at: 1s, user: {upn: x@y}}\n", ["x@y"]),
                            ("steps:\n  - at: 1s\n    call: {anonymous: true}\n    then: [{after: 1s, accept: z@y}]\n", [":4:", "z@y"]),
                            ("steps:\n  - at: 1s\n    call: {anonymous: true}\n    then: [{after: 1s, transfer: z@y}]\n", ["z@y"]),
                            ("steps:\n  - {at: 9s, call: {anonymous: true}}\nendAt: 1s\n", ["endAt"]),
                            ("speed: 0\nsteps: []\n", [":1:", "1 to 1000"]), ("name: x\n", ["steps"])):
            with self.subTest(text):
                errors = self.refused(text)
                for word in words:
                    self.assertIn(word, errors)
        self.assertEqual(self.play(file=self.file + ".nothing").returncode, 3)

    def test_the_standard_world_can_be_printed_and_used(self):
        done = subprocess.run([path("nimflow"), "sim", "world"], capture_output=True, text=True, timeout=60, check=True)
        world = os.path.join(self.dir, "world.yaml")
        with open(world, "w", encoding="utf-8") as file:
            file.write(done.stdout.replace("support@contoso.example", "help@contoso.example"))
        self.write("speed: 1000\nsteps: [{at: 0s, call: {anonymous: true, service: help@contoso.example}}]\n")
        self.assertEqual(self.play("--world", world).returncode, 0)
        self.assertEqual(self.play("--seed", "x").returncode, 2)


if __name__ == "__main__":
    unittest.main()
