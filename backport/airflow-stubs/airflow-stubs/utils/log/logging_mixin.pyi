# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.log import LoggingMixin as LoggingMixin
__all__ = ['LoggingMixin']
