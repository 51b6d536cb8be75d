# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.state import DagRunState as DagRunState
from tradewind_airflow_names.own.state import State as State
from tradewind_airflow_names.own.state import TaskInstanceState as TaskInstanceState
__all__ = ['DagRunState', 'State', 'TaskInstanceState']
