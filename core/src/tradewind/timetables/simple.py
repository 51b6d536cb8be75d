"""Timetables that need no arithmetic: never, and once."""

from __future__ import annotations

from datetime import datetime

from tradewind.timetables.base import RunSpec, Timetable


class NullTimetable(Timetable):
    """No scheduled runs: the DAG runs when somebody triggers it. This is ``schedule=None``."""

    kind = "none"

    def next_run(
        self,
        *,
        after: datetime | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> RunSpec | None:
        """Return None."""
        return None

    @property
    def summary(self) -> str:
        """The word None, as it was written."""
        return "None"


class OnceTimetable(Timetable):
    """One run, at the DAG's start date. This is ``schedule="@once"``."""

    kind = "once"

    def next_run(
        self,
        *,
        after: datetime | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> RunSpec | None:
        """Return the run at ``earliest`` unless there was one."""
        if after is not None or earliest is None or (latest is not None and earliest > latest):
            return None
        return RunSpec.of_moment(earliest)

    @property
    def summary(self) -> str:
        """The preset's name."""
        return "@once"


class ContinuousTimetable(Timetable):
    """One run after another: the next is made when none is active any more. This is ``schedule="@continuous"``."""

    kind = "continuous"
    active_runs_limit = 1

    def next_run(
        self,
        *,
        after: datetime | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> RunSpec | None:
        """Return the run of the time from the last one's end, or from the start date, until now."""
        if earliest is None:
            return None
        start = earliest if after is None else after
        end = max(start, now)
        if latest is not None and end > latest:
            return None
        return RunSpec.of_interval(start, end)

    def as_made(self, run: RunSpec, now: datetime) -> RunSpec:
        """Return the run of the time until now."""
        return RunSpec.of_interval(run.data_interval_start, max(run.data_interval_start, now))

    @property
    def summary(self) -> str:
        """The preset's name."""
        return "@continuous"
