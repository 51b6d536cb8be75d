# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import get_current_context as get_current_context
from tradewind import task as task
from tradewind.operators.python import BranchPythonOperator as BranchPythonOperator
from tradewind.operators.python import PythonOperator as PythonOperator
from tradewind.operators.python import ShortCircuitOperator as ShortCircuitOperator
__all__ = ['BranchPythonOperator', 'PythonOperator', 'ShortCircuitOperator', 'get_current_context', 'task']
