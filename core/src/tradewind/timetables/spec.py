"""Timetables from what a DAG says (``schedule=``) and from what the database says (a spec of JSON values)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]
from tradewind_plugins.assets import BaseAsset, condition_of
from tradewind_plugins.exceptions import TradewindTimetableInvalid

from tradewind.timetables.assets import AssetOrTimeSchedule, AssetTriggeredTimetable
from tradewind.timetables.base import Timetable
from tradewind.timetables.custom import CustomTimetable, from_custom_spec
from tradewind.timetables.events import EventsTimetable
from tradewind.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from tradewind.timetables.lengths import length_of
from tradewind.timetables.simple import ContinuousTimetable, NullTimetable, OnceTimetable
from tradewind.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable, MultipleCronTriggerTimetable


def _rule(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"clock_rule": spec["clock_rule"]} if "clock_rule" in spec else {}


_MAKERS: dict[str, Callable[[Mapping[str, Any]], Timetable]] = {
    "none": lambda _: NullTimetable(),
    "once": lambda _: OnceTimetable(),
    "cron": lambda spec: CronDataIntervalTimetable(spec["expression"], spec["timezone"], **_rule(spec)),
    "cron_trigger": lambda spec: CronTriggerTimetable(
        spec["expression"], spec["timezone"], interval=length_of(spec.get("interval", 0)), **_rule(spec)
    ),
    "crons_trigger": lambda spec: MultipleCronTriggerTimetable(
        *spec["expressions"], timezone=spec["timezone"], interval=length_of(spec.get("interval", 0)), **_rule(spec)
    ),
    "continuous": lambda _: ContinuousTimetable(),
    "events": lambda spec: EventsTimetable(
        map(datetime.fromisoformat, spec["moments"]), spec.get("restrict", False), description=spec.get("description")
    ),
    "delta_trigger": lambda spec: DeltaTriggerTimetable(
        length_of(spec["delta"]), interval=length_of(spec.get("interval", 0))
    ),
    "assets": lambda spec: AssetTriggeredTimetable(condition_of(spec["condition"])),
    "assets_or_time": lambda spec: AssetOrTimeSchedule(
        timetable=from_spec(spec["timetable"]), assets=condition_of(spec["condition"])
    ),
    "custom": lambda spec: from_custom_spec(dict(spec)),
    "delta": lambda spec: DeltaDataIntervalTimetable(length_of(spec.get("length", spec.get("seconds")))),
}


_PRESETS: dict[str | None, Callable[[], Timetable]] = {
    None: NullTimetable,
    "None": NullTimetable,
    "@none": NullTimetable,
    "@once": OnceTimetable,
    "@continuous": ContinuousTimetable,
}


def from_schedule(schedule: Any, timezone: Any = "UTC") -> Timetable:
    """Return the timetable that ``schedule=`` of a DAG means.

    Args:
        schedule: a cron expression, a preset, a timedelta, None, a timetable, an asset, or a list of assets.
        timezone: the time zone of a cron expression: a name or a tzinfo.

    Raises:
        TradewindTimetableInvalid: it is none of these, or not built yet.
    """
    if schedule is None or isinstance(schedule, str):
        preset = _PRESETS.get(schedule)
        return CronDataIntervalTimetable(str(schedule), timezone) if preset is None else preset()
    if isinstance(schedule, (timedelta, relativedelta)):
        return DeltaDataIntervalTimetable(schedule)
    if isinstance(schedule, (BaseAsset, list, tuple, set, frozenset)):
        return AssetTriggeredTimetable(schedule)
    if isinstance(schedule, CustomTimetable):
        schedule.validate()
        return schedule
    if isinstance(schedule, Timetable):
        return _built_in(schedule)
    raise TradewindTimetableInvalid(
        f"schedule={schedule!r} is not a cron expression, a preset, a timedelta, None, an asset, a list of assets or a "
        "timetable of tradewind.timetables."
    )


def _built_in(timetable: Timetable) -> Timetable:
    # The scheduler computes runs from the spec alone: a class it does not know would be user code in the scheduler.
    kind, name = getattr(timetable, "kind", None), type(timetable).__name__
    inner = getattr(timetable, "timetable", None)
    if isinstance(inner, CustomTimetable) and not inner.is_installed:
        raise TradewindTimetableInvalid(
            f"{name}: {type(inner).__name__} is of a DAG file; beside assets a timetable of your own must be installed, by a "
            "plugin that declares it with the hook tradewind_timetables."
        )
    if kind not in _MAKERS or type(_MAKERS[kind](timetable.to_spec())) is not type(timetable):
        raise TradewindTimetableInvalid(
            f"{name} changes a timetable of Tradewind; derive a timetable of your own from "
            "tradewind.timetables.CustomTimetable, and give it next_dagrun_info."
        )
    return timetable


def from_spec(spec: Mapping[str, Any]) -> Timetable:
    """Return the timetable that ``Timetable.to_spec`` has described.

    Raises:
        TradewindTimetableInvalid: the spec is of a kind that this version does not know.
    """
    maker = _MAKERS.get(spec.get("type", ""))
    if maker is None:
        raise TradewindTimetableInvalid(f"This version of Tradewind does not know the timetable {dict(spec)!r}.")
    return maker(spec)
