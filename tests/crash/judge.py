# SPDX-License-Identifier: Apache-2.0
"""Were the promises kept? Judged by what the fake Nimbus saw and by the database, not by how the host does it."""
import collections
import json
import os
import shutil
import sqlite3
import tempfile

import flows

OPEN, DONE, HELD = 0, 1, 2
RESULT, ERROR = 2, 3  # states of an entry of the journal
OVERLAP_S = 0.05      # a request whose connection was closed is noticed a little later than the next one


class Look:
    """What is durable at this moment. Of a dead host the files are copied, so that looking changes nothing."""

    def __init__(self, data, live=False):
        folder = data if live else tempfile.mkdtemp(prefix="nimflow-look-")
        try:
            for name in ("nimflow.db", "nimflow.db-wal"):
                if not live and os.path.exists(os.path.join(data, name)):
                    shutil.copyfile(os.path.join(data, name), os.path.join(folder, name))
            db = sqlite3.connect(f"file:{folder}/nimflow.db{'?mode=ro' if live else ''}", uri=True)
            with db:
                self._read(db)
            db.close()
        finally:
            if not live:
                shutil.rmtree(folder, ignore_errors=True)

    def _read(self, db):
        self.broken = [row[0] for row in db.execute("PRAGMA quick_check") if row[0] != "ok"]
        self.events, self.runs, self.kv, self.ended = collections.Counter(), {}, {}, set()
        self.results = set()  # (task, sequence, handler, step): results of effects
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal'").fetchone():
            return
        names = {}
        for number, body in db.execute("SELECT id, body FROM event"):
            event = json.loads(body)
            names[number] = (event["taskId"], int(event["referenceId"]))
            self.events[names[number]] += 1
        keys = {}
        for row in db.execute(
                "SELECT r.id, r.event, r.handler, r.outcome, r.state, d.detail, h.reason FROM run r"
                " LEFT JOIN run_detail d ON d.run = r.id LEFT JOIN held h ON h.run = r.id"):
            key = keys[row[0]] = (*names.get(row[1], (f"event {row[1]}", 0)), row[2])
            self.runs.setdefault(key, []).append(row[3:])
            if row[3] != OPEN:
                self.ended.add(key)
        self._read_journal(db, keys)
        self.kv = dict(db.execute("SELECT key, value FROM kv"))

    def unfinished(self):
        """Runs that have no end and do not wait for a person."""
        return [key for key, rows in self.runs.items() for outcome, state, *_ in rows if outcome == OPEN and state != HELD]

    def _read_journal(self, db, keys):
        for run, number, state in db.execute("SELECT run, number, state FROM journal"):
            key = keys.get(run)
            steps = flows.STEPS.get(key[2], ()) if key else ()
            step = steps[number - 1] if 0 < number <= len(steps) else None
            if state in (RESULT, ERROR) and step:
                self.results.add((*key, step))

