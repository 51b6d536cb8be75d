"""Which run of a DAG comes next: the two columns that the processor writes first and the scheduler moves on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Final, Protocol

from tradewind.timetables import CustomTimetable, DataInterval, RunSpec, TimeRestriction, Timetable
from tradewind.transitions.graph import Graph

BEGINNING: Final = datetime(1900, 1, 1, tzinfo=timezone.utc)
"""Where a start date before it counts as this: people write `datetime.min` for one that does not matter, and no calendar of
time zones goes back so far."""

NONE: Final = "none"
"""The third word for `catchup`, beside True and False: nothing that lies in the past is made."""
MISSED_AFTER: Final = timedelta(minutes=5)
"""How late a run may be made where nothing that was missed is made up for."""

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
    def catchup(self) -> bool | str: ...


class ScheduledGraph(Scheduled, Graph, Protocol):
    """A version of a DAG that runs are made of by its schedule."""


def next_run(
    dag: Scheduled, *, after: datetime | None, now: datetime, makes_up: bool = True, start: datetime | None = None
) -> RunSpec | None:
    """Return the scheduled run that comes next.

    Arguments:
        after: the end of the data interval of the last scheduled run, None if there was none.
        start: the start of that interval, for timetables of one's own; by default its end.
        makes_up: whether a run may lie in the past, where the DAG's catchup says so: all that were missed, or the latest.
    """
    ask = partial(_ask, dag, catchup=dag.catchup is True and makes_up, now=now)
    found = ask(None if after is None else DataInterval(start or after, after))
    while found is not None and found.run_at < now and (dag.catchup == NONE or not makes_up):
        found = ask(DataInterval(found.data_interval_start, found.data_interval_end))
    return found


def _ask(dag: Scheduled, last: DataInterval | None, *, catchup: bool, now: datetime) -> RunSpec | None:
    timetable = dag.timetable
    earliest = None if dag.start_date is None else max(dag.start_date, BEGINNING)
    if isinstance(timetable, CustomTimetable):
        return timetable.run_behind(last, TimeRestriction(earliest, dag.end_date, catchup))
    after = None if last is None else last.end
    return timetable.next_run(after=after, earliest=earliest, latest=dag.end_date, catchup=catchup, now=now)


def current_run(dag: Scheduled, stored: RunSpec, now: datetime) -> RunSpec | None:
    """Return the run to make in place of the one that was stored as the next, at a time at which that is due.

    With catchup it is that one. Else what a pause or a stop of the schedulers has missed is passed over: up to the latest
    complete interval, or with `none` all of it.
    """
    if dag.catchup is True:
        return dag.timetable.as_made(stored, now)
    if dag.catchup == NONE:
        behind = partial(next_run, dag, after=stored.data_interval_end, start=stored.data_interval_start)
        following = behind(now=stored.run_at)
        is_missed = now - stored.run_at > MISSED_AFTER or (following is not None and following.run_at <= now)
        found = behind(now=now) if is_missed else stored
    elif stored.data_interval_start == stored.data_interval_end or isinstance(dag.timetable, CustomTimetable):
        found = stored
    else:
        found = next_run(dag, after=stored.data_interval_start, now=now)
    return None if found is None else dag.timetable.as_made(found, now)


def coming_runs(dag: Scheduled, stored: RunSpec | None, now: datetime) -> Iterator[RunSpec]:
    """Yield the runs that a scheduler makes from now on, those first that are due now: what `make_due_run` will do.

    Arguments:
        stored: the run that is stored as the next.
    """
    found = stored
    while found is not None:
        if found.run_at <= now:
            found = current_run(dag, found, now)
            if found is None:
                return
        yield found
        now = max(now, found.run_at)
        found = next_run(dag, after=found.data_interval_end, start=found.data_interval_start, now=now)


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
