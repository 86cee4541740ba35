# SPDX-License-Identifier: Apache-2.0
"""One host that is killed again and again over the same data, its fake Nimbus, and the notifications that Nimbus sends it."""
import asyncio
import json
import os
import shutil
import signal
import socket
import struct
import tempfile
import time

import flows
from fake import Fake
from post import Line

GIVE_UP_S = 45      # an event not answered with 202 is sent again for so long: within the time of the de-duplication
AGAIN = 0.1         # how often an accepted event is delivered a second time
SLEEPERS = 0.15     # how many tasks have a handler with a durable sleep
COUNT = struct.Struct("56sQ")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class World:
    """A folder with a configuration; `life` counts the starts of the host."""

    def __init__(self, build, random, power=False, synced=True):
        self.build, self.random, self.power, self.synced = build, random, power, synced
        self.dir = tempfile.mkdtemp(prefix="nimflow-crash-")
        self.fake = Fake(random)
        self.port = free_port()
        self.life = 0
        self.process = self.reaped = None
        self.accepted = {}       # (task, sequence) -> is it a sleeper
        self.uncertain = set()   # was sent, never answered
        self.numbers = 0
        self.sending = True

    async def open(self):
        await self.fake.open()
        folder = os.path.join(self.dir, "tenants", "acme")
        os.makedirs(os.path.join(folder, "flows"))
        self.write("nimflow.yaml", f"listen: 127.0.0.1:{self.port}\n")
        self.write("tenants/acme/tenant.yaml", f"cluster: {self.fake.url}\ntoken_file: token\n")
        for name, source in flows.sources().items():
            self.write(f"tenants/acme/flows/{name}", source)
        return self

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(text)

    @property
    def data(self):
        return os.path.join(self.dir, "data")

    # ---- the process ----

    async def start(self, fault=None, last=False):
        """Start the host; with `fault` it kills itself there (host/base/fault.h). The last life is not killed."""
        self.life += 1
        self.write("tenants/acme/token", f"life-{self.life}\n")
        environment = dict(os.environ, NF_FAULT_COUNTS=os.path.join(self.dir, "counts"))
        if self.power and not last:
            environment["NF_FAULT_POWER"] = str(self.random.randrange(1 << 32))
        if not self.synced:
            environment["NF_FAULT_NO_SYNC"] = "1"
        if fault:
            environment["NF_FAULT"] = fault
        with open(os.path.join(self.dir, "log"), "ab", buffering=0) as log:
            log.write(f"---- life {self.life}: {fault or ''}\n".encode())
            self.process = await asyncio.create_subprocess_exec(
                os.path.join(self.build, "nimflow"), "serve", "--config", os.path.join(self.dir, "nimflow.yaml"),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self.dir)

    async def wait(self, seconds):
        """True when the process has ended within that time."""
        try:
            await asyncio.wait_for(self.process.wait(), seconds)
            return True
        except asyncio.TimeoutError:
            return False

    def signal(self, number):
        """By hand: Popen would reap the process behind the back of the loop that waits for it."""
        if self.process.returncode is None:
            try:
                os.kill(self.process.pid, number)
            except ProcessLookupError:
                pass

    async def kill(self):
        """SIGKILL to the host."""
        self.signal(signal.SIGKILL)
        await self.process.wait()

    def kill_workers(self):
        """SIGKILL to its children; how many that were."""
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
                children = file.read().split()
        except OSError:
            return 0
        for pid in children:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        return len(children)

    async def end(self, timeout=30):
        """SIGTERM; the exit status, or None when it did not end."""
        self.signal(signal.SIGTERM)
        if await self.wait(timeout):
            return self.process.returncode
        await self.kill()
        return None

    def counts(self):
        """How often each fault point was reached in the last life."""
        try:
            with open(os.path.join(self.dir, "counts"), "rb") as file:
                data = file.read()
        except OSError:
            return {}
        found = ((name.split(b"\0")[0].decode(), reached) for name, reached in COUNT.iter_unpack(data))
        return {name: reached for name, reached in found if name}

    def log(self):
        """What the host said in its last life."""
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as file:
            return file.read().rpartition("---- ")[2][-1500:]

    # ---- the events ----

    def body(self, task, sequence, sleeper):
        self.numbers += 1
        self.fake.events[self.numbers] = (task, sequence)
        return json.dumps({
            "taskId": task, "event": "SystemAccepted", "direction": "Inbound", "modality": "Audio",
            "isAnonymous": sleeper, "customerIdentifier": "+41791234567", "serviceUPN": "support@contoso.example",
            "referenceId": str(sequence), "callerId": str(self.numbers)}).encode()

    async def deliver(self, line, task, sequence, sleeper):
        """One event, sent until it is accepted; False when it was given up."""
        body, since = self.body(task, sequence, sleeper), time.monotonic()
        sent = False
        while time.monotonic() - since < GIVE_UP_S:
            status = await line.post(self.fake.callback, body) if self.fake.callback else None
            if status == 202:
                self.accepted[task, sequence] = sleeper
                if self.random.random() < AGAIN:
                    await line.post(self.fake.callback, body)
                return True
            sent = sent or status != 503
            await asyncio.sleep(self.random.uniform(0.005, 0.03))
        if sent:
            self.uncertain.add((task, sequence))
        return False

    async def caller(self, name):
        """Events of one task after the other, until no more are wanted."""
        line = Line(self.port)
        number = 0
        while self.sending:
            number += 1
            sleeper = self.random.random() < SLEEPERS
            for sequence in range(1, self.random.randint(2, 3 if sleeper else 6)):
                if not self.sending or not await self.deliver(line, f"{name}-{number}", sequence, sleeper):
                    break
                await asyncio.sleep(self.random.choice((0, 0, 0.01, 0.05)))
        line.close()

    async def remove(self):
        if self.process and self.process.returncode is None:
            await self.kill()
        self.fake.close()
        shutil.rmtree(self.dir, ignore_errors=True)
