#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fill_history.py: fill a database with made-up history, fast. By hand: fill_history.py DATABASE ENDED [SLEEPING]

The host must be stopped, and have made the tables. One event and one run each, over the last 90 days: of a hundred one
failed and two were skipped, ten handlers take turns, "rare" has one run in a hundred thousand. The newest 100,000 have details.
"""
import json
import sqlite3
import sys
import time

DETAILS = 100_000
DAYS_MS = 90 * 86_400_000
BODY = json.dumps({"taskId": "task-%d", "event": "SystemAccepted", "direction": "Inbound", "modality": "Audio", "isAnonymous": False,
                   "customerIdentifier": "+41791234567", "serviceUPN": "support@contoso.example", "padding": "x" * 200})
EFFECT = {"n": 1, "action": "nimbus.tasks.update", "where": "flows/bench.lua:9", "at_ms": 0.5, "took_ms": 12.3, "ok": True,
          "args": {"taskId": "task", "customer": {"lastName": "Muster", "company": "ACME"}}, "hash": "0" * 64, "turn": 1, "now": 1}
DETAIL = json.dumps({"error": None, "result": None, "usage": {name: {"limit": 1000, "used": 10, "peak": 10} for name in (
    "cpu_ms", "wall_ms", "memory_bytes", "effects", "lookups", "in_flight", "log_bytes", "log_lines", "result_bytes",
    "source_bytes", "load_ms")}, "effects": [EFFECT, {**EFFECT, "n": 2}], "log": [{"level": "info", "text": "x" * 60}]})

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "


def fill(path, ended, sleeping=0, tenant="bench"):
    """Add that many ended runs, and runs that sleep for 30 days, behind what is there; the seconds it took."""
    began = time.monotonic()
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY"):
        db.execute("PRAGMA " + pragma)
    now = int(time.time() * 1000)
    db.execute("BEGIN IMMEDIATE")
    first = db.execute("SELECT max((SELECT ifnull(max(id), 0) FROM event), (SELECT ifnull(max(id), 0) FROM run))").fetchone()[0]
    given = {"first": first, "count": ended, "tenant": tenant, "start": now - DAYS_MS, "step": max(DAYS_MS // max(ended, 1), 1),
             "body": BODY, "detail": DETAIL, "details": ended - DETAILS, "now": now}
    if ended:
        db.execute(NUMBERS + "INSERT INTO event(id, tenant, subscription, trigger, hash, received, body) SELECT :first + 2 * i - 1,"
                   " :tenant, 0, 'nimbus.on_task', zeroblob(32), min(:start + :step * i, :now),"
                   " CASE WHEN i > :details THEN :body ELSE '' END FROM n", given)
        db.execute(NUMBERS + "INSERT INTO run(id, event, tenant, handler, file, version, outcome, started, ended, attempts)"
                   " SELECT :first + 2 * i, :first + 2 * i - 1, :tenant, CASE WHEN i % 100000 = 77 THEN 'rare' ELSE"
                   " 'handler ' || (i % 10) END, 'flows/bench.lua', zeroblob(32), CASE WHEN i % 100 = 5 THEN 3"
                   " WHEN i % 50 = 7 THEN 2 ELSE 1 END, min(:start + :step * i, :now) + 5, min(:start + :step * i, :now) + 50, 1"
                   " FROM n", given)
        db.execute(NUMBERS + "INSERT INTO run_detail(run, detail) SELECT :first + 2 * i, :detail FROM n WHERE i > :details", given)
    given.update(first=first + 2 * ended, count=sleeping)
    if sleeping:
        db.execute(NUMBERS + "INSERT INTO event(id, tenant, subscription, trigger, hash, received, body) SELECT :first + 2 * i - 1,"
                   " :tenant, 0, 'nimbus.on_task', zeroblob(32), :now, :body FROM n", given)
        db.execute(NUMBERS + "INSERT INTO run(id, event, tenant, handler, file, version, state, wake) SELECT :first + 2 * i,"
                   " :first + 2 * i - 1, :tenant, 'handler 1', 'flows/bench.lua', zeroblob(32), 1, :now + 2592000000 + i FROM n", given)
        db.execute(NUMBERS + "INSERT INTO journal(run, number, action, args, state, turn, began, at, line, result) SELECT"
                   " :first + 2 * i, 1, 'flow.sleep', zeroblob(32), 4, 0, :now, :now + 2592000000 + i,"
                   " '\"n\":1,\"action\":\"flow.sleep\"', '' FROM n", given)
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return time.monotonic() - began


if __name__ == "__main__":
    print(f"{fill(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0):.1f} s")
