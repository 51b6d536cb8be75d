"""What grids are drawn from, on every database."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import sqlalchemy as sa
from tradewind.metadata.columns import EPOCH
from tradewind.metadata.engine import Database
from tradewind.metadata.statements.browsing import grids
from tradewind.metadata.tables import dag_run, task_instance

FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)
BEGAN = (FIRST - EPOCH) // timedelta(microseconds=1)


def fill(connection: sa.Connection) -> None:
    """Three runs of each of two DAGs; tasks in groups in the first one's."""
    run = {"run_type": "manual", "version_id": 1, "state": "success", "triggered_by": "cli", "queued_at": FIRST}
    for number in range(3):
        for key, dag_id in ((10, "one"), (20, "two")):
            date = FIRST + timedelta(days=number)
            named = {"id": key + number, "dag_id": dag_id, "run_id": f"r{number}", "logical_date": date}
            connection.execute(sa.insert(dag_run).values(**run, **named))
    common = {"dag_id": "one", "rank": 0, "max_tries": 0, "priority": 1, "pool": "p", "pool_slots": 1}
    common |= {"executor": "e", "queue": "q", "run": 10}
    tasks = (
        ("a.x", -1, "success", 1),
        ("a.b.y", 0, "failed", 2),
        ("a.b.y", 1, "running", None),
        ("ab", -1, "none", None),
    )
    for number, (task_id, map_index, state, hours) in enumerate(tasks):
        ended = None if hours is None else FIRST + timedelta(hours=hours)
        values = {"id": number, "task_id": task_id, "map_index": map_index, "state": state, "try_number": number}
        started = None if state == "none" else FIRST
        connection.execute(sa.insert(task_instance).values(**common, **values, started_at=started, ended_at=ended))


def test_the_last_runs_of_several_dags_are_read_at_once(database: Database) -> None:
    database.write(fill)
    with database.read() as connection:
        found = grids.last_runs(connection, ["one", "two", "three"], most=2)
        assert grids.last_runs(connection, [], most=2) == {}
    assert {dag_id: [run.run_id for run in runs] for dag_id, runs in found.items()} == {
        "one": ["r1", "r2"],
        "two": ["r1", "r2"],
        "three": [],
    }


def test_older_runs_end_with_the_one_that_is_named(database: Database) -> None:
    database.write(fill)
    with database.read() as connection:
        assert [run.run_id for run in grids.runs(connection, "one", most=2)] == ["r1", "r2"]
        assert [run.run_id for run in grids.runs(connection, "one", most=2, until=11)] == ["r0", "r1"]


def test_instances_are_counted_by_task_and_by_group(database: Database) -> None:
    database.write(fill)
    hour = 3_600_000_000
    with database.read() as connection:
        tasks = grids.cells(connection, [10, 11], ["a.x", "a.b.y"])
        groups = grids.cells_of_groups(connection, [10, 11], ["a"])
        assert grids.cells(connection, [], ["a.x"]) == grids.cells_of_groups(connection, [10], []) == []
    assert sorted(map(tuple, tasks), key=str) == [
        (10, "a.b.y", "failed", 1, BEGAN, BEGAN + 2 * hour, 1, 1),
        (10, "a.b.y", "running", 1, BEGAN, None, 2, 0),
        (10, "a.x", "success", 1, BEGAN, BEGAN + hour, 0, 1),
    ]
    assert sorted(row[2] for row in groups) == ["failed", "running", "success"]
    assert {row[1] for row in groups} == {"a"}
