# SPDX-License-Identifier: Apache-2.0
"""filter_bench.py: events that no flow wants or may have, with 1,000 flows, 500 services and units 6 levels deep."""
import json
import subprocess

from harness import Bench, Form, figure

FLOWS, SERVICES, DEPTH = 1000, 500, 6
PER_FILE = 100

# Each flow has a subscription of its own. The notifications are of support@, which only some of them hear.
FLOW = """
for i = %d, %d do
  nimbus.on_task {
    name       = "flow " .. i,
    services   = { ("service-%%03d@contoso.example"):format(i %% %d)%s },
    events     = { "SystemAccepted" },
    modalities = i >= %d and { "Audio" } or nil,
    run        = function(task) nimbus.tasks.update { taskId = task.taskId, customer = { firstName = "x" } } end,
  }
end
"""


def directory():
    """A chain of units; the user owns the services along it, but support@ is in a unit beside."""
    units = "".join(f"  U{i}: U{i - 1}\n" for i in range(1, DEPTH + 1))
    services = "".join(f"  service-{i:03}@contoso.example: {{unit: U{i % (DEPTH + 1)}, licence: CC, owners: [owner@x]}}\n"
                       for i in range(SERVICES))
    return (f"units:\n  U0:\n  Beside: U0\n{units}users:\n  owner@x: {{role: Service Owner, unit: U{DEPTH}}}\nservices:\n"
            f"{services}  support@contoso.example: {{unit: Beside, licence: CC, owners: [owner@x]}}\n")


def end_to_end(programs, hears_support):
    with Bench(programs, "--services", str(SERVICES)) as b:
        tenant = b.host.folder / "tenants/bench"
        more = ', "support@contoso.example"' if hears_support else ""
        (tenant / "flows/bench.lua").unlink()
        for first in range(0, FLOWS, PER_FILE):
            (tenant / f"flows/{first}.lua").write_text(FLOW % (first, first + PER_FILE - 1, SERVICES, more, SERVICES))
        (tenant / "directory.yaml").write_text(directory())
        with (tenant / "tenant.yaml").open("a") as file:
            file.write("upn: owner@x\n")
        b.start()
        return b.rounds(f"answers 64 {Form.seconds}", warm="answers 8 1")


def decision(programs, flows):
    """The best of three, since whatever else runs can only make it slower."""
    return min(json.loads(subprocess.run([programs / "nf-decide", str(flows), str(SERVICES), str(DEPTH)], check=True,
                                         capture_output=True, text=True).stdout)["decision_us"]
               for _ in range(1 if Form.short else 3))


def filter_and_rights(programs):
    yield "decision_us", decision(programs, FLOWS), "us"
    yield "decision_us_100_flows", decision(programs, 100), "us"
    yield "decision_us_10_flows", decision(programs, 10), "us"
    filtered = end_to_end(programs, hears_support=False)
    denied = end_to_end(programs, hears_support=True)
    yield "filtered_per_s", figure(filtered, "events_per_s"), "1/s"
    yield "cpu_us_per_filtered", figure(filtered, "cpu_us_per_event", digits=2), "us"
    yield "denied_per_s", figure(denied, "events_per_s"), "1/s"
    yield "cpu_us_per_denied", figure(denied, "cpu_us_per_event", digits=2), "us"
    yield "wrong", sum(r["lost"] + r["wrong"] + r["non_2xx"] for r in filtered + denied), "events"
