"""The checker of locks, over the log of statements.

Of their order two things are looked at: the kinds of rows that a transaction locks, one after the other (DAG, run, buckets,
task rows, progress), and the positions (run, rank, map index) of the task rows, as they were really locked.

Of what is done under them: task rows and their counters are changed by who locked task rows before; instances are added,
deleted and written anew by who has the run for himself; a run is made and started under the lock of its DAG's row; what is
occupied is counted under the locks of the buckets. The statements say so themselves, on SQLite too, which leaves the words
out: such a mistake need not go wrong to be found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import sqlalchemy as sa
from simulation.baton import Held, current
from simulation.faults import SimDatabase
from simulation.violation import Violation
from sqlalchemy.sql.dml import UpdateBase
from tradewind.metadata.statements import admission, instances, runs
from tradewind.metadata.statements.instances import LockedInstance

ORDER = {"dag": 0, "bucket_lock": 1, "dag_run": 1, "task_instance": 2, "run_progress": 3}
LOCKING = ("lock_with_targets", "lock", "lock_after", "lock_run")
ALONE = ("reset", "add", "delete")
OF_INSTANCES = {"task_instance", "task_counter"}


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
        patches += [mock.patch.object(instances, name, self._alone(getattr(instances, name))) for name in ALONE]
        patches.append(mock.patch.object(runs, "start", self._starting(runs.start)))
        patches.append(mock.patch.object(admission, "occupancy", self._counting(admission.occupancy)))
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
        if turn is None or not turn.is_writing:
            return
        self._under_locks(turn.held, clause)
        kind = _locked_kind(clause)
        if kind is None:
            return
        kinds = turn.held.kinds
        lower = [each for each in kinds if ORDER[each] > ORDER[kind]]
        if turn.held.is_run_alone and _is_of_what_is_over(clause):
            return  # nobody has any of these rows, who would have to lock their run before
        # Whoever locked the run before may write its end: that changes no key, and waits for nobody but expansions.
        is_again = kind in kinds
        if lower and not is_again:
            self.found.append(f"{kind} is locked after {lower[0]}: {str(clause)[:200]}")
        if kind == "task_instance" and isinstance(clause, sa.Select) and not _is_ordered(clause):
            self.found.append(f"task rows are locked in no order: {str(clause)[:300]}")
        kinds.append(kind)

    def _under_locks(self, held: Held, clause: Any) -> None:
        table = _table_of_lock(clause)
        if table is not None:
            held.locked.add(table)
            held.is_run_alone |= table == "dag_run" and not clause._for_update_arg.read
        if isinstance(clause, sa.Insert) and clause.table.name == "dag_run":
            held.is_run_alone = True
            if "dag" not in held.locked:
                self.found.append("a run is made without the lock of its DAG's row")
        is_history = held.is_run_alone and _is_of_what_is_over(clause)
        if _changed(clause) & OF_INSTANCES and "task_instance" not in held.locked and not is_history:
            self.found.append(f"task rows are changed that nobody locked: {str(clause)[:300]}")

    def _alone(self, write: Callable[..., None]) -> Callable[..., None]:
        def written(conn: Any, rows: Any, *more: Any) -> None:
            turn = current()
            if rows and turn is not None and not turn.held.is_run_alone:
                self.found.append(f"instances are made, deleted or written anew beside others' ends: {list(rows)[:3]}")
            write(conn, rows, *more)

        return written

    def _starting(self, start: Callable[..., None]) -> Callable[..., None]:
        def started(*args: Any, **kwargs: Any) -> None:
            turn = current()
            if turn is not None and "dag" not in turn.held.locked:
                self.found.append("a run starts without the lock of its DAG's row")
            start(*args, **kwargs)

        return started

    def _counting(self, count: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            turn = current()
            if turn is not None and "bucket_lock" not in turn.held.locked:
                self.found.append("what is occupied is counted without the locks of the buckets")
            return count(*args)

        return counted

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
    name = _table_of_lock(clause)
    return name if name in ORDER else None


def _table_of_lock(clause: Any) -> str | None:
    """Return the table whose rows a `SELECT` locks."""
    argument = getattr(clause, "_for_update_arg", None)
    if argument is None:
        return None
    # The first column is one of the table whose rows are meant.
    table = argument.of[0] if argument.of else next(iter(clause.selected_columns)).table
    name: str = table.name
    return name


def _changed(clause: Any) -> set[str]:
    """Return the tables of which a statement changes rows that are there: an insert may have an update as its CTE."""
    written = [clause, *(cte.element for cte in getattr(clause, "_independent_ctes", ()))]
    return {each.table.name for each in written if isinstance(each, (sa.Update, sa.Delete))}


def _is_of_what_is_over(clause: Any) -> bool:
    """Whether a statement deletes rows, or gives them another DAG's name: of runs that have ended nobody changes them."""
    written = [getattr(each, "key", each) for each in getattr(clause, "_values", None) or ()]
    return isinstance(clause, sa.Delete) or written == ["dag_id"]


def _is_ordered(clause: sa.Select[Any]) -> bool:
    columns = [getattr(each, "name", None) for each in clause._order_by_clauses]
    return columns == ["run", "rank", "map_index"]
