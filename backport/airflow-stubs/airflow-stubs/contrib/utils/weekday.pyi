# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.weekday import WeekDay as WeekDay
__all__ = ['WeekDay']
