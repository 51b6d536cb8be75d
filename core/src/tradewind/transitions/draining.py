"""Releasing drained workers: who has to be woken, as what was queued for them meanwhile waits."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tradewind.metadata.statements import drains
from tradewind.metadata.wakeups import SCHEDULER, worker_channel


def release(conn: sa.Connection, keys: Sequence[int]) -> frozenset[str]:
    """Let workers take tries again.

    Arguments:
        keys: of the drains.
    Returns:
        the channels to wake after the commit: schedulers may admit more, and the workers claim what is queued already.
    """
    executors = drains.executors(conn, keys)
    drains.release(conn, keys)
    return frozenset({SCHEDULER, *map(worker_channel, executors)})
