# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.decorators import apply_defaults as apply_defaults
__all__ = ['apply_defaults']
