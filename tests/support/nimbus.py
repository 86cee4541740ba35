# SPDX-License-Identifier: Apache-2.0
"""A small Nimbus on loopback whose answers a test decides: for what the simulator should not do."""
import http.server
import json
import threading

LISTS = {
    "/v1/tasks/service-contacts": ["support@contoso.example", "sales@contoso.example"],
    "/v1/tasks/events": [{"name": "System Accepted", "value": "SystemAccepted"},
                         {"name": "Parameter Updated", "value": "ParameterUpdated"}],
    "/v1/tasks/modalities": [{"name": "Audio", "value": "Audio"}, {"name": "Email", "value": "Email"}],
    "/v1/tasks/directions": [{"name": "Inbound", "value": "Inbound"}, {"name": "Outbound", "value": "Outbound"}],
}


class Nimbus:
    """
    Collects registrations, updates and all requests; `answer` may be replaced to misbehave, `answers` says what single
    operations answer: {(method, path): (status, JSON)}, the path without its query.
    """

    def __init__(self, token="secret"):
        self.token = token
        self.lock = threading.Condition()
        self.registered = []  # bodies of POST /v1/triggers/tasks
        self.deleted = []
        self.updates = {}     # taskId -> list of bodies
        self.answer = None    # callable(handler, body) -> True if it has answered
        self.answers = {}
        self.requests = []    # (method, path, query, body) of each request, as they came
        nimbus = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self, status, body=None, headers=()):
                data = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                path, _, query = self.path.partition("?")
                with nimbus.lock:
                    nimbus.requests.append((self.command, path, query, body))
                    nimbus.lock.notify_all()
                if nimbus.answer and nimbus.answer(self, body):
                    return
                if self.headers.get("Authorization") != f"Bearer {nimbus.token}":
                    self.reply(401)
                elif (self.command, path) in nimbus.answers:
                    self.reply(*nimbus.answers[self.command, path])
                elif self.command == "GET" and self.path in LISTS:
                    self.reply(200, LISTS[self.path])
                elif self.command == "POST" and self.path == "/v1/triggers/tasks":
                    with nimbus.lock:
                        nimbus.registered.append(json.loads(body))
                        number = len(nimbus.registered)
                        nimbus.lock.notify_all()
                    self.reply(201, None, [("Location", f"/v1/triggers/tasks/{number}")])
                elif self.command == "DELETE":
                    with nimbus.lock:
                        nimbus.deleted.append(self.path)
                        nimbus.lock.notify_all()
                    self.reply(204)
                elif self.command == "PUT" and self.path.startswith("/v1/tasks/"):
                    with nimbus.lock:
                        nimbus.updates.setdefault(self.path.rsplit("/", 1)[1], []).append(json.loads(body))
                        nimbus.lock.notify_all()
                    self.reply(200)
                else:
                    self.reply(404)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args):
                pass  # a host that was killed does not read its answer
            request_queue_size = 512

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def wait(self, condition, timeout=30):
        """Wait until `condition()` is true; it is looked at whenever something arrived."""
        with self.lock:
            if not self.lock.wait_for(condition, timeout):
                raise AssertionError(f"not within {timeout} s; {len(self.registered)} registered, "
                                     f"{len(self.updates)} tasks updated")

    def callback(self, part=""):
        """The callback address of the newest registration, or of the newest one whose JSON contains `part`."""
        def find():
            return next((r["config"]["url"] for r in reversed(self.registered) if part in json.dumps(r)), None)
        self.wait(find)
        return find()

    def seen(self, method, path):
        """The requests of one operation so far."""
        with self.lock:
            return [request for request in self.requests if request[:2] == (method, path)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
