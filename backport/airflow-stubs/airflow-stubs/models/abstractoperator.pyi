# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.task_node import TaskNode as AbstractOperator
__all__ = ['AbstractOperator']
