"""Which run of a DAG comes next: the two columns that the processor writes first and the scheduler moves on."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, Final, Protocol

from tradewind.timetables import RunSpec, Timetable
from tradewind.transitions.graph import Graph

BEGINNING: Final = datetime(1900, 1, 1, tzinfo=timezone.utc)
"""Where a start date before it counts as this: people write `datetime.min` for one that does not matter, and no calendar of
time zones goes back so far."""

_MOMENTS = ("logical_date", "data_interval_start", "data_interval_end")


class Scheduled(Protocol):
    """A DAG as far as its schedule goes."""

    @property
    def timetable(self) -> Timetable: ...
    @property
    def start_date(self) -> datetime | None: ...
    @property
    def end_date(self) -> datetime | None: ...
    @property
    def catchup(self) -> bool: ...


class ScheduledGraph(Scheduled, Graph, Protocol):
    """A version of a DAG that runs are made of by its schedule."""


def next_run(dag: Scheduled, *, after: datetime | None, now: datetime) -> RunSpec | None:
    """Return the scheduled run that comes next.

    Arguments:
        after: the end of the data interval of the last scheduled run, None if there was none.
    """
    earliest = None if dag.start_date is None else max(dag.start_date, BEGINNING)
    return dag.timetable.next_run(after=after, earliest=earliest, latest=dag.end_date, catchup=dag.catchup, now=now)


def to_columns(spec: RunSpec | None) -> dict[str, Any]:
    """Return the values of `dag.next_run` and `dag.due_at` for a run, both None where none is to come."""
    if spec is None:
        return {"next_run": None, "due_at": None}
    moments = {name: getattr(spec, name).isoformat() for name in _MOMENTS}
    return {"next_run": json.dumps(moments), "due_at": spec.run_at}


def from_columns(text: str, due_at: datetime) -> RunSpec:
    """Return the run that `to_columns` described."""
    moments = {name: datetime.fromisoformat(value) for name, value in json.loads(text).items() if name in _MOMENTS}
    return RunSpec(**moments, run_at=due_at)
