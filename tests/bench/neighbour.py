# SPDX-License-Identifier: Apache-2.0
"""neighbour.py: the bench noisy-neighbour: what a tenant with endless loops in all its workers costs another one."""
import contextlib
import os
import subprocess
import sys
import time

from harness import SOURCE, Bench, Form, figure, say

sys.path.insert(0, str(SOURCE / "tests/support"))
from host import event, post  # noqa: E402
from nimbus import Nimbus     # noqa: E402

RATE, ROUNDS, SECONDS = 500, 7, 3
LOOPS, APART_S = 24, 0.03  # enough, and slowly enough, for the broker to start all workers that the tenant may have
FLOW = """
nimbus.on_task {
  name = "Loop", services = { "support@contoso.example" }, events = { "SystemAccepted" },
  run = function() while true do end end,
}
"""


class Noise:
    """The other tenant, with a cluster of its own."""

    def __init__(self, bench):
        self.bench, self.nimbus = bench, Nimbus()
        folder = bench.host.folder / "tenants/noisy"
        for name in ("flows", "lists"):
            (folder / name).mkdir(parents=True)
        (folder / "tenant.yaml").write_text(
            f"cluster: {self.nimbus.url}\ntoken_file: token\n"
            "limits: {cpu: 60s, wall: 15min, cpu_per_minute: 1h}\n")
        (folder / "token").write_text("secret\n")
        (folder / "token").chmod(0o600)
        (folder / "flows/loop.lua").write_text(FLOW)

    def limit(self, *change):
        subprocess.run([self.bench.programs / "nimflow", "limits", "noisy", *change, "--config",
                        self.bench.host.folder / "nimflow.yaml"], check=True, stdout=subprocess.DEVNULL)

    def start(self):
        self.limit("reset", "cpu")
        for number in range(LOOPS):
            status, text = post(self.nimbus.callback(), event(f"loop-{time.monotonic_ns()}-{number}"))
            if status != 202:
                sys.exit(f"the noisy tenant was refused: {status} {text}")
            time.sleep(APART_S)

    def stop(self):
        """Running loops end at their next slice, by the new limit."""
        self.limit("set", "cpu=1ms")
        time.sleep(0.5)


def noisy_neighbour(programs):
    phases, command = {"quiet": [], "noisy": []}, f"open {RATE} {Form.seconds if Form.short else SECONDS}"
    with Bench(programs) as b:
        with contextlib.suppress(PermissionError):  # it stands for another machine: no loop here may hold it up
            os.setpriority(os.PRIO_PROCESS, b.load.child.pid, -10)
        noise = Noise(b)
        b.start()
        b.load.ask("closed 8 1")
        for number in range(1 if Form.short else ROUNDS):
            for phase, made in phases.items():
                if phase == "noisy":
                    noise.start()
                r = b.load.ask(command)
                if phase == "noisy":
                    noise.stop()
                r["cores"] = r["cpu_us_per_event"] * r["done"] / r["seconds"] / 1e6
                made.append(r)
                say(f"  round {number + 1}, {phase}: p50 {r['p50_us']} us  p99 {r['p99_us']} us  {r['events_per_s']:.0f}/s  lost "
                    f"{r['lost']}  host uses {r['cores']:.2f} processors  others {r['foreign_cpu_percent']:.0f} %")
        noise.nimbus.close()
    pairs = [{"added_p99": n["p99_us"] - q["p99_us"], "added_p50": n["p50_us"] - q["p50_us"],
              "foreign_cpu_percent": max(q["foreign_cpu_percent"], n["foreign_cpu_percent"])}
             for q, n in zip(phases["quiet"], phases["noisy"])]
    yield "added_p99_us", figure(pairs, "added_p99"), "us"
    yield "added_p50_us", figure(pairs, "added_p50"), "us"
    for phase, made in phases.items():
        yield f"{phase}_p99_us", figure(made, "p99_us"), "us"
        yield f"{phase}_events_per_s", figure(made, "events_per_s"), "1/s"
        yield f"{phase}_processors", figure(made, "cores", digits=2), "processors"
    yield "lost", sum(r["lost"] + r["non_2xx"] for made in phases.values() for r in made), "events"
