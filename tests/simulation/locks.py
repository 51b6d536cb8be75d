"""The checker of the order of locks, over the log of statements.

Two things are looked at: the kinds of rows that a transaction locks, one after the other (DAG, run, buckets, task rows,
progress), and the positions (run, rank, map index) of the task rows, as they were really locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import sqlalchemy as sa
from simulation.baton import current
from simulation.faults import SimDatabase
from simulation.violation import Violation
from sqlalchemy.sql.dml import UpdateBase
from tradewind.metadata.statements import instances
from tradewind.metadata.statements.instances import LockedInstance

ORDER = {"dag": 0, "bucket_lock": 1, "dag_run": 1, "task_instance": 2, "run_progress": 3}
LOCKING = ("lock_with_targets", "lock", "lock_after", "lock_run")


class LockOrder:
    """Watches one database."""

    def __init__(self, database: SimDatabase) -> None:
        self.database = database
        self.found: list[str] = []

    @contextmanager
    def watched(self) -> Iterator[LockOrder]:
        """Watch while the block runs."""
        sa.event.listen(self.database.engine, "before_execute", self._statement)
        patches = [mock.patch.object(instances, name, self._wrapped(getattr(instances, name))) for name in LOCKING]
        for patch in patches:
            patch.start()
        try:
            yield self
        finally:
            for patch in patches:
                patch.stop()
            sa.event.remove(self.database.engine, "before_execute", self._statement)

    def raise_found(self) -> None:
        """Return if nothing was found.

        Raises:
            Violation: naming the first finding.
        """
        if self.found:
            raise Violation(self.found[0])

    def _statement(self, _conn: Any, clause: Any, _many: Any, _params: Any, _options: Any) -> None:
        turn = current()
        kind = _locked_kind(clause)
        if kind is None or turn is None or not turn.is_writing:
            return
        kinds = turn.held.kinds
        lower = [each for each in kinds if ORDER[each] > ORDER[kind]]
        # Whoever locked the run before may write its end: that changes no key, and waits for nobody but expansions.
        is_again = kind in kinds
        if lower and not is_again:
            self.found.append(f"{kind} is locked after {lower[0]}: {str(clause)[:200]}")
        if kind == "task_instance" and isinstance(clause, sa.Select) and not _is_ordered(clause):
            self.found.append(f"task rows are locked in no order: {str(clause)[:300]}")
        kinds.append(kind)

    def _wrapped(self, lock: Callable[..., list[LockedInstance]]) -> Callable[..., list[LockedInstance]]:
        def locked(*args: Any, **kwargs: Any) -> list[LockedInstance]:
            rows = lock(*args, **kwargs)
            self._rows(rows)
            return rows

        return locked

    def _rows(self, rows: list[LockedInstance]) -> None:
        turn = current()
        if turn is None:
            return
        positions = turn.held.positions
        if rows and "dag_run" not in turn.held.kinds:
            self.found.append(f"task rows are locked without their run: {rows[0].task_id}")
        for row in rows:
            position = (row.run, row.rank, row.map_index)
            if position not in positions and any(held > position for held in positions):
                self.found.append(f"{row.task_id}[{row.map_index}] of {row.run} is locked after what comes behind it")
            positions.add(position)


def _locked_kind(clause: Any) -> str | None:
    """Return the kind of rows that a statement locks, None where it locks none of the kinds in order."""
    if isinstance(clause, UpdateBase) and not isinstance(clause, sa.Insert):
        name = clause.table.name  # type: ignore[attr-defined]
        return name if name in ORDER else None
    argument = getattr(clause, "_for_update_arg", None)
    if argument is None or argument.skip_locked:
        return None
    # The first column is one of the table whose rows are meant.
    table = argument.of[0] if argument.of else next(iter(clause.selected_columns)).table
    name: str = table.name
    return name if name in ORDER else None


def _is_ordered(clause: sa.Select[Any]) -> bool:
    columns = [getattr(each, "name", None) for each in clause._order_by_clauses]
    return columns == ["run", "rank", "map_index"]
