"""Deadlines: `dagrun_timeout` and `deadline` of a DAG, and `sla` of tasks. Rows with a moment, at which schedulers look.

A DAG without them costs nothing, and what ends in time is not looked at when it ends: the moment finds it ended.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import continuations, deadlines, deferrals, gates, instances, runs, stopped
from tradewind.metadata.statements.deadlines import DEADLINE, RUN_TIMEOUT, SLA, Deadline
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.metadata.statements.runs import Run
from tradewind.transitions import callbacks, notices
from tradewind.transitions.graph import Graph, Graphs
from tradewind.transitions.recount import recount
from tradewind.transitions.runs import close_run
from tradewind.transitions.states import ENDED, RunState, TaskState

SCHEDULED: Final = "scheduled"
TIMED_OUT: Final = "timed_out"
"""Airflow's word, as the reason that a DAG's callback is told."""
TIMED_OUT_ID: Final = "run-timed-out"
MET: Final = frozenset({TaskState.SUCCESS, TaskState.SKIPPED})
_OF_THE_RUN: Final = ""


def meet(conn: sa.Connection, run: int, *, graphs: Graphs, clock: Clock, ids: Ids) -> bool:
    """Look at the deadlines of a run that have come: what was missed has its consequences, all in this transaction.

    A run that takes too long fails. What is unfinished in it is skipped, as in Airflow: what runs is ended by its worker,
    which finds it is not its own any more. A task that has not succeeded by its `sla` is told of, once.

    Returns:
        whether it ended the run, so that another one may have room.
    """
    locked = runs.lock(conn, run)
    if locked is None:
        return False
    now = clock.now()
    due = deadlines.lock_due(conn, run, now=now)
    if not due:
        return False
    graph = graphs.get(conn, locked.version_id)
    slas = [each for each in due if each.kind == SLA]
    if slas:
        _look_at_slas(conn, locked, slas, graph=graph, now=now)
    for each in due:
        if each.kind.startswith(DEADLINE):
            _look_at_run(conn, locked, each, graph=graph, now=now)
    ended = [_time_out(conn, locked, each, graph=graph, now=now, ids=ids) for each in due if each.kind == RUN_TIMEOUT]
    return any(ended)


def _time_out(conn: sa.Connection, run: Run, limit: Deadline, *, graph: Graph, now: datetime, ids: Ids) -> bool:
    if run.state != RunState.RUNNING:
        # It ended in time; or it was cleared, and has another limit from the moment it starts again
        deadlines.delete(conn, run.id, RUN_TIMEOUT, [_OF_THE_RUN])
        return False
    deadlines.miss(conn, run.id, RUN_TIMEOUT, [_OF_THE_RUN], at=now)
    rows = instances.lock_run(conn, run.id)
    open_rows = [row for row in rows if row.state not in ENDED]
    cause = f"the run took longer than its dagrun_timeout of {timedelta(seconds=limit.seconds)} [{TIMED_OUT_ID}]"
    instances.add_tries(conn, [_ended_try(row, cause, now) for row in open_rows if row.state == TaskState.RUNNING])
    stopped.add(conn, [row for row in open_rows if row.state == TaskState.RUNNING])
    deferrals.forget(conn, [row.id for row in open_rows if row.state == TaskState.DEFERRED])
    values = [{"key": row.id, "state": TaskState.SKIPPED, "due_at": None, "ended_at": now} for row in open_rows]
    instances.reset(conn, values)
    continuations.drop(conn, run.id)
    gates.drop(conn, run.id)
    recount(conn, graph, instances.lock_run(conn, run.id))
    notices.decided(conn, {TaskState.SKIPPED: open_rows}, now=now, cause=cause)
    runs.set_progress(conn, run.id, 0)
    started_at = limit.due_at - timedelta(seconds=limit.seconds)
    close_run(conn, run.id, graph, RunState.FAILED, started_at=started_at, now=now, ids=ids, reason=TIMED_OUT)
    return True


def _look_at_run(conn: sa.Connection, run: Run, limit: Deadline, *, graph: Graph, now: datetime) -> None:
    """Have something called for a run that has not succeeded by a moment; it goes on as before."""
    ended_at = deadlines.ended_at(conn, run.id)
    if run.state == RunState.SUCCESS and ended_at is not None and ended_at <= limit.due_at:
        deadlines.delete(conn, run.id, limit.kind, [_OF_THE_RUN])
        return
    deadlines.miss(conn, run.id, limit.kind, [_OF_THE_RUN], at=now)
    callbacks.deadline_missed(conn, run.id, graph, limit.kind, state=run.state, missed=limit.due_at, now=now)


def _ended_try(row: LockedInstance, cause: str, now: datetime) -> dict[str, Any]:
    return {
        "instance": row.id,
        "token": row.token,
        "try_number": row.try_number,
        "state": TaskState.SKIPPED,
        "started_at": row.started_at,
        "ended_at": now,
        "worker": row.worker,
        "cause": cause,
        "exit_code": None,
    }


def _look_at_slas(conn: sa.Connection, run: Run, due: list[Deadline], *, graph: Graph, now: datetime) -> None:
    states = instances.states_of_tasks(conn, run.id, {each.task_id for each in due})
    missed = [each for each in due if not set(states.get(each.task_id, {TaskState.NONE: 1})) <= MET]
    deadlines.delete(conn, run.id, SLA, {each.task_id for each in due} - {each.task_id for each in missed})
    deadlines.miss(conn, run.id, SLA, {each.task_id for each in missed}, at=now)
    if missed:
        tasks = [(each.task_id, each.due_at) for each in missed]
        blocking = [row for row in instances.look(conn, run.id) if row.state not in MET]
        callbacks.slas_missed(conn, run.id, graph, tasks, blocking, now=now)
