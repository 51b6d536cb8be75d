# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.timetables import CronTriggerTimetable as CronTriggerTimetable
from tradewind.timetables import DeltaTriggerTimetable as DeltaTriggerTimetable
from tradewind.timetables import MultipleCronTriggerTimetable as MultipleCronTriggerTimetable
__all__ = ['CronTriggerTimetable', 'DeltaTriggerTimetable', 'MultipleCronTriggerTimetable']
