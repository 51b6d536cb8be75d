"""Hand-over: the slots of a task that ended go, in the same transaction, to a task that its end made ready. Pure.

It needs no bucket lock, because what is occupied in the pool, the DAG and the executor does not grow: a credit of the
same
buckets pays for it. Admitters see the whole exchange or nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tradewind.metadata.statements.claims import Waiting
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.transitions.values import Claimer

Bucket = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Split:
    """What becomes of ready instances: `paid` ones may be queued now, `unpaid` ones wait for admission."""

    paid: tuple[LockedInstance, ...]
    unpaid: tuple[LockedInstance, ...]


def pay(ready: Iterable[LockedInstance], freed: Iterable[LockedInstance]) -> Split:
    """Match ready instances with the slots of ended ones: same run (so same DAG), pool and executor, no more slots."""
    offered: dict[Bucket, list[int]] = {}
    for row in freed:
        offered.setdefault(_bucket(row), []).append(row.pool_slots)
    paid: list[LockedInstance] = []
    unpaid: list[LockedInstance] = []
    for row in by_priority(ready):
        offers = offered.get(_bucket(row), [])
        fitting = [slots for slots in offers if slots >= row.pool_slots]
        if fitting:
            offers.remove(min(fitting))
            paid.append(row)
        else:
            unpaid.append(row)
    return Split(tuple(paid), tuple(unpaid))


def buckets(rows: Sequence[LockedInstance]) -> dict[tuple[str, str], int]:
    """Return the lowest priority in each (pool, executor): whoever waits above it goes first."""
    lowest: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.pool, row.executor)
        lowest[key] = min(lowest.get(key, row.priority), row.priority)
    return lowest


def outranked(rows: Iterable[LockedInstance], waiting: dict[tuple[str, str], Waiting]) -> set[int]:
    """Return the instances whose slots somebody with a higher priority waits for."""
    return {row.id for row in rows if waiting[row.pool, row.executor].is_scheduled_higher}


def startable(
    rows: Iterable[LockedInstance], waiting: dict[tuple[str, str], Waiting], claimer: Claimer | None
) -> list[LockedInstance]:
    """Return the paid instances that the reporting worker itself may start at once, highest priority first."""
    if claimer is None:
        return []
    fitting = [
        row
        for row in rows
        if row.executor == claimer.executor
        and (claimer.queues is None or row.queue in claimer.queues)
        and not waiting[row.pool, row.executor].is_queued_higher
    ]
    return fitting[: claimer.free]


def slots(rows: Iterable[LockedInstance]) -> int:
    """Return how many slots of their pools rows take."""
    return sum(row.pool_slots for row in rows)


def by_priority(rows: Iterable[LockedInstance]) -> list[LockedInstance]:
    """Return rows in the order in which they are served."""
    return sorted(rows, key=lambda row: (-row.priority, row.run, row.rank, row.map_index))


def _bucket(row: LockedInstance) -> Bucket:
    return (row.run, row.pool, row.executor)
