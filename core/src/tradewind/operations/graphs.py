"""Graphs of DAGs: of the version that a run ran, and of two versions in one, where what differs is marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradewind.access.authorization import authorize
from tradewind.access.operations import TABLE
from tradewind.metadata.statements.browsing import graphs, versions
from tradewind.metadata.statements.browsing.versions import VersionRow
from tradewind.operations.context import Context, operation
from tradewind.operations.dag_versions import Change, Comparison, compare_versions
from tradewind.operations.errors import NotFoundError
from tradewind.operations.finding import graph_of, require_dag, run_of
from tradewind.operations.grids import worst
from tradewind.operations.version_changes import own_changes

if TYPE_CHECKING:
    from tradewind.metadata.statements.listings import RunRow
    from tradewind.serialization.model import SerializedDag, SerializedGroup, SerializedTask

FEWEST_JOINED = 9
"""Edges from which on a joint is drawn where each task of some waits for each of others."""


class Mark(str, Enum):
    """What became of something from one version to a later one."""

    SAME = ""
    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"


@dataclass(frozen=True, slots=True)
class Edge:
    """What waits for what; an end is a task's id, or the place of a joint."""

    source: str | int
    target: str | int
    label: str = ""
    mark: Mark = Mark.SAME


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a graph is drawn of.

    Arguments:
        tasks: in topological order; those that only the earlier version has follow at the end.
        groups: each after the one that it is in.
        joints: the group of each point at which edges meet: what leads to one leads to all that it leads to.
        marks: of tasks, by id, that are not the same in both versions.
        group_marks: of groups.
    """

    tasks: Sequence[SerializedTask]
    groups: Sequence[SerializedGroup]
    edges: Sequence[Edge]
    joints: Sequence[str | None]
    marks: Mapping[str, Mark] = field(default_factory=dict)
    group_marks: Mapping[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskStates:
    """What became of a task in a run.

    Arguments:
        state: of its instance; of many the worst.
        counts: how many instances are in which state.
        map_index: of the first instance in `state`; -1 where it is not mapped.
        try_number: the highest of those.
    """

    state: str
    counts: Mapping[str, int]
    map_index: int
    try_number: int


@dataclass(frozen=True, slots=True)
class GraphView:
    """A version of a DAG as a graph; with a run, that which the run ran, and the states of its tasks by their ids."""

    version: VersionRow
    graph: SerializedDag
    run: RunRow | None
    states: Mapping[str, TaskStates]

    def drawing(self) -> Drawing:
        """Return what the graph is drawn of."""
        return drawing_of(self.graph)


@dataclass(frozen=True, slots=True)
class ComparedGraphs:
    """What differs between two versions, both as one graph, and the changes that do not just follow from others."""

    comparison: Comparison
    drawing: Drawing
    own: Sequence[Change]


@operation("tasks.list")
def get_graph(context: Context, *, dag_id: str, run_id: str | None = None, number: int | None = None) -> GraphView:
    """Return a version of a DAG as a graph.

    Arguments:
        run_id: the run whose version it is to be.
        number: the version's; it does not count where a run is given. Without both it is the newest.
    Raises:
        NotFoundError: there is no such DAG, run or version, or it is not kept any more.
        DeniedError: whoever asks may not see what became of the tasks of a run.
    """
    with context.read() as connection:
        newest = require_dag(connection, dag_id).version_id
        if run_id is not None:
            authorize(context.actor, TABLE["task_instances.list"], dag_id)
            run = run_of(connection, dag_id, run_id)
            version = _kept(versions.by_key(connection, run.version_id), dag_id, run.version)
            states = states_of(graphs.states(connection, run.id))
            return GraphView(version, _read(context, connection, version), run, states)
        if number is None:
            version = _kept(versions.by_key(connection, newest), dag_id, None)
        else:
            version = _kept(versions.get(connection, dag_id, number), dag_id, number)
        return GraphView(version, _read(context, connection, version), None, {})


@operation("dag_versions.compare")
def compare_graphs(context: Context, *, dag_id: str, number: int, other: int) -> ComparedGraphs:
    """Return what differs between two versions of a DAG, and both as one graph.

    Raises:
        NotFoundError: the DAG has no such version, or it is not kept any more.
        DeniedError: its file also has a DAG that the caller may not see.
    """
    comparison = compare_versions(context, dag_id=dag_id, number=number, other=other)
    with context.read() as connection:
        before, after = (graph_of(context, connection, each.id) for each in (comparison.before, comparison.after))
    own = own_changes(comparison.changes, before, after)
    changed = {each.task_id for each in own if each.task_id is not None}
    return ComparedGraphs(comparison, drawing_of(after, before=before, changed=changed), own)


def _kept(found: VersionRow | None, dag_id: str, number: int | None) -> VersionRow:
    if found is None:
        which = "newest version" if number is None else f"version {number}"
        raise NotFoundError(f"DAG {dag_id!r} has no {which}, or it is not kept any more.")
    return found


def _read(context: Context, connection: sa.Connection, version: VersionRow) -> SerializedDag:
    found: Mapping[int, Any] = context.tools.graphs.get_all(connection, [version.id])
    if version.id not in found:
        raise NotFoundError(f"Version {version.number} of DAG {version.dag_id!r} cannot be read.")
    graph: SerializedDag = found[version.id]
    return graph


def states_of(rows: Iterable[Any]) -> dict[str, TaskStates]:
    """Return what became of each task, from rows of `graphs.states`."""
    by_task: dict[str, list[Any]] = {}
    for row in rows:
        by_task.setdefault(row.task_id, []).append(row)
    found = {}
    for task_id, several in by_task.items():
        state = worst(row.state for row in several)
        first = next(row for row in several if row.state == state)
        counts = {row.state: row.number for row in several}
        found[task_id] = TaskStates(state, counts, first.map_index, max(row.try_number for row in several))
    return found


def drawing_of(
    graph: SerializedDag, *, before: SerializedDag | None = None, changed: Iterable[str] = frozenset()
) -> Drawing:
    """Return what a version is drawn of.

    Arguments:
        before: an earlier version: what only one of both has is drawn too, and marked.
        changed: ids of tasks that are in both, and are otherwise in the later one.
    """
    old = graph if before is None else before
    tasks = {**graph.tasks, **{each: task for each, task in old.tasks.items() if each not in graph.tasks}}
    groups = {**graph.groups, **{each: group for each, group in old.groups.items() if each not in graph.groups}}
    marks = _marks(graph.tasks, old.tasks) | dict.fromkeys(changed, Mark.CHANGED)
    now, then = _edges(graph), _edges(old)
    found = []
    for ends, label in {**then, **now}.items():
        mark = Mark.REMOVED if ends not in now else Mark.ADDED if ends not in then else Mark.SAME
        found.append(Edge(*ends, label, mark))
    edges, joints = _joined(found, tasks, groups)
    ordered = sorted(groups.values(), key=lambda group: len(_around(group.group_id, groups)))
    return Drawing(list(tasks.values()), ordered, edges, joints, marks, _marks(graph.groups, old.groups))


def _marks(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Mark]:
    return dict.fromkeys(new.keys() - old.keys(), Mark.ADDED) | dict.fromkeys(old.keys() - new.keys(), Mark.REMOVED)


def _edges(graph: SerializedDag) -> dict[tuple[str, str], str]:
    """Return the labels of all edges by their ends; empty where there is none."""
    return {
        (source, task_id): graph.edge_labels.get((source, task_id), "")
        for task_id, task in graph.tasks.items()
        for source in task.upstream
    }


def _joined(
    edges: Sequence[Edge], tasks: Mapping[str, SerializedTask], groups: Mapping[str, SerializedGroup]
) -> tuple[list[Edge], list[str | None]]:
    """Put a joint between tasks that all wait for the same ones: a hundred after a hundred are 200 lines then, not 10,000."""
    sources: dict[tuple[str | int, Mark], list[Edge]] = {}
    for edge in edges:
        if not edge.label:
            sources.setdefault((edge.target, edge.mark), []).append(edge)
    alike: dict[tuple[Mark, frozenset[str | int]], list[str | int]] = {}
    for (target, mark), several in sources.items():
        alike.setdefault((mark, frozenset(each.source for each in several)), []).append(target)
    found: list[Edge] = []
    joints: list[str | None] = []
    replaced: set[tuple[str | int, str | int]] = set()
    for (mark, before), after in alike.items():
        if len(before) < 2 or len(after) < 2 or len(before) * len(after) < FEWEST_JOINED:
            continue
        place = len(joints)
        ends = [*before, *after]
        joints.append(_shared([_around(tasks[str(each)].group_id, groups) for each in ends]))
        found += [Edge(each, place, "", mark) for each in sorted(before, key=str)]
        found += [Edge(place, each, "", mark) for each in after]
        replaced |= {(source, target) for source in before for target in after}
    return [each for each in edges if (each.source, each.target) not in replaced] + found, joints


def _around(group_id: str | None, groups: Mapping[str, SerializedGroup]) -> tuple[str, ...]:
    """Return a group and all around it, the outermost first."""
    found: list[str] = []
    while group_id is not None:
        found.append(group_id)
        group_id = groups[group_id].parent_id
    return tuple(reversed(found))


def _shared(paths: Sequence[Sequence[str]]) -> str | None:
    """Return the innermost group that all of these are in."""
    same = [level[0] for level in takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False))]
    return same[-1] if same else None
