# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import task_group as task_group
__all__ = ['task_group']
