# SPDX-License-Identifier: Apache-2.0
"""Drives a nimflow-worker over its channel, as the broker does (host/channel/protocol.h).

    with Worker() as w:
        w.load(1, "flows/x.lua", source)          # raises LoadFailed
        end = w.run(1, event={...})               # answers effects with w.effects[name](args)
        end.outcome, end.result, end.error, end.log, end.usage

Without a seccomp filter: NF_WORKER_FILTER=0.
"""
import ctypes
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

import seccomp

BUILD = os.environ.get("NF_BUILD", "build/dev")
SANITIZED = bool(os.environ.get("NF_SANITIZE"))
ADDRESS_SANITIZED = "address" in os.environ.get("NF_SANITIZE", "")
PROGRAM = os.environ.get("NF_WORKER", os.path.join(BUILD, "nimflow-worker"))

SETUP, LOCKDOWN, LOAD, UNLOAD, START, RESULT, CANCEL, LIMITS, PAUSE = range(1, 10)
READY, LOADED, EFFECT, END, ALIVE, WAITS = range(64, 70)
LOAD_SCRIPT = 1
BUDGETS = ["cpu", "wall", "memory", "effects", "lookups", "in_flight", "log", "log_lines", "result", "source",
           "load", "lifetime"]
OUTCOMES = ["running", "done", "skipped", "failed", "over-cpu", "over-time", "over-memory", "over-effects",
            "over-output", "cancelled", "lost-worker"]
STANDARD = dict(cpu=1000, wall=30000, memory=32 << 20, effects=100, lookups=1000, in_flight=8, log=64 << 10, log_lines=1000,
                result=64 << 10, source=1 << 20, load=1000, lifetime=2592000000)
HEAD = struct.Struct("=IHHQ")
NO_TRIGGER = 0xFFFFFFFF
NOW_MS = 1767225600000  # 2026-01-01 00:00:00 UTC

TASK_EVENT = {
    "taskId": True, "customerIdentifier": True, "isAnonymous": True, "serviceUPN": True,
    "taskInformation": {"customer": {"firstName": True, "lastName": True},
                        "customContextParameters": [{"name": True, "value": True}]},
    "tags": [True],
}
SURFACE = {
    "actions": [
        {"name": "nimbus.tasks.update", "params": ["taskId", "customer", "customContextParameters"], "positional": 0},
        {"name": "lists.find", "params": ["file", "column", "value", "table", "sheet"], "positional": 3,
         "returns": "row or nil"},
        {"name": "flow.sleep", "params": ["duration"], "positional": 1},
        {"name": "http.get", "params": ["url", "headers"], "positional": 1},
        {"name": "kv.get", "params": ["key"], "positional": 1},
        {"name": "kv.set", "params": ["key", "value", "ttl"], "positional": 2},
        {"name": "kv.remove", "params": ["key"], "positional": 1},
    ],
    "triggers": [
        {"name": "nimbus.on_task", "filters": ["services", "events", "modalities", "directions"],
         "event": json.dumps(TASK_EVENT)},
        {"name": "schedule.every", "filters": ["cron"], "event": json.dumps({"time": True})},
    ],
}


class LoadFailed(Exception):
    def __init__(self, answer):
        super().__init__(answer["where"] + ": " + answer["message"])
        self.answer = answer
        self.message, self.where, self.kind = answer["message"], answer["where"], answer["kind"]


class Frame:
    def __init__(self, kind, aux, ident, payload):
        self.kind, self.aux, self.id, self.payload = kind, aux, ident, payload


class Effect:
    HEAD = struct.Struct("=IIII")

    def __init__(self, frame, surface):
        self.number, action, where_len, _ = self.HEAD.unpack_from(frame.payload)
        rest = frame.payload[self.HEAD.size:]
        self.run, self.name = frame.id, surface["actions"][action]["name"]
        self.where = rest[:where_len].decode()
        self.args_text = rest[where_len:].decode()
        self.args = json.loads(self.args_text)


