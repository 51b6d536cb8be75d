# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.branch import SkipMixin as SkipMixin
__all__ = ['SkipMixin']
