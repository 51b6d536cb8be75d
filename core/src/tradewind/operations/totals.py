"""How many rows the large tables have, told in milliseconds: most of them were counted some minutes ago."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from tradewind.metadata.ids import first_id
from tradewind.metadata.statements.browsing import totals

KEPT: Final = timedelta(minutes=10)
SKEW: Final = timedelta(minutes=5)
"""By how much clocks of machines may differ: rows so young are counted each time, as older ids may yet come among them."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """How many rows have ids below a key, as of a moment."""

    key: int
    rows: int
    at: datetime


@dataclass(slots=True)
class Totals:
    """Counts of one process; rows that were deleted since are counted for some minutes, so that no count is too small."""

    _known: dict[str, _Counted] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, connection: sa.Connection, table: str, now: datetime) -> int:
        """Return how many rows a table has, or had some minutes ago: never fewer than there are.

        Arguments:
            table: `dag_run` or `task_instance`, whose keys rise with time.
        """
        with self._lock:
            known = self._known.get(table)
        if known is None or now - known.at > KEPT:
            key = first_id(now - SKEW)
            known = _Counted(key, totals.below(connection, table, key), now)
            with self._lock:
                self._known[table] = known
        return known.rows + totals.from_on(connection, table, known.key)
