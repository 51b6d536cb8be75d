"""Priorities of what waits: people may change them while a run goes on; who asks for the next task sees the new one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.metadata.statements import instances, runs
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.transitions.states import ENDED

MOST: Final = 2**31 - 1
"""Priorities are 32-bit integers, as in Airflow."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Instances whose priority was changed, as they were before, and those that have ended, for which it means nothing now."""

    rows: tuple[LockedInstance, ...]
    ended: int


def set_priority(
    conn: sa.Connection,
    run: int,
    priority: int,
    *,
    task_ids: Collection[str] | None = None,
    map_indexes: Collection[int] | None = None,
) -> Changed:
    """Give unfinished instances of a run another priority, under the run's exclusive lock.

    Admission and claims go by the row, so what is `scheduled` or `queued` moves at once; what is running keeps its slot, and has
    the new priority if it is tried again. A mapped task that is not expanded yet passes it on to its instances.

    Arguments:
        priority: the effective one: higher goes first. The weight rule is not applied to it.
        task_ids, map_indexes: only these; None for all.
    Raises:
        LookupError: there is no such run.
        TradewindException: a number that no priority can be.
    """
    if not -MOST - 1 <= priority <= MOST:
        raise TradewindException(f"A priority is a number from {-MOST - 1} to {MOST}, not {priority}.")
    if runs.lock(conn, run) is None:
        raise LookupError(f"There is no run with key {run} to change.")
    named = [
        row
        for row in instances.lock_run(conn, run)
        if (task_ids is None or row.task_id in task_ids) and (map_indexes is None or row.map_index in map_indexes)
    ]
    waiting = [row for row in named if row.state not in ENDED]
    changed = tuple(row for row in waiting if row.priority != priority)
    instances.reset(conn, [{"key": row.id, "priority": priority} for row in changed])
    return Changed(changed, len(named) - len(waiting))
