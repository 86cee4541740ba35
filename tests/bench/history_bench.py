# SPDX-License-Identifier: Apache-2.0
"""history_bench.py: does a long history slow down new events, the start, or a look at the runs? And a million sleeping runs?"""
import contextlib
import http.client
import json
import os
import pathlib
import socket
import statistics
import time

from fill_history import fill
from harness import Bench, Form, figure, say

SMALL, LARGE, SLEEPING = 10_000, 1_000_000, 1_000_000
QUESTIONS = {
    "list": "/v1/runs",
    "list_failed": "/v1/runs?outcome=failed",
    "list_since": "/v1/runs?since=60d&until=59d",
    "list_rare_handler": "/v1/runs?handler=rare",
    "list_open": "/v1/runs?open=1",
    "list_dead_by_flow": "/v1/runs?dead=1&by_flow=1",
    "show_old": "/v1/runs/{old}",
    "show_new": "/v1/runs/{new}",
    "why": "/v1/why?subject={new}",
}


def ask(host, path):
    """The answer and the milliseconds it took."""
    connection = http.client.HTTPConnection("host", timeout=120)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(host.folder / "data/admin.sock"))
    with contextlib.closing(connection):
        began = time.monotonic()
        connection.request("GET", path)
        answer = json.load(connection.getresponse())
        return answer, (time.monotonic() - began) * 1000


def rss_mib(host):
    for line in pathlib.Path(f"/proc/{host.child.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return None


def filled(bench, ended, sleeping=0):
    """A host on a database with that much history; the milliseconds of its start."""
    bench.start()
    bench.host.stop()
    took = fill(bench.host.folder / "data/nimflow.db", ended, sleeping)
    say(f"  {ended} ended and {sleeping} sleeping runs written in {took:.1f} s")
    return bench.start()


def questions(host):
    """The name of each question and the milliseconds of its answer: the median of five."""
    runs = ask(host, "/v1/runs")[0]["runs"]
    ids = {"new": runs[-1]["id"], "old": 1000}
    for name, path in QUESTIONS.items():
        times = [ask(host, path.format(**ids))[1] for _ in range(5)]
        yield name, statistics.median(times), max(times)


def cold_questions(host):
    """The same, asked once, when nothing of the database is in the kernel's cache."""
    runs = ask(host, "/v1/runs")[0]["runs"]
    ids = {"new": runs[-1]["id"], "old": 1000}
    with (host.folder / "data/nimflow.db").open("rb") as file:
        for name, path in QUESTIONS.items():
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            yield name, ask(host, path.format(**ids))[1]


def with_history(programs, ended):
    """The cost of new events, the start, and the questions."""
    with Bench(programs) as b:
        start_ms = filled(b, ended)
        asked = list(questions(b.host))
        rounds = b.rounds(f"closed 64 {Form.seconds}")
        return start_ms, asked, rounds, list(cold_questions(b.host))


def history(programs):
    small, large = (1000, 5000) if Form.short else (SMALL, LARGE)
    for ended in (small, large):
        start_ms, asked, rounds, cold = with_history(programs, ended)
        yield f"start_ms_{ended}", round(start_ms, 1), "ms"
        yield f"cpu_us_per_event_{ended}", figure(rounds, "cpu_us_per_event"), "us"
        yield f"p99_us_{ended}", figure(rounds, "p99_us", choose=min), "us"
        yield f"lost_{ended}", sum(r["lost"] + r["non_2xx"] for r in rounds), "events"
        for name, ms, most in asked:
            yield f"{name}_ms_{ended}", round(ms, 2), "ms"
            yield f"{name}_most_ms_{ended}", round(most, 2), "ms"
        for name, ms in cold:
            yield f"{name}_cold_ms_{ended}", round(ms, 2), "ms"


def sleeping(programs):
    count = 5000 if Form.short else SLEEPING
    with Bench(programs) as b:
        start_ms = filled(b, 0, count)
        yield f"start_ms_{count}_asleep", round(start_ms, 1), "ms"
        yield f"memory_mib_{count}_asleep", round(rss_mib(b.host), 1), "MiB"
        yield f"list_open_ms_{count}_asleep", round(ask(b.host, "/v1/runs?open=1")[1], 2), "ms"
        rounds = b.rounds(f"closed 64 {Form.seconds}")
        yield f"cpu_us_per_event_{count}_asleep", figure(rounds, "cpu_us_per_event"), "us"
