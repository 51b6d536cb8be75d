"""A month of schedules: 500 DAGs without tasks, under a clock that is set from one due moment to the next."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from tradewind import DAG
from tradewind.metadata import tables
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements.parsing import ensure_bundle
from tradewind.metadata.tables import Instant
from tradewind.parsing.recording import Place, record
from tradewind.parsing.results import ParsedDag, ParsedFile
from tradewind.scheduling.scheduler import Scheduler
from tradewind.scheduling.settings import Settings
from tradewind.serialization import deserialize, serialize, structure_hash
from tradewind.transitions.graph import Graphs

from tradewind_perf.figures import Sample
from tradewind_perf.goals import at_least, at_most
from tradewind_perf.scenario import Bench, Scenario
from tradewind_perf.servers import MARIADB, POSTGRESQL, SQLITE

START = datetime(2026, 6, 1, tzinfo=timezone.utc)
DAYS = 30
KINDS = {
    "daily": (400, "0 0 * * *", timedelta(days=1)),
    "hourly": (90, "0 * * * *", timedelta(hours=1)),
    "quarter_hourly": (10, "*/15 * * * *", timedelta(minutes=15)),
}
RUNS_A_DAY = sum(count * (timedelta(days=1) // every) for count, _, every in KINDS.values())


class VirtualClock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self.at

    def sql_now(self) -> sa.ColumnElement[Any]:
        """See `Clock.sql_now`."""
        return sa.literal(self.at, Instant())


class Silence:
    """Wake-ups that nobody hears: the scheduler is stepped by hand."""

    def notify(self, channels: Iterable[str]) -> None:
        """Wake nobody."""

    def fileno(self) -> int:
        """Say that there is nothing to wait on."""
        return -1

    def drain(self) -> frozenset[str]:
        """Return that nobody was woken."""
        return frozenset()

    def close(self) -> None:
        """Give back nothing."""


class Month:
    """The DAGs on a database, and a scheduler with a clock of its own.

    Arguments:
        database: migrated, and empty.
        days: how long the month is.
    """

    def __init__(self, database: Database, days: int) -> None:
        self._database = database
        self._end = START + timedelta(days=days)
        self._clock = VirtualClock()
        self._ids = RandomIds(self._clock.now, random.Random(5))  # noqa: S311  (repeatable, not secret)
        self._add_dags()
        self._scheduler = Scheduler(
            database,
            Graphs(1024, loader=deserialize),
            Silence(),
            clock=self._clock,
            ids=self._ids,
            settings=Settings(),
        )

    def _add_dags(self) -> None:
        found = []
        for kind, (count, cron, _) in KINDS.items():
            for number in range(count):
                with DAG(f"{kind}_{number:03d}", schedule=cron, start_date=START, catchup=True) as dag:
                    text = serialize(dag)
                found.append(ParsedDag(dag.dag_id, text.decode(), structure_hash(text)))
        parsed = ParsedFile("month.py", dags=tuple(found), source_hash="0")
        place = Place("month", paused=False, is_present=lambda _path: True)

        def write(connection: sa.Connection) -> None:
            ensure_bundle(connection, "month", kind="folder")
            record(connection, parsed, "1", place, now=START, ids=self._ids)

        self._database.write(write)

    def pass_by(self) -> int:
        """Let the month pass; return the number of steps of the scheduler."""
        steps = 0
        while self._clock.at <= self._end:
            stepped = self._scheduler.step()
            steps += 1
            if stepped.has_more:
                continue
            if stepped.next_due is None:
                break
            self._clock.at = max(stepped.next_due, self._clock.at)
        return steps

    def made(self) -> set[tuple[str, datetime, datetime, str]]:
        """Return DAG, logical date, end of the data interval and state of each run that was made."""
        run = tables.dag_run.c
        with self._database.read() as connection:
            rows = connection.execute(sa.select(run.dag_id, run.logical_date, run.data_interval_end, run.state))
            return {(row[0], row[1], row[2], row[3]) for row in rows}

    def close(self) -> None:
        """Close the scheduler."""
        self._scheduler.close()


def reference(days: int) -> set[tuple[str, datetime, datetime, str]]:
    """Return the same by counting: each interval of the month, once."""
    return {
        (f"{kind}_{number:03d}", START + step * every, START + (step + 1) * every, "success")
        for kind, (count, _, every) in KINDS.items()
        for number in range(count)
        for step in range(timedelta(days=days) // every)
    }


def month(bench: Bench) -> Iterator[Sample]:
    """Yield how fast the runs of a month are made, and in how many differ from those that were counted."""
    days = bench.size(DAYS, least=1)
    for number in range(bench.repeat):
        bench.say(f"run {number + 1}: {days} days, {days * RUNS_A_DAY:,} runs")
        database = Database(bench.store().url)
        passing = Month(database, days)
        cpu, began = time.process_time(), time.monotonic()
        steps = passing.pass_by()
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
        made, expected = passing.made(), reference(days)
        passing.close()
        database.dispose()
        yield {
            "runs": len(made),
            "differ from the reference": len(made ^ expected),
            "runs made per s": len(made) / seconds,
            "scheduler: CPU ms per run": cpu * 1000 / len(made),
            "steps": steps,
        }


SCENARIOS = (
    Scenario(
        "calendar",
        "the runs of a month, without tasks: 400 daily, 90 hourly and 10 quarter-hourly DAGs under a virtual clock (105,600 runs)",
        month,
        (at_most("differ from the reference", 0), at_least("runs made per s", 100)),
        (POSTGRESQL, SQLITE, MARIADB),
        600,
        1,
    ),
)
