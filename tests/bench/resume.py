# SPDX-License-Identifier: Apache-2.0
"""resume.py: the bench "resume": a host with many runs under way is killed and started again; how long until the first
effect of one of them, and until all have ended."""
import http.client
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from harness import SOURCE, Form, free_port, say

sys.path.insert(0, str(SOURCE / "tests/support"))
from nimbus import Nimbus  # noqa: E402

FLOW = """
nimbus.on_task {
  name = "resumes", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function(task)
    local seen = kv.get("seen") or "never"
    nimbus.tasks.update { taskId = task.taskId, customer = { firstName = seen } }
  end,
}
"""
SENDERS = 16


class Resuming:
    def __init__(self, programs, runs):
        self.programs, self.runs, self.port = programs, runs, free_port()
        self.go_on, self.first, self.child = threading.Event(), None, None
        self.nimbus = Nimbus()
        self.nimbus.answer = self.answer
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nf-bench-", dir=SOURCE / "build"))
        tenant = self.folder / "tenants/bench"
        (tenant / "flows").mkdir(parents=True)
        (self.folder / "nimflow.yaml").write_text(f"listen: 127.0.0.1:{self.port}\n")
        (tenant / "tenant.yaml").write_text(f"cluster: {self.nimbus.url}\ntoken_file: token\nrequest_timeout: 5min\n"
                                            "limits: {concurrent_runs: 10000, wall: 10min}\n")
        (tenant / "token").write_text("secret\n")
        (tenant / "token").chmod(0o600)
        (tenant / "flows/resumes.lua").write_text(FLOW)

    def answer(self, handler, _):
        if handler.command == "PUT":
            if not self.go_on.is_set():
                self.go_on.wait(120)
            elif self.first is None:
                self.first = time.monotonic()
        return False

    def start(self):
        begin = time.monotonic()
        self.child = subprocess.Popen([self.programs / "nimflow", "serve", "--config", self.folder / "nimflow.yaml"],
                                      stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("a"))
        return begin

    def wait_ready(self):
        for _ in range(3000):
            try:
                link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                link.request("GET", "/readyz")
                if link.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.01)
        raise SystemExit("nimflow did not become ready:\n" + (self.folder / "log").read_text()[-3000:])

    def send(self, offset):
        path = self.nimbus.callback().split(str(self.port), 1)[1]
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        for number in range(offset, self.runs, SENDERS):
            body = {"taskId": f"t{number}", "event": "SystemAccepted", "direction": "Inbound", "modality": "Audio",
                    "isAnonymous": False, "customerIdentifier": "+41791234567", "serviceUPN": "support@contoso.example"}
            link.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = link.getresponse()
            answer.read()
            if answer.status != 202:
                raise SystemExit(f"an event was answered with {answer.status}")

    def begin_all(self):
        self.start()
        self.wait_ready()
        threads = [threading.Thread(target=self.send, args=(i,)) for i in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(1)

    def kill_and_start(self):
        self.child.kill()
        self.child.wait()
        self.go_on.set()
        begin = self.start()
        deadline = begin + 120
        while (self.first is None or len(self.nimbus.updates) < self.runs) and time.monotonic() < deadline:
            time.sleep(0.005)
        return (self.first - begin) * 1000 if self.first else None, time.monotonic() - begin

    def close(self):
        self.go_on.set()
        self.child.terminate()
        self.child.wait(timeout=60)
        self.nimbus.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def resume(programs):
    runs = 200 if Form.short else 10000
    firsts = []
    for number in range(1 if Form.short else 3):
        world = Resuming(programs, runs)
        try:
            world.begin_all()
            first, whole = world.kill_and_start()
        finally:
            world.close()
        say(f"  start {number + 1}: first effect of {runs} runs after {first or 0:.0f} ms, the last after {whole:.1f} s")
        firsts.append(first)
        if len(world.nimbus.updates) < runs:
            raise SystemExit(f"only {len(world.nimbus.updates)} of {runs} tasks were updated")
    yield "first_effect_ms", round(sorted(firsts)[len(firsts) // 2], 1), "ms"
