"""Timetables of one's own, by Airflow's methods, and where each runs.

One that an installed plugin declares (the hook ``tradewind_timetables``) is asked by the scheduler itself. One from a DAG file is
user code: the DAG processor asks it, in the child that imports the file, and hands the scheduler a list of the coming runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, NamedTuple

import pendulum
from tradewind_plugins.exceptions import TradewindTimetableInvalid

from tradewind.plugins.current import registry
from tradewind.timetables.base import DataInterval, RunSpec, Timetable

KIND = "timetable"
MOST_LISTED = 1000
"""How many runs are listed at most, those in the past among them."""
LISTED_AHEAD = 100
"""How many runs of the future are listed."""


class DagRunInfo(NamedTuple):
    """The next run: when it is made, and what it is about."""

    run_after: datetime
    data_interval: DataInterval

    @classmethod
    def exact(cls, at: datetime) -> DagRunInfo:
        """Return the run of a moment."""
        return cls(at, DataInterval.exact(at))

    @classmethod
    def interval(cls, start: datetime, end: datetime) -> DagRunInfo:
        """Return the run that is about an interval and made at its end."""
        return cls(end, DataInterval(start, end))

    @property
    def logical_date(self) -> datetime:
        """The start of the interval."""
        return self.data_interval.start


class TimeRestriction(NamedTuple):
    """What a DAG says of its runs: none before ``earliest``, none after ``latest``, and whether missed ones are made."""

    earliest: datetime | None
    latest: datetime | None
    catchup: bool


@dataclass(frozen=True)
class Listed:
    """The coming runs of a timetable that a DAG file defines, in their order, as the processor has stored them."""

    runs: tuple[RunSpec, ...]

    def next_run(self, after: datetime | None, *, catchup: bool, now: datetime) -> RunSpec | None:
        """Return the next run behind ``after``; without catchup those are left out that a later one has made too old."""
        left = [
            run
            for run in self.runs
            if after is None or (run.data_interval_start >= after and run.data_interval_end > after)
        ]
        if not catchup:
            due = [run for run in left if run.run_at <= now]
            left = left[len(due) - 1 :] if due else left
        return left[0] if left else None


class CustomTimetable(Timetable):
    """The base of timetables of one's own; Airflow's files derive from it as ``airflow.timetables.base.Timetable``.

    A class says when runs are by :meth:`next_dagrun_info`. What it is made with is kept by :meth:`serialize`.
    """

    kind = "custom"
    description = ""
    periodic = True
    can_be_scheduled = True

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Return the run after the last one (None if there was none), or None for no more. Moments are pendulum's."""
        raise NotImplementedError(f"{type(self).__name__} does not say when its next run is: next_dagrun_info")

    def infer_manual_data_interval(self, *, run_after: datetime) -> DataInterval:
        """Return what a run is about that somebody triggers."""
        return DataInterval.exact(run_after)

    def serialize(self) -> dict[str, Any]:
        """Return as JSON values what the timetable was made with."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> CustomTimetable:
        """Return the timetable that ``serialize`` has described."""
        return cls()

    def validate(self) -> None:
        """Raise ``TradewindTimetableInvalid`` for a timetable that cannot be."""

    def next_run(
        self,
        *,
        after: datetime | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> RunSpec | None:
        """Return the run after the one whose interval ended at ``after``; for callers that know no more of it."""
        last = None if after is None else DataInterval(after, after)
        return self.run_behind(last, TimeRestriction(earliest, latest, catchup))

    def run_behind(self, last: DataInterval | None, restriction: TimeRestriction) -> RunSpec | None:
        """Return the run behind one that is about ``last``; raises ``TradewindTimetableInvalid`` for what is none."""
        told = None if last is None else DataInterval(*map(_as_pendulum, last))
        bounds = TimeRestriction(
            _as_pendulum(restriction.earliest), _as_pendulum(restriction.latest), restriction.catchup
        )
        found = self.next_dagrun_info(last_automated_data_interval=told, restriction=bounds)
        if found is None:
            return None
        try:
            start, end = (_plain(each) for each in found.data_interval)
            return RunSpec(start, start, end, _plain(found.run_after))
        except (AttributeError, TypeError, ValueError) as error:
            name = type(self).__name__
            raise TradewindTimetableInvalid(f"{name}.next_dagrun_info gave no run but {found!r}: {error}.") from error

    def manual_interval(self, at: datetime) -> DataInterval:
        """Return what the class says."""
        found = self.infer_manual_data_interval(run_after=_as_pendulum(at))
        return DataInterval(_plain(found.start), _plain(found.end))

    @property
    def summary(self) -> str:
        """The name of the class."""
        return type(self).__name__

    def to_spec(self) -> dict[str, Any]:
        """Return the class and what it was made with."""
        return {
            "type": self.kind,
            "class": f"{type(self).__module__}:{type(self).__qualname__}",
            "data": self.serialize(),
            "summary": str(self.summary),
        }

    @property
    def is_installed(self) -> bool:
        """Whether a plugin declares the class, so that the scheduler may ask it."""
        return is_declared(self.to_spec()["class"])

    def listed(self, last: DataInterval | None, restriction: TimeRestriction, now: datetime) -> tuple[RunSpec, ...]:
        """Return the coming runs, to be handed to the scheduler."""
        found: list[RunSpec] = []
        ahead = 0
        while len(found) < MOST_LISTED and ahead < LISTED_AHEAD:
            run = self.run_behind(last, restriction)
            if run is None or (found and run.data_interval_start <= found[-1].data_interval_start):
                break
            found.append(run)
            ahead += run.run_at > now
            last = DataInterval(run.data_interval_start, run.data_interval_end)
        return tuple(found)


class TimetableOfFile(Timetable):
    """Stands for a timetable that a DAG file defines where its class is not imported; runs are those that were listed."""

    kind = "custom"

    def __init__(self, spec: dict[str, Any], listed: Listed | None = None) -> None:
        self._spec = spec
        self._listed = listed or Listed(())

    def knowing(self, runs: Sequence[RunSpec]) -> TimetableOfFile:
        """Return the timetable with the runs that the processor has listed."""
        return TimetableOfFile(self._spec, Listed(tuple(runs)))

    def next_run(
        self,
        *,
        after: datetime | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> RunSpec | None:
        """Return the next of the listed runs."""
        return self._listed.next_run(after, catchup=catchup, now=now)

    def to_spec(self) -> dict[str, Any]:
        """Return the spec that it was made of."""
        return self._spec

    @property
    def summary(self) -> str:
        """What the class said of itself."""
        return str(self._spec.get("summary", self.kind))


def from_custom_spec(spec: dict[str, Any]) -> Timetable:
    """Return the timetable of a plugin, or what stands for one that a DAG file defines."""
    if not is_declared(spec["class"]):
        return TimetableOfFile(dict(spec))
    made: Timetable = registry().load(KIND, spec["class"]).deserialize(spec["data"])
    return made


def is_declared(path: str) -> bool:
    """Tell whether a plugin declares the class at a path, ``module:Name``."""
    return any(each.path == path for each in registry().all(KIND))


def _as_pendulum(moment: datetime | None) -> Any:
    return None if moment is None else pendulum.instance(moment, tz="UTC")


def _plain(moment: datetime) -> datetime:
    """Return a moment of pendulum's or of the standard library as a plain one in UTC; without a zone UTC is meant."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
    return datetime.fromtimestamp(aware.timestamp(), timezone.utc)
