#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_bench.py: the load generator sees what goes wrong: a host of ours loses, doubles and garbles updates on purpose;
and every bench gives its figures."""
import csv
import http.client
import http.server
import json
import os
import pathlib
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BUILD = pathlib.Path(os.environ.get("NF_BUILD", "build/dev"))
LOAD = BUILD / "nf-load"
RUN = pathlib.Path(os.environ.get("NF_SOURCE", ".")) / "tests/bench/run"


class Misbehaving(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = int(event["taskId"][-12:])
        host = self.server
        refused = host.mode == "refuse" and number % 10 == 0
        self.send_response(503 if refused else 202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if refused or (host.mode == "lose" and number % 10 == 0):
            return
        who = host.callers[event["customerIdentifier"]]
        if host.mode == "garble" and number % 10 == 0:
            who = "Someone", "Else"
        for _ in range(2 if host.mode == "double" and number % 10 == 0 else 1):
            self.update(event["taskId"], {"customer": {"firstName": who[0], "lastName": who[1]}})

    def update(self, task, body):
        local = self.server.local  # one connection per thread
        if not hasattr(local, "nimbus"):
            local.nimbus = http.client.HTTPConnection("127.0.0.1", self.server.nimbus_port)
        local.nimbus.request("PUT", f"/v1/tasks/{task}", json.dumps(body), {"Content-Type": "application/json"})
        local.nimbus.getresponse().read()

    def finish(self):
        super().finish()
        if hasattr(self.server.local, "nimbus"):
            self.server.local.nimbus.close()

    def log_message(self, *_):
        pass


class Host(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 512


class LoadGenerator(unittest.TestCase):
    def setUp(self):
        self.load = subprocess.Popen([LOAD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.host = Host(("127.0.0.1", 0), Misbehaving)
        self.host.local = threading.local()
        self.host.nimbus_port = json.loads(self.load.stdout.readline())["port"]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([LOAD, "--write-list", f"{folder}/list.csv"], check=True, timeout=60)
            with open(f"{folder}/list.csv", newline="") as file:
                self.rows = list(csv.DictReader(file, delimiter=";"))
        self.host.callers = {r["MobilePhone"].replace(" ", ""): (r["FirstName"], r["LastName"]) for r in self.rows}
        threading.Thread(target=self.host.serve_forever, daemon=True).start()
        self.register()

    def tearDown(self):
        self.load.stdin.close()
        self.load.wait(timeout=60)
        self.load.stdout.close()
        self.host.shutdown()
        self.host.server_close()
        self.assertEqual(self.load.returncode, 0)

    def register(self):
        nimbus = http.client.HTTPConnection("127.0.0.1", self.host.nimbus_port)
        nimbus.request("POST", "/v1/triggers/tasks", json.dumps({"config": {
            "url": f"http://127.0.0.1:{self.host.server_port}/hooks/secret", "services": ["*"], "taskEvents": ["x"]}}))
        answer = nimbus.getresponse()
        answer.read()
        self.assertEqual(answer.status, 201)
        self.assertTrue(answer.getheader("Location").startswith("/v1/triggers/tasks/"))
        nimbus.close()
        self.assertEqual(self.ask("wait 10")["registrations"], 1)

    def ask(self, command):
        self.load.stdin.write(command + "\n")
        self.load.stdin.flush()
        return json.loads(self.load.stdout.readline())

    def round(self, mode, command="closed 4 0.5"):
        self.host.mode = mode
        r = self.ask(command)
        self.assertGreater(r["sent"], 10, r)
        return r

    def test_the_list(self):
        self.assertEqual(len(self.rows), 1000)
        self.assertEqual(len(self.host.callers), 1000)

    def test_a_good_host(self):
        for command in ("closed 4 0.5", "open 50 1"):
            r = self.round("good", command)
            self.assertEqual((r["lost"], r["doubled"], r["wrong"], r["non_2xx"]), (0, 0, 0, 0))
            self.assertEqual(r["done"], r["sent"])
            self.assertTrue(0 < r["p50_us"] <= r["p99_us"] <= r["p999_us"], r)

    def test_what_goes_wrong_is_counted(self):
        r = self.round("double")
        self.assertGreater(r["doubled"], 0)
        self.assertEqual((r["lost"], r["wrong"], r["non_2xx"]), (0, 0, 0))
        r = self.round("garble")
        self.assertGreater(r["wrong"], 0)
        self.assertEqual((r["lost"], r["doubled"], r["non_2xx"]), (0, 0, 0))
        r = self.round("refuse")
        self.assertGreater(r["non_2xx"], 0)
        self.assertEqual((r["lost"], r["doubled"], r["wrong"]), (0, 0, 0))
        r = self.round("lose", "open 50 1")
        self.assertEqual(r["lost"], r["sent"] - r["done"])
        self.assertGreater(r["lost"], 0)
        self.assertEqual((r["doubled"], r["wrong"], r["non_2xx"]), (0, 0, 0))

    def test_usage_of_a_family_of_processes(self):
        child = subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60 & wait"], start_new_session=True)
        try:
            deadline = time.monotonic() + 30
            while self.ask(f"pid {child.pid}")["processes"] != 3 and time.monotonic() < deadline:
                time.sleep(0.05)
            usage = self.ask("usage")
            self.assertEqual(usage["processes"], 3)
            self.assertGreater(usage["rss_kib"], 100)
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


class Benches(unittest.TestCase):
    """In their short form, which measures nothing: which figures there are, and what holds on any machine."""

    def figures(self, name):
        done = subprocess.run([sys.executable, RUN, name, "--short", "--json", "--build", BUILD], capture_output=True,
                              text=True, timeout=280, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual({line["bench"] for line in lines}, {name})
        self.assertTrue(all(line["unit"] for line in lines))
        return {line["metric"]: line["value"] for line in lines}

    def test_fresh_state(self):
        values = self.figures("fresh-state")
        self.assertEqual(values["extra_us"], round(values["extra_us"], 2))
        self.assertGreater(values["fresh_us"], 0)
        # to build a state costs a multiple of a call, however fast the machine is
        self.assertGreater(values["newstate_source_us"], values["warm_us"])
        self.assertGreater(values["newstate_bytecode_us"], values["warm_us"])

    def test_in_flight(self):
        values = self.figures("in-flight")
        for name in ("runs_per_s", "cpu_us_per_run", "empty_us", "wall_runs_per_s", "waiting_10000_mib"):
            self.assertGreater(values[name], 0, name)
        self.assertIn("idle_slot_kib", values)

    def test_cpu_overhead(self):
        values = self.figures("cpu-overhead")
        ratios = [value for name, value in values.items() if name.startswith("ratio_")]
        self.assertGreaterEqual(len(ratios), 3)
        self.assertEqual(values["ratio"], max(ratios))
        self.assertGreater(min(ratios), 0)

    def test_noisy_neighbour(self):
        values = self.figures("noisy-neighbour")
        self.assertAlmostEqual(values["added_p99_us"], values["noisy_p99_us"] - values["quiet_p99_us"], delta=1)
        self.assertEqual(0, values["lost"])  # how many came in time depends on the machine
        self.assertGreater(values["quiet_p99_us"], 0)

    def test_resume(self):
        self.assertGreater(self.figures("resume")["first_effect_ms"], 0)

    def test_history(self):
        values = self.figures("history")
        self.assertEqual(0, values["lost_1000"] + values["lost_5000"])
        for name in ("start_ms", "list_ms", "list_failed_ms", "list_rare_handler_ms", "show_old_ms", "why_ms"):
            self.assertGreater(values[f"{name}_5000"], 0)
        values = self.figures("sleeping")
        self.assertGreater(values["start_ms_5000_asleep"], 0)
        self.assertGreater(values["memory_mib_5000_asleep"], 0)

    def test_filter(self):
        values = self.figures("filter")
        for name in ("decision_us", "decision_us_10_flows", "filtered_per_s", "denied_per_s", "cpu_us_per_filtered"):
            self.assertGreater(values[name], 0, name)
        self.assertEqual(0, values["wrong"])


if __name__ == "__main__":
    if not LOAD.exists():
        print(f"skipped: {LOAD} is not built")
        sys.exit(77)
    unittest.main()
