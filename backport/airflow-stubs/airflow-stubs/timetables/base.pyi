# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.timetables import CustomTimetable as Timetable
from tradewind.timetables import DagRunInfo as DagRunInfo
from tradewind.timetables import DataInterval as DataInterval
from tradewind.timetables import TimeRestriction as TimeRestriction
__all__ = ['DagRunInfo', 'DataInterval', 'TimeRestriction', 'Timetable']
