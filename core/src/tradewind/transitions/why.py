"""Why something does not run: one sentence for a task instance, a run or a DAG.

Computed when it is asked for, from the very counts, limits and predicates that decide: the trigger rule's decision, the gates
across runs, holds, admission's buckets, live daemons. So a sentence is gone when its cause is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.statements import (
    admission,
    continuations,
    daemons,
    dispatches,
    gates,
    holds,
    instances,
    listings,
    waits,
)
from tradewind.metadata.statements.admission import Group
from tradewind.metadata.statements.listings import DagRow, RunRow
from tradewind.metadata.statements.waits import Needs
from tradewind.transitions import past, waiting
from tradewind.transitions.decision import RUN, WAIT, Counters, decide
from tradewind.transitions.graph import Graph, Graphs, Task, is_placeholder, xcom_sources
from tradewind.transitions.states import ENDED, ENDED_RUN, RunState, TaskState

NAMED_MOST = 3
TRIGGERER = "triggerer"
NEXT_STEP = "Nothing: a scheduler decides it with its next step."


@dataclass
class Why:
    """Answers for one moment: make another one to ask again.

    Arguments:
        conn: an open transaction; nothing is written.
        graphs: where the runs' versions are found.
    """

    conn: sa.Connection
    graphs: Graphs
    clock: Clock

    @cached_property
    def _live(self) -> set[str]:
        return {each.kind for each in daemons.jobs(self.conn, sql_now=self.clock.sql_now(), live_only=True)}

    # --- A DAG

    def dag(self, row: DagRow) -> str:
        """Return why a DAG makes no run now."""
        return _set_aside(row) or self._blocked(row) or self._scheduled_next(row)

    def _blocked(self, row: DagRow) -> str | None:
        if waiting.SCHEDULER not in self._live:
            return waiting.NO_SCHEDULER
        if held := self.held(row.dag_id):
            return held
        queued = [each for each in waits.queued_runs(self.conn) if each.dag_id == row.dag_id]
        return waiting.why_run_queued(queued[0], self._live) if queued else None

    def _scheduled_next(self, row: DagRow) -> str:
        if row.next_run_at is None:
            return "Its schedule has no next run: trigger one, or give it a schedule and a start_date."
        if row.next_run_at > self.clock.now():
            return f"Its next run is due at {_at(row.next_run_at)}."
        return "Its next run is due: a scheduler makes it as soon as fewer than max_active_runs are active."

    # --- A run

    def run(self, run: RunRow) -> str:
        """Return why a run does not end: why it does not start, or what its first unfinished task waits for."""
        if run.state in ENDED_RUN:
            return f"It has ended as {run.state} at {_at(run.ended_at)}."
        if run.state == RunState.QUEUED:
            return self._why_queued_run(run)
        rows = listings.list_tasks(self.conn, run.id)
        unfinished = [row for row in rows if row.state not in ENDED]
        at_work = [row for row in unfinished if row.state == TaskState.RUNNING]
        if at_work:
            return f"{_names(sorted({row.task_id for row in at_work}))} {_runs(len(at_work))}."
        # In topological order: what the first one waits for is what all behind it wait for
        for row in unfinished:
            return f"Task {_name(row.task_id, row.map_index)}: {self.task(run, row.task_id, row.map_index)}"
        return NEXT_STEP

    def _why_queued_run(self, run: RunRow) -> str:
        if held := self.held(run.dag_id, run.id):
            return held
        of_dag = [each for each in waits.queued_runs(self.conn) if each.dag_id == run.dag_id]
        return waiting.why_run_queued(of_dag[0], self._live) if of_dag else NEXT_STEP

    # --- A task instance

    def task(self, run: RunRow, task_id: str, map_index: int = -1) -> str:
        """Return why an instance does not run.

        Raises:
            LookupError: the run has no such instance.
        """
        needs = waits.instance(self.conn, run.id, task_id, map_index)
        if needs is None:
            raise LookupError(f"Run {run.run_id!r} of DAG {run.dag_id!r} has no task {_name(task_id, map_index)}.")
        if needs.state in ENDED:
            return self._ended(needs)
        if run.state == RunState.QUEUED:
            return f"Its run has not started. {self._why_queued_run(run)}"
        if (quarantined := self._quarantine(run)) is not None and needs.state == TaskState.NONE:
            return quarantined
        return {
            TaskState.NONE: self._undecided,
            TaskState.SCHEDULED: self._scheduled,
            TaskState.QUEUED: self._queued,
            TaskState.RUNNING: self._running,
            TaskState.DEFERRED: self._deferred,
        }.get(needs.state, self._later)(needs, run)

    def _quarantine(self, run: RunRow) -> str | None:
        found = listings.list_dags(self.conn, dag_id=run.dag_id, include_inactive=True)
        if not found or found[0].quarantine is None:
            return None
        return f"DAG {run.dag_id!r} is in quarantine, as a scheduler stumbled over it: {found[0].quarantine}"

    def _undecided(self, needs: Needs, run: RunRow) -> str:
        graph = self.graphs.get(self.conn, run.version_id)
        task = graph.tasks[needs.task_id]
        states = instances.states_of_tasks(self.conn, run.id, task.upstream) if task.upstream else {}
        decision = decide(task.trigger_rule, Counters(*waits.counters(self.conn, needs.id)))
        if decision == WAIT:
            return _unmet(task, states)
        if decision == RUN and is_placeholder(task, needs.map_index):
            return self._unexpanded(graph, run, task)
        for gate in gates.of_task(self.conn, run.id, needs.task_id):
            if closed := past.judge(self.conn, [gate], self.graphs):
                return closed[0].why
        if continuations.of_run(self.conn, run.id):
            return "A scheduler works off a large step of its run, and comes to it."
        return NEXT_STEP if waiting.SCHEDULER in self._live else waiting.NO_SCHEDULER

    def _unexpanded(self, graph: Graph, run: RunRow, task: Task) -> str:
        states = instances.states_of_tasks(self.conn, run.id, {source for source, _ in xcom_sources(task)})
        open_now = sorted(above for above, found in states.items() if any(state not in ENDED for state in found))
        if open_now:
            return f"It is mapped over what {_names(open_now)} will return, and expanded when that has ended."
        return NEXT_STEP if waiting.SCHEDULER in self._live else waiting.NO_SCHEDULER

    def _scheduled(self, needs: Needs, run: RunRow) -> str:
        if held := self.held(needs.dag_id, needs.run, needs.task_id, needs.map_index):
            return held
        group = Group(needs.pool, needs.dag_id, needs.executor, needs.pool_slots, 1)
        limits = admission.limits(self.conn, pools={needs.pool}, dags={needs.dag_id}, sql_now=self.clock.sql_now())
        limit = limits.tasks.get((needs.dag_id, needs.task_id))
        if limit is not None and waiting.SCHEDULER in self._live:
            lanes = admission.occupied_lanes(self.conn, [(needs.dag_id, needs.task_id)])
            if full := waiting.why_limited(needs.task_id, limit, lanes, needs.run):
                return full
        return waiting.why_ready(group, limits, admission.occupancy(self.conn), self._live)

    def _queued(self, needs: Needs, run: RunRow) -> str:
        ticket = dispatches.ticket_of(self.conn, needs.id)
        if ticket is not None:
            times = "" if ticket.attempts == 1 else f", sent {ticket.attempts} times"
            return f"{needs.executor} has its ticket since {_at(ticket.dispatched_at)}{times}: no process there has begun it yet."
        workers = waits.workers(self.conn, sql_now=self.clock.sql_now())
        return waiting.why_queued(waits.QueuedTries(needs.executor, needs.queue, 1, None), workers)

    def _running(self, needs: Needs, run: RunRow) -> str:
        return f"It runs, in try {needs.try_number}, since {_at(needs.started_at)}."

    def _later(self, needs: Needs, run: RunRow) -> str:
        if needs.due_at is not None and needs.due_at <= self.clock.now():
            return NEXT_STEP if waiting.SCHEDULER in self._live else waiting.NO_SCHEDULER
        if needs.state == TaskState.UP_FOR_RETRY:
            return f"Its try {needs.try_number} failed; it is tried again at {_at(needs.due_at)}."
        return f"What it waits for was not there yet; it looks again at {_at(needs.due_at)}."

    def _deferred(self, needs: Needs, run: RunRow) -> str:
        found = waits.trigger(self.conn, needs.id)
        if found is None:
            return NEXT_STEP
        name = found.classpath.rpartition(".")[2]
        if TRIGGERER not in self._live:
            return f"It waits for {name}, and no triggerer lives: start `tradewind triggerer`."
        if found.problem is not None:
            return f"It waits for {name}: {found.problem}"
        if not found.is_run:
            return f"It waits for {name}, which a triggerer takes over when it has room."
        until = "" if needs.due_at is None else f", until {_at(needs.due_at)} at most"
        return f"It waits for {name} since {_at(found.deferred_at)}{until}."

    def _ended(self, needs: Needs) -> str:
        if needs.state == TaskState.REMOVED:
            return (
                "It is no part of this run: its own start_date or end_date leaves the run out, or a clear removed it."
            )
        return f"It has ended as {needs.state} at {_at(needs.ended_at)}."

    def held(
        self, dag_id: str, run: int | None = None, task_id: str | None = None, map_index: int | None = None
    ) -> str | None:
        """Return what says that an instance is held (or a task, run or DAG, where the rest is None), None where nothing does."""
        found = holds.about(self.conn, dag_id=dag_id, run=run, task_id=task_id, map_index=map_index)
        if not found:
            return None
        first = found[0]
        reason = f", {first.reason!r}" if first.reason else ""
        of_it = first.what[0].upper() + first.what[1:]
        return f"{of_it} is held since {_at(first.held_at)}{reason}: `tradewind holds release {first.id}`."


def _set_aside(row: DagRow) -> str | None:
    if not row.is_active:
        return f"The file of DAG {row.dag_id!r} does not make it any more: {row.path}."
    if row.quarantine is not None:
        return f"DAG {row.dag_id!r} is in quarantine, as a scheduler stumbled over it: {row.quarantine}"
    if row.is_paused:
        return f"DAG {row.dag_id!r} is paused: `tradewind dags unpause {row.dag_id}`."
    return None


def _unmet(task: Task, states: Mapping[str, Mapping[str, int]]) -> str:
    """Return which upstream the rule waits for."""
    open_now = {
        above: ", ".join(
            sorted("not decided yet" if each == TaskState.NONE else each for each in found if each not in ENDED)
        )
        for above, found in sorted(states.items())
        if any(state not in ENDED for state in found)
    }
    shown = [f"{above!r} ({how})" for above, how in list(open_now.items())[:NAMED_MOST]]
    more = f" and {len(open_now) - NAMED_MOST} more" if len(open_now) > NAMED_MOST else ""
    return f"Its trigger rule {task.trigger_rule} waits for {', '.join(shown)}{more}."


def _names(names: list[str]) -> str:
    more = f" and {len(names) - NAMED_MOST} more" if len(names) > NAMED_MOST else ""
    return ", ".join(map(repr, names[:NAMED_MOST])) + more


def _name(task_id: str, map_index: int) -> str:
    return repr(task_id if map_index < 0 else f"{task_id}[{map_index}]")


def _runs(count: int) -> str:
    return "runs" if count == 1 else "run"


def _at(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else moment.isoformat(timespec="seconds")
