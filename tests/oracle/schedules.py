"""Generating DAG files that are about schedules alone: when they would run next, by start, end, catchup, time zone. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence

SEED = "tradewind-1"
IN_A_FILE = 25
FIRST_WITH_TIMETABLE = 150

PREAMBLE = """\
from datetime import datetime, timedelta

import pendulum
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable
"""

CRONS = (
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
    "@quarterly",
    "@yearly",
    "0 0 * * *",
    "30 2 * * *",
    "15 3 * * *",
    "0 12 * * 1-5",
    "*/15 * * * *",
    "0 */6 * * *",
    "5 4 1,15 * *",
    "0 9 * * MON",
    "0 0 1 */3 *",
    "0 22 * * 5",
    "45 23 28-31 * *",
    "0 0 29 2 *",
    "10 0-4 * * *",
    "0 1 * * 0",
    "30 1 * * 7",
)
DELTAS = ("days=1", "hours=6", "minutes=30", "days=7", "seconds=90", "days=1, hours=1")
ZONES = ("UTC", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo")
STARTS = (
    "2026, 1, 1",
    "2026, 3, 27",
    "2025, 10, 24, 5",
    "2026, 5, 31, 18, 7",
    "2026, 6, 1, 12",
    "2026, 10, 20",
    "2024, 2, 29",
    "2027, 1, 1",
)


def source(number: int) -> str:
    """Return the part of a file that makes one DAG, called `scheduled_` and the number; it goes behind `PREAMBLE`."""
    rng = random.Random(f"{SEED}/schedules/{number}")
    zone, start = rng.choice(ZONES), rng.choice(STARTS)
    kind = _schedule(rng) if number < FIRST_WITH_TIMETABLE else {"schedule": _timetable(rng, zone)}
    found = {"dag_id": f"'scheduled_{number}'"} | kind
    if zone == "UTC" and rng.random() < 0.5:
        found["start_date"] = f"datetime({start})"
    else:
        found["start_date"] = f"pendulum.datetime({start}, tz='{zone}')"
    if rng.random() < 0.3:
        year = int(start[:4])
        found["end_date"] = f"pendulum.datetime({year + rng.choice((0, 0, 1))}, {rng.randint(6, 12)}, 2, tz='{zone}')"
    found["catchup"] = rng.choice(("True", "False"))
    if rng.random() < 0.1:
        found["default_args"] = f"{{'start_date': {found.pop('start_date')}}}"
    arguments = ", ".join(f"{name}={value}" for name, value in found.items())
    return f"with DAG({arguments}):\n    EmptyOperator(task_id='only')\n"


def _schedule(rng: random.Random) -> dict[str, str]:
    kind = rng.random()
    name = "schedule_interval" if rng.random() < 0.3 else "schedule"
    if kind < 0.62:
        return {name: repr(rng.choice(CRONS))}
    if kind < 0.84:
        return {name: f"timedelta({rng.choice(DELTAS)})"}
    return rng.choice(({name: "None"}, {name: "'@once'"}, {}))


def _timetable(rng: random.Random, zone: str) -> str:
    interval = rng.choice(("", "", ", interval=timedelta(days=1)", ", interval=timedelta(hours=5)"))
    kind = rng.random()
    if kind < 0.5:
        return f"CronTriggerTimetable({rng.choice(CRONS)!r}, timezone='{zone}'{interval})"
    if kind < 0.7:
        return f"DeltaTriggerTimetable(timedelta({rng.choice(DELTAS)}){interval})"
    if kind < 0.8:
        return f"CronDataIntervalTimetable({rng.choice(CRONS)!r}, timezone='{zone}')"
    dates = (f"pendulum.datetime(2026, {rng.randint(1, 12)}, {rng.randint(1, 28)}, tz='{zone}')" for _ in range(12))
    return f"EventsTimetable([{', '.join(dates)}])"


def files(numbers: Sequence[int]) -> dict[str, str]:
    """Return DAG files by name, some DAGs in each."""
    starts = range(0, len(numbers), IN_A_FILE)
    chunks = [numbers[start : start + IN_A_FILE] for start in starts]
    return {f"scheduled_{index}.py": "\n\n".join([PREAMBLE, *map(source, chunk)]) for index, chunk in enumerate(chunks)}
