"""Runs that tasks make: by the one function that makes runs, once for each dispatch however often it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from tradewind_plugins.exceptions import DagRunAlreadyExists, TradewindException

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import other_dags, tickets
from tradewind.metadata.statements.other_dags import Named
from tradewind.transitions.clear import clear
from tradewind.transitions.graph import Graphs
from tradewind.transitions.triggering import name_of, trigger

OPERATOR = "operator"
Dispatch = tuple[int, int]
"""(instance, token) of the try that asks."""


class OvertakenError(Exception):
    """The try that asks is not running any more: nothing was done."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The run that a task asks for.

    Arguments:
        run_id, logical_date, conf: as of `triggering.trigger`.
        reset: a run of that name that is there already is cleared as a whole and runs again.
        by: who asks; None for a task whose run is not in this database.
    """

    dag_id: str
    run_id: str | None
    logical_date: datetime
    conf: Mapping[str, Any]
    reset: bool
    by: Dispatch | None

    @property
    def name(self) -> str:
        """The run's name."""
        return name_of(self.run_id, self.logical_date)


@dataclass(frozen=True, slots=True)
class ChildRun:
    """A run that a task asked for: whether it was made (or reset) for it, or had been there before."""

    run_id: str
    logical_date: datetime | None
    state: str
    is_made: bool


def make(
    conn: sa.Connection, wanted: Wanted, *, graphs: Graphs, clock: Clock, ids: Ids, executor: str, queue: str
) -> ChildRun:
    """Make a run of a DAG for a task; asked again by the same dispatch, the same run is the answer.

    Arguments:
        executor, queue: those of tasks that name none.
    Raises:
        DagNotFound, ParamValidationError: as of `triggering.trigger`.
        TradewindException: a run that is to be reset has tasks that are running.
        OvertakenError: the try that asks is not running.
    """
    if wanted.by is not None and tickets.ticket_of(conn, *wanted.by) is None:
        raise OvertakenError
    found = other_dags.find(conn, wanted.dag_id, wanted.name)
    if found is None:
        try:
            trigger(
                conn,
                wanted.dag_id,
                run_id=wanted.name,
                logical_date=wanted.logical_date,
                conf=wanted.conf,
                triggered_by=OPERATOR,
                graphs=graphs,
                clock=clock,
                ids=ids,
                executor=executor,
                queue=queue,
            )
            return _made(conn, wanted)
        except DagRunAlreadyExists:  # made since we looked
            found = _found(conn, wanted)
    if wanted.by is not None and (found.instance, found.token) == wanted.by:
        return _child(wanted, found, is_made=True)
    if not wanted.reset:
        return _child(wanted, found, is_made=False)
    tasks = set(graphs.get(conn, found.version_id).tasks)
    if clear(conn, found.run, tasks, graphs=graphs, clock=clock, ids=ids).running:
        raise TradewindException(
            f"Run {wanted.name!r} of DAG {wanted.dag_id!r} cannot be reset while tasks of it are running: wait for its "
            "end, or give another trigger_run_id."
        )
    return _made(conn, wanted)


def _made(conn: sa.Connection, wanted: Wanted) -> ChildRun:
    made = _found(conn, wanted)
    if wanted.by is not None:
        other_dags.note_parent(conn, made.run, *wanted.by)
    return _child(wanted, made, is_made=True)


def _found(conn: sa.Connection, wanted: Wanted) -> Named:
    found = other_dags.find(conn, wanted.dag_id, wanted.name)
    if found is None:
        raise TradewindException(f"Run {wanted.name!r} of DAG {wanted.dag_id!r} was deleted while it was asked for.")
    return found


def _child(wanted: Wanted, found: Named, *, is_made: bool) -> ChildRun:
    return ChildRun(wanted.name, found.logical_date, found.state, is_made=is_made)
