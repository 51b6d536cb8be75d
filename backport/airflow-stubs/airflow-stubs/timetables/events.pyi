# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.timetables import EventsTimetable as EventsTimetable
__all__ = ['EventsTimetable']
