# SPDX-License-Identifier: Apache-2.0
"""What a run costs the worker: CPU time of its process per run, runs in flight by batches of 64.

    NF_BUILD=build/release PYTHONPATH=tests/support python3 tests/bench/worker_cost.py
"""
import json
import struct
import time

from worker import HEAD, NO_TRIGGER, NOW_MS, RESULT, START, Worker, limits_of

IN_FLIGHT = 64
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
PLAIN = "nimbus.on_task { name = 'Plain', services = '*', run = function(task) return task.taskId end }"


def cpu_ns(process):
    with open("/proc/%d/schedstat" % process.pid, encoding="ascii") as file:
        return int(file.read().split()[0])


def start_frame(run, version, event):
    payload = (struct.pack("=QII4Qq", version, 0, 0 if event else NO_TRIGGER, 1, 2, run, 4, NOW_MS)
               + limits_of(None))
    return HEAD.pack(len(payload) + len(event), START, 0, run) + payload + event


def result_frame(run, number, value):
    return HEAD.pack(16 + len(value), RESULT, 0, run) + struct.pack("=IIq", number, 0, NOW_MS) + value


def receive_frames(host, count):
    """Read whole frames until `count` are there."""
    got = 0
    while got < count:
        host.buffer += host.sock.recv(1 << 20)
        while len(host.buffer) >= HEAD.size:
            size = HEAD.unpack_from(host.buffer)[0] + HEAD.size
            if len(host.buffer) < size:
                break
            del host.buffer[:size]
            got += 1


def measure(host, version, event, results, batches, in_flight=IN_FLIGHT):
    """Worker's CPU time per run and runs per second of wall time."""
    run, before, began = measure.run, cpu_ns(host.process), time.monotonic()
    for _ in range(batches):
        runs = range(run, run + in_flight)
        run += in_flight
        steps = [b"".join(start_frame(r, version, event) for r in runs)]
        steps += [b"".join(result_frame(r, n + 1, value) for r in runs) for n, value in enumerate(results)]
        for step in steps:
            host.sock.sendall(step)
            receive_frames(host, in_flight)
    measure.run = run
    count = batches * in_flight
    return (cpu_ns(host.process) - before) / count / 1000, count / (time.monotonic() - began)


measure.run = 1


def main():
    with Worker() as host:
        host.load(1, "flows/two.lua", TWO_EFFECTS)
        host.load(2, "flows/empty.lua", EMPTY)
        host.load(3, "flows/plain.lua", PLAIN)
        empty = host.memory_kib()
        measure(host, 1, EVENT, [ROW, b"true"], 50)
        resident = (host.memory_kib() - empty) / IN_FLIGHT
        rows = [("two effects, 64 in flight", 1, EVENT, [ROW, b"true"], 300, 64),
                ("two effects, one at a time", 1, EVENT, [ROW, b"true"], 3000, 1),
                ("reads one field of the event, 64 in flight", 3, EVENT, [], 300, 64),
                ("does nothing (a fresh state), 64 in flight", 2, b"", [], 300, 64)]
        for name, version, event, results, batches, in_flight in rows:
            best = min((measure(host, version, event, results, batches, in_flight) for _ in range(5)))
            print("%-44s %6.2f us of CPU per run, %7.0f runs/s with this driver" % (name, *best))
        time.sleep(1.5)
        print("%-44s %6.1f KiB, idle %.1f KiB" % ("resident per slot after use", resident,
                                                 (host.memory_kib() - empty) / IN_FLIGHT))


if __name__ == "__main__":
    main()
