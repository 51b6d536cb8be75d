"""Clearing tasks of a DAG in some of its runs, with all that people are shown of it first and told of it then."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.access.authorization import authorize
from tradewind.operations.clearing import clear_steps
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import ConflictError, InvalidError
from tradewind.operations.finding import require_dag
from tradewind.operations.selecting import MOST_RUNS, Which, runs_among, with_neighbours
from tradewind.transitions.clear import Cleared, require_same_name
from tradewind.transitions.clear_across import Step, TooDeepError, Wish, preview
from tradewind.transitions.states import TaskState

FAILED = (TaskState.FAILED, TaskState.UPSTREAM_FAILED)


@dataclass(frozen=True, slots=True)
class ClearedInstance:
    """A task instance that runs again, or would.

    Arguments:
        effect: what becomes of it, in words.
        marked_by: the markers of other DAGs that lead to it; none for what was named.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str
    effect: str
    marked_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClearedRun:
    """A run in which tasks run again, or would.

    Arguments:
        state, becomes: the run's state before, and after.
        running: those of the tasks that are running: nothing in the run is cleared until they have ended.
        number: how many task instances change.
        is_cleared: whether that was done.
        is_left: whether it was not, as one of the tasks is running, or one of a marker's run.
    """

    dag_id: str
    run_id: str
    state: str
    becomes: str
    running: tuple[str, ...]
    number: int
    is_cleared: bool = False
    is_left: bool = False


@dataclass(frozen=True, slots=True)
class ClearedTasks:
    """What a clear does.

    Arguments:
        left_out: runs from the time when their DAG was called otherwise: they cannot run again.
    """

    runs: Sequence[ClearedRun]
    instances: Sequence[ClearedInstance]
    left_out: Sequence[str]


@dataclass(frozen=True, slots=True)
class TaskIds:
    """Ids of tasks."""

    task_ids: Sequence[str]


@operation("task_instances.clear")
def clear_tasks(
    context: Context,
    *,
    dag_id: str,
    task_ids: Collection[str] | None = None,
    map_indexes: Collection[int] | None = None,
    run_ids: Sequence[str] | None = None,
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    only_failed: bool = False,
    include_upstream: bool = False,
    include_downstream: bool = False,
    include_past: bool = False,
    include_future: bool = False,
    only_this_dag: bool = False,
    dry_run: bool = True,
    most: int | None = MOST_RUNS,
) -> ClearedTasks:
    """Have tasks of a DAG run again, run by run; nothing in a run in which one of them is running. Or only tell what would be.

    Arguments:
        task_ids: of these tasks; None for all. A run whose version does not have one of them goes without.
        map_indexes: only these instances of them.
        run_ids: in these runs; None for all.
        start_date, end_date: only in runs with logical dates from the one to the other.
        only_failed: only instances that failed, or that a failure kept back.
        include_past, include_future: also in runs before and after the one that `run_ids` names.
        only_this_dag: do not go on where a marker leads to other DAGs.
        most: how many runs there may be; None for any number.
    Raises:
        NotFoundError: there is no such DAG, or no such run.
        InvalidError: there are too many runs, or markers lead too far.
        ConflictError: the DAG was renamed since all these runs were made.
        DeniedError: a marker leads to a DAG that whoever asks may not clear.
    """
    which = Which(dag_id, run_ids, start_date, end_date, include_past, include_future, most)
    states = FAILED if only_failed else None
    with context.read() as connection:
        wishes = [
            replace(wish, states=states, map_indexes=map_indexes)
            for wish in _wishes(
                context, connection, which, task_ids, upstream=include_upstream, downstream=include_downstream
            )
        ]
        steps, left_out = _look(context, connection, wishes, follows_markers=not only_this_dag)
    for each in sorted({step.plan.run.dag_id for step in steps}):
        authorize(context.actor, context.operation, each)
    done: Mapping[int, Cleared] = {} if dry_run else clear_steps(context, steps)
    instances = [each for step in steps for each in _instances(step)]
    runs = [_run(step, done.get(step.wish.run), dry_run=dry_run) for step in steps]
    return ClearedTasks(runs, instances, left_out)


@operation("tasks.list")
def list_task_ids(
    context: Context,
    *,
    dag_id: str,
    run_ids: Sequence[str] | None = None,
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    include_past: bool = False,
    include_future: bool = False,
    most: int | None = MOST_RUNS,
) -> TaskIds:
    """Return the tasks that some runs of a DAG have, whatever its versions were; the arguments are those of `clear_tasks`.

    Raises:
        NotFoundError: there is no such DAG, or no such run.
        InvalidError: there are too many runs.
    """
    which = Which(dag_id, run_ids, start_date, end_date, include_past, include_future, most)
    with context.read() as connection:
        require_dag(connection, dag_id)
        versions = {each.version_id for each in runs_among(connection, which)}
        graphs = context.tools.graphs.get_all(connection, versions)
    return TaskIds(sorted({task_id for graph in graphs.values() for task_id in graph.tasks}))


def _wishes(
    context: Context,
    connection: sa.Connection,
    which: Which,
    task_ids: Collection[str] | None,
    *,
    upstream: bool,
    downstream: bool,
) -> Iterator[Wish]:
    require_dag(connection, which.dag_id)
    for run in runs_among(connection, which):
        graph = context.tools.graphs.get(connection, run.version_id)
        named = set(graph.tasks) if task_ids is None else set(graph.tasks) & set(task_ids)
        yield Wish(run.id, with_neighbours(graph, named, upstream=upstream, downstream=downstream))


def _look(
    context: Context, connection: sa.Connection, wishes: Sequence[Wish], *, follows_markers: bool
) -> tuple[list[Step], list[str]]:
    """Return what is to be done in runs in which it changes anything, and the runs that cannot run again."""
    try:
        found = preview(connection, wishes, graphs=context.tools.graphs, follows_markers=follows_markers)
        changing = [step for step in found if step.plan.changed]
        able = [step for step in changing if step.plan.former_name is None]
        if changing and not able:
            require_same_name(changing[0].plan)
    except TooDeepError as error:
        raise InvalidError("only_this_dag", str(error), error_id="marker-too-deep") from error
    except TradewindException as error:
        raise ConflictError(str(error), error_id="refused") from error
    return able, [step.plan.run.run_id for step in changing if step not in able]


def _run(step: Step, cleared: Cleared | None, *, dry_run: bool) -> ClearedRun:
    plan = step.plan
    return ClearedRun(
        plan.run.dag_id,
        plan.run.run_id,
        plan.run.state,
        "queued" if plan.queues_run else plan.run.state,
        tuple(sorted({row.task_id for row in plan.running})),
        len(plan.changed),
        cleared is not None and bool(cleared.cleared),
        not dry_run and (cleared is None or bool(cleared.running)),
    )


def _instances(step: Step) -> Iterator[ClearedInstance]:
    plan = step.plan
    marked_by = tuple(sorted(task_id for _, task_id in step.wish.by))
    for row in plan.changed:
        effect = plan.effect(row) if not plan.running or row in plan.running else "stays: others run"
        yield ClearedInstance(
            plan.run.dag_id, plan.run.run_id, row.task_id, row.map_index, row.state, effect, marked_by
        )
