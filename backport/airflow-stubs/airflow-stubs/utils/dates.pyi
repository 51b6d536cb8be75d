# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.dates import days_ago as days_ago
__all__ = ['days_ago']