class Judge:
    """Collects what is wrong with one world."""

    def __init__(self, world):
        self.world = world
        self.violations = {"lost": [], "doubled": [], "order_violations": []}
        self.explained = collections.Counter()
        self.ended = self.runs_ended = 0  # events whose runs have all ended or are explained; such runs
        self.finished = {}   # (task, sequence, handler, step or None) -> number of requests seen when it was durable

    def say(self, kind, text):
        self.violations[kind].append(text)

    def remember(self, where, live=False):
        """What is durable now must not be done again."""
        if not os.path.exists(os.path.join(self.world.data, "nimflow.db")):
            return
        look = Look(self.world.data, live)
        for text in look.broken:
            self.say("lost", f"after {where}: the database is broken: {text}")
        seen = len(self.world.fake.record)
        for key in look.ended:
            self.finished.setdefault((*key, None), seen)
        for result in look.results:
            self.finished.setdefault(result, seen)

    # ---- at the end ----

    def at_end(self):
        look = Look(self.world.data)
        requests = collections.defaultdict(list)
        for request in self.world.fake.record:
            requests[request.key].append(request)
        self._judge_runs(look, requests)
        self._judge_repeats()
        self._judge_order(look)
        return self

    def _judge_runs(self, look, requests):
        for (task, sequence), sleeper in self.world.accepted.items():
            if look.events[task, sequence] != 1:
                kind = "doubled" if look.events[task, sequence] else "lost"
                self.say(kind, f"{task}#{sequence}: accepted, and stored {look.events[task, sequence]} times")
                continue
            judged = [self._judge_run((task, sequence, handler), look, requests) for handler in flows.handlers_for(sleeper)]
            self.ended += all(judged)
            self.runs_ended += sum(judged)
        for key, rows in look.runs.items():
            if len(rows) > 1:
                self.say("doubled", f"{key}: {len(rows)} runs")

    def _judge_run(self, key, look, requests):
        """True when the run has ended, or it is known why it has not."""
        rows = look.runs.get(key)
        if not rows:
            self.say("lost", f"{key}: accepted, but there is no run")
            return False
        outcome, state, detail, reason = rows[0]
        if outcome == DONE:
            self._judge_done(key, look, requests[key])
            return True
        detail = json.loads(detail) if detail else {}
        why = reason or (detail.get("error") or {}).get("message", "")
        held = outcome == OPEN and state == HELD and key[2] in flows.MAY_BE_HELD and "must not be done twice" in why
        if held or "the worker died twice while it worked on this run" in why:
            self.explained["held" if held else "lost-worker"] += 1
            return True
        self.say("lost", f"{key}: outcome {outcome}, state {state}, {why!r}")
        return False

    def _judge_done(self, key, look, requests):
        seen = {request.step for request in requests if request.status is not None or request.step not in flows.UNSAFE}
        missing = [step for step in flows.STEPS[key[2]] if step and step not in seen]
        if missing:
            self.say("lost", f"{key}: done, but Nimbus has not seen {missing}")
        if key[2] == "plain" and look.kv.get(f"plain/{key[0]}/{key[1]}") != f'"{key[1]}"':
            self.say("lost", f"{key}: done, but what it remembered is gone")

    def _judge_repeats(self):
        unsafe = collections.defaultdict(list)
        for index, request in enumerate(self.world.fake.record):
            for durable, what in (((*request.key, request.step), "its result"), ((*request.key, None), "the end of its run")):
                if index >= self.finished.get(durable, index + 1):
                    self.say("doubled", f"{request}: done again although {what} was durable")
            if request.step in flows.UNSAFE:
                unsafe[request.key].append(request)
        for same in unsafe.values():
            if len(same) > 1:
                self.say("doubled", f"unsafe, and {len(same)} times: {same}")

    def _judge_order(self, look):
        lanes = collections.defaultdict(list)
        for request in self.world.fake.record:
            lanes[request.life, request.task, request.handler].append(request)
        for (_, _, handler), requests in lanes.items():
            self._judge_lane(handler, requests)
        last = {}
        for request in self.world.fake.record:
            last[request.task, request.handler] = request
        for (task, handler), request in last.items():
            newest = max(sequence for other, sequence in self.world.accepted if other == task) if any(
                other == task for other, _ in self.world.accepted) else request.sequence
            if handler not in flows.LANE_SET_FREE | flows.MAY_BE_HELD and request.sequence < newest:
                self.say("order_violations", f"{request}: the last word, but #{newest} came later")

    def _judge_lane(self, handler, requests):
        """Requests of one handler for one task in one life, in the order in which they came."""
        newest, before = 0, []
        for request in requests:
            starts = handler in flows.LANE_SET_FREE
            if request.sequence < newest and (request.step == "begin" or not starts):
                self.say("order_violations", f"{request}: after #{newest}")
            newest = max(newest, request.sequence)
            for other in before:
                beside = {request.step, other.step} <= flows.SIDE_BY_SIDE and request.step != other.step
                free = starts and other.sequence != request.sequence
                if not beside and not free and (other.left is None or other.left > request.came + OVERLAP_S):
                    self.say("order_violations" if other.sequence != request.sequence else "doubled",
                             f"{request}: while {other} was under way")
            before = [other for other in before if other.left is None or other.left > request.came] + [request]
