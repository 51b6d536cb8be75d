"""Coming runs that were listed by the processor, as its file defines a DAG's timetable."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from tradewind.metadata.statements import schedules
from tradewind.timetables import RunSpec
from tradewind.timetables.custom import TimetableOfFile

SomeDag = TypeVar("SomeDag")
MOMENTS = ("logical_date", "data_interval_start", "data_interval_end", "run_at")


def to_listing(runs: Iterable[RunSpec]) -> str:
    """Return runs as they are stored."""
    return json.dumps([[getattr(run, name).isoformat() for name in MOMENTS] for run in runs])


def from_listing(text: str) -> tuple[RunSpec, ...]:
    """Return the runs that `to_listing` described."""
    return tuple(RunSpec(*map(datetime.fromisoformat, moments)) for moments in json.loads(text))


def known_listing(conn: sa.Connection, dag: SomeDag) -> SomeDag:
    """Return a DAG with the coming runs that were listed of it, if its timetable is defined by its file."""
    return with_listing(dag, lambda dag_id: schedules.listed_runs(conn, dag_id))


def with_listing(dag: SomeDag, listed: Callable[[str], str | None]) -> SomeDag:
    """Return a DAG with coming runs.

    Arguments:
        listed: gives the listing of a DAG id, or None; not called for a DAG that needs none.
    """
    found: Any = dag
    if isinstance(found.timetable, TimetableOfFile):
        runs = from_listing(listed(found.dag_id) or "[]")
        found = replace(found, timetable=found.timetable.knowing(runs))
    known: SomeDag = found
    return known
