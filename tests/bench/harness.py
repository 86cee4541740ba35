# SPDX-License-Identifier: Apache-2.0
"""harness.py: what the benches need: nf-load, a host with a tenant, a worker alone, and who used the processor meanwhile."""
import json
import os
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
FOREIGN_MAX = 15.0
START_TIMEOUT = 30


class Form:
    """How long a bench takes. In its short form it only shows that it works: any round counts."""
    rounds, seconds, short = 5, 4, False

    @classmethod
    def shorten(cls):
        cls.rounds, cls.seconds, cls.short = 1, 0.5, True


def say(text):
    print(text, file=sys.stderr, flush=True)


class Load:
    """nf-load, which answers each command with a line."""

    def __init__(self, programs, *options):
        self.child = subprocess.Popen([programs / "nf-load", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.child.stdout.readline())["port"]

    def ask(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            raise SystemExit("nf-load has ended")
        return json.loads(line)

    def close(self):
        self.child.stdin.close()
        self.child.wait(timeout=60)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Host:
    """A configuration in a folder of its own, and nimflow serve on it."""

    def __init__(self, programs, load, folder):
        self.programs, self.folder, self.port = programs, pathlib.Path(folder), free_port()
        tenant = self.folder / "tenants/bench"
        for name in ("flows", "lists"):
            (tenant / name).mkdir(parents=True)
        (self.folder / "data").mkdir()
        (self.folder / "nimflow.yaml").write_text(
            f"listen: 127.0.0.1:{self.port}\npublic_url: http://127.0.0.1:{self.port}\ndata: {self.folder}/data\n")
        (tenant / "tenant.yaml").write_text(f"cluster: http://127.0.0.1:{load.port}\ntoken_file: token\ncountry: CH\n")
        (tenant / "token").write_text("bench-token\n")
        (tenant / "token").chmod(0o600)
        shutil.copy(HERE / "bench.lua", tenant / "flows/bench.lua")
        subprocess.run([programs / "nf-load", "--write-list", tenant / "lists/callers.csv"], check=True)
        self.child = None

    def is_ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
                s.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return s.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def start(self):
        """Start it; the milliseconds until it says that it is ready."""
        self.log = (self.folder / "log").open("w")
        begin = time.monotonic()
        self.child = subprocess.Popen([self.programs / "nimflow", "serve", "--config", self.folder / "nimflow.yaml"],
                                      stdout=self.log, stderr=self.log)
        while not self.is_ready():
            if self.child.poll() is not None or time.monotonic() > begin + START_TIMEOUT:
                self.stop()
                raise SystemExit("nimflow did not become ready:\n" + (self.folder / "log").read_text()[-3000:])
            time.sleep(0.001)
        return (time.monotonic() - begin) * 1000

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.log.close()


class Bench:
    """Everything that runs, for the time of a with block."""

    def __init__(self, programs, *load_options):
        self.programs, self.load_options = programs, load_options

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="nf-bench-", dir=SOURCE / "build" if (SOURCE / "build").is_dir() else None)
        self.load = Load(self.programs, *self.load_options)
        self.host = Host(self.programs, self.load, self.folder)
        return self

    def __exit__(self, *_):
        if self.host.child:
            self.host.stop()
        self.load.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        ready_ms = self.host.start()
        if not self.load.ask(f"wait {START_TIMEOUT}")["registrations"]:
            raise SystemExit("nimflow did not register:\n" + (self.host.folder / "log").read_text()[-3000:])
        self.load.ask(f"pid {self.host.child.pid}")
        return ready_ms

    def rounds(self, command, warm="closed 8 1"):
        self.load.ask(warm)  # warm: the list is read, the workers run, the connections are open
        made = []
        for number in range(Form.rounds):
            made.append(self.load.ask(command))
            r = made[-1]
            if "error" in r:
                raise SystemExit(r["error"])
            say(f"  round {number + 1}: {r['events_per_s']:.0f}/s  p50 {r['p50_us']} us  p99 {r['p99_us']} us  p99.9 "
                f"{r['p999_us']} us  {r['cpu_us_per_event']:.1f} us CPU/event  {r['rss_kib']} KiB  lost {r['lost']}  refused "
                f"{r['non_2xx']}  others {r['foreign_cpu_percent']:.0f} %")
        return made


def moment(load):
    """What was used so far, by the host, by us and by the whole machine."""
    return {**load.ask("usage"), "at": time.monotonic(), "script_ns": time.process_time() * 1e9}


def foreign_percent(before, after):
    def grown(name):
        return after[name] - before[name]
    ours = grown("cpu_ns") + grown("own_ns") + grown("script_ns")
    return max(0.0, 100 * (grown("machine_ns") - ours) / (grown("at") * 1e9))


def quiet(rounds):
    return [r for r in rounds if Form.short or r["foreign_cpu_percent"] <= FOREIGN_MAX]


def figure(rounds, name, choose=statistics.median, digits=1):
    values = [r[name] for r in quiet(rounds)]
    return round(choose(values), digits) if values else None


# ---- a process alone ----

def cpu_ns(pid):
    """What the process used so far."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def machine_ns():
    """Busy time of all processors, as nf-load counts it."""
    v = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(v[:3]) + sum(v[5:])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class Span:
    """A stretch of time and what other processes than we and those given used in it, in percent of a processor."""

    def __init__(self, *pids):
        self.pids = pids
        self.before = self._now()

    def _now(self):
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours = time.process_time() + children.ru_utime + children.ru_stime
        return time.monotonic() * 1e9, machine_ns() - ours * 1e9 - sum(map(cpu_ns, self.pids))

    def foreign_percent(self):
        began, others_before = self.before
        ended, others = self._now()
        return max(0.0, 100 * (others - others_before) / (ended - began))
