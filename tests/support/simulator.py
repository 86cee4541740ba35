# SPDX-License-Identifier: Apache-2.0
"""The simulator as a test uses it, and a callback that events are delivered to."""
import http.server
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from programs import Program


def until(probe, timeout=60, what="it"):
    """Poll until the probe gives something true; returns that."""
    end = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s for {what}")
        time.sleep(0.02)


class Simulator:
    TOKEN = "token-for-tests"

    def __init__(self, *args, program="prog_sim"):
        self.program = Program(program, "--token", self.TOKEN, *args)
        self.url = self.program.wait_line("listening on").split()[-1]

    def end(self):
        status = self.program.end()
        assert status == 0, self.program.errors

    def raw(self, method, path, body=None, headers=None, token=TOKEN, kind="application/json"):
        """(status, headers, text) of an answer. `body` that is no bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": kind} if kind else {}
        if token:
            sent["authorization"] = "Bearer " + token
        sent.update(headers or {})
        request = urllib.request.Request(self.url + path, method=method, data=data, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def call(self, **wanted):
        status, _, text = self.raw("POST", "/sim/calls", wanted)
        assert status == 201, text
        return json.loads(text)["taskId"]

    def task(self, task_id):
        status, _, text = self.raw("GET", "/sim/tasks/" + task_id)
        assert status == 200, text
        return json.loads(text)

    def state(self):
        return json.loads(self.raw("GET", "/sim/state")[2])

    def update(self, task_id, body, **options):
        return self.raw("PUT", "/v1/tasks/" + task_id, body, **options)

    def fault(self, operation, **fault):
        status, _, text = self.raw("POST", "/sim/faults", {"operation": operation, **fault})
        assert status == 201, text

    def sign_in(self, upn, password="simulator"):
        """A token of one of the cluster's users."""
        form = urllib.parse.urlencode({"grant_type": "password", "username": upn, "password": password}).encode()
        status, _, text = self.raw("POST", "/common/oauth2/token", form, token=None, kind="application/x-www-form-urlencoded")
        assert status == 200, text
        return json.loads(text)["access_token"]

    def control(self, path, body=None, expected=200):
        """POST to the control interface; the JSON that comes back."""
        status, _, text = self.raw("POST", "/sim/" + path, body)
        assert status == expected, (status, text)
        return json.loads(text) if text else None

    def wait_state(self, task_id, state):
        return until(lambda: (lambda t: t if t["state"] == state else None)(self.task(task_id)), what=state)

    def subscribe(self, url, events=("SystemAccepted",), services=("support@contoso.example",), **filters):
        config = {"url": url, "services": list(services), "taskEvents": list(events), **filters}
        status, headers, text = self.raw("POST", "/v1/triggers/tasks", {"config": config})
        assert status == 201, text
        return headers["location"].rsplit("/", 1)[1]

    def wait_event(self, task_id, event, count=1):
        """Wait until the task's history has the event and nothing of it is under way; returns its deliveries."""
        def probe():
            found = [e for e in self.task(task_id)["history"] if e["event"] == event]
            done = all(d["state"] != "waiting" for e in found for d in e["deliveries"])
            return found if len(found) >= count and done else None
        return [d for e in until(probe, what=event) for d in e["deliveries"]]


class Callback:
    """Receives events. `answers` gives the statuses of the next ones; then 202. None: no answer."""

    def __init__(self):
        self.events = []
        self.types = []
        self.answers = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status = outer.answers.pop(0) if outer.answers else 202
                outer.types.append(self.headers["content-type"])
                outer.events.append(json.loads(body))
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *args: None  # a simulator that ends resets its connections
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/a-secret-nobody-may-see"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, task_id):
        return [event for event in self.events if event["taskId"] == task_id]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
