"""What a timetable is: pure arithmetic on moments, so that the scheduler can ask it without running user code.

All moments are ``datetime`` values in UTC. A timetable never reads the clock: the caller says what time it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from tradewind_plugins.assets import BaseAsset
from tradewind_plugins.contracts.timetable import DataInterval

__all__ = ["DataInterval", "RunSpec", "Timetable"]


@dataclass(frozen=True)
class RunSpec:
    """A run that is due or will be.

    Args:
        logical_date: the run's date, for Airflow's people the execution date: the start of its data interval.
        data_interval_start, data_interval_end: what the run is about.
        run_at: when to make the run, not before.
    """

    logical_date: datetime
    data_interval_start: datetime
    data_interval_end: datetime
    run_at: datetime

    @classmethod
    def of_interval(cls, start: datetime, end: datetime) -> RunSpec:
        """Return the run that covers an interval and is made at its end."""
        return cls(logical_date=start, data_interval_start=start, data_interval_end=end, run_at=end)

    @classmethod
    def of_moment(cls, moment: datetime) -> RunSpec:
        """Return the run of a single moment."""
        return cls(logical_date=moment, data_interval_start=moment, data_interval_end=moment, run_at=moment)


class Timetable:
    """The base of all timetables. Equal specs mean equal timetables."""

    kind: ClassVar[str]
    """The word that stands for the class in a spec."""
    asset_condition: BaseAsset | None = None
    """What assets must have new data for a run, if any."""
    active_runs_limit: int | None = None
    """How many runs of a DAG may be active at most, whatever its ``max_active_runs``."""

    def next_run(
        self,
        *,
        after: datetime | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> RunSpec | None:
        """Return the next scheduled run, which may lie in the past (catching up) or in the future.

        Args:
            after: the end of the data interval of the last scheduled run; None if there was none.
            earliest: the DAG's start date; None for a DAG that has none, which is never scheduled.
            latest: the DAG's end date: no run has a logical date after it. None for no end.
            catchup: whether intervals that were missed are made up for; if not, only the latest complete one is.
            now: the current time.
        """
        raise NotImplementedError

    def as_made(self, run: RunSpec, now: datetime) -> RunSpec:
        """Return a due run as it is when it is made; the same, but for a timetable whose runs are about the time until then."""
        return run

    def manual_interval(self, at: datetime) -> DataInterval:
        """Return what a run is about that somebody triggers at the moment ``at``."""
        return DataInterval(at, at)

    def to_spec(self) -> dict[str, Any]:
        """Return the timetable as JSON values; ``timetables.spec.from_spec`` makes it again."""
        return {"type": self.kind}

    @property
    def summary(self) -> str:
        """A short text for lists, for instance the cron expression."""
        return self.kind

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timetable) and self.to_spec() == other.to_spec()

    def __hash__(self) -> int:
        return hash(repr(sorted(self.to_spec().items())))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary}>"
