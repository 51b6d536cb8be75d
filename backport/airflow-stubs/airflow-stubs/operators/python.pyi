# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import get_current_context as get_current_context
from tradewind import task as task
from tradewind.operators.python import BranchPythonOperator as BranchPythonOperator
from tradewind.operators.python import PythonOperator as PythonOperator
from tradewind.operators.python import ShortCircuitOperator as ShortCircuitOperator
from tradewind.operators.python_environment import BranchExternalPythonOperator as BranchExternalPythonOperator
from tradewind.operators.python_environment import BranchPythonVirtualenvOperator as BranchPythonVirtualenvOperator
from tradewind.operators.python_environment import ExternalPythonOperator as ExternalPythonOperator
from tradewind.operators.python_environment import PythonVirtualenvOperator as PythonVirtualenvOperator
from tradewind_airflow_names.own.small import is_venv_installed as is_venv_installed
__all__ = ['BranchExternalPythonOperator', 'BranchPythonOperator', 'BranchPythonVirtualenvOperator', 'ExternalPythonOperator', 'PythonOperator', 'PythonVirtualenvOperator', 'ShortCircuitOperator', 'get_current_context', 'is_venv_installed', 'task']
