# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.mapped import MappedOperator as MappedOperator
from tradewind_plugins.task_node import TaskNode as AbstractOperator
from tradewind_plugins.task_node import TaskNode as Operator
__all__ = ['AbstractOperator', 'MappedOperator', 'Operator']
