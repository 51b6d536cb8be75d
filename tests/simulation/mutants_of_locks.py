"""Mutants that leave a lock out: states go wrong only where transactions are open side by side, so on PostgreSQL, and rarely.

Most die of the rules in `locks.py`, which see in any transaction that something is changed without its lock.
"""

from __future__ import annotations

from typing import Any

from simulation.mutation import Patches, mutant, swap
from tradewind.metadata.hot import Hot
from tradewind.metadata.statements import admission, claims, continuations, instances, runs, schedules
from tradewind.transitions import clear, continuing


@mutant
def runs_not_locked(_: Any) -> Patches:
    """Ends do not lock their runs, so that a clear or an expansion may come between."""
    return [
        swap(instances, "_SHARE_RUNS", unlocked(instances._SHARE_RUNS)),
        swap(runs, "_SHARE", unlocked(runs._SHARE)),
    ]


@mutant
def clear_shares_the_run(_: Any) -> Patches:
    """A clear takes its run as ends do, beside them."""
    return [swap(clear, "runs", Shared())]


@mutant
def expansion_shares_the_run(_: Any) -> Patches:
    """An expansion takes its run as ends do, beside them."""
    return [swap(continuing, "runs", Shared())]


@mutant
def occupancy_without_buckets(_: Any) -> Patches:
    """Admission counts what is occupied without the locks of the buckets."""
    return [swap(admission, "lock_buckets", lambda _conn, _names: None)]


@mutant
def rows_not_locked(_: Any) -> Patches:
    """Ends read the rows below without a lock, so that two of them may each miss the other's."""
    of_targets = instances._lock_targets
    return [swap(instances, "_lock_targets", lambda runs: unlocked(of_targets(runs)))]


@mutant
def gate_not_locked(_: Any) -> Patches:
    """A run starts without the lock of its DAG's row."""
    return [swap(runs, name, unlocked(getattr(runs, name))) for name in ("_LOCK_DAG", "_LOCK_FREE_DAG")]


@mutant
def due_dag_not_locked(_: Any) -> Patches:
    """A due run is made without the lock of its DAG's row."""
    return [swap(schedules, "_LOCK_DUE", unlocked(schedules._LOCK_DUE))]


@mutant
def continuation_done_twice(_: Any) -> Patches:
    """Whoever has seen a continuation does its work, done or not."""
    take = continuations.take
    return [swap(continuations, "take", lambda conn, key: take(conn, key) or True)]


@mutant
def claim_waits(_: Any) -> Patches:
    """A claim waits for rows that others hold, instead of passing over them."""
    return [
        swap(claims, name, getattr(claims, name).with_for_update(skip_locked=False))
        for name in ("_CLAIM", "_CLAIM_QUEUES")
    ]


@mutant
def claim_not_locked(_: Any) -> Patches:
    """A claim reads what is queued without locking it."""
    return [swap(claims, name, unlocked(getattr(claims, name))) for name in ("_CLAIM", "_CLAIM_QUEUES")]


@mutant
def admission_not_locked(_: Any) -> Patches:
    """Admission does not look again, under a lock, whether what it chose still waits."""
    return [swap(admission, "_LOCK_SCHEDULED", unlocked(admission._LOCK_SCHEDULED))]


class Shared:
    """The statements on runs, with the shared lock in place of the exclusive one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(runs, "share" if name == "lock" else name)


def unlocked(statement: Any) -> Any:
    """Return a statement that reads the same rows and locks none."""
    if isinstance(statement, Hot):
        return Hot(unlocked(statement.statement))
    plain = statement._generate()
    plain._for_update_arg = None
    return plain
