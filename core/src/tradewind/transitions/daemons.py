"""Leases: who is alive, and what becomes of the tries of who is not.

Silence is not death. An expired lease only takes a worker's slots out of the capacity; its tries go on counting as
running.
They are taken from it on evidence (the host's own watcher saw its processes end), or when it has been silent for the
whole
isolation grace, by which time a worker that lives has killed them itself. And no lease counts as expired until the
database has been reachable for one full lease, or every outage would declare everybody dead at once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from tradewind.config.sections import LeasesSection
from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import daemons, names
from tradewind.metrics.catalogue import TRIES_LOST
from tradewind.metrics.recording import count
from tradewind.transitions import callbacks
from tradewind.transitions.ends import end
from tradewind.transitions.graph import Graphs
from tradewind.transitions.recording import RECORDED
from tradewind.transitions.states import TryState
from tradewind.transitions.values import Outcome

log = logging.getLogger(__name__)

WORKER = "worker"
"""The kind of daemon that runs tasks."""
LOST_ID = "task-lost"
"""The id of the kind of error that a try has whose worker ended."""


@dataclass(frozen=True, slots=True)
class Leases:
    """The times by which life and death are judged.

    Arguments:
        duration: how long a lease lasts after its renewal.
        isolation_grace: how long a worker must have been silent before its tries are taken from it without evidence.
    """

    duration: timedelta = timedelta(seconds=10)
    isolation_grace: timedelta = timedelta(seconds=600)

    @classmethod
    def of(cls, section: LeasesSection) -> Leases:
        """Return the times that a configuration gives."""
        return cls(timedelta(seconds=section.duration), timedelta(seconds=section.isolation_grace))


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What was taken from a worker: tries that never started wait again, started ones ended as `lost`."""

    requeued: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()
    wake: frozenset[str] = field(default_factory=frozenset)


def register(
    conn: sa.Connection,
    *,
    daemon_id: str,
    kind: str,
    host: str,
    pid: int,
    clock: Clock,
    leases: Leases,
    executor: str | None = None,
    queues: Iterable[str] | None = None,
    slots: int | None = None,
) -> None:
    """Announce a daemon; for a worker also the executor whose tries it claims, its queues (None: all) and its slots."""
    daemons.add(
        conn,
        daemon_id=daemon_id,
        kind=kind,
        host=host,
        pid=pid,
        executor=executor,
        queues=queues,
        slots=slots,
        lease=leases.duration,
        sql_now=clock.sql_now(),
    )


def renew(conn: sa.Connection, daemon_id: str, *, clock: Clock, leases: Leases) -> bool:
    """Renew a lease, one statement; False means that the daemon was declared ended and must stop."""
    return daemons.renew(conn, daemon_id, lease=leases.duration, sql_now=clock.sql_now())


def end_daemon(conn: sa.Connection, daemon_id: str, cause: str, *, clock: Clock) -> bool:
    """Record that a daemon ended. Its tries, if it has any left, are not touched: see `report_ended`."""
    return daemons.end(conn, daemon_id, cause=cause, sql_now=clock.sql_now())


def report_ended(
    conn: sa.Connection,
    worker: str,
    never_started: Collection[tuple[int, int]] = (),
    *,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
    cause: str = "its worker ended",
) -> TakenOver:
    """Take a worker's tries from it, on evidence that its processes ended.

    Arguments:
        never_started: (instance, token) of tries whose user code did not begin, by the worker's journal: the same try
            is
            dispatched again under a new token. All other running ones are ended as `lost`.
        cause: one line for the record.
    """
    now = clock.now()
    outcomes = [
        Outcome(
            each.instance,
            each.token,
            TryState.NEVER_STARTED if (each.instance, each.token) in never_started else TryState.LOST,
            now,
            started_at=each.started_at,
            cause=f"{cause} [{LOST_ID}]",
        )
        for each in daemons.held(conn, worker)
    ]
    result = end(conn, outcomes, graphs=graphs, clock=clock, ids=ids)
    daemons.end(conn, worker, cause=cause, sql_now=clock.sql_now())
    callbacks.worker_ended(conn, worker, clock=clock)
    recorded = [outcome for outcome, answer in zip(outcomes, result.answers, strict=True) if answer.verdict == RECORDED]
    lost = tuple(each.instance for each in recorded if each.state == TryState.LOST)
    count(TRIES_LOST, len(lost))
    return TakenOver(
        requeued=tuple(each.instance for each in recorded if each.state == TryState.NEVER_STARTED),
        lost=lost,
        wake=result.wake,
    )


def log_taken(conn: sa.Connection, taken: TakenOver, cause: str) -> None:
    """Write a line of the log for each try that was taken from a worker; call it after the commit."""
    for told in names.of_tries(conn, taken.lost):
        log.warning("a try is lost: %s", cause, extra=told)
    for told in names.of_tries(conn, taken.requeued):
        log.info("a try had not begun and is dispatched again: %s", cause, extra=told)


@dataclass(frozen=True, slots=True)
class Gone:
    """Daemons that count as gone: those without running code, and workers with the reason to take their tries over."""

    ended: tuple[str, ...] = ()
    workers: tuple[tuple[str, str], ...] = ()


def find_gone(conn: sa.Connection, *, clock: Clock, leases: Leases) -> Gone:
    """Judge all leases, with one statement.

    Schedulers and others without running code are gone as soon as their lease expires; a worker only when it ended and left
    tries behind, or has been silent for the isolation grace.
    """
    found = daemons.gone(conn, now=clock.sql_now(), lease=leases.duration, grace=leases.isolation_grace)
    silence = f"its worker was silent for {leases.isolation_grace.total_seconds():.0f} s"
    causes = {"isolated": silence, "orphaned": "its worker ended"}
    return Gone(
        ended=tuple(sorted(each for each, why in found if why == "expired")),
        workers=tuple(sorted((each, causes[why]) for each, why in found if why in causes)),
    )


def is_anybody_gone(*, clock: Clock, leases: Leases) -> sa.ColumnElement[bool]:
    """Return the condition that `find_gone` would find somebody, for a statement that is made anyway."""
    return daemons.is_anybody_gone(now=clock.sql_now(), lease=leases.duration, grace=leases.isolation_grace)


def beat(conn: sa.Connection, *, clock: Clock, leases: Leases) -> None:
    """Write the pulse that shows that the database is reachable."""
    daemons.beat(conn, gap=leases.duration, sql_now=clock.sql_now())
