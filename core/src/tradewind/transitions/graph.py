"""What transitions need to know of a DAG's version, and the cache that keeps it.

`tradewind.serialization` delivers values of this shape; here stand only the protocols, so that the state machine
depends on
a shape and not on a format.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from math import prod
from typing import Any, Protocol

import sqlalchemy as sa

from tradewind.metadata.statements import versions
from tradewind.serialization.model import Joined, Length, Mark
from tradewind.transitions.decision import RUN, possible
from tradewind.transitions.states import TaskState

log = logging.getLogger(__name__)

ExpandSource = tuple[str, Length]
Where = frozenset[int] | None
"""Indexes of a task's instances; None for all of them."""


class Task(Protocol):
    """One task of a version. `upstream` and `downstream` are direct neighbours; `rank` is its topological position.

    Whoever loads a graph gives tasks that name no executor or queue the configuration's (`transitions.loading`).
    """

    @property
    def task_id(self) -> str: ...
    @property
    def rank(self) -> int: ...
    @property
    def upstream(self) -> tuple[str, ...]: ...
    @property
    def downstream(self) -> tuple[str, ...]: ...
    @property
    def trigger_rule(self) -> str: ...
    @property
    def depends_on_past(self) -> bool: ...
    @property
    def wait_for_downstream(self) -> bool: ...
    @property
    def ignore_first_depends_on_past(self) -> bool: ...
    @property
    def wait_for_past_depends_before_skipping(self) -> bool: ...
    @property
    def max_active_tis_per_dag(self) -> int | None: ...
    @property
    def max_active_tis_per_dagrun(self) -> int | None: ...
    @property
    def retries(self) -> int: ...
    @property
    def retry_delay(self) -> float: ...
    @property
    def retry_exponential_backoff(self) -> bool: ...
    @property
    def max_retry_delay(self) -> float | None: ...
    @property
    def pool(self) -> str: ...
    @property
    def pool_slots(self) -> int: ...
    @property
    def priority(self) -> int: ...
    @property
    def executor(self) -> str | None: ...
    @property
    def queue(self) -> str | None: ...
    @property
    def executor_config(self) -> Mapping[str, Any]: ...
    @property
    def is_empty(self) -> bool: ...
    @property
    def expand(self) -> tuple[ExpandSource, ...] | None: ...
    @property
    def mapped_group(self) -> str | None: ...
    @property
    def is_setup(self) -> bool: ...
    @property
    def is_teardown(self) -> bool: ...
    @property
    def on_failure_fail_dagrun(self) -> bool: ...
    @property
    def setups(self) -> tuple[str, ...]: ...
    @property
    def in_scope(self) -> tuple[str, ...]: ...
    @property
    def start_date(self) -> datetime | None: ...
    @property
    def end_date(self) -> datetime | None: ...
    @property
    def callbacks(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def marks(self) -> Mark | None: ...


class Graph(Protocol):
    """One version of a DAG: its tasks in topological order (each `rank` is unique and rises along every edge)."""

    @property
    def dag_id(self) -> str: ...
    @property
    def max_consecutive_failed_runs(self) -> int: ...
    @property
    def dagrun_timeout(self) -> float | None: ...
    @property
    def slas(self) -> Mapping[str, float]: ...
    @property
    def deadlines(self) -> Sequence[tuple[str, float]]: ...
    @property
    def fail_stop(self) -> bool: ...
    @property
    def tasks(self) -> Mapping[str, Task]: ...
    @property
    def callbacks(self) -> Mapping[str, tuple[str, ...]]: ...


Loader = Callable[[str], Graph]
NOWHERE: Mapping[str, Where] = {}
NEVER: frozenset[int] = frozenset()


class Graphs:
    """The versions this process used last, by version id; a version never changes, so nothing here can be stale.

    Arguments:
        capacity: how many versions to keep.
        loader: makes a graph of a version's serialized text.
    """

    def __init__(self, capacity: int = 256, *, loader: Loader) -> None:
        self._capacity = capacity
        self._loader = loader
        self._kept: OrderedDict[int, Graph] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, conn: sa.Connection, version_id: int) -> Graph:
        """Return the graph of a version, from memory or with one statement.

        Raises:
            LookupError: when there is no such version.
            Exception: whatever the loader says of a text that it cannot read; the scheduler quarantines the DAG.
        """
        with self._lock:
            graph = self._kept.get(version_id)
            if graph is not None:
                self._kept.move_to_end(version_id)
                return graph
        text = versions.serialized(conn, version_id)
        if text is None:
            raise LookupError(
                f"DAG version {version_id} is not in the database: was its DAG deleted while a run went on?"
            )
        graph = self._loader(text)
        self.put(version_id, graph)
        return graph

    def get_all(self, conn: sa.Connection, version_ids: Iterable[int]) -> dict[int, Graph]:
        """Return the graphs of versions, with one statement for all that are not in memory.

        A version that is not there, or that the loader cannot read, is left out: for those who only show things.
        """
        wanted = set(version_ids)
        with self._lock:
            found = {each: self._kept[each] for each in wanted if each in self._kept}
        for version_id, text in versions.serialized_of(conn, wanted - set(found)).items():
            try:
                graph = self._loader(text)
            except Exception as error:  # noqa: BLE001  (whatever a loader says of a broken text)
                log.warning("DAG version %s cannot be read: %s", version_id, error)
                continue
            self.put(version_id, graph)
            found[version_id] = graph
        return found

    def put(self, version_id: int, graph: Graph) -> None:
        """Keep `graph` as that of `version_id`."""
        with self._lock:
            self._kept[version_id] = graph
            self._kept.move_to_end(version_id)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)


