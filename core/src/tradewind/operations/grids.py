"""The grid of a DAG: its last runs, every task that any of their versions has, and the states where the two meet.

A run shows the version that it ran: a task that its version does not have has no state there, neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tradewind.metadata.statements.browsing import grids
from tradewind.operations.context import Context, operation
from tradewind.operations.finding import require_dag
from tradewind.transitions.states import TaskState

if TYPE_CHECKING:
    from tradewind.serialization.model import SerializedDag

MOST_RUNS = 100
MANY_TASKS = 500
"""From how many tasks on groups are counted where their tasks are, and not task by task."""
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


class Cell(NamedTuple):
    """What became of a line in a run. There are tens of thousands of them at once.

    Arguments:
        run: the run's key.
        line: the place of the line among those that were asked for.
        state: of its instance; of many the worst.
        started_at, ended_at: when the first of its instances began and the last one ended, in microseconds since 1970; None for
            not yet.
        try_number: the highest.
        counts: how many instances are in which state, where it stands for several.
    """

    run: int
    line: int
    state: str
    started_at: int | None
    ended_at: int | None
    try_number: int
    counts: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """Runs, the oldest first; all lines in the order in which they are shown; those that were asked for, and their cells."""

    runs: Sequence[Any]
    lines: Sequence[Line]
    asked: Sequence[Line]
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
        wholes = _counted_whole(shown)
        ours = {task_id for line in shown if not (line.is_group and line.key in wholes) for task_id in line.tasks}
        columns = [run.id for run in runs]
        counted = grids.cells(connection, columns, ours)
        in_groups = grids.cells_of_groups(connection, columns, wholes)
    return Grid(runs, lines, shown, cells_of(shown, counted, in_groups))


def _counted_whole(lines: Sequence[Line]) -> set[str]:
    """Return the groups that are counted as such, by what their tasks' ids begin with: where they have many tasks together."""
    groups = [line for line in lines if line.is_group and not line.depth and "." not in line.key]
    if sum(len(line.tasks) for line in groups) < MANY_TASKS:
        return set()
    return {line.key for line in groups if all(each.startswith(f"{line.key}.") for each in line.tasks)}


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


def cells_of(lines: Sequence[Line], counted: Iterable[Any], in_groups: Iterable[Any] = ()) -> list[Cell]:
    """Return the cells of lines.

    Arguments:
        counted: rows of `grids.cells`.
        in_groups: rows of `grids.cells_of_groups`; the lines of these groups are made of them alone.
    """
    whole = {row[1] for row in in_groups}
    of_task: dict[str, list[int]] = {}
    of_group: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        if line.is_group and line.key in whole:
            of_group[line.key] = [place]
            continue
        for task_id in line.tasks:
            of_task.setdefault(task_id, []).append(place)
    found: dict[tuple[int, int], list[Any]] = {}
    for rows, owners in ((counted, of_task), (in_groups, of_group)):
        for row in rows:
            for place in owners.get(row[1], ()):
                _add(found, (row[0], place), row)
    stands_for_many = [line.is_group or line.is_mapped for line in lines]
    return [
        Cell(run, place, state, start, end if is_over else None, tries, counts if stands_for_many[place] else None)
        for (run, place), (state, start, end, tries, is_over, counts) in found.items()
    ]


def _add(found: dict[tuple[int, int], list[Any]], key: tuple[int, int], row: Any) -> None:
    """Count a row of instances into its cell: worst state, first start, last end, highest try, whether all have ended."""
    _run, _name, state, number, start, end, tries, ended = row
    cell = found.get(key)
    if cell is None:
        found[key] = [state, start, end, tries, ended == number, {state: number}]
        return
    if _PLACES.get(state, len(WORST)) < _PLACES.get(cell[0], len(WORST)):
        cell[0] = state
    if start is not None and (cell[1] is None or start < cell[1]):
        cell[1] = start
    if end is not None and (cell[2] is None or end > cell[2]):
        cell[2] = end
    cell[3] = max(cell[3], tries)
    cell[4] = cell[4] and ended == number
    cell[5][state] = cell[5].get(state, 0) + number
