"""The timetable of listed moments, for what comes at no regular time: matches, releases, holidays."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from tradewind_plugins.exceptions import TradewindTimetableInvalid

from tradewind.timetables.base import DataInterval, RunSpec, Timetable


class EventsTimetable(Timetable):
    """One run at each of some moments.

    Args:
        event_dates: the moments, in any order; one that is there twice counts once. Without a time zone UTC is meant.
        restrict_to_events: whether a run by hand is about the last of them, and not about the moment itself.
        presorted: says nothing: they are sorted here. Known from Airflow.
        description: what lists show; by default how many there are.

    Raises ``TradewindTimetableInvalid`` where something is no datetime.
    """

    kind = "events"

    def __init__(
        self,
        event_dates: Iterable[datetime],
        restrict_to_events: bool = False,
        presorted: bool = False,
        description: str | None = None,
    ) -> None:
        self.event_dates = sorted({_in_utc(each) for each in event_dates})
        self.restrict_to_events = restrict_to_events
        self.description = description

    def next_run(
        self,
        *,
        after: datetime | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> RunSpec | None:
        """Return the run of the next event; without catchup only of those that are still to come."""
        if not catchup:
            earliest = now if earliest is None else max(earliest, now)
        place = 0 if earliest is None else bisect_left(self.event_dates, earliest)
        if after is not None:
            place = max(place, bisect_right(self.event_dates, after))
        if place == len(self.event_dates) or (latest is not None and self.event_dates[place] > latest):
            return None
        return RunSpec.of_moment(self.event_dates[place])

    def manual_interval(self, at: datetime) -> DataInterval:
        """Return the moment itself, or the last event (the first, where none has come)."""
        if not self.restrict_to_events or not self.event_dates:
            return DataInterval.exact(at)
        return DataInterval.exact(self.event_dates[max(0, bisect_right(self.event_dates, at) - 1)])

    def to_spec(self) -> dict[str, Any]:
        """Return the moments in ISO 8601."""
        spec: dict[str, Any] = {"type": self.kind, "moments": [each.isoformat() for each in self.event_dates]}
        if self.restrict_to_events:
            spec["restrict"] = True
        if self.description is not None:
            spec["description"] = self.description
        return spec

    @property
    def summary(self) -> str:
        """The description, or how many moments there are."""
        return self.description or f"{len(self.event_dates)} events"


def _in_utc(moment: Any) -> datetime:
    if not isinstance(moment, datetime):
        raise TradewindTimetableInvalid(f"EventsTimetable lists datetimes, not {moment!r}.")
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
    return datetime.fromtimestamp(aware.timestamp(), timezone.utc)
