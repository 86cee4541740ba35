#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_fairness.py: what one tenant does, with a dead Nimbus or endless loops, another one does not notice."""
import os
import threading
import time
import unittest

from host import Host, event, post, wait_until
from nimbus import Nimbus

FLOW = """
nimbus.on_task {
  name     = "show",
  services = { "%s" },
  events   = { "SystemAccepted" },
  run = function(task)
    %s
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "x" } }
  end,
}
"""
GOOD, BAD = "support@contoso.example", "sales@contoso.example"
SPIN = "while true do end"


class Neighbours(unittest.TestCase):
    def setUp(self):
        self.nimbus = Nimbus()
        self.release = threading.Event()
        self.host = None

    def tearDown(self):
        self.release.set()
        if self.host:
            self.assertEqual(self.host.end(), 0, self.host.program.errors)
            self.host.remove()
        self.nimbus.close()

    def serve(self, bad, tenant=""):
        """Tenant acme runs the good flow, tenant beta the bad one, on one cluster."""
        self.host = Host(self.nimbus.url, flows={"show.lua": FLOW % (GOOD, "")})
        for folder in ("flows", "lists"):
            os.makedirs(os.path.join(self.host.dir, "tenants", "beta", folder))
        self.host.write("tenants/beta/tenant.yaml", f"cluster: {self.nimbus.url}\ntoken_file: token\n" + tenant)
        self.host.write("tenants/beta/token", "secret\n", 0o600)
        self.host.write("tenants/beta/flows/show.lua", FLOW % (BAD, bad))
        self.host.start()
        self.callbacks = {service: registration["config"]["url"] for registration in self.nimbus.registered
                          for service in (GOOD, BAD) if service in str(registration)}

    def send(self, service, *tasks):
        for task in tasks:
            self.assertEqual(post(self.callbacks[service], event(task, serviceUPN=service))[0], 202)

    def good_goes_on(self, count=20):
        """Each of them is updated; the deadline is far beyond what is usual."""
        for i in range(count):
            self.send(GOOD, f"good-{i}")
            self.nimbus.wait(lambda task=f"good-{i}": task in self.nimbus.updates, 10)

    def test_requests_that_are_never_answered(self):
        stuck = []

        def answer(handler, body):
            if handler.command == "PUT" and handler.path.startswith("/v1/tasks/bad"):
                stuck.append(handler.path)
                self.release.wait(60)
            return False

        self.nimbus.answer = answer
        self.serve("", "request_timeout: 1min\n")
        self.send(BAD, *(f"bad-{i}" for i in range(100)))
        wait_until(lambda: len(stuck) >= 24, what="requests hang")
        self.good_goes_on()
        time.sleep(0.2)
        self.assertEqual(len(stuck), 24)  # three quarters of 32

    def test_endless_loops_in_all_workers(self):
        self.serve(SPIN, "limits: {cpu: 5s}\n")
        self.send(BAD, *(f"bad-{i}" for i in range(40)))
        self.good_goes_on()
        self.assertEqual([run for run in self.host.runs("--tenant", "acme") if run["outcome"] != "done"], [])

    def test_a_tenant_that_is_paused_pauses_alone(self):
        self.serve(SPIN, "limits: {cpu: 60s, wall: 5min, cpu_per_minute: 500ms}\n")
        self.send(BAD, *(f"bad-{i}" for i in range(5)))
        self.host.error_line("beta: its runs pause: ")
        self.good_goes_on()


if __name__ == "__main__":
    unittest.main()
