"""DAGs and their tasks, as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradewind.metadata.statements.browsing import dags, runs
from tradewind.metadata.statements.browsing.dags import DagFilter
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.finding import newest_graph
from tradewind.operations.paging import Page, Paging
from tradewind.transitions.states import RunState

if TYPE_CHECKING:
    from tradewind.serialization.model import SerializedDag, SerializedTask

TOPOLOGICAL = "topological"
STATES = (RunState.FAILED, RunState.QUEUED, RunState.RUNNING, RunState.SUCCESS)


@dataclass(frozen=True, slots=True)
class DagView:
    """A DAG with its newest version, which is read when it is asked for.

    Arguments:
        row: a row of `dags.page`.
        graphs: returns versions by their keys: those of the whole list that the DAG is in, read at once.
        shows_tasks: whether its tasks are for whoever asks.
    """

    row: Any
    graphs: Callable[[], Mapping[int, SerializedDag]] = field(repr=False, compare=False)
    shows_tasks: bool = True

    @property
    def graph(self) -> SerializedDag | None:
        """The newest version, None where it cannot be read."""
        return self.graphs().get(self.row.version_id)

    @property
    def next_run(self) -> dict[str, Any]:
        """Logical date and data interval of the next run, in ISO 8601; empty where none is due."""
        if self.row.next_run is None or self.row.due_at is None:
            return {}
        found: dict[str, Any] = json.loads(self.row.next_run)
        return found


@dataclass(frozen=True, slots=True)
class DagStats:
    """How many runs of a DAG are in each state."""

    dag_id: str
    counts: dict[str, int]


@operation("dags.list")
def list_dags(context: Context, *, page: Paging, wanted: DagFilter) -> Page[DagView]:
    """Return DAGs by id, or in another order of `dags.ORDERS`."""
    allowed = replace(wanted, allowed=context.dags)
    with context.read() as connection:
        return page_of(context, connection, allowed, page)


@operation("dags.get")
def get_dag(context: Context, *, dag_id: str) -> DagView:
    """Return a DAG, also one whose file is gone.

    Raises:
        NotFoundError: there is no such DAG.
    """
    with context.read() as connection:
        return view_of(context, connection, dag_id)


@operation("dags.details")
def get_dag_details(context: Context, *, dag_id: str) -> DagView:
    """Return a DAG with all that its newest version says.

    Raises:
        NotFoundError: there is no such DAG, or its version cannot be read.
    """
    with context.read() as connection:
        found = view_of(context, connection, dag_id)
    if found.graph is None:
        raise NotFoundError(f"The newest version of DAG {dag_id!r} cannot be read.")
    return replace(found, shows_tasks=context.may("tasks.list", dag_id))


@operation("dags.stats")
def count_runs(context: Context, *, dag_ids: Sequence[str]) -> Page[DagStats]:
    """Return how many runs DAGs have in each state; those that are not there, or not to be seen, are left out."""
    allowed = context.dags
    asked = [dag_id for dag_id in dag_ids if allowed is None or dag_id in allowed]
    with context.read() as connection:
        there = dags.existing(connection, asked)
        counted = runs.stats(connection, there)
    counts: dict[str, dict[str, int]] = {dag_id: dict.fromkeys(STATES, 0) for dag_id in there}
    for dag_id, state, number in counted:
        counts[dag_id][state] = number
    found = [DagStats(dag_id, by_state) for dag_id, by_state in counts.items()]
    return Page(found, len(found))


@operation("tasks.list")
def list_tasks(context: Context, *, dag_id: str, page: Paging) -> Page[SerializedTask]:
    """Return all tasks of a DAG's newest version, by id or in another order: `topological`, or that of a field.

    Raises:
        NotFoundError: there is no such DAG.
    """
    with context.read() as connection:
        tasks = list(newest_graph(context, connection, dag_id).tasks.values())
    name = page.order_by or "task_id"
    if name != TOPOLOGICAL:
        tasks.sort(key=lambda task: (getattr(task, name) is None, _key(getattr(task, name)), task.task_id))
    if page.is_descending:
        tasks.reverse()
    return Page(tasks, len(tasks))


def _key(value: Any) -> Any:
    return "" if value is None else value


@operation("tasks.get")
def get_task(context: Context, *, dag_id: str, task_id: str) -> SerializedTask:
    """Return a task of a DAG's newest version.

    Raises:
        NotFoundError: there is no such DAG, or no such task in it.
    """
    with context.read() as connection:
        found = newest_graph(context, connection, dag_id).tasks.get(task_id)
    if found is None:
        raise NotFoundError(f"DAG {dag_id!r} has no task {task_id!r}.")
    return found


def view_of(context: Context, connection: sa.Connection, dag_id: str) -> DagView:
    """Return a DAG with its newest version.

    Raises:
        NotFoundError: there is no such DAG.
    """
    row = dags.get(connection, dag_id)
    if row is None:
        raise NotFoundError(f"There is no DAG {dag_id!r}.", error_id="no-such-dag")
    return _views(context, [row])[0]


def page_of(context: Context, connection: sa.Connection, wanted: DagFilter, page: Paging) -> Page[DagView]:
    """Return a part of a list of DAGs, each with its newest version."""
    rows = dags.page(connection, wanted, page.part)
    return Page(_views(context, rows), dags.count(connection, wanted))


def _views(context: Context, rows: Sequence[Any]) -> list[DagView]:
    @cache
    def graphs() -> dict[int, Any]:
        with context.read() as connection:
            return dict(context.tools.graphs.get_all(connection, {row.version_id for row in rows}))

    return [DagView(row, graphs) for row in rows]
