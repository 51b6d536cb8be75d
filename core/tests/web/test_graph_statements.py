"""What graphs and lists of versions count, on every database."""

from __future__ import annotations

from datetime import datetime, timezone

import sqlalchemy as sa
from tradewind.metadata.engine import Database
from tradewind.metadata.statements.browsing import graphs, versions
from tradewind.metadata.tables import dag_run, dag_version, task_instance

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def fill(connection: sa.Connection) -> None:
    of_file = {"structure_hash": "a", "source_hash": "b", "bundle": "dags", "path": "work.py", "serialized": "{}"}
    rows = [{"id": key, "dag_id": "d", "number": key, "created_at": NOW, **of_file} for key in (1, 2)]
    connection.execute(sa.insert(dag_version), rows)
    made = {
        "dag_id": "d",
        "run_type": "manual",
        "state": "running",
        "conf": "{}",
        "triggered_by": "cli",
        "queued_at": NOW,
    }
    connection.execute(
        sa.insert(dag_run), [{"id": key, "run_id": f"run{key}", "version_id": 1, **made} for key in (7, 8)]
    )
    where = {"pool": "default_pool", "pool_slots": 1, "executor": "LocalExecutor", "queue": "default", "priority": 1}
    instances = [("one", -1, "success"), *(("many", index, ("failed", "success")[index % 2]) for index in range(4))]
    connection.execute(
        sa.insert(task_instance),
        [
            {"id": key, "run": 7, "dag_id": "d", "task_id": task_id, "map_index": index, "rank": 0, "state": state}
            | {"max_tries": 0, "try_number": index + 2, **where}
            for key, (task_id, index, state) in enumerate(instances)
        ],
    )


def test_states_are_counted_by_task(database: Database) -> None:
    database.write(fill)
    with database.read() as connection:
        found = sorted(tuple(row) for row in graphs.states(connection, 7))
        assert graphs.states(connection, 8) == []
    assert found == [("many", "failed", 2, 0, 4), ("many", "success", 2, 1, 5), ("one", "success", 1, -1, 1)]


def test_runs_are_counted_by_version(database: Database) -> None:
    database.write(fill)
    with database.read() as connection:
        assert versions.runs(connection, "d", [1, 2]) == {1: 2}
        assert versions.runs(connection, "d", []) == {}
        assert versions.runs(connection, "other", [1]) == {}
        assert versions.by_key(connection, 3) is None
        found = versions.by_key(connection, 2)
    assert found is not None
    assert (found.number, found.is_newest) == (2, False)
