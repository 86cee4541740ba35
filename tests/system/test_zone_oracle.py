#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_zone_oracle.py: every zone of the system against Python's zoneinfo and the C library, cron against brute force."""
import datetime as dt
import functools
import os
import pathlib
import random
import subprocess
import sys
import time
import unittest
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import programs  # noqa: E402

FOLDER = os.environ.get("TZDIR", "/usr/share/zoneinfo")
UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1)
SEED = 20260329
ONCE, GAP, TWICE = range(3)
DAY = 86400


def ask(lines):
    """The answers of prog_zone, one for each line that is a question."""
    done = subprocess.run([programs.path("prog_zone")], input="\n".join(lines) + "\n", capture_output=True, text=True,
                          timeout=280)
    if done.returncode:
        raise AssertionError(f"exit {done.returncode}: {done.stderr}")
    return done.stdout.splitlines()


def seconds(naive):
    return int((naive - EPOCH).total_seconds())


def naive(local_s):
    return EPOCH + dt.timedelta(seconds=local_s)


def offset(zone, utc_s):
    return int((EPOCH.replace(tzinfo=UTC) + dt.timedelta(seconds=utc_s)).astimezone(zone).utcoffset().total_seconds())


def changes(zone, begin, end, step=DAY):
    """The instants at which the offset of a zone changes."""
    before = offset(zone, begin)
    for at in range(begin, end, step):
        after = offset(zone, at + step)
        if after != before:
            low, high = at, at + step
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            yield high
        before = after


def local(zone, local_s):
    """What a local time is: (kind, first, second)."""
    folds = [local_s - int(naive(local_s).replace(tzinfo=zone, fold=fold).utcoffset().total_seconds()) for fold in (0, 1)]
    shown = sorted({at for at in folds if at + offset(zone, at) == local_s})
    if len(shown) == 2:
        return TWICE, *shown
    if shown:
        return ONCE, shown[0], shown[0]
    low, high = min(folds), max(folds)  # the clock jumps between the two readings
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle + offset(zone, middle) < local_s else (low, middle)
    return GAP, high, high


def names():
    return sorted(name for name in zoneinfo.available_timezones() if name != "localtime")


def around(zone, rng):
    """Instants of the table, of the rule, and next to changes of both."""
    first = rng.randrange(1900, 2090)
    begin = seconds(dt.datetime(first, 1, 1))
    edges = list(changes(zone, begin, begin + 400 * DAY, 5 * DAY))[:4]
    return ([rng.randrange(-6_000_000_000, 60_000_000_000) for _ in range(10)]
            + [edge + by for edge in edges for by in (-7200, -1800, -1, 0, 1, 1799, 3600)])


class Zones(unittest.TestCase):
    def setUp(self):
        if not os.path.isdir(FOLDER):
            self.skipTest(f"no {FOLDER}")
        zoneinfo.reset_tzpath([FOLDER])

    def test_offsets_and_local_times_are_those_of_zoneinfo(self):
        rng = random.Random(SEED)
        questions, wanted = [], []
        for name in names():
            zone = zoneinfo.ZoneInfo(name)
            questions.append(f"z {name}")
            for at in around(zone, rng):
                here = offset(zone, at)
                for line, want in ((f"o {at}", f"{here}"), (f"l {at + here}", " ".join(map(str, local(zone, at + here))))):
                    questions.append(line)
                    wanted.append((name, line, want))
        answers = ask(questions)
        self.assertEqual(len(answers), len(wanted))
        self.assertGreater(len(wanted), 10000)
        for (name, line, want), answer in zip(wanted, answers):
            got = answer.split()[0] if line[0] == "o" else answer
            self.assertEqual(got, want, f"{name}: {line}")

    def test_daylight_saving_is_that_of_the_c_library(self):
        rng = random.Random(SEED)
        questions, wanted = [], []
        before = os.environ.get("TZ")
        try:
            for name in names():
                os.environ["TZ"] = name
                time.tzset()
                questions.append(f"z {name}")
                for _ in range(20):
                    at = rng.randrange(0, 10_000_000_000)
                    there = time.localtime(at)
                    questions.append(f"o {at}")
                    wanted.append((name, at, f"{there.tm_gmtoff} {there.tm_isdst}"))
        finally:
            os.environ.pop("TZ", None)
            os.environ.update({"TZ": before} if before else {})
            time.tzset()
        for (name, at, want), answer in zip(wanted, ask(questions), strict=True):
            self.assertEqual(answer, want, f"{name}: {at}")


LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def random_field(rng, low, high, star):
    """(text, set of values) of a field."""
    if rng.random() < star:
        return "*", set(range(low, high + 1))
    form = rng.randrange(4)
    if form == 0:
        step = rng.randint(2, max(2, (high - low) // 2))
        return f"*/{step}", set(range(low, high + 1, step))
    if form == 1:
        a, b = sorted((rng.randint(low, high), rng.randint(low, high)))
        return f"{a}-{b}", set(range(a, b + 1))
    values = {rng.randint(low, high) for _ in range(rng.randint(1, 3))}
    return ",".join(map(str, sorted(values))), values


def random_expression(rng):
    stars = (0.2, 0.3, 0.8, 0.9, 0.7)
    fields = [random_field(rng, low, high, star) for (low, high), star in zip(LIMITS, stars)]
    if rng.random() < 0.6:  # the hours in which clocks are changed
        hours = sorted(rng.sample(range(0, 5), rng.randint(1, 3)))
        fields[1] = ",".join(map(str, hours)), set(hours)
    return fields


def fits(fields, when):
    minutes, hours, days, months, weekdays = (values for _, values in fields)
    date, weekday = when.day in days, (when.weekday() + 1) % 7 in weekdays
    either = "*" not in fields[2][0] and "*" not in fields[4][0]
    return (when.minute in minutes and when.hour in hours and when.month in months
            and (date or weekday if either else date and weekday))


def firings(fields, zone, begin, end):
    """Every minute looked at: those of passing time on the clock, or with a fixed hour those of the calendar."""
    found = set()
    if "*" in fields[1][0] or "/" in fields[1][0]:
        for at in range(begin - begin % 60, end + 1, 60):
            if fits(fields, naive(at + offset(zone, at))):
                found.add(at)
    else:
        for clock in range(begin - begin % 60 - 2 * DAY, end + 2 * DAY, 60):
            if fits(fields, naive(clock)):
                found.add(local(zone, clock)[1])
    return sorted(at for at in found if begin < at <= end)


class Cron(unittest.TestCase):
    def test_firings_are_those_of_brute_force(self):
        rng = random.Random(SEED)
        zones = ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham",
                 "America/Santiago", "Africa/Casablanca", "Antarctica/Troll", "America/St_Johns", "Europe/Dublin",
                 "Asia/Tehran", "Pacific/Apia", "America/Nuuk", "Asia/Beirut", "UTC", "Asia/Tokyo"]
        edges = functools.lru_cache(None)(lambda name: list(changes(
            zoneinfo.ZoneInfo(name), seconds(dt.datetime(2009, 1, 1)), seconds(dt.datetime(2045, 1, 1)), 4 * DAY)))
        questions, wanted, fired = [], [], 0
        for _ in range(160):
            name, fields = rng.choice(zones), random_expression(rng)
            begin = rng.choice(edges(name) or [rng.randrange(10**9, 2 * 10**9)]) - rng.randrange(2 * DAY)
            end, text = begin + 3 * DAY, " ".join(text for text, _ in fields)
            if end > seconds(dt.datetime(2045, 1, 1)):
                continue
            want = firings(fields, zoneinfo.ZoneInfo(name), begin, end)
            fired += len(want)
            questions += [f"z {name}", f"c {begin} {end} {text}"]
            wanted.append((f"{name}: {begin} {text}", want))
        for (what, want), answer in zip(wanted, ask(questions), strict=True):
            self.assertEqual([int(at) for at in answer.split()], want, what)
        self.assertGreater(fired, 500)


if __name__ == "__main__":
    unittest.main()
