# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.timetables import AssetOrTimeSchedule as AssetOrTimeSchedule
from tradewind.timetables import AssetTriggeredTimetable as AssetTriggeredTimetable
__all__ = ['AssetOrTimeSchedule', 'AssetTriggeredTimetable']
