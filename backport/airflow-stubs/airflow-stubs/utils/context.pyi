# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.operator_helpers import context_merge as context_merge
from typing import Any
Context = dict[str, Any]
__all__ = ['Context', 'context_merge']
