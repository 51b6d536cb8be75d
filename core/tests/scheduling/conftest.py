"""A scheduler on a real database with a clock moved by hand."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import assets
from tradewind.metadata.tables import Instant
from tradewind.scheduling.scheduler import Scheduler
from tradewind.scheduling.settings import Settings
from tradewind.timetables import DeltaDataIntervalTimetable, NullTimetable, Timetable
from tradewind.transitions import calendar, claims, daemons, ends
from tradewind.transitions.graph import Graphs
from tradewind.transitions.values import AssetNews, Claimer, EndResult, Outcome, Ticket

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class PlainTask:
    task_id: str
    rank: int = 0
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    trigger_rule: str = "all_success"
    retries: int = 0
    retry_delay: float = 60.0
    pool: str = "default_pool"
    pool_slots: int = 1
    priority: int = 1
    executor: str | None = None
    queue: str | None = None
    is_empty: bool = False
    retry_exponential_backoff: bool = False
    max_retry_delay: float | None = None
    depends_on_past: bool = False
    wait_for_downstream: bool = False
    ignore_first_depends_on_past: bool = True
    wait_for_past_depends_before_skipping: bool = False
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None
    mapped_group: str | None = None
    is_setup: bool = False
    is_teardown: bool = False
    on_failure_fail_dagrun: bool = False
    marks: Any = None
    setups: tuple[str, ...] = ()
    in_scope: tuple[str, ...] = ()
    expand: Any = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    callbacks: Any = field(default_factory=dict)


@dataclass(frozen=True)
class PlainDag:
    dag_id: str
    tasks: Mapping[str, PlainTask]
    timetable: Timetable = field(default_factory=NullTimetable)
    start_date: datetime | None = START
    end_date: datetime | None = None
    catchup: bool = False
    max_consecutive_failed_runs: int = 0
    dagrun_timeout: float | None = None
    slas: dict[str, float] = field(default_factory=dict)
    deadlines: tuple[tuple[str, float], ...] = ()
    fail_stop: bool = False
    callbacks: Any = field(default_factory=dict)


class HandClock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def sql_now(self) -> sa.ColumnElement[Any]:
        return sa.literal(self.at, Instant())


class Heard:
    """Wake-ups that only remember whom they woke."""

    def __init__(self) -> None:
        self.channels: list[str] = []

    def notify(self, channels: Iterable[str]) -> None:
        self.channels += sorted(channels)

    def fileno(self) -> int:
        return -1

    def drain(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        return


class Office:
    """A scheduler, and what a test does around it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = HandClock()
        self.ids = RandomIds(self.clock.now, random.Random(3))  # noqa: S311  (repeatable, not secret)
        self.graphs = Graphs(loader=self._load)
        self.texts: dict[str, Any] = {}
        self.heard = Heard()
        self.settings = Settings()
        self.schedulers: list[Scheduler] = []
        self.scheduler = self.add_scheduler()

    def _load(self, text: str) -> Any:
        found = self.texts[text]
        if isinstance(found, Exception):
            raise found
        return found

    def add_scheduler(self) -> Scheduler:
        scheduler = Scheduler(
            self.database, self.graphs, self.heard, clock=self.clock, ids=self.ids, settings=self.settings
        )
        self.schedulers.append(scheduler)
        return scheduler

    def add_dag(
        self,
        dag_id: str = "d",
        *tasks: str,
        every: timedelta | None = None,
        broken: Exception | None = None,
        catchup: bool = False,
        timetable: Timetable | None = None,
        **more: Any,
    ) -> PlainDag:
        timetable = timetable or (DeltaDataIntervalTimetable(every) if every else NullTimetable())
        names = tasks or ("a",)
        dag = PlainDag(
            dag_id, {name: PlainTask(name, rank) for rank, name in enumerate(names)}, timetable, catchup=catchup
        )
        self.texts[dag_id] = broken or dag
        version = len(self.texts)
        first = calendar.to_columns(calendar.next_run(dag, after=None, now=self.clock.at))
        values = {
            "dag_id": dag_id,
            "bundle": "b",
            "path": "p.py",
            "version_id": version,
            "is_paused": False,
            "is_active": True,
            "max_active_runs": 16,
            "max_active_tasks": 16,
            **first,
            **more,
        }
        of_version = {
            "id": version,
            "dag_id": dag_id,
            "number": 1,
            "structure_hash": "",
            "source_hash": "",
            "bundle": "b",
            "path": "p.py",
            "serialized": dag_id,
            "created_at": self.clock.at,
        }
        with self.database.transaction() as conn:
            conn.execute(tables.dag.insert(), values)
            conn.execute(tables.dag_version.insert(), of_version)
            self._refer(conn, dag_id, timetable)
        return dag

    @staticmethod
    def _refer(conn: sa.Connection, dag_id: str, timetable: Timetable) -> None:
        """Write what the processor would of a DAG that is scheduled on assets."""
        if timetable.asset_condition is not None:
            specs = [leaf.to_spec() for leaf in timetable.asset_condition.leaves()]
            assets.put(conn, specs)
            rows = [
                {"asset": key, "role": "schedule", "dag_id": dag_id, "task_id": ""}
                for key in sorted({assets.key_of_spec(spec) for spec in specs})
            ]
            assets.refer(conn, [dag_id], rows)

    def set(self, dag_id: str, **values: Any) -> None:
        with self.database.transaction() as conn:
            conn.execute(tables.dag.update().where(tables.dag.c.dag_id == dag_id).values(values))

    def add_worker(self, worker: str = "w", slots: int = 8) -> None:
        with self.database.transaction() as conn:
            daemons.register(
                conn,
                daemon_id=worker,
                kind="worker",
                host="h",
                pid=1,
                executor="LocalExecutor",
                slots=slots,
                clock=self.clock,
                leases=self.settings.leases,
            )

    def renew_worker(self, worker: str = "w") -> bool:
        with self.database.transaction() as conn:
            return daemons.renew(conn, worker, clock=self.clock, leases=self.settings.leases)

    def claim(self, worker: str = "w", free: int = 8) -> tuple[Ticket, ...]:
        with self.database.transaction() as conn:
            return claims.claim(conn, Claimer(worker, "LocalExecutor", free, self.ids.nonce()), clock=self.clock)

    def finish(self, *tickets: Ticket, state: str = "success", events: tuple[AssetNews, ...] = ()) -> EndResult:
        outcomes = [Outcome(each.instance, each.token, state, self.clock.at, events=events) for each in tickets]
        with self.database.transaction() as conn:
            return ends.end(conn, outcomes, graphs=self.graphs, clock=self.clock, ids=self.ids)

    def runs(self, dag_id: str = "d") -> list[tuple[str, str]]:
        run = tables.dag_run.c
        query = sa.select(run.run_id, run.state).where(run.dag_id == dag_id).order_by(run.logical_date)
        with self.database.read() as conn:
            return [(row.run_id, row.state) for row in conn.execute(query)]

    def row(self, dag_id: str = "d") -> Any:
        with self.database.read() as conn:
            return conn.execute(sa.select(tables.dag).where(tables.dag.c.dag_id == dag_id)).one()

    def task_states(self) -> list[str]:
        with self.database.read() as conn:
            return sorted(conn.execute(sa.select(tables.task_instance.c.state)).scalars())

    def pass_(self, **units: float) -> None:
        self.clock.at += timedelta(**units)


@pytest.fixture
def office(database: Database) -> Iterator[Office]:
    office = Office(database)
    yield office
    for scheduler in office.schedulers:
        scheduler.close()
