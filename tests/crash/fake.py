# SPDX-License-Identifier: Apache-2.0
"""A fast Nimbus on loopback that answers slowly at random and keeps a record of every request, with its times and the life
of the host it came from: the host has another token in each life."""
import asyncio
import json
import time
import urllib.parse

import flows

LISTS = {
    "/v1/tasks/service-contacts": ["support@contoso.example"],
    "/v1/tasks/events": [{"name": "System Accepted", "value": "SystemAccepted"}],
    "/v1/tasks/modalities": [{"name": "Audio", "value": "Audio"}],
    "/v1/tasks/directions": [{"name": "Inbound", "value": "Inbound"}],
}


class Request:
    """One request that belongs to an effect."""
    __slots__ = ("task", "sequence", "handler", "step", "life", "came", "left", "status")

    def __init__(self, life, task, sequence, handler, step):
        self.task, self.sequence, self.handler, self.step = task, sequence, handler, step
        self.life, self.came = life, time.monotonic()
        self.left = self.status = None  # answered, or its connection ended

    @property
    def key(self):
        return self.task, self.sequence, self.handler

    def __repr__(self):
        return f"{self.task}#{self.sequence} {self.handler}.{self.step} life {self.life} at {self.came:.3f}"


class Connection(asyncio.Protocol):
    """HTTP/1.1, one request after the other."""

    def __init__(self, fake):
        self.fake, self.buffer, self.transport = fake, b"", None
        self.timer = self.request = None

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, _):
        if self.timer:
            self.timer.cancel()
        if self.request and self.request.left is None:
            self.request.left = time.monotonic()

    def data_received(self, data):
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        lines = self.buffer[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        size = end + 4 + int(headers.get("content-length", 0))
        if len(self.buffer) < size:
            return
        body, self.buffer = self.buffer[end + 4:size], self.buffer[size:]
        method, target, _ = lines[0].split(" ")
        life = headers.get("authorization", "").rpartition("life-")[2]
        self.request, status, text, headers = self.fake.handle(method, target, body, int(life or 0))
        answer = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n{headers}\r\n{text}".encode()
        delay = self.fake.delay() if self.request else 0
        if delay:
            self.timer = asyncio.get_running_loop().call_later(delay, self.answer, status, answer)
        else:
            self.answer(status, answer)

    def answer(self, status, answer):
        self.timer = None
        if self.transport.is_closing():
            return
        if self.request:
            self.request.left, self.request.status = time.monotonic(), status
            self.request = None
        self.transport.write(answer)


class Fake:
    """The cluster of one host."""

    def __init__(self, random):
        self.random = random
        self.record = []     # of Request, as they came
        self.callback = None
        self.registered = 0
        self.events = {}     # number of an event -> (task, sequence)
        self.server = self.url = None

    async def open(self):
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0, backlog=512)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    def close(self):
        self.server.close()

    def delay(self):
        """Seconds until an answer."""
        kind = self.random.random()
        return 0 if kind < 0.3 else self.random.uniform(0, 0.004 if kind < 0.8 else 0.05)

    def effect(self, life, task, text):
        sequence, handler, step = text.rsplit("|", 2)
        request = Request(life, task, int(sequence), handler, step)
        self.record.append(request)
        return request

    def handle(self, method, target, body, life):
        """The request if it is an effect, else None; status, body and further headers of the answer."""
        path, _, query = target.partition("?")
        if method == "PUT" and path.startswith("/v1/tasks/"):
            task = path.rpartition("/")[2]
            request = self.effect(life, task.removeprefix("missing-"), json.loads(body)["customer"]["lastName"])
            return request, 404 if task.startswith("missing-") else 503 if self.random.random() < 0.003 else 200, "", ""
        if method == "POST" and path.lower() == "/v1/externaltasks":
            task, _, mark = json.loads(body)["customerIdentifier"].partition("|")
            return self.effect(life, task, mark), 200, '{"id":"x"}', ""
        if path == "/v1/service-check/opening-hours":
            number = flows.number_of_read(urllib.parse.parse_qs(query)["time"][0])
            task, sequence = self.events[number]
            return self.effect(life, task, f"{sequence}|plain|read"), 200, '"Open"', ""
        if method == "GET" and path in LISTS:
            return None, 200, json.dumps(LISTS[path]), ""
        if method == "POST" and path == "/v1/triggers/tasks":
            self.callback = urllib.parse.urlsplit(json.loads(body)["config"]["url"]).path
            self.registered += 1
            return None, 201, "", f"Location: /v1/triggers/tasks/{self.registered}\r\n"
        if method == "DELETE":
            return None, 204, "", ""
        return None, 404, "", ""
