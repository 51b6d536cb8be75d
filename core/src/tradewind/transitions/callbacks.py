"""Callbacks of tasks and DAGs: owed in the transaction of the change of state itself, called by workers afterwards.

Which callbacks a version has is known from its graph, so where it has none nothing is written and no statement made.
Whatever changes a state comes through here: a try that reported, one that was lost or killed, a mapped task that could
not be expanded, a run that closed. A row is deleted when its callables were called; one of which something failed is
due again after a pause, a few times, and then kept with its error.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from tradewind_plugins.callbacks import ON_FAILURE, ON_RETRY, ON_SKIPPED, ON_SLA_MISS, ON_SUCCESS

from tradewind.metadata.clock import Clock
from tradewind.metadata.statements import callbacks
from tradewind.metadata.statements.callbacks import OwedCallback
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.metadata.tables import EPOCH, MICROSECOND
from tradewind.transitions.graph import Graph
from tradewind.transitions.recording import Recorded
from tradewind.transitions.states import RunState, TaskState
from tradewind.transitions.values import Ticket

OF_TASK: Final[Mapping[str, str]] = {
    TaskState.SUCCESS: ON_SUCCESS,
    TaskState.FAILED: ON_FAILURE,
    TaskState.UP_FOR_RETRY: ON_RETRY,
    TaskState.SKIPPED: ON_SKIPPED,
}
"""The state that a try leaves -> the callback of the task. What a rule decided is not told, as in Airflow."""
OF_RUN: Final[Mapping[str, str]] = {RunState.SUCCESS: ON_SUCCESS, RunState.FAILED: ON_FAILURE}
REASONS: Final[Mapping[str, str]] = {RunState.SUCCESS: "success", RunState.FAILED: "task_failure"}
"""Airflow's words for why a DAG's callback is called, where nothing else is the reason."""
MISSED: Final = "missed"
"""What stands for the state where an `sla` was missed."""
MOST_BLOCKING: Final = 1000
LONGEST_PAUSE: Final = timedelta(minutes=10)
_OF_INSTANCE: Final = ("instance", "token", "try_number", "max_tries", "task_id", "map_index")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a callback may take, and how often it is tried.

    Arguments:
        limit: after which an attempt is ended.
        grace: beyond the limit, after which an attempt that nobody reported counts as lost.
        attempts: in all, before it is given up.
        pause: before the second attempt; it doubles with each, up to ten minutes.
    """

    limit: timedelta = timedelta(minutes=5)
    grace: timedelta = timedelta(minutes=1)
    attempts: int = 5
    pause: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class ClaimedCallback:
    """A callback to be called now, and the try that its context is about."""

    owed: OwedCallback
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class CallbackResult:
    """How one attempt ended: the places in `names` that were called by now, and what went wrong, if anything."""

    key: int
    token: int
    done: tuple[int, ...] = ()
    error: str | None = None
    attempts: int = 1


def tries_ended(conn: sa.Connection, newly: Iterable[Recorded], graphs: Mapping[int, Graph]) -> bool:
    """Owe the callbacks of tries that ended; tell whether there are any.

    Arguments:
        graphs: by run.
    """
    owing = [(each, names) for each in newly if (names := _names(graphs[each.row.run], each))]
    owing.sort(key=lambda each: (each[0].outcome.ended_at, each[0].row.run, each[0].row.rank, each[0].row.map_index))
    rows = [_of_try(each, names) for each, names in owing]
    callbacks.add(conn, rows)
    return bool(rows)


def _names(graph: Graph, recorded: Recorded) -> tuple[str, ...]:
    wanted = graph.tasks[recorded.row.task_id].callbacks
    return wanted.get(OF_TASK.get(recorded.state, ""), ()) if wanted else ()


def never_tried(conn: sa.Connection, row: LockedInstance, graph: Graph, *, cause: str, now: datetime) -> None:
    """Owe the callback of an instance that failed before anything ran, as its task could not be expanded."""
    names = graph.tasks[row.task_id].callbacks.get(ON_FAILURE)
    if names:
        change = {"kind": ON_FAILURE, "state": TaskState.FAILED, "happened_at": now, "due_at": now}
        callbacks.add(conn, [_of_instance(row, names, {"cause": cause}) | change])


def stopped(
    conn: sa.Connection, rows: Sequence[tuple[LockedInstance, str]], graph: Graph, *, cause: str, now: datetime
) -> None:
    """Owe the callbacks of tries that somebody ended by hand, each with the state that its instance was given.

    What was marked while it did not run is not told, as in Airflow.
    """
    owed = []
    for row, state in rows:
        names = graph.tasks[row.task_id].callbacks.get(OF_TASK.get(state, ""))
        if names:
            details = {"cause": cause, "started_at": _microseconds(row.started_at), "ended_at": _microseconds(now)}
            change = {"kind": OF_TASK[state], "state": state, "happened_at": now, "due_at": now}
            owed.append(_of_instance(row, names, details) | change)
    callbacks.add(conn, owed)


def run_ended(
    conn: sa.Connection, run: int, graph: Graph, *, state: str, now: datetime, reason: str | None = None
) -> None:
    """Owe the callback of a DAG whose run has ended.

    Arguments:
        reason: why, in Airflow's word; by default that of the state.
    """
    names = graph.callbacks.get(OF_RUN[state]) if graph.tasks else None
    if names:
        row = {
            "run": run,
            "kind": OF_RUN[state],
            "state": state,
            "happened_at": now,
            "due_at": now,
            "names": json.dumps(names),
            "details": json.dumps({"reason": reason or REASONS[state]}),
        }
        callbacks.add(conn, [row])


