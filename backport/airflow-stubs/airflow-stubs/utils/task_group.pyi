# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import TaskGroup as TaskGroup
__all__ = ['TaskGroup']
