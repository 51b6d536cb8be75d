"""Dispatching one task instance because a person asks for it: it is claimed for their own process, past all queues.

It is a try like every other: under a claim, with a token, recorded. What would keep a scheduler from starting it is asked for
here too, and is the sentence that the refusal gives; each kind can be left aside by name, but for what would have two tries
overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import gates, instances, listings, runs, tickets, waits
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.transitions import claims, past
from tradewind.transitions.clear import clear
from tradewind.transitions.decision import RUN, decide
from tradewind.transitions.graph import Graph, Graphs, is_placeholder
from tradewind.transitions.recount import start_queued
from tradewind.transitions.scopes import read_setups
from tradewind.transitions.settling import counters_of
from tradewind.transitions.states import ENDED, RunState, TaskState
from tradewind.transitions.values import Claimer, Ticket
from tradewind.transitions.why import Why


class NotNowError(TradewindException):
    """The task does not run now; the message says why, and what would have it run."""


@dataclass(frozen=True, slots=True)
class Aside:
    """What is not asked for.

    Arguments:
        state: that it has ended: it is cleared first, alone.
        past: that past runs hold it.
        upstream: its trigger rule, past runs, and the moment of its next try.
        everything: all of that but its state, holds, and that its run has not started.
    """

    state: bool = False
    past: bool = False
    upstream: bool = False
    everything: bool = False

    @property
    def rule(self) -> bool:
        """Whether its trigger rule and its due time are left aside."""
        return self.upstream or self.everything


@dataclass(frozen=True, slots=True)
class Wanted:
    """The instance that is to run: the key of its run, its task and its index (-1 where it is not mapped)."""

    run: int
    task_id: str
    map_index: int = -1


def executor_of(conn: sa.Connection, wanted: Wanted) -> str:
    """Return the executor that an instance counts for.

    Raises:
        NotNowError: the run has no such instance.
    """
    found = waits.instance(conn, wanted.run, wanted.task_id, wanted.map_index)
    if found is None:
        raise NotNowError(_no_instance(conn, wanted))
    return found.executor


def dispatch(
    conn: sa.Connection,
    wanted: Wanted,
    claimer: Claimer,
    *,
    aside: Aside,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
) -> Ticket:
    """Claim one instance for a worker that asks for no other, and return its ticket: it runs when this commits.

    It takes its slots past the limits of pools, DAGs and executors, as a person has asked for it; others wait for its end.

    Arguments:
        claimer: the worker, which is registered.
    Raises:
        NotNowError: it is kept from running by something that `aside` does not leave aside; nothing was changed.
    """
    graph = _open_run(conn, wanted, aside=aside, graphs=graphs, clock=clock, ids=ids)
    row = _lock(conn, wanted)
    if kept := _kept(row, graph, Why(conn, graphs, clock), aside):
        raise NotNowError(f"{_name(wanted)} does not run now. {kept}{_way(row)}")
    claims.start(conn, [row.id], claimer, clock=clock)
    started = tickets.ticket_of(conn, row.id, row.token + 1)
    if started is None:
        raise NotNowError(f"{_name(wanted)} could not be claimed.")
    return Ticket(**started._mapping)  # noqa: SLF001 - SQLAlchemy's public name


def _open_run(conn: sa.Connection, wanted: Wanted, *, aside: Aside, graphs: Graphs, clock: Clock, ids: Ids) -> Graph:
    """Lock the run; clear the instance and start the run, where that is to be left aside."""
    seen = runs.get(conn, wanted.run)
    if seen is None:
        raise NotNowError(f"There is no run with key {wanted.run}.")
    runs.gate(conn, seen.dag_id)  # who starts a run locks its DAG's row first
    locked = runs.lock(conn, wanted.run) or seen
    if aside.state and _lock(conn, wanted).state in ENDED:
        indexes = [wanted.map_index]
        clear(conn, wanted.run, [wanted.task_id], map_indexes=indexes, graphs=graphs, clock=clock, ids=ids)
        start_queued(conn, wanted.run, starts_anyway=True, graphs=graphs, clock=clock, ids=ids)
    elif aside.everything and locked.state == RunState.QUEUED:
        start_queued(conn, wanted.run, starts_anyway=True, graphs=graphs, clock=clock, ids=ids)
    return graphs.get(conn, locked.version_id)


def _lock(conn: sa.Connection, wanted: Wanted) -> LockedInstance:
    found = waits.instance(conn, wanted.run, wanted.task_id, wanted.map_index)
    rows = instances.lock(conn, [found.id]) if found is not None else []
    if not rows:
        raise NotNowError(_no_instance(conn, wanted))
    return rows[0]


def _kept(row: LockedInstance, graph: Graph, why: Why, aside: Aside) -> str | None:
    """Return what keeps an instance from starting, None where nothing does."""
    run = listings.list_runs(why.conn, key=row.run)[0]
    sentence = why.task(run, row.task_id, row.map_index)
    if run.state != RunState.RUNNING or row.state in {*ENDED, TaskState.RUNNING, TaskState.DEFERRED}:
        return sentence
    if row.state == TaskState.NONE and not _may_begin(why.conn, row, graph, aside=aside, graphs=why.graphs):
        return sentence
    if row.state in {TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE} and not aside.rule:
        needs = waits.instance(why.conn, row.run, row.task_id, row.map_index)
        if needs is not None and needs.due_at is not None and needs.due_at > why.clock.now():
            return sentence
    return None if aside.everything else why.held(run.dag_id, row.run, row.task_id, row.map_index)


def _may_begin(conn: sa.Connection, row: LockedInstance, graph: Graph, *, aside: Aside, graphs: Graphs) -> bool:
    """Whether an undecided instance may start: one whose length is not known yet is none at all."""
    task = graph.tasks[row.task_id]
    if is_placeholder(task, row.map_index):
        return False
    if aside.rule:
        return True
    decision = read_setups(conn, row.run, graph, [row.task_id]).judge(
        task, row.map_index, decide(task.trigger_rule, counters_of(row))
    )
    if decision != RUN or aside.past or not task.depends_on_past:
        return decision == RUN
    return not past.judge(conn, gates.of_task(conn, row.run, row.task_id), graphs)


def _way(row: LockedInstance) -> str:
    if row.state in ENDED:
        return " `--force` has it run again."
    if row.state == TaskState.RUNNING:
        return " Two tries of a task never overlap."
    return ""


def _no_instance(conn: sa.Connection, wanted: Wanted) -> str:
    indexes = sorted(index for _, index, _ in instances.states_by_index(conn, wanted.run, [wanted.task_id]))
    if not indexes:
        return f"The run has no task {wanted.task_id!r}."
    if indexes == [-1]:
        return f"Task {wanted.task_id!r} has no instances: leave --map-index out."
    return f"Task {wanted.task_id!r} is mapped: name an instance with --map-index, {indexes[0]} to {indexes[-1]}."


def _name(wanted: Wanted) -> str:
    return f"Task {wanted.task_id!r}" if wanted.map_index < 0 else f"Task {wanted.task_id!r}, index {wanted.map_index},"
