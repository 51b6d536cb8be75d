"""Recounting: under a run's exclusive lock, its counters and its progress are derived anew from the states of its
instances.

Clear, start and repair never adjust counters; they change states and recount. `difference` is also what the reconciler
and
the simulation's checker look at: it must be empty for every run without pending continuations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import continuations, counters, gates, instances, runs
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.transitions.applying import SETTLE, apply
from tradewind.transitions.decision import Counters, one
from tradewind.transitions.graph import Graph, Graphs, Task, is_paired
from tradewind.transitions.runs import close_finished, limit_run
from tradewind.transitions.scopes import Setups
from tradewind.transitions.settling import Pressure, counters_of, pressure_of, settle
from tradewind.transitions.states import ENDED, RunState, TaskState


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored count that the states do not explain."""

    what: str
    stored: object
    counted: object


States = dict[str, int]


class Counted:
    """The counters that instances must have, from the states of all instances of a run."""

    def __init__(self, graph: Graph, rows: Iterable[LockedInstance]) -> None:
        self._graph = graph
        self._of_task: dict[str, States] = {}
        self._of_instance: dict[tuple[str, int], str] = {}
        for row in rows:
            states = self._of_task.setdefault(row.task_id, {})
            states[row.state] = states.get(row.state, 0) + 1
            if graph.tasks[row.task_id].mapped_group is not None:
                self._of_instance[row.task_id, row.map_index] = row.state
        self._known: dict[str, Counters] = {}

    def of(self, task_id: str, map_index: int) -> Counters:
        """Return the counters of an instance; those of a task are alike but in a mapped group."""
        task = self._graph.tasks[task_id]
        if task.mapped_group is not None:
            return self._of(task, map_index)
        if task_id not in self._known:
            self._known[task_id] = self._of(task, map_index)
        return self._known[task_id]

    def _of(self, task: Task, map_index: int) -> Counters:
        states = [self._above(self._graph.tasks[above], task, map_index) for above in task.upstream]
        total = Counters(sum(sum(each.values()) for each in states))
        for each in states:
            for state, count in each.items():
                if state in ENDED:
                    total = total.plus(one(state, count))
        return total

    def _above(self, above: Task, task: Task, map_index: int) -> States:
        if not is_paired(above, task):
            return self._of_task.get(above.task_id, {})
        # Where the one above ended before its group was expanded, all wait for that one
        state = self._of_instance.get((above.task_id, map_index)) or self._of_instance.get((above.task_id, -1))
        return {} if state is None else {state: 1}


def difference(graph: Graph, rows: Sequence[LockedInstance], unfinished: int) -> list[Difference]:
    """Return where stored counters and progress differ from what the states say."""
    expected = Counted(graph, rows)
    found = [
        Difference(f"counters of {row.task_id}[{row.map_index}]", counters_of(row), counters)
        for row in rows
        if counters_of(row) != (counters := expected.of(row.task_id, row.map_index))
    ]
    open_now = sum(row.state not in ENDED for row in rows)
    if open_now != unfinished:
        found.append(Difference("unfinished instances", unfinished, open_now))
    return found


def recount_run(conn: sa.Connection, run: int, *, graphs: Graphs, clock: Clock, ids: Ids) -> list[Difference]:
    """Compare one run's stored counts with its states, repair them, and return what differed.

    A run with pending continuations is left alone, as its counters are rightly behind.
    """
    locked = runs.lock(conn, run)
    if locked is None or locked.state == RunState.QUEUED or continuations.of_run(conn, run):
        return []
    graph = graphs.get(conn, locked.version_id)
    rows = instances.lock_run(conn, run)
    found = difference(graph, rows, runs.unfinished(conn, run))
    if found:
        resettle(conn, run, graph=graph, rows=rows, now=clock.now(), ids=ids)
    return found


class Start(Enum):
    """What became of the wish to start a queued run."""

    STARTED = "it runs, or has even ended"
    STAYS = "it is not queued any more, or its DAG is paused or has no room"
    BUSY = "somebody else holds the lock of its DAG's row"


