"""Backfills: runs over a range of dates, made by schedulers a few at a time.

A backfill and its dates are rows. Its runs count against its own limit and not against the DAG's, and the DAG's against
theirs, so neither keeps the other waiting but in pools. A person has asked for them: they start though the DAG is paused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Protocol

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import backfills, runs
from tradewind.metadata.statements.backfills import OPEN, PENDING, SKIPPED, Backfill, DateRow, Found
from tradewind.metadata.statements.runs import BACKFILL
from tradewind.timetables import RunSpec
from tradewind.transitions.calendar import ScheduledGraph
from tradewind.transitions.clear import clear
from tradewind.transitions.graph import Graphs
from tradewind.transitions.recount import start_queued
from tradewind.transitions.runs import create_run
from tradewind.transitions.states import ENDED_RUN, RunState

MOST_DATES: Final = 100_000
MOST_AT_ONCE: Final = 10
"""Runs made in one transaction at most."""

NONE, FAILED, ENDED = "none", "failed", "ended"
REPROCESS: Final = (NONE, FAILED, ENDED)
"""Which dates that have a run already run again: none of them, those whose run failed, those whose run has ended."""

NEW_RUN, RUNS_AGAIN = "new run", "runs again"
RUNNING, PAUSED, CANCELLED = "running", "paused", "cancelled"
_MAY_BECOME: Final = {RUNNING: (PAUSED,), PAUSED: (RUNNING,), CANCELLED: (RUNNING, PAUSED)}


class BackfillGraph(ScheduledGraph, Protocol):
    """A version of a DAG that runs of the past are made of."""

    @property
    def max_active_runs(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for.

    Arguments:
        first_date, last_date: the range of logical dates, both in it.
        max_active_runs: how many of its runs may be under way at once.
        is_reverse: whether the latest date comes first.
        reprocess: one of `REPROCESS`.
        conf: of its runs.
    """

    first_date: datetime
    last_date: datetime
    max_active_runs: int
    is_reverse: bool = False
    reprocess: str = NONE
    conf: Mapping[str, Any] = field(default_factory=dict)


def specs_between(graph: BackfillGraph, first: datetime, last: datetime) -> list[RunSpec]:
    """Return the runs that the schedule has for logical dates from `first` to `last`, the earliest first.

    Raises:
        TradewindException: the schedule has no dates (none, once, continuous, assets), none in the range, or too many.
    """
    if graph.timetable.kind not in _WITH_DATES:
        raise TradewindException(
            f"DAG {graph.dag_id!r} has no schedule that gives dates ({graph.timetable.summary}): trigger its runs."
        )
    found = list(islice(_specs(graph, first, last), MOST_DATES + 1))
    if len(found) > MOST_DATES:
        raise TradewindException(
            f"DAG {graph.dag_id!r} has more than {MOST_DATES} dates between {first.isoformat()} and {last.isoformat()}: "
            "make several backfills."
        )
    if not found:
        raise TradewindException(
            f"The schedule of DAG {graph.dag_id!r} has no date between {first.isoformat()} and {last.isoformat()}."
        )
    return found


_WITH_DATES: Final = ("cron", "cron_trigger", "delta", "delta_trigger", "crons", "events")


def _specs(graph: BackfillGraph, first: datetime, last: datetime) -> Iterator[RunSpec]:
    after: datetime | None = None
    earliest = _aligned(graph, first)
    while True:
        spec = graph.timetable.next_run(after=after, earliest=earliest, latest=last, catchup=True, now=last)
        if spec is None or spec.logical_date > last:
            return
        if spec.logical_date >= first:
            yield spec
        after = spec.data_interval_end


