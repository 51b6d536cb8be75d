"""The timetable contract: when a DAG's runs are due, by Airflow's names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

__all__ = ["DagRunInfo", "DataInterval", "TimeRestriction", "Timetable"]


class DataInterval(NamedTuple):
    """The stretch of time whose data a run is about: from `start` up to, not including, `end`."""

    start: datetime
    end: datetime

    @classmethod
    def exact(cls, at: datetime) -> DataInterval:
        """Return the empty interval at a moment."""
        return cls(at, at)


class TimeRestriction(NamedTuple):
    """What a DAG allows: no run before `earliest` or after `latest`; without `catchup`, none that is overdue but the
    last.
    """

    earliest: datetime | None
    latest: datetime | None
    catchup: bool


class DagRunInfo(NamedTuple):
    """A run to be: when it may start, and the interval it is about."""

    run_after: datetime
    data_interval: DataInterval

    @classmethod
    def exact(cls, at: datetime) -> DagRunInfo:
        """Return a run at a moment, about that moment."""
        return cls(at, DataInterval.exact(at))

    @classmethod
    def interval(cls, start: datetime, end: datetime) -> DagRunInfo:
        """Return a run about an interval, due when it ends."""
        return cls(end, DataInterval(start, end))

    @property
    def logical_date(self) -> datetime:
        """The date that names the run: the start of its interval."""
        return self.data_interval.start


class Timetable:
    """Decides when runs are due. It is made again from `serialize` in the scheduler, and must answer alike there."""

    contract_version: ClassVar[str] = "0.1"

    description: str = ""
    """One sentence for people."""
    can_be_scheduled: bool = True
    """False where no run is ever due by time."""

    @property
    def summary(self) -> str:
        """A few words for lists."""
        return type(self).__name__

    def serialize(self) -> Mapping[str, Any]:
        """Return what `deserialize` needs, as JSON values."""
        return {}

    @classmethod
    def deserialize(cls, data: Mapping[str, Any]) -> Timetable:
        """Make the timetable again from what `serialize` returned."""
        return cls(**data)

    def validate(self) -> None:
        """Refuse a schedule that can never be followed.

        Raises:
            TradewindTimetableInvalid: The message says what is wrong with it.
        """

    def infer_manual_data_interval(self, *, run_after: datetime) -> DataInterval:
        """Return the interval of a run that somebody triggered at a moment."""
        raise NotImplementedError(f"{type(self).__name__} does not implement infer_manual_data_interval")

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Return the next run, or None where there is none.

        Args:
            last_automated_data_interval: That of the last scheduled run, or None before the first.
            restriction: What the DAG allows.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement next_dagrun_info")
