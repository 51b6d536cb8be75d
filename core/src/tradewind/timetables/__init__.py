"""Timetables: when the runs of a DAG are due, and which stretch of time each one is about.

``schedule=`` of a DAG takes a cron expression, a preset, a timedelta, None, or one of the timetables here.
"""

from tradewind.timetables.assets import AssetOrTimeSchedule, AssetTriggeredTimetable, DatasetOrTimeSchedule
from tradewind.timetables.base import DataInterval, RunSpec, Timetable
from tradewind.timetables.custom import CustomTimetable, DagRunInfo, TimeRestriction
from tradewind.timetables.events import EventsTimetable
from tradewind.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from tradewind.timetables.simple import ContinuousTimetable, NullTimetable, OnceTimetable
from tradewind.timetables.spec import from_schedule, from_spec
from tradewind.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable, MultipleCronTriggerTimetable

__all__ = [
    "AssetOrTimeSchedule",
    "AssetTriggeredTimetable",
    "ContinuousTimetable",
    "CronDataIntervalTimetable",
    "CronTriggerTimetable",
    "CustomTimetable",
    "DagRunInfo",
    "DataInterval",
    "DatasetOrTimeSchedule",
    "DeltaDataIntervalTimetable",
    "DeltaTriggerTimetable",
    "EventsTimetable",
    "MultipleCronTriggerTimetable",
    "NullTimetable",
    "OnceTimetable",
    "RunSpec",
    "TimeRestriction",
    "Timetable",
    "from_schedule",
    "from_spec",
]
