# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import dag as dag
from tradewind import task as task
from tradewind import task_group as task_group
__all__ = ['dag', 'task', 'task_group']
