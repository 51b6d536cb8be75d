"""A DAG folder and a processor over a real database; children are really forked."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.config.load import load
from tradewind.config.sections import Config
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.tables import dag, dag_file, dag_run, dag_version, source_blob
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.processor import Processor, Round
from tradewind.parsing.watching import Bundle
from tradewind.plugins.secrets import secrets_chain

PATIENCE = 20.0


class FixedClock(SystemClock):
    """Says what it is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)

    def now(self) -> datetime:
        return self.moment


class Parsing:
    """A DAG folder, a processor that watches it, and what the database says."""

    def __init__(self, folder: Path, home: Path, database: Database) -> None:
        self.folder = folder
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self.database = database
        self.clock = FixedClock()
        self.config: Config = load(home=home, environ={}).config
        self.notified = 0
        self.seconds = 0.0
        self.monotonic: Callable[[], float] = lambda: self.seconds
        self.keep_lease: Callable[[], None] = lambda: None
        self.first_errors: dict[str, str | None] = {}
        self.processor = self.restart()

    def restart(self, **parsing: Any) -> Processor:
        """Begin a new processor, as after a crash, with other settings of its section if given."""
        self.config = dataclasses.replace(self.config, parsing=dataclasses.replace(self.config.parsing, **parsing))
        self.processor = Processor(
            self.config,
            self.database,
            [Bundle("dags", self.folder)],
            Lookups(self.database, open_cipher("", self.home), secrets_chain(), monotonic=self.monotonic),
            clock=self.clock,
            ids=RandomIds(self.clock.now),
            notify=self._notified,
            monotonic=self.monotonic,
            keep_lease=self.keep_lease,
        )
        return self.processor

    def _notified(self) -> None:
        self.notified += 1

    def follow(self, *changes: Callable[[], Callable[[], bool]]) -> list[float]:
        """Let the processor run as in production, and make one change after the other while it does.

        Args:
            changes: each makes a change and returns what tells whether the database has it.

        Returns:
            For each change the seconds until it was there.
        """
        waiting = list(changes)
        seconds: list[float] = []
        is_there: Callable[[], bool] = lambda: True  # noqa: E731
        began = 0.0

        def turn() -> None:
            nonlocal is_there, began
            if began and time.monotonic() - began > PATIENCE:
                raise AssertionError(f"change {len(seconds)} is not seen")
            if not is_there():
                return
            if began:
                seconds.append(time.monotonic() - began)
            if not waiting:
                self.processor.stop()
                is_there = lambda: False  # noqa: E731
                return
            is_there = waiting.pop(0)()
            began = time.monotonic()

        self.monotonic, self.keep_lease = time.monotonic, turn
        self.restart()
        self.processor.run()
        return seconds

    def write(self, path: str, source: str) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dedent(source))
        return target

    def remove(self, path: str) -> None:
        (self.folder / path).unlink()

    def settle(self) -> Round:
        """Let the processor see a change, see it again unchanged, and take it in."""
        first, second = self.processor.round(), self.processor.round()
        return Round(first.parsed + second.parsed, first.written + second.written, first.gone + second.gone)

    def rows(self, table: sa.Table, **where: Any) -> list[Any]:
        query = sa.select(table).where(*(table.c[name] == value for name, value in where.items()))
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(*table.primary_key.columns)))

    def file(self, path: str) -> Any:
        (row,) = self.rows(dag_file, path=path)
        return row

    def active(self) -> list[str]:
        return [row.dag_id for row in self.rows(dag, is_active=True)]

    def versions(self, dag_id: str) -> list[Any]:
        return self.rows(dag_version, dag_id=dag_id)

    def blobs(self) -> dict[str, bytes]:
        return {row.hash: row.data for row in self.rows(source_blob)}

    def use(self, dag_id: str, *, end: datetime | None = None) -> None:
        """Make a scheduled run of a DAG's current version."""
        (row,) = self.rows(dag, dag_id=dag_id)
        now = self.clock.now()
        values = {
            "id": int(now.timestamp() * 1000),
            "dag_id": dag_id,
            "run_id": f"scheduled__{now.isoformat()}",
            "run_type": "scheduled",
            "version_id": row.version_id,
            "state": "running",
            "logical_date": (end or now) - timedelta(days=1),
            "data_interval_start": (end or now) - timedelta(days=1),
            "data_interval_end": end or now,
            "triggered_by": "timetable",
            "queued_at": now,
        }
        self.database.write(lambda connection: connection.execute(sa.insert(dag_run).values(values)))


DAG_FILE = """
    from tradewind import DAG
    from tradewind.operators.bash import BashOperator

    with DAG("{dag_id}", schedule={schedule!r}) as made:
        BashOperator(task_id="one", bash_command="{command}")
"""


@pytest.fixture
def source() -> Callable[..., str]:
    """The source of a file with one DAG."""

    def make(dag_id: str, command: str = "true", schedule: str | None = None) -> str:
        return DAG_FILE.format(dag_id=dag_id, command=command, schedule=schedule)

    return make


@pytest.fixture
def make_parsing(tmp_path: Path) -> Callable[[Database], Parsing]:
    """A folder and a processor over the database that is given."""

    def make(database: Database) -> Parsing:
        folder = tmp_path / "dags"
        folder.mkdir()
        return Parsing(folder, tmp_path / "home", database)

    return make


@pytest.fixture
def parsing(make_parsing: Callable[[Database], Parsing], database: Database) -> Parsing:
    """On SQLite and on PostgreSQL."""
    return make_parsing(database)


@pytest.fixture
def lite(make_parsing: Callable[[Database], Parsing], sqlite_url: str) -> Iterator[Parsing]:
    """On SQLite alone, for what no database decides."""
    database = Database(sqlite_url)
    yield make_parsing(database)
    database.dispose()


@pytest.fixture(scope="module")
def parsing_over() -> Callable[[Path, Path, Database], Parsing]:
    """A processor over a folder, a home and a database that live longer than one test."""
    return Parsing
