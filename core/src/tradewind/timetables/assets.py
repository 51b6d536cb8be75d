"""Timetables of DAGs that run when there is new data in assets, alone or beside a schedule in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tradewind_plugins.assets import AssetAll, BaseAsset
from tradewind_plugins.exceptions import TradewindException, TradewindTimetableInvalid

from tradewind.timetables.base import DataInterval, RunSpec, Timetable
from tradewind.timetables.simple import NullTimetable


def as_condition(assets: Any) -> BaseAsset:
    """Return the condition that ``schedule=`` means: a list of assets is met when there is news of each of them.

    Raises:
        TradewindTimetableInvalid: something else than an asset is among them.
    """
    if isinstance(assets, BaseAsset):
        return assets
    items = sorted(assets, key=repr) if isinstance(assets, (set, frozenset)) else list(assets)
    try:
        return AssetAll(*items)
    except TradewindException as error:
        raise TradewindTimetableInvalid(f"A list as schedule names assets: {error}") from None


class AssetTriggeredTimetable(NullTimetable):
    """A run when there is new data. This is ``schedule=[Asset(...)]``.

    Args:
        assets: an asset, a combination of assets, or a list, which means all of them.
    """

    kind = "assets"
    asset_condition: BaseAsset

    def __init__(self, assets: Any) -> None:
        self.asset_condition = as_condition(assets)

    def to_spec(self) -> dict[str, Any]:
        """Return the condition."""
        return {"type": self.kind, "condition": self.asset_condition.to_spec()}

    @property
    def summary(self) -> str:
        """The condition in words."""
        return f"new data in {self.asset_condition.words()}"


class AssetOrTimeSchedule(Timetable):
    """Runs by a schedule in time, and others when there is new data.

    Args:
        timetable: the schedule in time.
        assets, datasets: as for ``AssetTriggeredTimetable``; two names of one thing.

    Raises ``TradewindTimetableInvalid`` for a timetable that is on assets itself, or for none.
    """

    kind = "assets_or_time"
    asset_condition: BaseAsset

    def __init__(
        self,
        *,
        timetable: Timetable,
        assets: BaseAsset | Sequence[BaseAsset] | None = None,
        datasets: BaseAsset | Sequence[BaseAsset] | None = None,
    ) -> None:
        if not isinstance(timetable, Timetable) or timetable.asset_condition is not None:
            raise TradewindTimetableInvalid(f"timetable= is a schedule in time, not {timetable!r}.")
        self.timetable = timetable
        self.asset_condition = as_condition(assets if assets is not None else datasets or ())

    def next_run(
        self,
        *,
        after: datetime | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> RunSpec | None:
        """Return the next run of the schedule in time."""
        return self.timetable.next_run(after=after, earliest=earliest, latest=latest, catchup=catchup, now=now)

    def manual_interval(self, at: datetime) -> DataInterval:
        """Return what the schedule in time says."""
        return self.timetable.manual_interval(at)

    def to_spec(self) -> dict[str, Any]:
        """Return both."""
        return {
            "type": self.kind,
            "condition": self.asset_condition.to_spec(),
            "timetable": self.timetable.to_spec(),
        }

    @property
    def summary(self) -> str:
        """Both, in words."""
        return f"{self.timetable.summary}, or new data in {self.asset_condition.words()}"


DatasetOrTimeSchedule = AssetOrTimeSchedule
"""The same by its Airflow 2 name."""
