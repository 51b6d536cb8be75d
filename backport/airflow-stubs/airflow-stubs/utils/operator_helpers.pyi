# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.operator_helpers import context_to_airflow_vars as context_to_airflow_vars
from tradewind_airflow_names.own.operator_helpers import determine_kwargs as determine_kwargs
from tradewind_airflow_names.own.operator_helpers import make_kwargs_callable as make_kwargs_callable
__all__ = ['context_to_airflow_vars', 'determine_kwargs', 'make_kwargs_callable']
