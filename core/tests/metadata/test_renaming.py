"""A DAG gets another id, and its history with it; its neighbours keep theirs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.engine import Database
from tradewind.metadata.renaming import Renamed, UnfinishedError, rename_dag
from tradewind_plugins.exceptions import DagNotFound, TradewindException

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
WITH_DAG_ID = [each for each in tables.metadata.sorted_tables if "dag_id" in each.c]


def row_of(table: sa.Table, **known: Any) -> dict[str, Any]:
    """Return a row with something in every column that needs it."""
    row = {}
    for column in table.c:
        if column.name in known:
            row[column.name] = known[column.name]
        elif not column.nullable and column.default is None:
            kind = column.type.python_type if not isinstance(column.type, tables.Instant) else datetime
            row[column.name] = {int: 1, str: "x", bool: False, datetime: NOW, float: 1.0}[kind]
    return row


def fill(database: Database, dag_id: str, key: int, *, state: str = "success") -> None:
    """Write one row of every table that names a DAG."""
    with database.transaction() as conn:
        for table in WITH_DAG_ID:
            known = {"dag_id": dag_id, "id": key, "run": key, "number": 3, "event": key, "state": state}
            if table.name == "backfill":
                known["state"] = "success"
            conn.execute(table.insert().values(row_of(table, **known)))


def names(database: Database) -> dict[str, list[str]]:
    with database.read() as conn:
        return {table.name: sorted(conn.execute(sa.select(table.c.dag_id)).scalars()) for table in WITH_DAG_ID}


def rename(database: Database, old: str, new: str) -> Renamed:
    return database.write(lambda c: rename_dag(c, old, new))


def test_all_that_names_the_dag_names_the_new_id_and_nothing_else_does(database: Database) -> None:
    fill(database, "old", 1)
    fill(database, "beside", 2)
    assert rename(database, "old", "new") == Renamed(1, was_there=False)
    assert names(database) == {table.name: ["beside", "new"] for table in WITH_DAG_ID}
    assert {"dag", "dag_run", "task_instance", "dag_version", "hold", "backfill"} <= set(names(database))


def test_a_dag_whose_file_does_not_say_the_new_id_yet_counts_as_gone(database: Database) -> None:
    fill(database, "old", 1)
    with database.transaction() as conn:
        conn.execute(tables.dag.update().values(is_active=True, due_at=NOW, next_run="{}"))
    assert not rename(database, "old", "new").was_there
    with database.read() as conn:
        (row,) = conn.execute(sa.select(tables.dag))
    assert (row.dag_id, row.is_active, row.due_at) == ("new", False, None), "its code makes runs of the old name"


def test_where_the_file_says_the_new_id_already_its_dag_takes_the_history_over(database: Database) -> None:
    fill(database, "old", 1)
    with database.transaction() as conn:
        for name, table in (("dag", tables.dag), ("dag_version", tables.dag_version)):
            known = {"dag_id": "new", "id": 2, "number": 1, "version_id": 2, "path": f"{name}.py", "is_paused": True}
            conn.execute(table.insert().values(row_of(table, **known)))
    assert rename(database, "old", "new").was_there
    with database.read() as conn:
        numbers = conn.execute(sa.select(tables.dag_version.c.number).order_by(tables.dag_version.c.id)).scalars()
        assert list(numbers) == [3, 4]
        (row,) = conn.execute(sa.select(tables.dag))
    assert (row.dag_id, row.version_id, row.path, row.is_paused) == ("new", 2, "dag.py", False)
    assert {name: found for name, found in names(database).items() if found != ["new"]} == {
        "asset_reference": [],
        "asset_watcher": [],
        "dag_listing": [],
        "dag_version": ["new", "new"],
        "task_limit": [],
    }


def test_what_cannot_be_renamed_is_said_and_nothing_changes(database: Database) -> None:
    fill(database, "old", 1, state="running")
    fill(database, "other", 2)
    before = names(database)
    with pytest.raises(UnfinishedError, match="'old' is not renamed while runs of it have not ended: x"):
        rename(database, "old", "new")
    with pytest.raises(TradewindException, match="DAG 'old' has runs of its own"):
        rename(database, "other", "old")
    with pytest.raises(DagNotFound, match="There is no DAG 'nobody'"):
        rename(database, "nobody", "new")
    with pytest.raises(TradewindException, match="DAG 'old' has that id already"):
        rename(database, "old", "old")
    with pytest.raises(TradewindException, match="dag_id"):
        rename(database, "other", "no id")
    with database.transaction() as conn:
        conn.execute(tables.backfill.update().where(tables.backfill.c.id == 2).values(state="paused"))
    with pytest.raises(UnfinishedError, match="while backfill 2 is paused"):
        rename(database, "other", "new")
    assert names(database) == before