def is_in_run(task: Task, logical_date: datetime | None) -> bool:
    """Tell whether a run about a moment has the task, by the task's own start and end dates."""
    if logical_date is None:
        return True
    is_late_enough = task.start_date is None or task.start_date <= logical_date
    return is_late_enough and (task.end_date is None or logical_date <= task.end_date)


def literal_length(task: Task) -> int | None:
    """Return how many instances a mapped task has where literals alone tell, None where an XCom decides."""
    if task.expand is None:
        return None
    lengths = [source for _, source in task.expand if isinstance(source, int)]
    if len(lengths) < len(task.expand):
        return None
    return prod(lengths)


def xcom_sources(task: Task) -> tuple[tuple[str, str], ...]:
    """Return the (task id, key) pairs whose lengths a mapped task waits for."""
    return tuple(each for _, source in task.expand or () for each in outputs_of(source))


def outputs_of(length: Length) -> Iterator[tuple[str, str]]:
    """Yield the (task id, key) pairs that a source is made of."""
    if isinstance(length, Joined):
        for part in length.parts:
            yield from outputs_of(part)
    elif not isinstance(length, int):
        yield length


def length_of(length: Length, outputs: Mapping[tuple[str, str], int]) -> int:
    """Return how long a source is, given the lengths of the outputs it is made of."""
    if isinstance(length, int):
        return length
    if not isinstance(length, Joined):
        return outputs[length]
    parts = [length_of(part, outputs) for part in length.parts]
    if length.how == "concat":
        return sum(parts)
    return min(parts) if length.how == "zip" else max(parts)


def is_paired(above: Task, below: Task) -> bool:
    """Whether each instance of `below` waits for the one of `above` that has its own index: both are in one mapped group."""
    return above.mapped_group is not None and above.mapped_group == below.mapped_group


def members(graph: Graph, group: str) -> list[Task]:
    """Return the tasks of a mapped group, in topological order."""
    return [task for task in graph.tasks.values() if task.mapped_group == group]


def matters_later(graph: Graph, task_id: str) -> bool:
    """Whether another run may wait for the end of this task."""
    task = graph.tasks[task_id]
    return task.depends_on_past or any(graph.tasks[above].wait_for_downstream for above in task.upstream)


def stopped_by(graph: Graph, task_id: str, state: str) -> set[str]:
    """Return the tasks that the end of another stops: all but teardowns, where the DAG stops at the first failure."""
    if not graph.fail_stop or state != TaskState.FAILED or graph.tasks[task_id].is_teardown:
        return set()
    return {each.task_id for each in graph.tasks.values() if each.task_id != task_id and not each.is_teardown}


def is_limited(task: Task) -> bool:
    """Whether the task has a limit of its own on how many of its instances may be at work."""
    return task.max_active_tis_per_dag is not None or task.max_active_tis_per_dagrun is not None


def is_placeholder(task: Task, map_index: int) -> bool:
    """Whether the instance stands for a mapped task that an XCom has yet to expand."""
    return map_index < 0 and len(xcom_sources(task)) > 0


def leaves(graph: Graph) -> tuple[str, ...]:
    """Return the tasks that decide how the run ended: those that nothing is behind, teardowns not counted unless they ask."""
    found = tuple(
        task.task_id for task in graph.tasks.values() if counts_for_run(task) and not _is_followed(graph, task)
    )
    return found or tuple(task.task_id for task in graph.tasks.values() if not task.downstream)


def counts_for_run(task: Task) -> bool:
    """Whether how the task ends may count for its run: teardowns do not, unless their failure is to fail it."""
    return not task.is_teardown or task.on_failure_fail_dagrun