def _aligned(graph: BackfillGraph, first: datetime) -> datetime:
    """Return where intervals of equal length begin to be counted: they lie as those of the DAG's own runs do."""
    delta: timedelta | None = getattr(graph.timetable, "delta", None)
    if delta is None or graph.start_date is None:
        return first
    return graph.start_date - ((graph.start_date - first) // delta) * delta


def add(conn: sa.Connection, dag_id: str, wanted: Wanted, specs: list[RunSpec], *, clock: Clock, ids: Ids) -> int:
    """Insert a backfill over the dates of `specs`; schedulers begin with it when they are woken.

    Raises:
        TradewindException: another one is at the DAG: two could want the same date.
    """
    runs.gate(conn, dag_id)
    others = backfills.list_all(conn, dag_id=dag_id, only_open=True)
    if others:
        raise TradewindException(
            f"Backfill {others[0].id} of DAG {dag_id!r} is {others[0].state}: wait for its end, or "
            f"`tradewind backfill cancel {others[0].id}`."
        )
    key = ids.block(1)[0]
    row = {
        "id": key,
        "dag_id": dag_id,
        "first_date": wanted.first_date,
        "last_date": wanted.last_date,
        "conf": json.dumps(dict(wanted.conf)),
        "max_active_runs": wanted.max_active_runs,
        "is_reverse": wanted.is_reverse,
        "reprocess": wanted.reprocess,
        "state": RUNNING,
        "created_at": clock.now(),
    }
    in_order = reversed(specs) if wanted.is_reverse else specs
    dates = [
        {
            "backfill": key,
            "position": position,
            "logical_date": spec.logical_date,
            "data_interval_start": spec.data_interval_start,
            "data_interval_end": spec.data_interval_end,
            "state": PENDING,
        }
        for position, spec in enumerate(in_order)
    ]
    backfills.add(conn, row, dates)
    return key


def change(conn: sa.Connection, key: int, state: str, *, clock: Clock) -> Backfill:
    """Pause a backfill, let it go on, or cancel it. Runs that are under way go on in any case.

    Raises:
        LookupError: there is none of that key.
        TradewindException: it is in another state than it must be, such as ended.
    """
    found = backfills.get(conn, key)
    if found is None:
        raise LookupError(f"There is no backfill {key}: `tradewind backfill list` shows all.")
    runs.gate(conn, found.dag_id)  # whoever works it off holds this lock
    found = backfills.get(conn, key) or found
    if found.state == state:
        return found
    if found.state not in _MAY_BECOME[state]:
        raise TradewindException(f"Backfill {key} is {found.state}: it cannot become {state}.")
    if state == CANCELLED:
        backfills.skip_pending(conn, key)
    backfills.set_state(conn, key, state=state, ended_at=clock.now() if state == CANCELLED else None)
    return backfills.get(conn, key) or found


def work_off(
    conn: sa.Connection, key: int, dag_id: str, *, graphs: Graphs, clock: Clock, ids: Ids, executor: str, queue: str
) -> bool:
    """Note which runs of a backfill have ended, make those that there is room for, and end it after the last one.

    Arguments:
        executor, queue: those of tasks that name none.
    Returns:
        whether there may be more to do at once.
    """
    runs.gate(conn, dag_id)  # first, as whoever makes a run does
    backfill = backfills.lock(conn, key)
    if backfill is None or backfill.state != RUNNING:
        return False
    at_work = _settle(conn, backfill)
    room = min(backfill.max_active_runs - at_work, MOST_AT_ONCE)
    pending = backfills.dates_in(conn, key, PENDING, most=room) if room > 0 else []
    dated = [(date, backfills.newest_run(conn, dag_id, date.logical_date)) for date in pending]
    # Those that run again first, by their keys: in that order everybody locks runs
    for date, found in sorted(dated, key=lambda each: (each[1] is None, each[1].run if each[1] else 0)):
        _begin(conn, backfill, date, found, graphs=graphs, clock=clock, ids=ids, executor=executor, queue=queue)
    if not at_work and not pending:
        has_failed = backfills.counts(conn, [key])[key].get(RunState.FAILED, 0) > 0
        backfills.set_state(conn, key, state=RunState.FAILED if has_failed else RunState.SUCCESS, ended_at=clock.now())
    return bool(pending)


def _settle(conn: sa.Connection, backfill: Backfill) -> int:
    """Note how the open dates' runs have ended, and return how many have not; one that was deleted counts as skipped."""
    at_work = 0
    for date in backfills.dates_in(conn, backfill.id, OPEN, most=MOST_DATES):
        if date.run_state is None or date.run_state in ENDED_RUN:
            state = SKIPPED if date.run_state is None else date.run_state
            backfills.set_date(conn, backfill.id, date.position, state=state, run=date.run)
        else:
            at_work += 1
    return at_work


def _begin(
    conn: sa.Connection,
    backfill: Backfill,
    date: DateRow,
    found: Found | None,
    *,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
    executor: str,
    queue: str,
) -> None:
    """Make the run of a date, or have the one that it has run again where that is asked for; else skip the date."""
    if found is None:
        version_id = _version(conn, backfill.dag_id)
        run = create_run(
            conn,
            version_id=version_id,
            graph=graphs.get(conn, version_id),
            run_id=f"{BACKFILL}__{date.logical_date.isoformat()}",
            run_type=BACKFILL,
            logical_date=date.logical_date,
            data_interval_start=date.data_interval_start,
            data_interval_end=date.data_interval_end,
            conf=backfill.conf,
            triggered_by=BACKFILL,
            clock=clock,
            ids=ids,
            executor=executor,
            queue=queue,
            starts_anyway=True,
        )
        backfills.set_date(conn, backfill.id, date.position, state=OPEN, run=run)
        return
    state = SKIPPED
    is_wanted = becomes(found, backfill.reprocess) == RUNS_AGAIN
    if is_wanted and _clear(conn, found.run, backfill.dag_id, graphs=graphs, clock=clock, ids=ids):
        start_queued(conn, found.run, graphs=graphs, clock=clock, ids=ids, starts_anyway=True)
        state = OPEN
    backfills.set_date(conn, backfill.id, date.position, state=state, run=found.run)


def _clear(conn: sa.Connection, run: int, dag_id: str, *, graphs: Graphs, clock: Clock, ids: Ids) -> bool:
    """Clear a whole run; False where something of it runs, or it is older than its DAG's name and cannot run again."""
    locked = runs.lock(conn, run)
    if locked is None:
        return False
    graph = graphs.get(conn, locked.version_id)
    if graph.dag_id != dag_id:
        return False
    return bool(clear(conn, run, set(graph.tasks), graphs=graphs, clock=clock, ids=ids).cleared)


def becomes(found: Found | None, reprocess: str) -> str:
    """Return what becomes of a date: a new run, the run that it has again, or nothing.

    Arguments:
        found: the newest run of the date.
        reprocess: one of `REPROCESS`.
    """
    if found is None:
        return NEW_RUN
    return RUNS_AGAIN if found.state in _AGAIN[reprocess] else SKIPPED


_AGAIN: Final[Mapping[str, tuple[str, ...]]] = {
    NONE: (),
    FAILED: (RunState.FAILED,),
    ENDED: (RunState.FAILED, RunState.SUCCESS),
}


def _version(conn: sa.Connection, dag_id: str) -> int:
    version_id = runs.version_of(conn, dag_id)
    if version_id is None:
        raise LookupError(f"DAG {dag_id!r} was deleted while a backfill was at it.")
    return version_id
