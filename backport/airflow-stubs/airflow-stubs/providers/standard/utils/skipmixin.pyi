# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.operators.branch import SkipMixin as SkipMixin
__all__ = ['SkipMixin']
