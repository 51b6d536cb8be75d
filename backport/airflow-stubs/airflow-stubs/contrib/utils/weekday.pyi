# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.authoring.weekday import WeekDay as WeekDay
__all__ = ['WeekDay']
