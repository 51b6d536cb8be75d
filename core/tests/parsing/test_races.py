"""A run is made of a version that stays, whatever the processor does at that moment."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.tables import dag, dag_run, dag_version
from tradewind.parsing.children import parse_all
from tradewind.parsing.description import Job
from tradewind.parsing.recording import Place, record
from tradewind.parsing.tree import look
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.triggering import trigger

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def busy(make_parsing, postgres_database_url: str, tmp_path: Path):
    database = Database(postgres_database_url)
    yield make_parsing(database)
    database.dispose()


def make_run(database: Database) -> None:
    clock = SystemClock()
    database.write(
        lambda connection: trigger(
            connection,
            "a",
            logical_date=datetime(2024, 6, 1, tzinfo=timezone.utc),
            conf={},
            triggered_by="cli",
            graphs=open_graphs(),
            clock=clock,
            ids=RandomIds(clock.now),
            executor="LocalExecutor",
            queue="default",
        )
    )


@pytest.mark.postgres
def test_a_trigger_waits_for_a_version_that_is_being_replaced(busy, source):
    busy.write("a.py", source("a"))
    busy.processor.round()
    busy.write("a.py", source("a", "false"))
    job = Job(look(busy.folder), "a.py", (), 20.0, 1024, 300.0)
    ((parsed, _),) = parse_all([job], at_once=1, answer=lambda *_: None, stopped=lambda: False)
    trigger_thread = threading.Thread(target=make_run, args=(busy.database,))
    with busy.database.transaction() as connection:
        place = Place("dags", True, lambda _: True)
        clock = SystemClock()
        record(connection, parsed, "fingerprint", place, now=clock.now(), ids=RandomIds(clock.now))
        trigger_thread.start()
        with busy.database.read() as onlooker:
            while not onlooker.exec_driver_sql(WAITING).scalar_one():
                onlooker.rollback()  # a new snapshot of who waits
    trigger_thread.join()
    (run,) = busy.rows(dag_run)
    (version,) = busy.rows(dag_version)
    assert run.version_id == version.id == busy.rows(dag)[0].version_id
    assert version.source_hash == parsed.source_hash