def _is_followed(graph: Graph, task: Task) -> bool:
    return any(counts_for_run(graph.tasks[below]) for below in task.downstream)


def with_scopes(graph: Graph, task_ids: Iterable[str]) -> set[str]:
    """Return tasks with what has to be made ready for them once more, and cleaned up: their setups and the teardowns of those."""
    found = set(task_ids)
    for task_id in list(found):
        task = graph.tasks[task_id]
        if task.is_setup:
            found |= _teardowns(graph, task)
        elif not task.is_teardown and any(each.is_setup for each in graph.tasks.values()):
            below = descendants(graph, [task_id])
            for above in ancestors(graph, graph.tasks[task_id].upstream):
                ends = _teardowns(graph, graph.tasks[above])
                if graph.tasks[above].is_setup and (not ends or ends & below):
                    found |= {above, *ends}
    return found


def _teardowns(graph: Graph, setup: Task) -> set[str]:
    return {below for below in setup.downstream if graph.tasks[below].is_teardown}


def ancestors(graph: Graph, task_ids: Iterable[str]) -> set[str]:
    """Return the tasks named and everything upstream of them."""
    found: set[str] = set()
    todo = list(task_ids)
    while todo:
        task_id = todo.pop()
        if task_id not in found:
            found.add(task_id)
            todo.extend(graph.tasks[task_id].upstream)
    return found


def descendants(graph: Graph, task_ids: Iterable[str]) -> set[str]:
    """Return the tasks named and everything downstream of them."""
    found: set[str] = set()
    todo = list(task_ids)
    while todo:
        task_id = todo.pop()
        if task_id not in found:
            found.add(task_id)
            todo.extend(graph.tasks[task_id].downstream)
    return found


def reach(
    graph: Graph,
    pressed: Mapping[str, Iterable[str]],
    forced: Iterable[str] = (),
    let_on: Iterable[str] = (),
    at: Mapping[str, Where] = NOWHERE,
) -> dict[str, Where]:
    """Return every task whose instances a transaction may have to touch, and which of them, from the graph alone.

    Arguments:
        pressed: the end states of upstream instances that are to be counted, by the task that counts them.
        forced: tasks to be skipped by name.
        let_on: tasks that are decided anew, as past runs hold them no longer, or a setup of theirs has ended.
        at: which instances of those tasks are meant, where it is not all.
    """
    ends = {task_id: _ends_of(graph.tasks[task_id], states) for task_id, states in pressed.items()}
    for task_id in forced:
        ends.setdefault(task_id, set()).add(TaskState.SKIPPED)
    for task_id in let_on:
        ends.setdefault(task_id, set()).update(_any_end(graph.tasks[task_id]))
    where: dict[str, Where] = {task_id: at.get(task_id) for task_id in ends}
    todo = [task_id for task_id, states in ends.items() if states]
    while todo:
        task = graph.tasks[todo.pop()]
        states = ends[task.task_id]
        found = [(below, _ends_of(graph.tasks[below], states)) for below in task.downstream]
        found += [(below, _any_end(graph.tasks[below])) for below in task.in_scope]
        for below, possible_ends in found:
            near = where[task.task_id] if is_paired(task, graph.tasks[below]) else None
            wider = both(where[below], near) if below in where else near
            more = possible_ends - ends.setdefault(below, set())
            if more or (ends[below] and wider != where.get(below, NEVER)):
                todo.append(below)
            ends[below] |= more
            where[below] = wider
    return where


def _any_end(task: Task) -> set[str]:
    """Return the end states that a task may take when it is looked at again."""
    return {state for decision in (RUN, *_ENDS) if (state := end_of(task, decision)) is not None}


def both(one: Where, other: Where) -> Where:
    """Return the instances that are in one of two sets."""
    return None if one is None or other is None else one | other


def _ends_of(task: Task, upstream_ends: Iterable[str]) -> set[str]:
    """Return the end states that `task` can take at once when upstream instances end so."""
    decisions = frozenset[str]().union(*(possible(task.trigger_rule, state) for state in upstream_ends))
    if decisions and task.setups:
        return _any_end(task)
    return {state for decision in decisions if (state := end_of(task, decision)) is not None}


def end_of(task: Task, decision: str) -> str | None:
    """Return the end state that `decision` means for `task` without running anything, None where there is none."""
    if decision == RUN:
        if literal_length(task) == 0:
            return TaskState.SKIPPED
        return TaskState.SUCCESS if task.is_empty and task.expand is None else None
    return _ENDS.get(decision)


_ENDS = {"skip": TaskState.SKIPPED, "upstream_failed": TaskState.UPSTREAM_FAILED}
