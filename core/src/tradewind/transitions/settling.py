"""Settling: what a set of upstream ends makes of the rows below, computed in memory over the version's graph.

Pure. Given the locked rows and what is to be added to their counters, it says which counters grow, which rows are
decided
how, and what is left because its rows were not among those locked. A cascade (a branch that skips a chain of a
thousand) is
one call.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tradewind.metadata.statements.instances import LockedInstance
from tradewind.transitions.decision import RUN, SKIP, Counters, decide, one
from tradewind.transitions.graph import Graph, Task, Where, end_of, is_paired, is_placeholder
from tradewind.transitions.scopes import Setups
from tradewind.transitions.states import TaskState

START = (-1, -2)
"""The position before every row of a run."""
NOTHING = Counters(0)
ALL_INDEXES = -1
"""In a gate's key: all instances of its task."""


Position = tuple[int, int]


def within(rows: Sequence[LockedInstance], most: int) -> tuple[Sequence[LockedInstance], LockedInstance | None]:
    """Return the rows that a cap lets a transaction work on, and the last of them if the cap cut some off.

    Ask the database for one row more than the cap: only that tells a full house from one that is too full.
    """
    if len(rows) <= most:
        return rows, None
    return rows[:most], rows[most - 1]


@dataclass(slots=True)
class Special:
    """What is meant for one instance of a task alone: see `Pressure`."""

    ends: Counters = NOTHING
    is_forced: bool = False
    is_let_on: bool = False
    is_stopped: bool = False


@dataclass(slots=True)
class Pressure:
    """What upstream ends do to all instances of one task: add to the counters, and perhaps skip whatever the rule says.

    Arguments:
        after: only instances behind this position (rank, map index) are still to get it.
        is_let_on: whether past runs hold them no longer.
        at: what is meant for single instances, by their index.
        is_for_all: whether the instances that `at` does not name are meant as well.
        is_stopped: with `is_forced`: whether what is ready, or waits for another try, is skipped as well.
    """

    ends: Counters = NOTHING
    is_forced: bool = False
    after: Position = START
    is_let_on: bool = False
    at: dict[int, Special] = field(default_factory=dict)
    is_for_all: bool = True
    is_stopped: bool = False

    def add(self, ends: Counters) -> None:
        """Add upstream ends that all instances count."""
        self.ends = self.ends.plus(ends)
        self.is_for_all = True

    def special(self, map_index: int) -> Special:
        """Return what one instance alone gets, to be changed."""
        return self.at.setdefault(map_index, Special())

    def on(self, map_index: int) -> Special | None:
        """Return what an instance gets in all, None where it is not meant."""
        own = self.at.get(map_index)
        if own is None:
            return Special(self.ends, self.is_forced, self.is_let_on, self.is_stopped) if self.is_for_all else None
        is_let_on = self.is_let_on or own.is_let_on
        return Special(self.ends.plus(own.ends), self.is_forced or own.is_forced, is_let_on, self.is_stopped)

    def states(self) -> tuple[str, ...]:
        """Return the end states that it counts."""
        total = self.ends
        for each in self.at.values():
            total = total.plus(each.ends)
        return tuple(state for state, count in zip(Counters._fields[1:], total[1:], strict=True) if count)

    def where(self) -> Where:
        """Return the instances that are meant."""
        return None if self.is_for_all else frozenset(self.at)

    def is_any(self, what: str) -> bool:
        """Whether any instance is forced, or let on."""
        return bool(getattr(self, what)) or any(getattr(each, what) for each in self.at.values())

    def as_payload(self, task_id: str) -> dict[str, Any]:
        """Return this as JSON can hold it."""
        said = {"task": task_id, "ends": self.ends[1:], "forced": self.is_forced, "after": self.after}
        if self.is_let_on:
            said["let_on"] = True
        if self.is_stopped:
            said["stopped"] = True
        if self.at:
            said["at"] = [[index, each.ends[1:], each.is_forced, each.is_let_on] for index, each in self.at.items()]
            said["for_all"] = self.is_for_all
        return said


def single() -> Pressure:
    """Return a pressure that is for nobody yet: single instances are added."""
    return Pressure(is_for_all=False)


