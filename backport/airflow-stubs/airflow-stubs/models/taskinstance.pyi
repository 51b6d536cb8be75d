# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.metadata.models import TaskInstance as TaskInstance
from tradewind_airflow_names.own.state import TaskInstanceState as TaskInstanceState
from typing import Any
Context = dict[str, Any]
__all__ = ['Context', 'TaskInstance', 'TaskInstanceState']
