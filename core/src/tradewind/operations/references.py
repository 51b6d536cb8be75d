"""Task instances by their names, as changes of states tell which ones they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tradewind.metadata.statements.browsing import runs
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.metadata.statements.runs import Run


@dataclass(frozen=True, slots=True)
class Reference:
    """A task instance by its name; `logical_date` is its run's."""

    dag_id: str
    run_id: str
    logical_date: datetime
    task_id: str
    map_index: int


def references(connection: sa.Connection, found: Iterable[tuple[Run, LockedInstance]]) -> list[Reference]:
    """Return the names of instances, with one statement."""
    pairs = list(found)
    dates = runs.logical_dates(connection, {run.id for run, _ in pairs})
    return [
        Reference(run.dag_id, run.run_id, dates[run.id], row.task_id, row.map_index)
        for run, row in pairs
        if run.id in dates
    ]