def slas_missed(
    conn: sa.Connection,
    run: int,
    graph: Graph,
    missed: Sequence[tuple[str, datetime]],
    blocking: Sequence[LockedInstance],
    *,
    now: datetime,
) -> None:
    """Owe the callback of a DAG of which tasks have missed their `sla`.

    Arguments:
        missed: tasks, each with the moment.
        blocking: instances of the run that have not succeeded.
    """
    names = graph.callbacks.get(ON_SLA_MISS)
    if not names:
        return
    details = {
        "slas": [[task_id, _microseconds(due_at)] for task_id, due_at in missed],
        "blocking": [[row.task_id, row.map_index, row.state] for row in blocking[:MOST_BLOCKING]],
    }
    row = {"run": run, "kind": ON_SLA_MISS, "state": MISSED, "happened_at": now, "due_at": now}
    callbacks.add(conn, [row | {"names": json.dumps(names), "details": json.dumps(details)}])


def deadline_missed(
    conn: sa.Connection, run: int, graph: Graph, kind: str, *, state: str, missed: datetime, now: datetime
) -> None:
    """Owe the callback of a DAG's deadline that a run has missed.

    Arguments:
        kind: which deadline.
        state: that of the run.
        missed: the moment by which it should have succeeded.
    """
    names = graph.callbacks.get(kind) if graph.tasks else None
    if names:
        details = json.dumps({"deadline": _microseconds(missed)})
        row = {"run": run, "kind": kind, "state": state, "happened_at": now, "due_at": now}
        callbacks.add(conn, [row | {"names": json.dumps(names), "details": details}])


def _of_try(recorded: Recorded, names: Sequence[str]) -> dict[str, Any]:
    outcome = recorded.outcome
    details = {
        "cause": outcome.cause,
        "raised": outcome.raised,
        "started_at": _microseconds(outcome.started_at or recorded.row.started_at),
        "ended_at": _microseconds(outcome.ended_at),
    }
    at = outcome.ended_at
    change = {"kind": OF_TASK[recorded.state], "state": recorded.state, "happened_at": at, "due_at": at}
    return _of_instance(recorded.row, names, details) | change


def _of_instance(row: LockedInstance, names: Sequence[str], details: Mapping[str, Any]) -> dict[str, Any]:
    known = {"instance": row.id, "token": row.token, "max_tries": row.max_tries, **details}
    return {
        "run": row.run,
        "task_id": row.task_id,
        "map_index": row.map_index,
        "try_number": row.try_number,
        "names": json.dumps(list(names)),
        "details": json.dumps(known),
        "ran_on": row.worker,
    }


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // MICROSECOND


# --- Calling ----------------------------------------------------------------------------------------------------------


def claim(conn: sa.Connection, worker: str, *, most: int, patience: Patience, clock: Clock) -> list[ClaimedCallback]:
    """Claim callbacks that are due for a worker, which must report each within `patience`, or another one calls it too.

    One that was claimed as often as it may be, and never reported, is given up here.
    """
    now = clock.now()
    until = now + patience.limit + patience.grace
    claimed = []
    for owed in callbacks.claim(conn, worker, now=now, until=until, most=most):
        if owed.attempts > patience.attempts:
            error = owed.error or "its worker ended while it was called"
            callbacks.put_off(conn, owed.id, owed.token, done=owed.done, error=error, until=None)
            continue
        found = _with_ticket(conn, owed)
        if found is not None:
            claimed.append(found)
    return claimed


def _with_ticket(conn: sa.Connection, owed: OwedCallback) -> ClaimedCallback | None:
    """Return a callback with the try that it is about: for a run that is its last instance, failed if one has."""
    if owed.task_id is not None:
        about = {name: owed.details[name] for name in ("instance", "token", "max_tries")}
        about |= {"task_id": owed.task_id, "map_index": owed.map_index, "try_number": owed.try_number}
        return ClaimedCallback(owed, _ticket(owed, about))
    last = callbacks.last_ended(conn, owed.run, first=owed.state)
    if last is None:  # all its instances were removed: there is nothing that a context could be about
        callbacks.finish(conn, owed.id, owed.token)
        return None
    times = {"started_at": _microseconds(last.started_at), "ended_at": _microseconds(last.ended_at)}
    told = replace(owed, details={**owed.details, **times, "instance_state": last.state})
    return ClaimedCallback(told, _ticket(owed, last._asdict()))


def _ticket(owed: OwedCallback, about: Mapping[str, Any]) -> Ticket:
    return Ticket(
        **{name: about[name] for name in _OF_INSTANCE},
        run=owed.run,
        dag_id=owed.dag_id,
        run_id=owed.run_id,
        version_id=owed.version_id,
        executor="",
        queue="",
    )


def report(conn: sa.Connection, result: CallbackResult, *, patience: Patience, clock: Clock) -> bool:
    """Record how an attempt ended; False where another worker has claimed the callback since, so that nothing changes."""
    if result.error is None:
        return callbacks.finish(conn, result.key, result.token)
    until = None
    if result.attempts < patience.attempts:
        until = clock.now() + min(LONGEST_PAUSE, patience.pause * 2 ** (result.attempts - 1))
    return callbacks.put_off(conn, result.key, result.token, done=result.done, error=result.error, until=until)


def worker_ended(conn: sa.Connection, worker: str, *, clock: Clock) -> int:
    """Make due again what a worker was calling, on evidence that its processes ended."""
    return callbacks.release(conn, worker, now=clock.now())


def retry(conn: sa.Connection, keys: Collection[int], *, clock: Clock) -> int:
    """Have callbacks that were given up called again; return how many there were."""
    return callbacks.retry(conn, keys, now=clock.now())