def start_queued(
    conn: sa.Connection,
    run: int,
    *,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
    waits: bool = True,
    starts_anyway: bool = False,
) -> Start:
    """Start a queued run if its DAG is not paused and has room.

    The DAG's row is locked before the run's, so that any number of schedulers together keep to `max_active_runs`.

    Arguments:
        waits: whether to wait for that lock; where false, the answer may be `BUSY`.
        starts_anyway: whether it starts even if its DAG is paused or has no room.
    """
    seen = runs.get(conn, run)
    if seen is None or seen.state != RunState.QUEUED:
        return Start.STAYS
    gate = runs.gate(conn, seen.dag_id, run_type=seen.run_type, waits=waits)
    if gate is None and not waits:
        return Start.BUSY
    if gate is not None and not starts_anyway and (gate.is_paused or gate.running >= gate.max_active_runs):
        return Start.STAYS
    locked = runs.lock(conn, run)
    if locked is None or locked.state != RunState.QUEUED:
        return Start.STAYS
    graph = graphs.get(conn, locked.version_id)
    now = clock.now()
    runs.start(conn, run, now=now)
    limit_run(conn, run, graph, now=now)
    resettle(conn, run, graph=graph, rows=instances.lock_run(conn, run), now=now, ids=ids)
    return Start.STARTED


def resettle(
    conn: sa.Connection, run: int, *, graph: Graph, rows: Sequence[LockedInstance], now: datetime, ids: Ids
) -> None:
    """Recount a run that the transaction holds exclusively, decide what is undecided, and close it if nothing is left."""
    recounted = recount(conn, graph, rows)
    forced = _forced(conn, run)
    continuations.drop(conn, run)
    gates.drop(conn, run)
    undecided = {row.task_id for row in recounted if row.state == TaskState.NONE}
    stopped = {task_id for task_id, each in forced.items() if each.is_stopped}
    pressures = {task_id: forced.get(task_id, Pressure()) for task_id in undecided | stopped}
    setups = Setups(
        graph, ((row.task_id, row.map_index, row.state) for row in recounted if graph.tasks[row.task_id].in_scope)
    )
    settlement = settle(graph, recounted, pressures, setups=setups)
    ready = apply(conn, {run: settlement}, now=now, ids=ids)
    if ready:
        instances.settle(conn, [row.id for row in ready], state=TaskState.SCHEDULED, now=now, is_end=False)
    unfinished = sum(row.state not in ENDED for row in rows) - settlement.ended
    runs.set_progress(conn, run, unfinished)
    if unfinished == 0:
        close_finished(conn, {run: graph}, now=now, ids=ids)


def recount(conn: sa.Connection, graph: Graph, rows: Sequence[LockedInstance]) -> list[LockedInstance]:
    """Write the counters that differ from what the states say, and return the rows with the right ones."""
    expected = Counted(graph, rows)
    recounted = [replace(row, **expected.of(row.task_id, row.map_index)._asdict()) for row in rows]
    changed = [new for old, new in zip(rows, recounted, strict=True) if counters_of(old) != counters_of(new)]
    counters.put(conn, [{"key": row.id, **counters_of(row)._asdict()} for row in changed])
    return recounted


def _forced(conn: sa.Connection, run: int) -> dict[str, Pressure]:
    """Return the pressures on tasks that a pending continuation was still to skip by name, or to stop."""
    found: dict[str, Pressure] = {}
    for pending in continuations.of_run(conn, run):
        for left in pending.payload if pending.kind == SETTLE else ():
            pressure, forced = pressure_of(left), found.setdefault(left["task"], Pressure())
            forced.is_forced = forced.is_forced or pressure.is_forced
            forced.is_stopped = forced.is_stopped or pressure.is_stopped
            for index in [index for index, each in pressure.at.items() if each.is_forced]:
                forced.special(index).is_forced = True
    return found
