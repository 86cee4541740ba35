# SPDX-License-Identifier: Apache-2.0
"""worker_benches.py: the benches of nimflow-worker alone: fresh-state, in-flight, cpu-overhead.

All figures are CPU time of the worker's process as the kernel counts it, so this driver is no part of them.
"""
import json
import os
import struct
import subprocess
import sys
import time

from harness import HERE, SOURCE, Form, Span, cpu_ns, figure, say

sys.path.insert(0, str(SOURCE / "tests/support"))
from worker import END, HEAD, NO_TRIGGER, NOW_MS, OUTCOMES, RESULT, START, Worker, limits_of  # noqa: E402

IN_FLIGHT = 64
WAITING = 10000
EVENT = json.dumps({
    "taskId": "9f3a1c52-77b0-4a55-9c1e-0f6a2f1c7d11", "customerIdentifier": "+41445551234", "isAnonymous": False,
    "serviceUPN": "support@contoso.example",
    "taskInformation": {"customer": {"firstName": "Ada", "lastName": "Lovelace"},
                        "customContextParameters": [{"name": "VIP", "value": "yes"}]},
}).encode()
ROW = json.dumps({"row": {"FirstName": "Ada", "LastName": "Lovelace", "Company": "Analytical", "VIP": "yes"},
                  "matches": 1}).encode()
TWO_EFFECTS = """
nimbus.on_task {
  name = "Show caller", services = "*",
  run = function(task)
    if task.isAnonymous then return flow.skip("anonymous caller") end
    local row = lists.find("Addressbook.xlsx", "MobilePhone", task.customerIdentifier)
    if not row then return flow.skip("not in the list") end
    nimbus.tasks.update {
      taskId = task.taskId,
      customer = { firstName = row.FirstName, lastName = row.LastName, company = row.Company },
      customContextParameters = { VIP = row.VIP },
    }
  end,
}"""
EMPTY = "nimbus.on_task { name = 'Empty', services = '*', run = function() end }"
WAITS = "nimbus.on_task { name = 'Waits', services = '*', run = function() http.get('http://127.0.0.1/') end }"
FRESH_ACTIONS = ["nimbus.call", "nimbus.tasks.update", "nimbus.tasks.cancel", "nimbus.tasks.note", "lists.find", "lists.all",
                 "kv.get", "kv.set", "kv.remove", "http.get", "http.post", "http.put", "http.patch", "http.delete",
                 "flow.sleep", "flow.wait"]
DONE = OUTCOMES.index("done")


class Driven(Worker):
    """A worker, or what speaks like one, driven by many frames at a time."""
    last_run = 0

    def start_frame(self, run, version, event, trigger):
        payload = struct.pack("=QII4Qq", version, 0, trigger, 1, 2, run, 4, NOW_MS) + limits_of({"wall": 900000})
        return HEAD.pack(len(payload) + len(event), START, 0, run) + payload + event

    def result_frame(self, run, number, value):
        return HEAD.pack(16 + len(value), RESULT, 0, run) + struct.pack("=IIq", number, 0, NOW_MS) + value

    def take_frames(self, count):
        """Read that many frames; no run may have failed."""
        for got in range(count):
            while len(self.buffer) < HEAD.size or len(self.buffer) < HEAD.size + HEAD.unpack_from(self.buffer)[0]:
                self.buffer += self.sock.recv(1 << 20) or sys.exit("the worker is gone")
            size, kind, aux, _ = HEAD.unpack_from(self.buffer)
            if kind == END and aux != DONE:
                sys.exit(f"a run ended {OUTCOMES[aux]}: {bytes(self.buffer[:HEAD.size + size])}")
            del self.buffer[:HEAD.size + size]

    def batch(self, version, event, results, trigger, in_flight=IN_FLIGHT):
        """Runs that begin together and get the results of their effects together."""
        runs = range(self.last_run + 1, self.last_run + in_flight + 1)
        self.last_run += in_flight
        steps = [b"".join(self.start_frame(r, version, event, trigger) for r in runs)]
        steps += [b"".join(self.result_frame(r, n + 1, value) for r in runs) for n, value in enumerate(results)]
        for step in steps:
            self.sock.sendall(step)
            self.take_frames(in_flight)

    def cost(self, version, event, results, batches, trigger=NO_TRIGGER):
        """Its CPU time per run in µs, and runs per second of wall time."""
        if Form.short:
            batches = 1
        before, began = cpu_ns(self.process.pid), time.monotonic()
        for _ in range(batches):
            self.batch(version, event, results, trigger)
        runs = batches * IN_FLIGHT
        return (cpu_ns(self.process.pid) - before) / runs / 1000, runs / (time.monotonic() - began)


def measured(count, *pids):
    """So many rounds; what is put into each is measured in it."""
    for number in range(1 if Form.short else count):
        span, made = Span(*pids), {}
        yield made
        made["foreign_cpu_percent"] = span.foreign_percent()
        say(f"  round {number + 1}: " + "  ".join(f"{name} {value:.2f}" for name, value in made.items()))


# ---- fresh-state ----