def pressure_of(payload: Mapping[str, Any]) -> Pressure:
    """Return the pressure that `Pressure.as_payload` wrote."""
    after = tuple(payload["after"])
    at = {
        index: Special(Counters(0, *ends), is_forced, is_let_on)
        for index, ends, is_forced, is_let_on in payload.get("at", ())
    }
    ends = Counters(0, *payload["ends"])
    is_for_all = payload.get("for_all", True)
    is_stopped = payload.get("stopped", False)
    return Pressure(ends, payload["forced"], after, payload.get("let_on", False), at, is_for_all, is_stopped)


@dataclass(slots=True)
class Settlement:
    """What to write.

    Arguments:
        counted: instances whose counters grow, by what they grow.
        decided: instances by the state they take: `scheduled`, or an end.
        expand: mapped tasks whose length can be asked for.
        left: pressures on tasks whose rows were not all locked.
        gated: tasks that wait for past runs from now on, and which of their instances: `ALL_INDEXES`, or one.
    """

    counted: dict[Counters, list[int]] = field(default_factory=dict)
    decided: dict[str, list[LockedInstance]] = field(default_factory=dict)
    expand: list[str] = field(default_factory=list)
    left: list[tuple[str, Pressure]] = field(default_factory=list)
    gated: set[tuple[str, int]] = field(default_factory=set)

    @property
    def ended(self) -> int:
        """How many instances reached an end."""
        return sum(len(rows) for state, rows in self.decided.items() if state != TaskState.SCHEDULED)


def settle(
    graph: Graph,
    rows: Iterable[LockedInstance],
    pressures: Mapping[str, Pressure],
    *,
    cut: Position | None = None,
    setups: Setups | None = None,
) -> Settlement:
    """Let `pressures` run down the graph.

    Arguments:
        graph: the run's version.
        rows: locked instances of one run; those of a task that is under pressure and before `cut` must be among them.
        pressures: what is to be added, by task.
        cut: the last locked position (rank, map index) where not all rows were locked, None where they were.
        setups: how the setups of the rows' tasks stand.
    """
    setups = setups or Setups(graph)
    by_task: dict[str, list[LockedInstance]] = {}
    for row in rows:
        by_task.setdefault(row.task_id, []).append(row)
    found = Settlement()
    waiting = dict(pressures)
    order = [(graph.tasks[task_id].rank, task_id) for task_id in waiting]
    heapq.heapify(order)
    while order:
        rank, task_id = heapq.heappop(order)
        pressure = waiting.pop(task_id)
        if cut is not None and cut[0] <= rank:
            _leave(found, task_id, pressure, cut, rank)
            if cut[0] < rank:
                continue
        task = graph.tasks[task_id]
        ended = []
        for row in by_task.get(task_id, ()):
            special = pressure.on(row.map_index) if _is_behind(row, pressure) else None
            state = None if special is None else _press(found, task, row, special, setups)
            if state is not None:
                ended.append((row.map_index, state))
        for below in _concerned(task) if ended else ():
            if below not in waiting:
                waiting[below] = single()
                heapq.heappush(order, (graph.tasks[below].rank, below))
        _concern(graph, task, ended, waiting, setups)
    return found


def _concerned(task: Task) -> tuple[str, ...]:
    return (*task.downstream, *task.in_scope) if task.in_scope else task.downstream


def _concern(
    graph: Graph, task: Task, ended: Sequence[tuple[int, str]], pressures: Mapping[str, Pressure], setups: Setups
) -> None:
    """Put the ends of a task's instances on the tasks below; those in the scope of a setup are looked at again."""
    for below in task.downstream if ended else ():
        _pass_on(pressures[below], ended, one_by_one=is_paired(task, graph.tasks[below]))
    for below in task.in_scope if ended else ():
        pressures[below].is_for_all = True
    if task.in_scope:
        for map_index, state in ended:
            setups.put(task.task_id, map_index, state)


def _pass_on(pressure: Pressure, ended: Iterable[tuple[int, str]], *, one_by_one: bool) -> None:
    """Put the ends of a task's instances (index, state) on a task below."""
    for map_index, state in ended:
        if one_by_one:
            special = pressure.special(map_index)
            special.ends = special.ends.plus(one(state))
        else:
            pressure.add(one(state))


