# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.helpers import import_string as import_string
__all__ = ['import_string']
