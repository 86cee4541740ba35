# SPDX-License-Identifier: Apache-2.0
"""A running nimflow with one tenant in a temporary folder, and notifications for it."""
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from programs import Program, path

SHOW_CALLER = """
nimbus.on_task {
  name       = "show caller",
  services   = { "support@contoso.example" },
  events     = { "SystemAccepted" },
  run = function(task)
    nimbus.tasks.update { taskId = task.taskId, customer = { lastName = "for " .. task.customerIdentifier } }
  end,
}
"""


def wait_until(condition, timeout=30, what="it"):
    """Poll until `condition()` gives something true; that is returned."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {timeout} s")


def event(task_id="task-1", **fields):
    """A notification as Nimbus sends it."""
    body = {"taskId": task_id, "event": "SystemAccepted", "direction": "Inbound", "modality": "Audio",
            "isAnonymous": False, "customerIdentifier": "+41791234567", "serviceUPN": "support@contoso.example"}
    body.update(fields)
    return body


def post(url, body, content_type="application/json", method="POST", timeout=30):
    """Send a notification; the status and the text of the answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode(errors="replace")


class Host:
    """Folder, configuration and process of a nimflow."""

    def __init__(self, cluster, token="secret", flows=None, tenant="", config=""):
        self.dir = tempfile.mkdtemp(prefix="nimflow-test-")
        self.tenant = os.path.join(self.dir, "tenants", "acme")
        os.makedirs(os.path.join(self.tenant, "flows"))
        os.makedirs(os.path.join(self.tenant, "lists"))
        self.write("nimflow.yaml", "listen: 127.0.0.1:0\n" + config)
        self.write("tenants/acme/tenant.yaml", f"cluster: {cluster}\ntoken_file: token\n" + tenant)
        self.write("tenants/acme/token", token + "\n", 0o600)
        for name, source in (flows if flows is not None else {"show.lua": SHOW_CALLER}).items():
            self.flow(name, source)
        self.program = None
        self.port = None

    def write(self, name, text, mode=0o644):
        full = os.path.join(self.dir, name)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(full, mode)

    def flow(self, name, source):
        """Put a flow into the folder in one step, as a careful editor does."""
        self.write(f"tenants/acme/flows/.{name}.new", source)
        folder = os.path.join(self.tenant, "flows")
        os.rename(os.path.join(folder, f".{name}.new"), os.path.join(folder, name))

    def start(self, ready=True, *args):
        config = os.path.join(self.dir, "nimflow.yaml")
        self.program = Program("nimflow", "serve", "--config", config, *args)
        line = self.error_line("reached by Nimbus at ")
        self.port = int(line.rsplit(":", 1)[1])
        if ready:
            wait_until(self.ready, what="ready")
        return self

    def keep_port(self):
        """From now on always the same port: a restart must be reached at the address that was registered."""
        self.write("nimflow.yaml", f"listen: 127.0.0.1:{self.port}\n")

    def error_line(self, part, timeout=30):
        """The first line of its log that contains `part`."""
        def find():
            if self.program.process.poll() is not None and not any(part in line for line in self.program.errors):
                raise AssertionError(f"ended with {self.program.process.returncode}: {self.program.errors}")
            return next((line for line in list(self.program.errors) if part in line), None)
        return wait_until(find, timeout, f"log line with {part!r}; log: {self.program.errors}")

    def url(self, rest=""):
        return f"http://127.0.0.1:{self.port}{rest}"

    def ready(self):
        try:
            with urllib.request.urlopen(self.url("/readyz"), timeout=10) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def command(self, *args):
        """Run a command of nimflow; the finished process."""
        return subprocess.run([path("nimflow"), *args], capture_output=True, text=True, timeout=120, check=False)

    def runs(self, *args):
        """The runs as `nimflow runs list --json` gives them, newest first."""
        done = self.command("runs", "list", "--json", "--limit", "1000", "--config",
                            os.path.join(self.dir, "nimflow.yaml"), *args)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return json.loads(done.stdout)["runs"]

    def run_of(self, task_id, timeout=60):
        """The ended run of a task, whole."""
        def find():
            for run in self.runs():
                whole = self.show(run["id"])
                if whole["event_body"]["taskId"] == task_id and whole["outcome"] != "running":
                    return whole
            return None
        return wait_until(find, timeout, f"an ended run of {task_id}")

    def show(self, run_id):
        done = self.command("runs", "show", str(run_id), "--json", "--config", os.path.join(self.dir, "nimflow.yaml"))
        return json.loads(done.stdout)

    def status(self):
        """The state of its tenant, as `nimflow doctor` gives it."""
        done = self.command("doctor", "--json", "--config", os.path.join(self.dir, "nimflow.yaml"))
        return json.loads(done.stdout)["tenants"][0]

    def kill(self):
        """SIGKILL, as a crash."""
        self.program.process.kill()
        self.program.process.wait()

    def end(self):
        """SIGTERM; the exit status."""
        return self.program.end() if self.program else 0

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)