def _leave(found: Settlement, task_id: str, pressure: Pressure, cut: Position, rank: int) -> None:
    if cut == (rank, -1):
        # The only instance of its task is within: were it left, an expansion in between would let it count twice.
        return
    after = max(pressure.after, cut) if cut[0] == rank else pressure.after
    found.left.append((task_id, replace(pressure, after=after)))


def _is_behind(row: LockedInstance, pressure: Pressure) -> bool:
    return (row.rank, row.map_index) > pressure.after


STOPPABLE = frozenset({TaskState.SCHEDULED, TaskState.QUEUED, TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE})
"""What has not begun, or is between two tries: the failure of another task stops it, where its DAG says so."""


def _press(found: Settlement, task: Task, row: LockedInstance, pressure: Special, setups: Setups) -> str | None:
    """Add to one row's counters, decide it if it is undecided, and return its end state if it took one."""
    if any(pressure.ends[1:]):
        found.counted.setdefault(pressure.ends, []).append(row.id)
    if row.state != TaskState.NONE and not (pressure.is_stopped and row.state in STOPPABLE):
        return None
    if pressure.is_forced:
        state: str | None = TaskState.SKIPPED
    else:
        state = _decide(found, task, row, pressure, setups)
    if state is None:
        return None
    found.decided.setdefault(state, []).append(row)
    return None if state == TaskState.SCHEDULED else state


def _decide(found: Settlement, task: Task, row: LockedInstance, pressure: Special, setups: Setups) -> str | None:
    before = counters_of(row)
    counted = before.plus(pressure.ends)
    decision = setups.judge(task, row.map_index, decide(task.trigger_rule, counted))
    if waits_for_past(task, decision) and not pressure.is_let_on:
        # Noted once, by what satisfied the rule: later ends must not meet with whoever lets it on. What has yet to be expanded
        # is noted by the last end above it, as its length may be known no sooner, and who was let on is not asked again
        is_early = decision == RUN and is_placeholder(task, row.map_index)
        was_noted = before.is_done if is_early else decide(task.trigger_rule, before) == decision
        if (counted.is_done or not is_early) and not (any(pressure.ends[1:]) and was_noted):
            found.gated.add(gate_of(task, row.map_index))
        return None
    state = decided_state(task, row.map_index, decision)
    if state is None and decision == RUN and is_placeholder(task, row.map_index) and task.task_id not in found.expand:
        found.expand.append(task.task_id)
    return state


def gate_of(task: Task, map_index: int) -> tuple[str, int]:
    """Return the task and the index by which the gate of an instance is kept: instances that are alike share one."""
    return task.task_id, ALL_INDEXES if task.mapped_group is None else map_index


def waits_for_past(task: Task, decision: str) -> bool:
    """Whether what a rule decided has to wait until past runs allow it."""
    if not task.depends_on_past:
        return False
    return decision == RUN or (decision == SKIP and task.wait_for_past_depends_before_skipping)


def decided_state(task: Task, map_index: int, decision: str) -> str | None:
    """Return the state that an undecided instance takes by what its rule decided, None where it goes on waiting.

    A mapped task whose rule says run goes on waiting too: its length has to be asked for first.
    """
    end = end_of(task, decision)
    if end is not None:
        return end
    return TaskState.SCHEDULED if decision == RUN and not is_placeholder(task, map_index) else None


def counters_of(row: LockedInstance) -> Counters:
    """Return the counters of a locked row."""
    return Counters(row.waits, row.success, row.failed, row.upstream_failed, row.skipped, row.removed)


def press_down(graph: Graph, ended: Sequence[tuple[str, int, str]]) -> dict[str, Pressure]:
    """Return what ends (task id, map index, state) put on the tasks directly below them."""
    pressures: dict[str, Pressure] = {}
    for task_id, map_index, state in ended:
        task = graph.tasks[task_id]
        for below in task.downstream:
            pressure = pressures.setdefault(below, single())
            _pass_on(pressure, [(map_index, state)], one_by_one=is_paired(task, graph.tasks[below]))
        for below in task.in_scope:
            pressures.setdefault(below, single()).is_for_all = True
    return pressures
