# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.keys import TaskInstanceKey as TaskInstanceKey
__all__ = ['TaskInstanceKey']