class End:
    def __init__(self, frame):
        rows = struct.unpack_from("=%dQ" % (3 * len(BUDGETS)), frame.payload)
        self.usage = {name: dict(zip(("limit", "used", "peak"), rows[i * 3:i * 3 + 3]))
                      for i, name in enumerate(BUDGETS)}
        self.cpu_ns, result, error, log, _ = struct.unpack_from("=QIIII", frame.payload, 24 * len(BUDGETS))
        rest = frame.payload[24 * len(BUDGETS) + 24:]
        assert len(rest) == result + error + log, (len(rest), result, error, log)
        self.run, self.outcome = frame.id, OUTCOMES[frame.aux]
        self.result_text = rest[:result].decode()
        self.result = json.loads(self.result_text) if result else None
        self.error = json.loads(rest[result:result + error]) if error else None
        self.log = json.loads(rest[result + error:]) if log else []

    def text(self):
        return "\n".join(line["text"] for line in self.log)

    def __repr__(self):
        return "End(%s result=%r error=%r log=%r cpu=%.3f ms)" % (self.outcome, self.result, self.error,
                                                                  self.log[:5], self.cpu_ns / 1e6)


class EffectError(Exception):
    """Raised by an effect's function: becomes an error of the script."""

    def __init__(self, kind, message, status=0, retryable=False, hint=""):
        super().__init__(message)
        self.fields = dict(kind=kind, message=message, status=status, retryable=retryable, hint=hint)


STANDARD_LIMIT, BY_HOST, BY_TENANT, BY_ADMIN, BY_FLOW, BY_COMMAND = range(6)  # nf_setter


def limits_of(changes, setter=0):
    """nf_limits as bytes; `setter` is who set those that are given."""
    values, count = dict(STANDARD, **(changes or {})), len(BUDGETS)
    return struct.pack("=%dQ%dB%dx" % (count, count, -count % 8), *(values[name] for name in BUDGETS),
                       *(setter if name in (changes or {}) else 0 for name in BUDGETS))


def write_all(fd, data):
    os.ftruncate(fd, 4096)
    os.write(fd, data)


