"""The grid of a DAG: its last runs, every task that any of their versions has, and the states where the two meet.

A run shows the version that it ran: a task that its version does not have has no state there, neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradewind.metadata.statements.browsing import grids
from tradewind.operations.context import Context, operation
from tradewind.operations.finding import require_dag
from tradewind.transitions.states import TaskState

if TYPE_CHECKING:
    from tradewind.serialization.model import SerializedDag

MOST_RUNS = 100
WORST = (
    TaskState.FAILED,
    TaskState.UPSTREAM_FAILED,
    TaskState.UP_FOR_RETRY,
    TaskState.UP_FOR_RESCHEDULE,
    TaskState.RUNNING,
    TaskState.DEFERRED,
    TaskState.QUEUED,
    TaskState.SCHEDULED,
    TaskState.NONE,
    TaskState.SUCCESS,
    TaskState.SKIPPED,
    TaskState.REMOVED,
)
"""Which state stands for many: the first of these that one of them has."""
_PLACES = {state: place for place, state in enumerate(WORST)}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the grid: a task, or a group that stands for all tasks in it.

    Arguments:
        key: the id of the task or group.
        label: what it is called, without its groups.
        depth: how many groups it is in.
        is_group, is_mapped: what it is.
        tasks: ids of the tasks that it stands for.
        versions: keys of the versions that have it.
    """

    key: str
    label: str
    depth: int
    is_group: bool
    is_mapped: bool
    tasks: tuple[str, ...]
    versions: frozenset[int]


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of a line in a run.

    Arguments:
        run: the run's key.
        line: the key of the line, which is one of a group where `is_group`.
        state: of its instance; of many the worst.
        counts: how many instances are in which state, where it stands for several.
        try_number: the highest.
    """

    run: int
    line: str
    is_group: bool
    state: str
    counts: Mapping[str, int] = field(default_factory=dict)
    started_at: Any = None
    ended_at: Any = None
    try_number: int = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """Runs, the oldest first; all lines in the order in which they are shown; and the cells of those lines that were asked for."""

    runs: Sequence[Any]
    lines: Sequence[Line]
    cells: Sequence[Cell]


@operation("task_instances.list")
def get_grid(
    context: Context,
    *,
    dag_id: str,
    most_runs: int = 25,
    until: int | None = None,
    first: int = 0,
    number: int = 200,
    open_groups: Sequence[str] | None = None,
) -> Grid:
    """Return the grid of a DAG.

    Arguments:
        most_runs: runs at most.
        until: the key of the run that is to be the last.
        first, number: which of the lines that are visible get cells.
        open_groups: groups whose tasks are visible; None for all.
    Raises:
        NotFoundError: there is no such DAG.
    """
    with context.read() as connection:
        newest = require_dag(connection, dag_id).version_id
        runs = grids.runs(connection, dag_id, most=min(most_runs, MOST_RUNS), until=until)
        # The newest version last: what it says of the order counts
        keys = sorted({run.version_id for run in runs} | {newest})
        graphs: Mapping[int, Any] = context.tools.graphs.get_all(connection, keys)
        lines = lines_of([(key, graphs[key]) for key in keys if key in graphs])
        shown = visible(lines, open_groups)[first : first + number]
        asked = {task_id for line in shown for task_id in line.tasks}
        counted = grids.cells(connection, [run.id for run in runs], asked)
    return Grid(runs, lines, list(cells_of(shown, counted)))


def worst(states: Iterable[str]) -> str:
    """Return which of some states stands for all."""
    return min(states, key=lambda state: _PLACES.get(state, len(WORST)))


def visible(lines: Sequence[Line], open_groups: Sequence[str] | None) -> list[Line]:
    """Return the lines that are not inside of a folded group."""
    if open_groups is None:
        return list(lines)
    is_open, found, folded_at = frozenset(open_groups), [], None
    for line in lines:
        if folded_at is not None and line.depth > folded_at:
            continue
        folded_at = line.depth if line.is_group and line.key not in is_open else None
        found.append(line)
    return found


def lines_of(versions: Sequence[tuple[int, SerializedDag]]) -> list[Line]:
    """Return the lines for several versions of a DAG, the newest version last.

    What the newest has stands in its order; what only older ones have follows at the end of its group.
    """
    merged = _Merged()
    for key, graph in reversed(versions):
        merged.add(key, graph)
    return list(merged.lines())


class _Merged:
    """Tasks and groups of several versions, put together."""

    def __init__(self) -> None:
        self._children: dict[str | None, dict[tuple[bool, str], None]] = {None: {}}
        self._labels: dict[str, str] = {}
        self._mapped: dict[str, bool] = {}
        self._versions: dict[tuple[bool, str], set[int]] = {}

    def add(self, key: int, graph: SerializedDag) -> None:
        """Add a version; what is known already stays where it is."""
        for task in graph.tasks.values():
            self._open(graph, task.group_id, key)
            self._put(task.group_id, (False, task.task_id), key)
            self._labels.setdefault(f"task {task.task_id}", label_of(task, graph.groups))
            self._mapped.setdefault(task.task_id, task.is_mapped or task.mapped_group is not None)

    def _open(self, graph: SerializedDag, group_id: str | None, key: int) -> None:
        if group_id is None:
            return
        group = graph.groups[group_id]
        self._open(graph, group.parent_id, key)
        self._put(group.parent_id, (True, group_id), key)
        self._labels.setdefault(f"group {group_id}", group.label)
        self._children.setdefault(group_id, {})

    def _put(self, parent: str | None, child: tuple[bool, str], key: int) -> None:
        if child not in self._versions:
            self._children[parent][child] = None
        self._versions.setdefault(child, set()).add(key)

    def lines(self, parent: str | None = None, depth: int = 0) -> Iterator[Line]:
        """Return all lines below a group, each group before what is in it."""
        for is_group, key in self._children[parent]:
            versions = frozenset(self._versions[is_group, key])
            if not is_group:
                yield Line(key, self._labels[f"task {key}"], depth, False, self._mapped[key], (key,), versions)
                continue
            inner = list(self.lines(key, depth + 1))
            tasks = tuple(line.key for line in inner if not line.is_group)
            yield Line(key, self._labels[f"group {key}"], depth, True, False, tasks, versions)
            yield from inner


def label_of(task: Any, groups: Container[Any]) -> str:
    """Return what a task is called where its groups stand above it."""
    name = str(task.display_name)
    prefix = f"{task.group_id}."
    return name.removeprefix(prefix) if task.group_id in groups and name == task.task_id else name


def cells_of(lines: Sequence[Line], counted: Iterable[Any]) -> Iterator[Cell]:
    """Return the cells of lines from rows of `grids.cells`."""
    by_task: dict[str, list[Any]] = {}
    for row in counted:
        by_task.setdefault(row.task_id, []).append(row)
    for line in lines:
        by_run: dict[int, list[Any]] = {}
        for task_id in line.tasks:
            for row in by_task.get(task_id, ()):
                by_run.setdefault(row.run, []).append(row)
        for run, rows in by_run.items():
            yield _cell(run, line, rows)


def _cell(run: int, line: Line, rows: Sequence[Any]) -> Cell:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + row.number
    ended = [row.ended_at for row in rows]
    return Cell(
        run,
        line.key,
        line.is_group,
        worst(counts),
        counts if line.is_group or line.is_mapped else {},
        min((row.started_at for row in rows if row.started_at), default=None),
        None if None in ended else max(ended, default=None),
        max(row.try_number for row in rows),
    )
