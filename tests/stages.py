"""A database with parsed DAGs, and what tests of the API and of pages do with their runs."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tradewind.access.actors import Actor
from tradewind.access.operations import Permission
from tradewind.cli import main
from tradewind.config import load
from tradewind.execution.log_keys import log_key
from tradewind.execution.log_stores import open_log_store
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.wakeups import open_wakeups
from tradewind.operations.context import Tools
from tradewind.transitions import admission, claims, daemons, ends, timers, triggering
from tradewind.transitions.values import Claimer, Outcome, Ticket, XComValue

FIRST_DATE = datetime(2026, 1, 1, tzinfo=timezone.utc)
DAGS = '''
from datetime import datetime, timedelta
from dateutil.relativedelta import relativedelta
from tradewind import DAG, Dataset, Param, dag, task
from tradewind.operators.empty import EmptyOperator
from tradewind.sensors.external_task import ExternalTaskMarker

def at_work():
    """Never called: the tests tell how tasks end."""

with DAG("chain", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, is_paused_upon_creation=False,
         max_active_runs=1000, tags=["a", "b"], description="One after the other", params={"n": Param(3, type="integer")},
         max_active_tasks=1000):
    @task(task_id="first", retries=2, retry_delay=timedelta(0))
    def first():
        at_work()

    @task(task_id="middle")
    def middle():
        at_work()

    @task(task_id="last")
    def last():
        at_work()

    first() >> middle() >> last()

with DAG("empty", schedule=None, is_paused_upon_creation=False, tags=["b"]):
    EmptyOperator(task_id="nothing")

with DAG("mapped", schedule=None, is_paused_upon_creation=False, max_active_runs=1000, max_active_tasks=1000):
    @task(task_id="square")
    def square(n):
        at_work()

    square.expand(n=[1, 2, 3])

with DAG("parent", schedule=None, is_paused_upon_creation=False):
    ExternalTaskMarker(task_id="mark", external_dag_id="chain", external_task_id="middle")

with DAG("often", schedule=timedelta(hours=2, days=1), start_date=datetime(2026, 1, 1), is_paused_upon_creation=True,
         dagrun_timeout=timedelta(minutes=5)):
    EmptyOperator(task_id="nothing")

with DAG("monthly", schedule=relativedelta(months=1), start_date=datetime(2026, 1, 1), is_paused_upon_creation=True):
    EmptyOperator(task_id="nothing")

with DAG("told", schedule=(Dataset("s3://one") | Dataset("s3://two")), is_paused_upon_creation=True):
    EmptyOperator(task_id="nothing")

with DAG("spare", schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="nothing")

with DAG("sleepy", schedule=None, is_paused_upon_creation=True):
    EmptyOperator(task_id="nothing")
'''


@dataclass
class Stage:
    """A database with parsed DAGs, and what a test does with their runs, by the transitions that daemons use."""

    tools: Tools
    home: Path
    app_of: Callable[[Tools, Actor], Flask]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def by(self) -> dict[str, Any]:
        clock = self.tools.clock
        return {"graphs": self.tools.graphs, "clock": clock, "ids": RandomIds(clock.now)}

    def client(self, *permissions: tuple[str, str], **more: Any) -> FlaskClient:
        """Return a client of somebody who has these permissions only; of one who may do everything, without any."""
        granted = frozenset(Permission(*each) for each in permissions) if permissions else None
        return self.app_of(self.tools, Actor("bob", 2, granted, **more)).test_client()

    def begin(self, dag_id: str = "chain", *, conf: dict[str, Any] | None = None, **more: Any) -> str:
        """Make a run of a name and a date that no other test uses, and return its id."""
        number = next(self.numbers)
        values = {"logical_date": FIRST_DATE + timedelta(hours=number), "run_id": f"run{number}"} | more
        made = self.tools.database.write(
            lambda c: triggering.trigger(
                c,
                dag_id,
                conf=conf or {},
                triggered_by="cli",
                executor="LocalExecutor",
                queue="default",
                **values,
                **self.by,
            )
        )
        return made.run_id

    def start(self, run_id: str, *task_ids: str) -> list[Ticket]:
        """Have a worker claim what is ready in a run."""
        clock = self.tools.clock
        name = f"w{next(self.numbers)}"
        lease = daemons.Leases()
        self.tools.database.write(
            lambda c: daemons.register(
                c,
                daemon_id=name,
                kind="worker",
                host="h",
                pid=1,
                executor="LocalExecutor",
                slots=1000,
                clock=clock,
                leases=lease,
            )
        )
        while self.tools.database.write(lambda c: admission.admit(c, clock=clock)).count:
            continue
        claimer = Claimer(name, "LocalExecutor", 1000, self.by["ids"].nonce())
        found = self.tools.database.write(lambda c: claims.claim(c, claimer, clock=clock))
        mine = [each for each in found if each.run_id == run_id and (not task_ids or each.task_id in task_ids)]
        return sorted(mine, key=lambda each: (each.task_id, each.map_index))

    def end(self, ticket: Ticket, state: str = "success", **more: Any) -> None:
        """End a try."""
        outcome = Outcome(ticket.instance, ticket.token, state, self.tools.clock.now(), **more)
        self.tools.database.write(lambda c: ends.end(c, [outcome], **self.by))

    def log(self, ticket: Ticket, data: bytes) -> None:
        """Write the log of a try, as its worker would."""
        key = log_key(
            ticket.dag_id, ticket.run_id, ticket.task_id, ticket.map_index, ticket.try_number, token=ticket.token
        )
        with closing(open_log_store(self.tools.config)) as store:
            store.put_chunk(key, 0, data)
            store.seal(key)

    def release(self) -> None:
        """Have what waits for a moment go on, if that has come."""
        self.tools.database.write(lambda c: timers.release_due(c, clock=self.tools.clock))

    def finish(self, run_id: str, states: Sequence[str] = (), xcoms: Sequence[XComValue] = ()) -> None:
        """End what is ready in a run, task after task: as these states say, then successfully."""
        wanted = iter(states)
        while tickets := self.start(run_id):
            for ticket in tickets:
                self.end(ticket, next(wanted, "success"), xcoms=tuple(xcoms))


def parsed(template: Path, home: Path, text: str = DAGS, others: Mapping[str, str] | None = None) -> Path:
    """Make a home whose DAG folder has one file, which was parsed; to be copied.

    Arguments:
        template: a migrated database.
        home: an empty folder.
        others: further files of the DAG folder, by their names.
    """
    shutil.copyfile(template, home / "tradewind.db")
    (home / "dags").mkdir()
    for name, written in {"work.py": text, **(others or {})}.items():
        (home / "dags" / name).write_text(written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADEWIND_HOME", str(home))
        assert main(["dag-processor", "--once"]) == 0
    with sqlite3.connect(home / "tradewind.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return home


@contextmanager
def staged(parsed_home: Path, home: Path, app_of: Callable[[Tools, Actor], Flask]) -> Iterator[Stage]:
    """Yield the stage in a copy of a parsed home.

    Arguments:
        home: an empty folder.
        app_of: makes what answers, for somebody.
    """
    shutil.copyfile(parsed_home / "tradewind.db", home / "tradewind.db")
    shutil.copytree(parsed_home / "dags", home / "dags")
    database = Database(f"sqlite:///{home / 'tradewind.db'}")
    wakeups = open_wakeups(database, home)
    tools = Tools(load(home, {}).config, database, SystemClock(), wakeups)
    yield Stage(tools, home, app_of)
    wakeups.close()
    database.dispose()
