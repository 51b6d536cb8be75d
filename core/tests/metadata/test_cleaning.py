"""Cleaning deletes what is over, with all that is its own, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from tradewind.metadata import cleaning, tables
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import cleaning as statements
from tradewind.metadata.statements.retention import Limits
from tradewind.plugins.xcoms import FolderStorage

DAY = timedelta(days=1)
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
OLD, BEFORE = NOW - 100 * DAY, NOW - 50 * DAY
OWN = ("task_instance", "task_counter", "task_try", "xcom", "run_progress", "continuation", "event_outbox")


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """A folder for large XComs."""
    return FolderStorage(str(tmp_path / "xcoms"))


def add_run(
    database: Database,
    key: int,
    *,
    state: str = "success",
    at: datetime = OLD,
    run_type: str = "manual",
    stored: str = "",
) -> None:
    """Add a run with one task instance, and a row of everything that hangs on it."""
    ended = at if state in {"success", "failed"} else None
    rows = {
        tables.dag_run: {"id": key, "dag_id": "d", "run_id": f"r{key}", "run_type": run_type, "version_id": 1}
        | {"state": state, "triggered_by": "cli", "queued_at": at, "ended_at": ended, "data_interval_end": at},
        tables.task_instance: {"id": key, "run": key, "dag_id": "d", "task_id": "t", "rank": 0, "state": "success"}
        | {"max_tries": 0, "priority": 1, "pool": "p", "pool_slots": 1, "executor": "e", "queue": "q"},
        tables.task_counter: {"instance": key, "waits": 0},
        tables.task_try: {"instance": key, "token": 1, "try_number": 1, "state": "success", "ended_at": at},
        tables.xcom: {"run": key, "task_id": "t", "map_index": -1, "key": "k", "type": "str", "size": 1}
        | {"pushed_at": at, "storage": stored or None},
        tables.run_progress: {"run": key, "unfinished": 0},
        tables.continuation: {"id": key, "run": key, "kind": "expand", "payload": "{}", "created_at": at},
        tables.event_outbox: {"run": key, "kind": "x", "state": "success", "ended_at": at},
    }
    with database.transaction() as conn:
        for table, row in rows.items():
            conn.execute(table.insert(), row)


def runs_left(database: Database) -> dict[str, list[int]]:
    """Return by table the runs that still have rows."""
    with database.read() as conn:
        columns = {name: next(iter(tables.metadata.tables[name].primary_key.columns)) for name in ("dag_run", *OWN)}
        columns["event_outbox"] = tables.event_outbox.c.run
        return {name: sorted(conn.execute(sa.select(column)).scalars()) for name, column in columns.items()}


def test_ended_runs_go_with_all_that_is_theirs_and_the_others_keep_everything(
    database: Database, storage: FolderStorage
) -> None:
    for key in range(1, 8):
        add_run(database, key, state="failed" if key % 2 else "success")
    add_run(database, 8, at=NOW)
    add_run(database, 9, state="running")
    add_run(database, 10, state="queued")
    told: list[int] = []
    rows = cleaning.clean(database, "dag_run", BEFORE, storage=storage, batch=3, tell=told.append)
    assert (rows, told) == (7, [3, 6, 7])
    assert runs_left(database) == {name: [8, 9, 10] for name in ("dag_run", *OWN)}


def test_the_last_scheduled_run_stays_as_the_schedule_goes_on_from_it(
    database: Database, storage: FolderStorage
) -> None:
    for key in (1, 2, 3):
        add_run(database, key, run_type="scheduled", at=OLD + key * DAY)
    add_run(database, 4, at=OLD + 9 * DAY)
    assert cleaning.clean(database, "dag_run", BEFORE, storage=storage, batch=100) == 3
    assert runs_left(database)["dag_run"] == [3]


def test_a_run_that_is_being_cleared_is_left_alone(server_url: str, storage: FolderStorage) -> None:
    database = Database(server_url)
    for key in (1, 2):
        add_run(database, key)
    with database.transaction() as clear:
        clear.execute(sa.select(tables.dag_run.c.id).where(tables.dag_run.c.id == 1).with_for_update())
        assert cleaning.clean(database, "dag_run", BEFORE, storage=storage, batch=100) == 1
    assert runs_left(database)["dag_run"] == [1]
    database.dispose()


def test_xcoms_may_go_earlier_than_their_runs(database: Database, storage: FolderStorage) -> None:
    stored = [storage.put(f"instance={key}/token=1/k.json", b"1") for key in (1, 2)]
    add_run(database, 1, stored=stored[0])
    add_run(database, 2, state="running", stored=stored[1])
    with database.read() as conn:
        assert statements.count(conn, "xcom", Limits(BEFORE)) == (1, 2)
    assert cleaning.clean(database, "xcom", BEFORE, storage=storage, batch=1) == 1
    left = runs_left(database)
    assert (left["xcom"], left["dag_run"]) == ([2], [1, 2])
    assert list(storage.references()) == [stored[1]]


def test_stored_values_that_nothing_refers_to_are_swept(database: Database, storage: FolderStorage) -> None:
    """Those of an earlier try, of a run that is gone; not the value in use, nor one whose row is still to be written."""
    in_use = storage.put("instance=1/token=2/k.json", b"new")
    earlier = storage.put("instance=1/token=1/k.json", b"old")
    about_to_be_written = storage.put("instance=2/token=1/k.json", b"x")
    of_nobody = storage.put("instance=77/token=1/k.json", b"x")
    add_run(database, 1, stored=in_use)
    add_run(database, 2, state="running")
    assert cleaning.sweep(database, storage, dry_run=True) == 2
    assert {earlier, of_nobody} <= set(storage.references())
    assert cleaning.sweep(database, storage) == 2
    assert sorted(storage.references()) == [in_use, about_to_be_written]
    assert cleaning.sweep(database, storage) == 0


def test_unused_versions_ended_daemons_and_gone_files_go(database: Database, storage: FolderStorage) -> None:
    add_run(database, 1)  # of version 1
    version = {"dag_id": "d", "structure_hash": "s", "source_hash": "s", "bundle": "b", "path": "p", "serialized": "{}"}
    daemon = {"kind": "worker", "host": "h", "pid": 1, "started_at": OLD, "renewed_at": OLD, "expires_at": OLD}
    file = {"bundle": "b", "inputs": "[]", "parsed_at": OLD, "warnings": "[]"}
    with database.transaction() as conn:
        rows = [version | {"id": n, "number": n, "created_at": OLD} for n in (1, 2, 3)]
        conn.execute(tables.dag_version.insert(), [*rows, version | {"id": 4, "number": 4, "created_at": NOW}])
        row = {"dag_id": "d", "bundle": "b", "path": "p", "version_id": 3, "is_paused": False, "is_active": True}
        conn.execute(tables.dag.insert(), row | {"max_active_runs": 1, "max_active_tasks": 1})
        ends = {"gone": OLD, "lives": None, "today": NOW, "holds": OLD}
        conn.execute(tables.daemon.insert(), [daemon | {"id": name, "ended_at": at} for name, at in ends.items()])
        conn.execute(tables.task_instance.update().values(state="running", worker="holds"))
        conn.execute(
            tables.dag_file.insert(),
            [file | {"path": "a.py", "is_present": True}, file | {"path": "b.py", "is_present": False}],
        )
    deleted = {
        table: cleaning.clean(database, table, BEFORE, storage=storage, batch=10)
        for table in ("dag_version", "daemon", "dag_file")
    }
    assert deleted == {"dag_version": 1, "daemon": 1, "dag_file": 1}
    with database.read() as conn:
        assert sorted(conn.execute(sa.select(tables.dag_version.c.id)).scalars()) == [1, 3, 4]
        assert sorted(conn.execute(sa.select(tables.daemon.c.id)).scalars()) == ["holds", "lives", "today"]
        assert list(conn.execute(sa.select(tables.dag_file.c.path)).scalars()) == ["a.py"]