class Worker:
    def __init__(self, surface=None, program=None, filtered=None, lock=True):
        self.surface = SURFACE if surface is None else surface
        self.effects = {"flow.sleep": lambda args: None}
        self.now_ms = NOW_MS
        self.alive = 0  # how many ALIVE frames came; receive skips them
        self.buffer = bytearray()
        self.sock, theirs = socket.socketpair()
        self.page = os.memfd_create("page")
        os.ftruncate(self.page, 4096)
        page = self.page

        def place():  # in the child: the channel becomes 3, the page 4
            a, b = os.dup(theirs.fileno()), os.dup(page)
            high_a, high_b = os.dup2(a, 100), os.dup2(b, 101)
            os.dup2(high_a, 3)
            os.dup2(high_b, 4)
            os.set_inheritable(3, True)
            os.set_inheritable(4, True)

        env = dict(os.environ)
        command = program if isinstance(program, list) else [program or PROGRAM]
        self.process = subprocess.Popen(command, preexec_fn=place, close_fds=False, env=env, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL)
        theirs.close()
        if filtered is None:
            filtered = os.environ.get("NF_WORKER_FILTER", "1") != "0"
        self.filter = seccomp.program(sanitized=SANITIZED) if filtered else b""
        self.send(SETUP, 0, 0, json.dumps(self.surface).encode())
        if lock:
            self.send(LOCKDOWN, 0, 0, self.filter)
            assert self.receive().kind == READY

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()
        code = self.process.wait(20)
        self.errors = self.process.stderr.read().decode(errors="replace")
        self.process.stderr.close()
        os.close(self.page)
        if self.errors:
            sys.stderr.write(self.errors)
        return code

    def die(self):
        """Wait for the worker to end by itself; (exit code, standard error)."""
        code = self.process.wait(20)
        errors = self.process.stderr.read().decode(errors="replace")
        self.process.stderr.close()
        self.sock.close()
        os.close(self.page)
        return code, errors

    # Frames

    def send(self, kind, aux, ident, payload=b""):
        self.sock.sendall(HEAD.pack(len(payload), kind, aux, ident) + payload)

    def receive(self, timeout=60):
        """The next frame, or None after the timeout."""
        deadline = time.monotonic() + timeout
        while True:
            if len(self.buffer) >= HEAD.size:
                size, kind, aux, ident = HEAD.unpack_from(self.buffer)
                if len(self.buffer) >= HEAD.size + size:
                    payload = bytes(self.buffer[HEAD.size:HEAD.size + size])
                    del self.buffer[:HEAD.size + size]
                    self.alive += kind == ALIVE
                    if kind in (ALIVE, WAITS):
                        continue
                    return Frame(kind, aux, ident, payload)
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                return None
            try:
                data = self.sock.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            if not data:
                raise EOFError("the worker is gone: exit code %s: %s"
                               % (self.process.wait(10), self.process.stderr.read().decode(errors="replace")))
            self.buffer += data

    def running(self):
        """The id on the shared page."""
        return struct.unpack("=Q", os.pread(self.page, 8, 0))[0]

    # Messages

    def send_load(self, version, name, source, script=False, limits=None):
        name = name.encode()
        source = source if isinstance(source, bytes) else source.encode()
        payload = struct.pack("=II", LOAD_SCRIPT if script else 0, len(name)) + limits_of(limits) + struct.pack(
            "=q", self.now_ms)
        self.send(LOAD, 0, version, payload + name + source)

    def load(self, version, name, source, script=False, limits=None):
        self.send_load(version, name, source, script, limits)
        frame = self.receive()
        assert frame.kind == LOADED and frame.id == version, (frame.kind, frame.payload)
        answer = json.loads(frame.payload)
        if frame.aux:
            raise LoadFailed(answer)
        return answer

    def unload(self, version):
        self.send(UNLOAD, 0, version)

    def start(self, run, version, event=None, handler=0, trigger=NO_TRIGGER, limits=None, seed=(1, 2, 3, 4),
              setter=0):
        payload = struct.pack("=QII4Qq", version, handler, trigger, *seed, self.now_ms) + limits_of(limits, setter)
        if event is not None:
            payload += event if isinstance(event, bytes) else json.dumps(event).encode()
        self.send(START, 0, run, payload)

    def result(self, run, number, value=None, error=None):
        payload = struct.pack("=IIq", number, 0, self.now_ms)
        if error is not None:
            payload += json.dumps(error).encode()
        elif value is not None:
            payload += value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send(RESULT, 1 if error is not None else 0, run, payload)

    def cancel(self, run, outcome="cancelled"):
        self.send(CANCEL, OUTCOMES.index(outcome), run)

    def limits(self, run, setter=0, **changes):
        """Give the run other limits; those not named are the standard ones."""
        self.send(LIMITS, 0, run, limits_of(changes, setter))

    def pause(self, paused=True):
        self.send(PAUSE, 1 if paused else 0, 0)

    # Whole runs

    def answer(self, effect):
        try:
            value = self.effects[effect.name](effect.args)
        except EffectError as error:
            self.result(effect.run, effect.number, error=error.fields)
        else:
            if value is not Ellipsis:  # Ellipsis: never answered
                self.result(effect.run, effect.number, value)

    def next(self, timeout=60):
        """The next frame as Effect or End, or None after the timeout."""
        frame = self.receive(timeout)
        if frame is None:
            return None
        if frame.kind == EFFECT:
            return Effect(frame, self.surface)
        assert frame.kind == END, frame.kind
        return End(frame)

    def finish(self, run, timeout=60):
        """Answer effects until this run ends."""
        deadline = time.monotonic() + timeout
        while True:
            what = self.next(max(0.01, deadline - time.monotonic()))
            assert what is not None, "the run did not end in time"
            if isinstance(what, Effect):
                self.seen.append(what)
                self.answer(what)
            elif what.run == run:
                return what

    seen = ()
    next_run = 1000

    def run(self, version=1, event=None, timeout=60, **options):
        self.seen = []
        self.next_run += 1
        self.start(self.next_run, version, event, **options)
        return self.finish(self.next_run, timeout)

    def script(self, source, event=None, name="flows/x.lua", limits=None, **options):
        """Load the text as a script (version 999) and run it once."""
        self.load(999, name, source, script=True)
        return self.run(999, event, limits=limits, **options)

    def longest_slice_ms(self):
        """CPU time of the longest slice since the last call, from the shared page."""
        longest = struct.unpack("=Q", os.pread(self.page, 8, 8))[0] / 1e6
        os.pwrite(self.page, bytes(8), 8)
        return longest

    def memory_kib(self):
        with open("/proc/%d/statm" % self.process.pid, encoding="ascii") as file:
            return int(file.read().split()[1]) * 4
