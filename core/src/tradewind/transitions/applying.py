"""Writing a settlement: counters, decided rows, and what is left for a scheduler to go on with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import continuations, counters, gates, instances
from tradewind.metadata.statements.continuations import Continuation
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.transitions import notices
from tradewind.transitions.runs import EXPAND
from tradewind.transitions.settling import Settlement
from tradewind.transitions.states import TaskState

SETTLE = "settle"
"""Kind of the continuation that settles on; its payload is a list of what `Pressure.as_payload` returns."""


def apply(
    conn: sa.Connection, settlements: Mapping[int, Settlement], *, now: datetime, ids: Ids
) -> list[LockedInstance]:
    """Write what was settled, by run, and return the instances that are ready to run: the caller schedules them."""
    _count(conn, settlements)
    decided: dict[str, list[LockedInstance]] = {}
    for settlement in settlements.values():
        for state, rows in settlement.decided.items():
            decided.setdefault(state, []).extend(rows)
    ready = decided.pop(TaskState.SCHEDULED, [])
    for state in sorted(decided):
        instances.settle(conn, [row.id for row in decided[state]], state=state, now=now, is_end=True)
    notices.decided(conn, decided, now=now)
    _leave(conn, settlements, now=now, ids=ids)
    gates.add(conn, [(run, *gate) for run, found in settlements.items() for gate in found.gated])
    return ready


def _count(conn: sa.Connection, settlements: Mapping[int, Settlement]) -> None:
    counted: dict[tuple[int, ...], list[int]] = {}
    for settlement in settlements.values():
        for ends, keys in settlement.counted.items():
            counted.setdefault(ends[1:], []).extend(keys)
    for counts in sorted(counted):
        counters.add(conn, counted[counts], counts)


def _leave(conn: sa.Connection, settlements: Mapping[int, Settlement], *, now: datetime, ids: Ids) -> None:
    work = [(run, EXPAND, {"task": task}) for run, found in settlements.items() for task in found.expand]
    work += [
        (run, SETTLE, [pressure.as_payload(task) for task, pressure in found.left])  # type: ignore[misc]
        for run, found in settlements.items()
        if found.left
    ]
    keys = ids.block(len(work)) if work else range(0)
    continuations.add(
        conn,
        [Continuation(key, run, kind, payload) for key, (run, kind, payload) in zip(keys, work, strict=True)],
        now=now,
    )
