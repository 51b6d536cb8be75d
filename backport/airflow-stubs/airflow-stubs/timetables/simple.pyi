# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.timetables import AssetTriggeredTimetable as AssetTriggeredTimetable
from tradewind.timetables import AssetTriggeredTimetable as DatasetTriggeredTimetable
from tradewind.timetables import ContinuousTimetable as ContinuousTimetable
from tradewind.timetables import NullTimetable as NullTimetable
from tradewind.timetables import OnceTimetable as OnceTimetable
__all__ = ['AssetTriggeredTimetable', 'ContinuousTimetable', 'DatasetTriggeredTimetable', 'NullTimetable', 'OnceTimetable']
