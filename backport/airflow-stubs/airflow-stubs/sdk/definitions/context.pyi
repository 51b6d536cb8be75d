# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import get_current_context as get_current_context
from typing import Any
Context = dict[str, Any]
__all__ = ['Context', 'get_current_context']
