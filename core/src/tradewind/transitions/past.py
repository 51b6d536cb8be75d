"""The gate across runs: a task that depends on past runs waits, once its rule is satisfied, for the DAG's previous run.

An instance at the gate is still undecided (`none`); the row in `past_gate` says that nothing else holds it. Gates are read
in sets and without locks, by schedulers, whenever one of them looks: so it does not matter what opened one (an end, a
clear, a run that was deleted), and an end never locks the rows of another run. It only wakes the scheduler.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

import sqlalchemy as sa
from tradewind_plugins.exceptions import SerializationError

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import gates, runs
from tradewind.metadata.statements.gates import Before, Gate, Key
from tradewind.transitions.calendar import ScheduledGraph
from tradewind.transitions.continuing import settle_on
from tradewind.transitions.graph import Graph, Graphs, Task
from tradewind.transitions.settling import ALL_INDEXES, Pressure, single
from tradewind.transitions.states import RunState, TaskState

GATES_PER_PAGE = 500
FINE: Final = frozenset({TaskState.SUCCESS, TaskState.SKIPPED})
States = Mapping[tuple[int, str], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Held:
    """A gate that stays closed, and why, in a sentence."""

    gate: Gate
    why: str


def openable(conn: sa.Connection, graphs: Graphs) -> list[tuple[int, str, list[Key]]]:
    """Return runs (with their DAGs) and their gates that may open, read without a lock."""
    found: dict[tuple[int, str], list[Key]] = {}
    after: Key | None = None
    while page := gates.first(conn, after=after, most=GATES_PER_PAGE):
        held = {id(each.gate) for each in judge(conn, _readable(conn, page, graphs), graphs)}
        for gate in page:
            if id(gate) not in held:
                found.setdefault((gate.run, gate.dag_id), []).append(_key(gate))
        after = _key(page[-1])
        if len(page) < GATES_PER_PAGE:
            break
    return [(run, dag_id, keys) for (run, dag_id), keys in found.items()]


def _readable(conn: sa.Connection, page: Sequence[Gate], graphs: Graphs) -> list[Gate]:
    """Return the gates whose versions can be read; who lets on one of the others stumbles, and sets its DAG aside."""
    unreadable = set()
    for version_id in {gate.version_id for gate in page}:
        try:
            graphs.get(conn, version_id)
        except (LookupError, ValueError, SerializationError):
            unreadable.add(version_id)
    return [gate for gate in page if gate.version_id not in unreadable]


def judge(conn: sa.Connection, waiting: Iterable[Gate], graphs: Graphs) -> list[Held]:
    """Return those of some gates that stay closed, each with its reason: two statements for any number, mostly."""
    asked = [(gate, cast(ScheduledGraph, graphs.get(conn, gate.version_id))) for gate in waiting]
    before = {id(gate): _before(gate, graph, graph.tasks[gate.task_id]) for gate, graph in asked}
    wanted = {task for gate, graph in asked if before[id(gate)] for task in _asked_of(graph, gate.task_id)}
    states = gates.states(conn, {each.run for each in before.values() if each is not None}, wanted) if wanted else {}
    missing = [
        (gate.dag_id, gate.task_id)
        for gate, graph in asked
        if (run := before[id(gate)]) is not None and _may_be_first(graph, gate.task_id, run, states)
    ]
    firsts = gates.first_dates(conn, missing) if missing else {}
    found = []
    for gate, graph in asked:
        run = before[id(gate)]
        why = None if run is None else _why(gate, graph.tasks[gate.task_id], run, states, firsts)
        if why is not None:
            found.append(Held(gate, why))
    return found


def _key(gate: Gate) -> Key:
    return gate.run, gate.task_id, gate.map_index


def _before(gate: Gate, graph: ScheduledGraph, task: Task) -> Before | None:
    """Return the run that counts: with catchup the last that was not triggered by hand, and is not before the start."""
    if not graph.catchup:
        return gate.previous
    found = gate.scheduled
    begin = task.start_date or graph.start_date
    if found is not None and begin is not None and found.logical_date < begin:
        return None
    return found


def _asked_of(graph: Graph, task_id: str) -> tuple[str, ...]:
    task = graph.tasks[task_id]
    return (task_id, *task.downstream) if task.wait_for_downstream else (task_id,)


def _may_be_first(graph: Graph, task_id: str, run: Before, states: States) -> bool:
    return graph.tasks[task_id].ignore_first_depends_on_past and (run.run, task_id) not in states


def _why(gate: Gate, task: Task, run: Before, states: States, firsts: Mapping[tuple[str, str], datetime]) -> str | None:
    """Return why the gate stays closed, None where it opens."""
    when = run.logical_date.isoformat()
    own = states.get((run.run, gate.task_id))
    if own is None:
        earliest = firsts.get((gate.dag_id, gate.task_id), gate.logical_date)
        is_first = gate.logical_date is None or earliest is None or earliest >= gate.logical_date
        if task.ignore_first_depends_on_past and is_first:
            return None
        return f"It depends on past runs, and the previous run, of {when}, has no such task."
    if unfit := _unfit(own):
        return f"It depends on past runs, and in the previous run, of {when}, it is {unfit}."
    for below in task.downstream if task.wait_for_downstream else ():
        if unfit := _unfit(states.get((run.run, below), {})):
            return f"It waits for what comes after it in the previous run, of {when}: {below!r} is {unfit} there."
    return None


def _unfit(states: Mapping[str, int]) -> str:
    return " and ".join(sorted("not decided yet" if each == TaskState.NONE else each for each in states.keys() - FINE))


def let_on(conn: sa.Connection, run: int, keys: Iterable[Key], *, graphs: Graphs, clock: Clock, ids: Ids) -> bool:
    """Open gates of a run, in the caller's transaction; False when there is nothing left to do.

    Whoever deletes a gate lets its task on: two schedulers that meet wait for each other here.
    """
    locked = runs.share(conn, run)
    if locked is None or locked.state != RunState.RUNNING:
        return False
    taken = [key for key in keys if gates.take(conn, key)]
    if not taken:
        return False
    graph = graphs.get(conn, locked.version_id)
    settle_on(conn, run, _opened(taken), graph=graph, clock=clock, ids=ids)
    return True


def _opened(taken: Iterable[Key]) -> dict[str, Pressure]:
    opened: dict[str, Pressure] = {}
    for _, task_id, map_index in taken:
        pressure = opened.setdefault(task_id, single())
        if map_index == ALL_INDEXES:
            pressure.is_let_on = pressure.is_for_all = True
        else:
            pressure.special(map_index).is_let_on = True
    return opened
