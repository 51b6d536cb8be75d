"""Admission: which of the instances that wait get slots now. Work-conserving: if one fits, it is admitted.

Occupancy is counted under the bucket locks, never stored. Ending a task takes no bucket lock: it only makes room, and a
hand-over takes no more room than it makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.statements import admission, instances
from tradewind.metadata.statements.admission import NO_LIMITS, Candidate, Group, Limits, Occupancy, TaskKey, TaskLimit

PREFETCH_LEAST = 4
UNLIMITED = 10**9
_NO_LANES: Mapping[tuple[str, str, int], int] = {}


@dataclass(frozen=True, slots=True)
class Admitted:
    """What one pass of admission did.

    Arguments:
        count: instances that are queued now.
        executors: whose workers have more to claim.
        waiting: instances that waited before the pass; more than `count` means that a limit holds the others.
    """

    count: int = 0
    executors: frozenset[str] = frozenset()
    waiting: int = 0


def admit(conn: sa.Connection, *, clock: Clock, limit: int = 500) -> Admitted:
    """Queue waiting instances as far as pools, DAGs and executors have room, highest priority first.

    Arguments:
        limit: instances per call at most; call again while it is reached.
    """
    waiting = admission.groups(conn)
    if not waiting:
        return Admitted()
    total = sum(group.waiting for group in waiting)
    admission.lock_buckets(conn, _bucket_names(waiting))
    limits = admission.limits(
        conn,
        pools={group.pool for group in waiting},
        dags={group.dag_id for group in waiting},
        sql_now=clock.sql_now(),
    )
    room = Room(limits, admission.occupancy(conn))
    fitting = [group for group in waiting if room.fits(group)]
    if not fitting:
        return Admitted(waiting=total)
    lanes = Lanes(limits.tasks, admission.occupied_lanes(conn, limits.tasks) if limits.tasks else {})
    most = limit * (len(fitting) + len(limits.tasks))
    found = admission.candidates(conn, fitting, most_each=limit, most=most, limited=limits.tasks)
    chosen = choose(found, room, limit=limit, lanes=lanes)
    keys = admission.lock_scheduled(conn, [each.id for each in chosen])
    if not keys:
        return Admitted(waiting=total)
    instances.admit(conn, keys, now=clock.now())
    return Admitted(len(keys), frozenset(each.executor for each in chosen), total)


class Room:
    """What is left in the buckets; `take` uses it up."""

    def __init__(self, limits: Limits, occupied: Occupancy) -> None:
        self._pools = {name: most - occupied.pools.get(name, 0) for name, most in limits.pools.items()}
        self._dags = {name: most - occupied.dags.get(name, 0) for name, most in limits.dags.items()}
        self._executors = {
            name: slots + prefetch(slots) - occupied.executors.get(name, 0) for name, slots in limits.executors.items()
        }

    def fits(self, wanted: Group | Candidate) -> bool:
        """Whether the pool, the DAG and the executor all have room for one such instance."""
        return (
            self._pools.get(wanted.pool, 0) >= wanted.pool_slots
            and self._dags.get(wanted.dag_id, UNLIMITED) >= 1
            and self._executors.get(wanted.executor, 0) >= 1
        )

    def take(self, wanted: Candidate) -> None:
        """Use up the room of one instance."""
        self._pools[wanted.pool] -= wanted.pool_slots
        if wanted.dag_id in self._dags:
            self._dags[wanted.dag_id] -= 1
        self._executors[wanted.executor] -= 1


class Lanes:
    """What tasks with limits of their own leave: `max_active_tis_per_dag`, and in each run `max_active_tis_per_dagrun`."""

    def __init__(
        self, limits: Mapping[TaskKey, TaskLimit] = NO_LIMITS, occupied: Mapping[tuple[str, str, int], int] = _NO_LANES
    ) -> None:
        self._limits = limits
        self._in_run = dict(occupied)
        self._in_all: dict[TaskKey, int] = {}
        for (dag_id, task_id, _), count in occupied.items():
            self._in_all[dag_id, task_id] = self._in_all.get((dag_id, task_id), 0) + count

    def fits(self, wanted: Candidate) -> bool:
        """Whether one more such instance may be at work."""
        key = (wanted.dag_id, wanted.task_id)
        limit = self._limits.get(key)
        if limit is None:
            return True
        is_full = limit.per_dag is not None and self._in_all.get(key, 0) >= limit.per_dag
        return not is_full and (limit.per_run is None or self._in_run.get((*key, wanted.run), 0) < limit.per_run)

    def take(self, wanted: Candidate) -> None:
        """Count one more."""
        key = (wanted.dag_id, wanted.task_id)
        if key in self._limits:
            self._in_all[key] = self._in_all.get(key, 0) + 1
            lane = (*key, wanted.run)
            self._in_run[lane] = self._in_run.get(lane, 0) + 1


def prefetch(slots: int) -> int:
    """Return how many tries may be queued beyond an executor's slots, so that a free slot finds work without a hop."""
    return max(PREFETCH_LEAST, slots) if slots > 0 else 0


def choose(candidates: Iterable[Candidate], room: Room, *, limit: int, lanes: Lanes | None = None) -> list[Candidate]:
    """Return the candidates that fit, in their order; one that does not fit keeps no smaller one behind it waiting."""
    chosen: list[Candidate] = []
    lanes = lanes or Lanes()
    for candidate in candidates:
        if len(chosen) == limit:
            break
        if room.fits(candidate) and lanes.fits(candidate):
            room.take(candidate)
            lanes.take(candidate)
            chosen.append(candidate)
    return chosen


def _bucket_names(waiting: Iterable[Group]) -> set[str]:
    return {
        name
        for group in waiting
        for name in (f"dag:{group.dag_id}", f"executor:{group.executor}", f"pool:{group.pool}")
    }
