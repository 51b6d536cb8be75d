"""Notes that people write of runs and task instances."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata.dialects import insert_or_change
from tradewind.metadata.tables import instance_note, run_note


def of_run(connection: sa.Connection, run: int, note: str | None) -> None:
    """Write the note of a run in place of the one before, or take it away."""
    _write(connection, run_note, "run", run, note)


def of_instance(connection: sa.Connection, instance: int, note: str | None) -> None:
    """Write the note of a task instance in place of the one before, or take it away."""
    _write(connection, instance_note, "instance", instance, note)


def _write(connection: sa.Connection, table: sa.Table, key: str, value: int, note: str | None) -> None:
    if not note:
        connection.execute(sa.delete(table).where(table.c[key] == value))
        return
    connection.execute(
        insert_or_change(connection.dialect.name, table, (key,), ("note",)), [{key: value, "note": note}]
    )
