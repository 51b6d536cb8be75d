# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.version import VERSION as version
__all__ = ['version']
