"""Task instances and their tries, as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from tradewind.metadata.statements.browsing import instances
from tradewind.metadata.statements.browsing.instances import InstanceFilter
from tradewind.metadata.statements.browsing.parts import COUNTED_MOST
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.finding import graph_of, require_instance, require_run
from tradewind.operations.paging import Page, Paging
from tradewind.transitions.states import ENDED, TaskState, TryState

NO_TRY = frozenset({TaskState.NONE, TaskState.SCHEDULED, TaskState.QUEUED, TaskState.UP_FOR_RETRY})
"""States in which an instance is not in the middle of the try that its number says."""
FAILED_TRIES = frozenset({TryState.LOST, TryState.NEVER_STARTED})


@dataclass(frozen=True, slots=True)
class InstanceView:
    """A task instance, or one of its tries, with what the DAG's version says of its task, which is read when it is asked for.

    Arguments:
        row: a row of `instances.page`.
        graphs: returns versions by their keys: those of the whole list that the instance is in, read at once.
    """

    row: Any
    state: str
    try_number: int
    started_at: datetime | None
    ended_at: datetime | None
    host: str | None
    graphs: Callable[[], Mapping[int, Any]] = field(repr=False, compare=False)

    @property
    def _task(self) -> Any:
        graph = self.graphs().get(self.row.version_id)
        return None if graph is None else graph.tasks.get(self.row.task_id)

    @property
    def operator(self) -> str | None:
        """The name of the task's class; None where the version cannot be read."""
        return None if self._task is None else str(self._task.task_type)

    @property
    def display_name(self) -> str:
        """The name of the task for people."""
        return str(self.row.task_id if self._task is None else self._task.display_name)

    @property
    def executor_config(self) -> Any:
        """What the task tells its executor."""
        return {} if self._task is None else self._task.executor_config

    @property
    def duration(self) -> float | None:
        """Seconds from its start to its end; None for what has not had both."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


@operation("task_instances.list")
def list_instances(
    context: Context,
    *,
    page: Paging,
    wanted: InstanceFilter,
    dag_id: str | None = None,
    run_id: str | None = None,
) -> Page[InstanceView]:
    """Return task instances of one run or many, by and large the oldest first."""
    named = replace(
        wanted,
        dag_ids=wanted.dag_ids if dag_id is None else [dag_id],
        run_ids=wanted.run_ids if run_id is None else [run_id],
    )
    return _page(context, named, page)


@operation("task_instances.list")
def list_instances_batch(context: Context, *, page: Paging, wanted: InstanceFilter) -> Page[InstanceView]:
    """Return task instances of several DAGs, runs and tasks, by and large the oldest first."""
    return _page(context, wanted, page)


@operation("task_instances.get")
def list_mapped(
    context: Context, *, dag_id: str, run_id: str, task_id: str, page: Paging, wanted: InstanceFilter
) -> Page[InstanceView]:
    """Return the instances of a mapped task, by index or in another order of `instances.ORDERS`.

    Raises:
        NotFoundError: there is no such run, or no such task in it, or it is not mapped.
    """
    with context.read() as connection:
        run = require_run(connection, dag_id, run_id)
        task = graph_of(context, connection, run.version_id).tasks.get(task_id)
    if task is None:
        raise NotFoundError(f"Run {run_id!r} of DAG {dag_id!r} has no task {task_id!r}.")
    if not task.is_mapped and task.mapped_group is None:
        raise NotFoundError(f"Task {task_id!r} of run {run_id!r} is not mapped: leave listMapped out.")
    named = replace(wanted, dag_ids=[dag_id], run_ids=[run_id], task_ids=[task_id], mapped=True)
    return _page(context, named, page, by="map_index")


@operation("task_instances.get")
def get_instance(
    context: Context, *, dag_id: str, run_id: str, task_id: str, map_index: int | None = None
) -> InstanceView:
    """Return a task instance; without an index that of a task that is not mapped.

    Raises:
        NotFoundError: there is none, or the task is mapped and no index was given.
    """
    with context.read() as connection:
        row = require_instance(connection, dag_id, run_id, task_id, map_index)
    return views(context, [row])[0]


@operation("task_instances.tries")
def list_tries(
    context: Context, *, dag_id: str, run_id: str, task_id: str, page: Paging, map_index: int | None = None
) -> Page[InstanceView]:
    """Return the tries of a task instance, the first one first: those that have ended, and the one under way.

    Raises:
        NotFoundError: as of `get_instance`.
    """
    found = _tries(context, dag_id, run_id, task_id, map_index)
    if page.is_descending:
        found.reverse()
    return Page(found[page.offset : page.offset + page.limit], len(found))


@operation("task_instances.tries")
def get_try(
    context: Context, *, dag_id: str, run_id: str, task_id: str, try_number: int, map_index: int | None = None
) -> InstanceView:
    """Return one try of a task instance.

    Raises:
        NotFoundError: as of `get_instance`; or there was no such try yet.
    """
    for each in _tries(context, dag_id, run_id, task_id, map_index):
        if each.try_number == try_number:
            return each
    raise NotFoundError(f"Task {task_id!r} of run {run_id!r} has had no try {try_number}.")


def _tries(context: Context, dag_id: str, run_id: str, task_id: str, map_index: int | None) -> list[InstanceView]:
    with context.read() as connection:
        row = require_instance(connection, dag_id, run_id, task_id, map_index)
        view = views(context, [row])[0]
        return tries_of(view, instances.tries(connection, row.id))


def tries_of(view: InstanceView, ended: Sequence[Any]) -> list[InstanceView]:
    """Return the tries of a task instance, the first one first.

    Arguments:
        view: the instance.
        ended: rows of `instances.tries`.
    """
    row = view.row
    found: dict[int, InstanceView] = {}
    for each in ended:  # of a try with several dispatches the last one says how it ended, the first when it began
        first = found.get(each.try_number)
        found[each.try_number] = replace(
            view,
            state=TaskState.FAILED if each.state in FAILED_TRIES else each.state,
            try_number=each.try_number,
            started_at=first.started_at if first is not None else each.started_at,
            ended_at=each.ended_at,
            host=each.host,
        )
    is_under_way = row.state not in NO_TRY and row.state not in ENDED
    if row.try_number > 0 and (is_under_way or row.try_number not in found):
        found[row.try_number] = view
    return [found[number] for number in sorted(found)]


def _page(context: Context, wanted: InstanceFilter, page: Paging, *, by: str | None = None) -> Page[InstanceView]:
    allowed = replace(wanted, allowed=context.dags)
    with context.read() as connection:
        rows = instances.page(connection, allowed, page.part, by=by)
        total = len(rows) + page.offset
        # The last page says by itself how many there are
        if len(rows) == page.limit or not rows:
            total = instances.count(connection, allowed)
        if total > COUNTED_MOST and len(rows) == page.limit:
            total = context.tools.totals.of(connection, "task_instance", context.tools.clock.now())
    return Page(views(context, rows), total)


def views(context: Context, rows: Sequence[Any]) -> list[InstanceView]:
    """Return rows of `instances.page` with what their DAGs' versions say of them, which is read with one statement."""

    @cache
    def graphs() -> Mapping[int, Any]:
        with context.read() as connection:
            return context.tools.graphs.get_all(connection, {row.version_id for row in rows})

    return [
        InstanceView(row, row.state, row.try_number, row.started_at, row.ended_at, row.host, graphs) for row in rows
    ]