def fresh_state(programs):
    """The worker's cost of a run against a process that calls the same handler in one warm state."""
    surface = {"actions": [{"name": name, "params": ["value"], "positional": 1} for name in FRESH_ACTIONS],
               "triggers": [{"name": "nimbus.on_task", "filters": ["services"], "event": {}}]}
    source = (HERE / "fresh.lua").read_text()
    batches = {"warm": 100, "fresh": 100, "bytecode": 20, "source": 10}
    workers = {way: Driven(surface, [programs / "nf-bare", way]) for way in batches if way != "fresh"}
    workers["fresh"] = Driven(surface, programs / "nimflow-worker")
    for way, worker in workers.items():
        worker.load(1, "flows/fresh.lua", source)
        seen = [worker.run(1, json.loads(EVENT)).result["first"] for _ in range(2)]
        if seen != [True, way != "warm"]:
            sys.exit(f"{way}: the state is not as it should be: {seen}")
        worker.cost(1, EVENT, [], 10)
    rounds = []
    for made in measured(25, *(worker.process.pid for worker in workers.values())):
        for way in batches:
            made[way] = workers[way].cost(1, EVENT, [], batches[way])[0]
        made["extra"] = made["fresh"] - made["warm"]
        rounds.append(made)
    for worker in workers.values():
        worker.close()
    yield "extra_us", figure(rounds, "extra", digits=2), "us"
    yield "fresh_us", figure(rounds, "fresh", digits=2), "us"
    yield "warm_us", figure(rounds, "warm", digits=2), "us"
    yield "newstate_source_us", figure(rounds, "source"), "us"
    yield "newstate_bytecode_us", figure(rounds, "bytecode"), "us"


# ---- in-flight ----

def waiting_mib(programs):
    """Memory of a worker with as many waiting runs as it takes, page tables included."""
    with Driven(program=programs / "nimflow-worker") as worker:
        worker.load(1, "flows/waits.lua", WAITS)
        count = 100 if Form.short else WAITING
        for run in range(1, count + 1):
            worker.sock.sendall(worker.start_frame(run, 1, b"", NO_TRIGGER))
        worker.take_frames(count)
        with open(f"/proc/{worker.process.pid}/status", encoding="ascii") as file:
            kib = sum(int(line.split()[1]) for line in file if line.startswith(("VmRSS:", "VmPTE:")))
    return kib / 1024


def in_flight(programs):
    cases = [("two", 1, EVENT, [ROW, b"true"], 100, 0), ("empty", 2, b"", [], 100, NO_TRIGGER)]
    rounds = []
    with Driven(program=programs / "nimflow-worker") as worker:
        worker.load(1, "flows/two.lua", TWO_EFFECTS)
        worker.load(2, "flows/empty.lua", EMPTY)
        before = worker.memory_kib()
        worker.cost(1, EVENT, [ROW, b"true"], 20, 0)
        for made in measured(25, worker.process.pid):
            for name, *case in cases:
                made[name], made[f"wall_{name}"] = worker.cost(*case)
            made["per_core"] = 1e6 / made["two"]
            rounds.append(made)
        time.sleep(0 if Form.short else 1.5)  # it gives back what it kept for busy times
        idle_kib = (worker.memory_kib() - before) / IN_FLIGHT
    yield "runs_per_s", figure(rounds, "per_core"), "1/s per core"
    yield "cpu_us_per_run", figure(rounds, "two", digits=2), "us"
    yield "empty_us", figure(rounds, "empty", digits=2), "us"
    yield "wall_runs_per_s", figure(rounds, "wall_two"), "1/s"
    yield "idle_slot_kib", round(idle_kib, 1), "KiB"
    yield "waiting_10000_mib", round(waiting_mib(programs), 1), "MiB"


# ---- cpu-overhead ----

TIMED = "local f = assert(loadfile(arg[1])) f() local t = os.clock() f() print(os.clock() - t)"  # its second run


def one_processor():
    """The processor on which both sides run: a virtual machine's may differ in speed, by 1.4 times as seen."""
    return {min(os.sched_getaffinity(0))}


def bare_seconds(script):
    """CPU time of the script in the plain interpreter, without its start and with warm memory."""
    with subprocess.Popen(["lua5.4", "-", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          preexec_fn=lambda: os.sched_setaffinity(0, one_processor())) as child:
        out = child.communicate(TIMED)[0]
    if child.returncode:
        sys.exit(f"lua5.4 could not run {script}")
    return float(out)


def sandboxed_seconds(worker, version):
    """CPU time of the whole worker meanwhile."""
    before = cpu_ns(worker.process.pid)
    end = worker.run(version, limits={"cpu": 60000, "wall": 900000, "memory": 80 << 20}, timeout=300)
    if end.outcome != "done":
        sys.exit(f"a script ended {end.outcome}: {end.error}")
    return (cpu_ns(worker.process.pid) - before) / 1e9


def cpu_overhead(programs):
    scripts = sorted((HERE / "cpu").glob("*.lua"))
    rounds = []
    with Driven(program=programs / "nimflow-worker") as worker:
        os.sched_setaffinity(worker.process.pid, one_processor())
        for number, script in enumerate(scripts):
            worker.load(number + 1, f"flows/{script.name}", script.read_text(), script=True)
        for made in measured(11, worker.process.pid):
            for number, script in enumerate(scripts):
                bare = bare_seconds(script)
                made[f"bare_{script.stem}"] = 1000 * bare
                made[script.stem] = sandboxed_seconds(worker, number + 1) / bare
            rounds.append(made)
    ratios = {script.stem: figure(rounds, script.stem, digits=3) for script in scripts}
    known = [ratio for ratio in ratios.values() if ratio is not None]
    yield "ratio", max(known) if known else None, "worst of the scripts' medians"
    for name, ratio in ratios.items():
        yield f"ratio_{name}", ratio, "sandboxed / bare"
        yield f"bare_{name}_ms", figure(rounds, f"bare_{name}"), "ms"
