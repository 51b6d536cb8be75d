# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.timetables import CronDataIntervalTimetable as CronDataIntervalTimetable
from tradewind.timetables import DeltaDataIntervalTimetable as DeltaDataIntervalTimetable
__all__ = ['CronDataIntervalTimetable', 'DeltaDataIntervalTimetable']
