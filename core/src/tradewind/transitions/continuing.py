"""Going on with what one transaction left: the rest of a cascade, or an expansion."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import continuations, instances, runs
from tradewind.metadata.statements.continuations import Continuation
from tradewind.transitions.applying import SETTLE, apply
from tradewind.transitions.ends import MOST_ROWS
from tradewind.transitions.expansion import MOST_INSTANCES, expand
from tradewind.transitions.graph import Graph, Graphs, reach
from tradewind.transitions.runs import EXPAND, PAUSE_AFTER_FAILURES, close_finished, pause_after_failures
from tradewind.transitions.scopes import read_setups
from tradewind.transitions.settling import START, Pressure, pressure_of, settle, within
from tradewind.transitions.states import RunState, TaskState

log = logging.getLogger(__name__)


def go_on(
    conn: sa.Connection,
    left: Continuation,
    *,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
    max_map_length: int = MOST_INSTANCES,
) -> bool:
    """Do the work of one continuation in the caller's transaction; False when somebody else did it before.

    Whoever deletes its row does the work: two schedulers that meet wait for each other here, and the second finds
    nothing. The run is locked first, exclusively for an expansion and shared for a cascade.

    Arguments:
        max_map_length: how many instances a mapped task has at most.
    Raises:
        ValueError: for a kind that this release does not know.
    """
    if left.kind == PAUSE_AFTER_FAILURES:
        return _pause(conn, left)
    if left.kind not in {EXPAND, SETTLE}:
        raise ValueError(
            f"Continuation {left.id} of run {left.run} is of unknown kind {left.kind!r}: was it written by a newer release?"
        )
    lock = runs.lock if left.kind == EXPAND else runs.share
    run = lock(conn, left.run)
    if run is not None and run.state == RunState.QUEUED:
        # Cleared meanwhile: its start recounts everything, and takes over what was still to be skipped.
        return False
    if not continuations.take(conn, left.id):
        return False
    if run is None:
        return True
    graph = graphs.get(conn, run.version_id)
    if left.kind == EXPAND:
        expand(conn, run, left.payload["task"], graph=graph, now=clock.now(), ids=ids, most=max_map_length)
    else:
        pressures = {each["task"]: pressure_of(each) for each in left.payload}
        settle_on(conn, run.id, pressures, graph=graph, clock=clock, ids=ids)
    return True


def _pause(conn: sa.Connection, left: Continuation) -> bool:
    """Pause a DAG that failed too often, under the lock of its row alone: a run's would have to be taken after it."""
    runs.gate(conn, left.dag_id)
    run = runs.get(conn, left.run)
    if run is not None and run.dag_id != left.dag_id:
        return True  # renamed since it was read: it is done under the lock of the new name, in the next step
    if not continuations.take(conn, left.id):
        return False
    if pause_after_failures(conn, left.dag_id, left.payload["most"]):
        log.warning("DAG %s is paused now: its last %d runs have failed", left.dag_id, left.payload["most"])
    return True


def settle_on(
    conn: sa.Connection, run: int, pressures: dict[str, Pressure], *, graph: Graph, clock: Clock, ids: Ids
) -> None:
    """Let pressures run down a run that the transaction has locked, and write what they decide."""
    now = clock.now()
    pressed = {task_id: pressure.states() for task_id, pressure in pressures.items()}
    forced = [task_id for task_id, pressure in pressures.items() if pressure.is_any("is_forced")]
    let_on = [
        task_id
        for task_id, pressure in pressures.items()
        if pressure.is_any("is_let_on") or graph.tasks[task_id].setups
    ]
    tasks = reach(graph, pressed, forced, let_on)
    locked = instances.lock_after(conn, run, tasks, after=_begin(graph, pressures), most=MOST_ROWS + 1)
    rows, last = within(locked, MOST_ROWS)
    setups = read_setups(conn, run, graph, tasks)
    cut = None if last is None else (last.rank, last.map_index)
    found = settle(graph, rows, pressures, cut=cut, setups=setups)
    ready = apply(conn, {run: found}, now=now, ids=ids)
    if ready:
        instances.settle(conn, [row.id for row in ready], state=TaskState.SCHEDULED, now=now, is_end=False)
    if found.ended:
        runs.advance(conn, {run: found.ended})
    # Asked even if nothing ended here: a rest that proved empty may be all that kept the run open.
    close_finished(conn, {run: graph}, now=now, ids=ids)


def _begin(graph: Graph, pressures: dict[str, Pressure]) -> tuple[int, int]:
    """Return the position behind which all that is left lies, so that rows done before take no part of the cap."""
    return min(
        (graph.tasks[task_id].rank, START[1]) if pressure.after == START else pressure.after
        for task_id, pressure in pressures.items()
    )
